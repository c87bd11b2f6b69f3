//! `egop-run`.

use std::process::ExitCode;

use crate::cli::args::RunArgs;
use crate::cli::named::Named;
use crate::cli::outcome::{Abort, Status, exit};
use crate::cli::session::config_or_list;
use crate::cli::{experiment, several};

/// Runs the program.
pub fn main(arguments: &RunArgs) -> ExitCode {
    exit(|| run(arguments))
}

fn run(arguments: &RunArgs) -> Result<Status, Abort> {
    if arguments.all {
        return several::all(arguments);
    }
    let Some(config) = config_or_list(&arguments.experiment)? else { return Ok(Status::Done) };
    match Named::find(&config)? {
        Named::Config(source) => experiment::run(arguments, &source),
        Named::Figure(figure) => several::figure(arguments, figure),
    }
}
