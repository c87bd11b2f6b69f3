//! `egop-sweep`.

use std::process::ExitCode;

use serde::Serialize;

use crate::cli::args::{SweepArgs, SweepCommand};
use crate::cli::outcome::{Abort, Status, exit, print};
use crate::cli::planned::Planned;
use crate::cli::session::{Session, config_or_list};
use crate::cli::{cluster, completion, named, text};
use crate::error::Error;
use crate::record::RateRow;
use crate::run::{self, SweepResult};
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

/// What `--json` prints.
#[derive(Serialize)]
struct Tuned<'a> {
    rates: &'a [RateRow],
    failures: &'a [run::Failure],
}

fn sweep(arguments: &SweepArgs) -> Result<Status, Abort> {
    let SweepArgs { experiment: arguments, plan, of_program, .. } = arguments;
    if completion::of_program::<SweepArgs>(of_program)? {
        return Ok(Status::Done);
    }
    let Some(config) = config_or_list(arguments)? else { return Ok(Status::Done) };
    let source = named::one(&config)?;
    if let Some((scheduler, dir)) = plan.target.emit.as_ref().filter(|_| !arguments.dry_run) {
        let planned = Planned::open(arguments, &source)?;
        return cluster::emit(&planned, arguments, plan, *scheduler, dir);
    }
    let session = Session::open(arguments, &source)?;
    if session.experiment.training().is_none() {
        let message = "the experiment trains nothing, so there is nothing to tune: use egop-run";
        return Err(Error::Usage(message.into()).into());
    }
    if arguments.dry_run {
        return session.dry_run();
    }
    let swept = session.work(|run, provenance| {
        run.sweep(|publication| publication.write(PROVENANCE, &provenance.end()))
    })?;
    if !arguments.json && !arguments.quiet {
        print(&text::rates(&RatesSummary::of(&swept.rates)))?;
    }
    let status = session.status(&swept.failures, false);
    if arguments.json {
        let SweepResult { rates, failures, .. } = &swept;
        print(&text::json(&session.reporters.document(Tuned { rates, failures })))?;
    }
    Ok(status)
}
