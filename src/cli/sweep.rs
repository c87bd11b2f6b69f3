//! `egop-sweep`.

use std::process::ExitCode;

use crate::cli::args::{SweepArgs, SweepCommand};
use crate::cli::outcome::{Failure, Status, exit, print};
use crate::cli::session::{Session, config_or_list};
use crate::cli::{cluster, text};
use crate::error::Error;
use crate::store::PROVENANCE;
use crate::summary::RatesSummary;

/// Runs the program.
pub fn main(arguments: &SweepArgs) -> ExitCode {
    exit(|| match &arguments.command {
        None => sweep(arguments),
        Some(SweepCommand::RunTask { dir, index, threads, quiet }) => {
            cluster::run_task(dir, *index, *threads, *quiet)
        }
        Some(SweepCommand::Merge { dir, allow_partial, quiet }) => {
            cluster::merge(dir, *allow_partial, *quiet)
        }
        Some(SweepCommand::Status { dir, json }) => cluster::status(dir, *json),
    })
}

fn sweep(arguments: &SweepArgs) -> Result<Status, Failure> {
    let SweepArgs { experiment: arguments, slurm, .. } = arguments;
    let Some(config) = config_or_list(arguments)? else { return Ok(Status::Done) };
    let session = Session::open(arguments, &config)?;
    if !session.experiment.trains() {
        let message = "the experiment trains nothing, so there is nothing to tune: use egop-run";
        return Err(Error::Usage(message.into()).into());
    }
    if arguments.dry_run {
        return session.dry_run();
    }
    if let Some(dir) = &slurm.emit_slurm {
        return cluster::emit(&session, slurm, dir);
    }
    let swept = session.work(|run, provenance| {
        run.sweep(|publication| publication.write(PROVENANCE, &provenance.end()))
    })?;
    if arguments.json {
        print(&text::json(&swept.rates))?;
    } else if !arguments.quiet {
        print(&text::rates(&RatesSummary::of(&swept.rates)))?;
    }
    Ok(text::failures(&session.console, &swept.failures, false))
}
