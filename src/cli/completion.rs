//! What shells and `man` want to know of a program: `--completions SHELL` and `--man`.

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::args::OfProgram;
use crate::cli::outcome::{Abort, print};
use crate::config::DEFAULT_PROFILE;
use crate::error::Error;
use crate::manual;
use crate::shipped::{FIGURES, SHIPPED};

/// Prints what was asked for of the program with these arguments; whether anything was.
pub(super) fn of_program<Arguments: CommandFactory>(asked: &OfProgram) -> Result<bool, Abort> {
    let command = Arguments::command();
    if let Some(shell) = asked.completions {
        print(&completions(command, shell))?;
    } else if asked.man {
        let mut bytes = Vec::new();
        clap_mangen::Man::new(command).render(&mut bytes).map_err(Error::io("man page"))?;
        print(&String::from_utf8_lossy(&bytes))?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// The argument that is a config: the name of what is shipped, or a file.
const CONFIG: &str = "config";

/// Names that an argument may be, for a shell to offer. To a parser they would be all that it may be.
fn names(program: &str, argument: &str) -> Vec<String> {
    let experiments = || SHIPPED.iter().map(|shipped| shipped.name.to_owned());
    let figures = || FIGURES.iter().map(|figure| figure.name.to_owned());
    match argument {
        CONFIG if program == "egop-run" => experiments().chain(figures()).collect(),
        CONFIG | "init" => experiments().collect(),
        "figure" => figures().collect(),
        "profile" => ["quick", DEFAULT_PROFILE, "paper"].map(str::to_owned).into(),
        "explain" => {
            // What has blanks would be several words to some shells.
            let plain = |word: &String| {
                word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            };
            let words = manual::words().into_iter().chain(experiments()).chain(figures());
            words.filter(plain).collect()
        }
        _ => Vec::new(),
    }
}

/// The script for a shell.
fn completions(mut command: Command, shell: Shell) -> String {
    let program = command.get_name().to_owned();
    let arguments: Vec<String> =
        command.get_arguments().map(|one| one.get_id().to_string()).collect();
    for argument in &arguments {
        let names = names(&program, argument);
        if !names.is_empty() {
            command =
                command.mut_arg(argument, |one| one.value_parser(PossibleValuesParser::new(names)));
        }
    }
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command, &program, &mut bytes);
    let script = String::from_utf8_lossy(&bytes).into_owned();
    let configs = names(&program, CONFIG).join(" ");
    if !arguments.iter().any(|argument| argument == CONFIG) {
        return script;
    }
    // In bash what is none of the names is a file; others need to be told.
    match shell {
        Shell::Zsh => {
            let either = format!(
                "{{_alternative \"names:experiment:({configs})\" \"files:config:_files\"}}"
            );
            script.replacen(&format!("({configs})"), &either, 1)
        }
        Shell::Fish => format!("{script}complete -c {program} -a \"{configs}\"\n"),
        _ => script,
    }
}
