//! `egop-run` on the config of an experiment or a study.

use serde::Serialize;

use crate::cli::args::RunArgs;
use crate::cli::outcome::{Abort, Status, print};
use crate::cli::provenance::Provenance;
use crate::cli::publishing::{self, Drawn};
use crate::cli::session::Session;
use crate::cli::{figures, study as studies, text};
use crate::config::Source;
use crate::error::Result;
use crate::run::{Report, SavedBases, Warning};
use crate::store::{Publication, REPORT};
use crate::study;
use crate::summary::{EstimateSummary, RatesSummary, TheorySummary};

/// What `--json` prints.
#[derive(Serialize)]
struct Found<'a> {
    #[serde(flatten)]
    report: &'a Report,
    name: &'a str,
    results: String,
}

/// Refuses what would be refused before any work.
pub(super) fn check(arguments: &RunArgs, source: &Source) -> Result<()> {
    if source.has(study::TABLE) {
        return studies::check(arguments, source);
    }
    let session = open(arguments, source)?;
    if arguments.experiment.dry_run { Ok(()) } else { session.check() }
}

fn open<'a>(arguments: &'a RunArgs, source: &Source) -> Result<Session<'a>> {
    let mut session = Session::of_experiment(&arguments.experiment, source)?;
    session.save_basis = arguments.save_basis;
    session.save_instance = arguments.save_instance;
    Ok(session)
}

/// Adds to an experiment's tables the figures that are drawn from them, the provenance and the report.
pub(super) fn publish(
    session: &Session<'_>,
    publication: &mut Publication<'_>,
    provenance: &Provenance,
) -> Result<Drawn> {
    let Session { experiment, settings, .. } = session;
    let (heading, facts) = (experiment.heading(), experiment.facts());
    publishing::add(publication, &heading, settings, &experiment.figures, facts, provenance)
}

/// Prints what was found, and what was written.
pub(super) fn show(session: &Session<'_>, report: &Report, drawn: &Drawn) -> Result<(), Abort> {
    print(&text::rates(&RatesSummary::of(&report.rates)))?;
    print(&text::theory(&TheorySummary::of(&report.theory)))?;
    print(&text::measures(&EstimateSummary::all(&report.measures)))?;
    print(&text::claims(&report.claims))?;
    let files = drawn.files.iter().map(String::as_str);
    print(&figures::written(&session.folder, files, &[REPORT]))
}

/// Says which figures could not be drawn.
pub(super) fn warn_of_missing(session: &Session<'_>, drawn: &Drawn) {
    for (figure, why) in &drawn.missing {
        let (figure, problem) = (figure.clone(), why.to_string());
        session.reporters.warn(Warning::FigureMissing { figure, problem });
    }
}

/// Runs the experiment or the study of a config.
pub(super) fn run(arguments: &RunArgs, source: &Source) -> Result<Status, Abort> {
    if source.has(study::TABLE) {
        return studies::run(arguments, source);
    }
    let session = open(arguments, source)?;
    if arguments.experiment.dry_run {
        return session.dry_run();
    }
    let (report, (drawn, bases, is_bare)) = session.work(|run, provenance| {
        run.all(|publication| {
            let mut bases = match arguments.save_basis {
                true => run.save_bases(publication)?,
                false => SavedBases::default(),
            };
            let is_bare = bases.files.is_empty() && bases.missing.is_empty();
            if let Some(trial) = arguments.save_instance {
                bases.extend(run.save_instance(publication, trial)?);
            }
            Ok((publish(&session, publication, provenance)?, bases, is_bare))
        })
    })?;
    if !arguments.experiment.json && !arguments.experiment.quiet {
        show(&session, &report, &drawn)?;
        if !bases.files.is_empty() {
            print(&format!("{}: {}\n", session.folder.display(), bases.files.join(", ")))?;
        }
    }
    warn_of_missing(&session, &drawn);
    if arguments.save_basis && is_bare {
        session.reporters.warn(Warning::NoBasis);
    }
    for failure in &bases.missing {
        session.reporters.warn(Warning::BasisMissing(failure.clone()));
    }
    let refuted = report.claims.iter().any(|claim| claim.verdict != "reproduced");
    let missing = !drawn.missing.is_empty() || !bases.missing.is_empty();
    let incomplete = missing || arguments.strict && refuted;
    let status = session.status(&report.failures, incomplete);
    if arguments.experiment.json {
        let name = &*session.experiment.name;
        let found = Found { report: &report, name, results: session.folder.display().to_string() };
        print(&text::json(&session.reporters.document(found)))?;
    }
    Ok(status)
}
