//! `egop-run`.

use std::process::ExitCode;

use crate::cli::session::{Session, config_or_list};
use crate::cli::{Failure, RunArgs, Status, exit, print, text};
use crate::figure;
use crate::run::Observer;
use crate::store::PROVENANCE;

/// Runs the program.
pub fn main(arguments: &RunArgs) -> ExitCode {
    exit(|| run(arguments))
}

fn run(arguments: &RunArgs) -> Result<Status, Failure> {
    let Some(config) = config_or_list(&arguments.experiment)? else { return Ok(Status::Done) };
    let session = Session::open(&arguments.experiment, &config)?;
    if arguments.experiment.dry_run {
        return session.dry_run();
    }
    let (report, (drawn, bases)) = session.work(|run, provenance| {
        run.all(|publication| {
            let drawn = figure::draw(publication.list()?, &session.experiment, &[])?;
            for (name, bytes) in &drawn.files {
                publication.write(name, bytes)?;
            }
            let bases =
                if arguments.save_basis { run.save_bases(publication)? } else { Vec::new() };
            publication.write(PROVENANCE, &provenance.end())?;
            Ok((drawn, bases))
        })
    })?;
    if arguments.experiment.json {
        print(&text::json(&report))?;
    } else if !arguments.experiment.quiet {
        print(&text::rates(&report.rates))?;
        print(&text::theory(&report.theory))?;
        print(&text::measures(&report.measures))?;
        print(&text::claims(&report.claims))?;
        print(&text::written(&session.folder, &drawn))?;
        if !bases.is_empty() {
            print(&format!("{}: {}\n", session.folder.display(), bases.join(", ")))?;
        }
    }
    for line in text::missing(&drawn) {
        session.console.note(&line);
    }
    let refuted = report.claims.iter().any(|claim| claim.verdict != "reproduced");
    let incomplete = !drawn.missing.is_empty() || arguments.strict && refuted;
    Ok(text::failures(&session.console, &report.failures, incomplete))
}
