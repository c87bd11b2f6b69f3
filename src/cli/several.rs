//! `egop-run fig5` and `egop-run --all`: several shipped experiments, one after the other.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::{ExperimentArgs, RunArgs};
use crate::cli::outcome::{Abort, Status, print, tell};
use crate::cli::reporters::Reporters;
use crate::cli::results_folder;
use crate::cli::session::{RESULTS, folder_name};
use crate::cli::{beside, experiment, pages, text};
use crate::config::Source;
use crate::error::{Error, Result};
use crate::shipped::{PaperFigure, SHIPPED, Shipped};
use crate::store::check_standalone;

/// What the page over everything is called.
const ALL: &str = "all";

/// One of several experiments.
struct One {
    shipped: &'static Shipped,
    source: Source,
    /// The arguments, with a results folder of its own.
    arguments: RunArgs,
    folder: PathBuf,
}

/// An experiment that is left out, for `--json`.
#[derive(Serialize)]
struct Skipped<'a> {
    name: &'a str,
    skipped: String,
}

/// Runs the experiments that show a figure of the paper, and puts their panels on one page.
pub(super) fn figure(arguments: &RunArgs, figure: &PaperFigure) -> Result<Status, Abort> {
    let root = root(&arguments.experiment);
    let page = folder_name(figure.name, arguments.experiment.profile.as_deref());
    let page = root.join(format!("{page}.png"));
    let experiments = figure.experiments.iter().filter_map(|name| Shipped::named(name));
    let experiments =
        experiments.map(|shipped| One::of(arguments, shipped)).collect::<Result<Vec<_>>>()?;
    for one in &experiments {
        one.check()?;
    }
    let dry_run = arguments.experiment.dry_run;
    if !dry_run && root.is_dir() {
        check_standalone(&page)?;
    }
    let status = run_all(arguments, &experiments)?;
    if dry_run {
        return Ok(status);
    }
    let mut panels = Vec::new();
    for One { folder, .. } in &experiments {
        let files = results_folder::open(folder)?.figures;
        let files = files.iter().map(|one| one.file()).filter(|file| figure.is_in(file));
        for file in files {
            panels.push((results_folder::open(folder)?, file.to_owned()));
        }
    }
    // A panel that stands alone is in its folder already.
    if panels.len() < 2 {
        return Ok(status);
    }
    let quiet = arguments.experiment.quiet || arguments.experiment.json;
    let drawn = beside::sheet(panels, &page, quiet)?;
    Ok(if drawn == Status::Done { status } else { Status::Partial })
}

/// Runs everything that is shipped, the shortest first, and writes one page over it. What needs data
/// that are not on this machine is left out.
pub(super) fn all(arguments: &RunArgs) -> Result<Status, Abort> {
    let mut shipped: Vec<&'static Shipped> = SHIPPED.iter().collect();
    shipped.sort_by_key(|one| one.seconds);
    let mut experiments = Vec::new();
    for shipped in shipped {
        let one = One::of(arguments, shipped)?;
        match one.check() {
            Ok(()) => experiments.push(one),
            Err(missing @ Error::DataMissing { .. }) => {
                let skipped = missing.to_string();
                tell(&format!("skipped: {}: {skipped}", shipped.name));
                if arguments.experiment.json {
                    print(&text::json(&Skipped { name: shipped.name, skipped }))?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    let ExperimentArgs { profile, dry_run, quiet, json, .. } = &arguments.experiment;
    let root = root(&arguments.experiment);
    let page = root.join(format!("{}.html", folder_name(ALL, profile.as_deref())));
    if *dry_run {
        return run_all(arguments, &experiments);
    }
    if root.is_dir() {
        check_standalone(&page)?;
    }
    let status = run_all(arguments, &experiments)?;
    let folders: Vec<PathBuf> = experiments.into_iter().map(|one| one.folder).collect();
    let drawn = pages::several(&folders, &page, *quiet || *json)?;
    Ok(if drawn == Status::Done { status } else { Status::Partial })
}

/// The folder that the results folders are in.
fn root(arguments: &ExperimentArgs) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| RESULTS.into())
}

/// Runs experiments that were checked. An error ends all; failed tasks do not.
fn run_all(arguments: &RunArgs, experiments: &[One]) -> Result<Status, Abort> {
    let ExperimentArgs { quiet, dry_run, .. } = arguments.experiment;
    if !dry_run {
        make(&root(&arguments.experiment))?;
    }
    let mut status = Status::Done;
    for (index, one) in experiments.iter().enumerate() {
        let number = format!("{} of {}", index + 1, experiments.len());
        Reporters::new(quiet).progress(&format!("{} ({number})", one.shipped.name));
        if experiment::run(&one.arguments, &one.source)? == Status::Partial {
            status = Status::Partial;
        }
    }
    Ok(status)
}

/// Makes the folder that the results folders are in, if need be, but not its parent.
fn make(root: &Path) -> Result<()> {
    if root.is_dir() { Ok(()) } else { fs::create_dir(root).map_err(Error::io(root)) }
}

impl One {
    fn of(arguments: &RunArgs, shipped: &'static Shipped) -> Result<Self> {
        let folder = folder_name(shipped.name, arguments.experiment.profile.as_deref());
        let folder = root(&arguments.experiment).join(folder);
        let mut arguments = arguments.clone();
        arguments.experiment.out = Some(folder.clone());
        Ok(Self { shipped, source: shipped.source()?, arguments, folder })
    }

    /// Everything that can be refused is refused before any of them begins.
    fn check(&self) -> Result<()> {
        experiment::check(&self.arguments, &self.source).map_err(|error| match error {
            Error::Usage(message) => Error::Usage(format!("{}: {message}", self.shipped.name)),
            error => error,
        })
    }
}
