//! `egop-run`.

use std::process::ExitCode;

use crate::cli::args::RunArgs;
use crate::cli::named::Named;
use crate::cli::outcome::{Abort, Status, exit, print};
use crate::cli::session::config_or_list;
use crate::cli::text::{hanging, width};
use crate::cli::{completion, experiment, init, several, status};
use crate::error::{Error, Result};
use crate::manual::{self, Explanation};

/// Runs the program.
pub fn main(arguments: &RunArgs) -> ExitCode {
    exit(|| run(arguments))
}

fn run(arguments: &RunArgs) -> Result<Status, Abort> {
    if completion::of_program::<RunArgs>(&arguments.of_program)? {
        return Ok(Status::Done);
    }
    if let Some(name) = &arguments.init {
        print(&init::init(name, arguments.kind)?)?;
        return Ok(Status::Done);
    }
    if let Some(folder) = &arguments.status {
        return status::status(folder, arguments.experiment.json);
    }
    if let Some(word) = &arguments.explain {
        print(&explained(word)?)?;
        return Ok(Status::Done);
    }
    if arguments.all {
        return several::all(arguments);
    }
    let Some(config) = config_or_list(&arguments.experiment)? else { return Ok(Status::Done) };
    match Named::find(&config)? {
        Named::Config(source) => experiment::run(arguments, &source),
        Named::Figure(figure) => several::figure(arguments, figure),
    }
}

/// What a word means, in lines that fit the terminal.
fn explained(word: &str) -> Result<String> {
    let meanings = manual::explain(word).map_err(|meant| {
        let meant = meant.map_or(String::new(), |meant| format!("; did you mean {meant}?"));
        Error::Usage(format!(
            "--explain {word}: this is no key, value, claim, metric, verdict, column, file, experiment, figure, \
             profile or term{meant}"
        ))
    })?;
    let width = width();
    let one = |Explanation { title, paragraphs }: &Explanation| {
        let paragraphs = paragraphs.iter().map(|text| hanging("  ", text, width));
        format!("{}{}", hanging("", title, width), paragraphs.collect::<String>())
    };
    Ok(meanings.iter().map(one).collect::<Vec<_>>().join("\n"))
}
