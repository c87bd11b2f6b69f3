//! `egop-run`.

use std::process::ExitCode;

use crate::cli::args::RunArgs;
use crate::cli::outcome::{Abort, Status, exit, print};
use crate::cli::session::{Session, config_or_list};
use crate::cli::{figures, pages, study as studies, text};
use crate::config::Source;
use crate::figure::{self, ResultTables};
use crate::run::{SavedBases, Warning};
use crate::store::{PROVENANCE, REPORT};
use crate::study;
use crate::summary::{EstimateSummary, RatesSummary, TheorySummary};

/// Runs the program.
pub fn main(arguments: &RunArgs) -> ExitCode {
    exit(|| run(arguments))
}

fn run(arguments: &RunArgs) -> Result<Status, Abort> {
    let Some(config) = config_or_list(&arguments.experiment)? else { return Ok(Status::Done) };
    let source = Source::open(&config)?;
    if source.has(study::TABLE) {
        return studies::run(arguments, &source);
    }
    let mut session = Session::of_experiment(&arguments.experiment, &source)?;
    session.save_basis = arguments.save_basis;
    session.save_instance = arguments.save_instance;
    if arguments.experiment.dry_run {
        return session.dry_run();
    }
    let (report, (drawn, bases)) = session.work(|run, provenance| {
        run.all(|publication| {
            let Session { experiment, settings, .. } = &session;
            let tables = ResultTables::new(publication.list()?, experiment.facts());
            let drawn = figure::draw(&experiment.figures, &tables, &[])?;
            for (name, bytes) in &drawn.files {
                publication.write(name, bytes)?;
            }
            let mut bases = match arguments.save_basis {
                true => run.save_bases(publication)?,
                false => SavedBases::default(),
            };
            if let Some(trial) = arguments.save_instance {
                bases.extend(run.save_instance(publication, trial)?);
            }
            let provenance = provenance.end();
            publication.write(PROVENANCE, &provenance)?;
            let page =
                pages::page(&experiment.heading(), settings, &tables, &drawn, Some(&provenance))?;
            publication.write(REPORT, page.as_bytes())?;
            Ok((drawn, bases))
        })
    })?;
    if !arguments.experiment.json && !arguments.experiment.quiet {
        print(&text::rates(&RatesSummary::of(&report.rates)))?;
        print(&text::theory(&TheorySummary::of(&report.theory)))?;
        print(&text::measures(&EstimateSummary::all(&report.measures)))?;
        print(&text::claims(&report.claims))?;
        print(&figures::written(&session.folder, &drawn, &[REPORT]))?;
        if !bases.files.is_empty() {
            print(&format!("{}: {}\n", session.folder.display(), bases.files.join(", ")))?;
        }
    }
    for (figure, why) in &drawn.missing {
        let (figure, problem) = (figure.clone(), why.to_string());
        session.reporters.warn(Warning::FigureMissing { figure, problem });
    }
    for failure in &bases.missing {
        session.reporters.warn(Warning::BasisMissing(failure.clone()));
    }
    let refuted = report.claims.iter().any(|claim| claim.verdict != "reproduced");
    let missing = !drawn.missing.is_empty() || !bases.missing.is_empty();
    let incomplete = missing || arguments.strict && refuted;
    let status = session.status(&report.failures, incomplete);
    if arguments.experiment.json {
        print(&text::json(&session.reporters.document(&report)))?;
    }
    Ok(status)
}
