//! `egop-sweep`.

use std::process::ExitCode;

use crate::cli::session::{Session, config_or_list};
use crate::cli::{Failure, Status, SweepArgs, exit, print, text};

/// Runs the program.
pub fn main(arguments: &SweepArgs) -> ExitCode {
    exit(sweep(&arguments.experiment))
}

fn sweep(arguments: &super::args::ExperimentArgs) -> Result<Status, Failure> {
    let Some(config) = config_or_list(arguments)? else { return Ok(Status::Done) };
    let session = Session::open(arguments, &config)?;
    if arguments.dry_run {
        return session.dry_run();
    }
    let swept = session.work(|run, _| run.sweep())?;
    if arguments.json {
        print(&text::json(&swept.rates))?;
    } else if !arguments.quiet {
        print(&text::rates(&swept.rates))?;
    }
    Ok(text::failures(&session.console, &swept.failures, false))
}
