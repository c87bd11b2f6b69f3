//! What shells and `man` want to know of a program: `--completions SHELL` and `--man`.

use clap::CommandFactory;

use crate::cli::args::OfProgram;
use crate::cli::outcome::{Abort, print};
use crate::error::Error;

/// Prints what was asked for of the program with these arguments; whether anything was.
pub(super) fn of_program<Arguments: CommandFactory>(asked: &OfProgram) -> Result<bool, Abort> {
    let mut command = Arguments::command();
    let mut bytes = Vec::new();
    if let Some(shell) = asked.completions {
        let name = command.get_name().to_owned();
        clap_complete::generate(shell, &mut command, name, &mut bytes);
    } else if asked.man {
        clap_mangen::Man::new(command).render(&mut bytes).map_err(Error::io("man page"))?;
    } else {
        return Ok(false);
    }
    print(&String::from_utf8_lossy(&bytes))?;
    Ok(true)
}
