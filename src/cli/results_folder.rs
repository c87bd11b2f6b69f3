//! Opening a results folder; and where a folder holds no results, which may have been meant.

use std::path::{Path, PathBuf};

use crate::cli::args::ExperimentArgs;
use crate::cli::outcome::tell;
use crate::cli::session::RESULTS;
use crate::config::{self, Overlay, Resolved, Source, nearest};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, Heading};
use crate::figure::{ResultTables, Spec};
use crate::input::corrupt;
use crate::store::{EXPERIMENT, Store};
use crate::study::{self, Study};

/// What the folder of a plan holds beside it.
const PLAN: &str = "cluster.json";
/// At most this many are listed.
const LISTED: usize = 12;

/// The config that a folder's results are of, and the arguments with which it is read there.
///
/// # Errors
/// When it is no TOML.
pub(super) fn config_of(folder: &Path, config: &[u8]) -> Result<(Source, ExperimentArgs)> {
    let source = Source::parse(folder.join(EXPERIMENT).display().to_string(), config)?;
    let out = Some(folder.into());
    Ok((source, ExperimentArgs { out, quiet: true, ..ExperimentArgs::default() }))
}

/// A results folder of an experiment or a study.
pub(super) struct Opened {
    pub store: Store,
    /// Whether it is of a study.
    pub is_study: bool,
    pub heading: Heading,
    /// The resolved config.
    pub settings: toml::Table,
    /// The figures that belong to it.
    pub figures: Vec<Box<dyn Spec>>,
    /// The tables in the folder.
    pub tables: ResultTables,
    /// The `SHA256SUMS` that stood when the config was read.
    pub published: Option<Vec<u8>>,
}

/// Opens a results folder.
///
/// # Errors
/// When it is none, or its experiment or study cannot be read.
pub(super) fn open(folder: &Path) -> Result<Opened> {
    check(folder)?;
    let store = Store::peek(folder);
    store.finish_publication()?;
    let published = store.sums()?;
    let name = folder.join(EXPERIMENT).display().to_string();
    let source = Source::parse(name, &store.read(EXPERIMENT)?)?;
    let is_study = source.has(study::TABLE);
    let (heading, figures, facts, settings) = if is_study {
        let Resolved { value: study, table, .. } =
            config::read(&source, &Overlay::default(), Study::read)?;
        let facts = study.facts();
        (study.heading, study.figures, facts, table)
    } else {
        let Resolved { value: experiment, table, .. } =
            config::read(&source, &Overlay::default(), Experiment::read)?;
        let facts = experiment.facts();
        (experiment.heading(), experiment.figures, facts, table)
    };
    let tables = ResultTables::new(store.root(), facts);
    Ok(Opened { store, is_study, heading, settings, figures, tables, published })
}

/// The folders among what was named: of several, as `results/*` names them, files and folders whose work
/// goes on are passed over, and said to be unless all is to be quiet. A single one is what is meant,
/// whatever it is.
pub(super) fn folders(named: &[PathBuf], quiet: bool) -> Vec<PathBuf> {
    let beside = |path: &Path| {
        let is_file = path.is_file().then_some("is a file, not a results folder");
        is_file.or(is_unfinished(path).then_some("has no results yet"))
    };
    let (mut folders, mut others) = (Vec::new(), Vec::new());
    for path in named {
        match beside(path) {
            None => folders.push(path.clone()),
            Some(why) => others.push((path, why)),
        }
    }
    if named.len() == 1 || folders.is_empty() {
        return named.to_vec();
    }
    for (other, why) in others.into_iter().filter(|_| !quiet) {
        tell(&format!("passed over: {} {why}", other.display()));
    }
    folders
}

/// Whether work was begun in a folder, and has come to no results yet.
fn is_unfinished(path: &Path) -> bool {
    Store::peek(path).is_bound() && !path.join(EXPERIMENT).exists()
}

/// Whether it is the folder of a plan.
pub(super) fn is_plan(path: &Path) -> bool {
    path.join(PLAN).exists()
}

/// Refuses a folder in which no work was begun.
///
/// # Errors
/// As [`check`], and for results without tasks.
pub(super) fn check_begun(path: &Path) -> Result<()> {
    if Store::peek(path).is_bound() {
        return Ok(());
    }
    check(path)?;
    refuse(
        path,
        "holds results but no tasks: it is a point of a study, or a copy; name the folder that the work \
         was done in"
            .into(),
    )
}

/// The results folders in a folder in which work was begun, sorted.
pub(super) fn begun_in(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| Store::peek(path).is_bound()).collect();
    folders.sort();
    folders
}

/// Refuses what is not a results folder.
///
/// # Errors
/// [`Error::Corrupt`], with the folder that may have been meant.
pub(super) fn check(path: &Path) -> Result<()> {
    if is_plan(path) {
        return refuse(
            path,
            "is the folder of a plan, not of results: see egop-sweep status".into(),
        );
    }
    // That it cannot be read, if so, comes to light when it is read.
    if path.join(EXPERIMENT).exists() {
        return Ok(());
    }
    let meant = |meant: Option<PathBuf>| match meant {
        Some(meant) => format!("; did you mean {}?", meant.display()),
        None => String::new(),
    };
    if is_unfinished(path) {
        let message = "has no results yet: the command that began them, run again, goes on (egop-run --status)";
        return refuse(path, message.into());
    }
    if path.is_dir() {
        let names = holding_results(path);
        let more = if names.len() > LISTED { ", …" } else { "" };
        let listed = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
        return refuse(
            path,
            if names.is_empty() {
                format!("is not a results folder: it has no {EXPERIMENT}{}", meant(near(path)))
            } else {
                format!("is not a results folder; it holds {listed}{more}")
            },
        );
    }
    if path.exists() {
        let folder = path.parent().filter(|folder| folder.join(EXPERIMENT).exists());
        let meant = meant(folder.map(Path::to_path_buf));
        return refuse(path, format!("is a file, not a results folder{meant}"));
    }
    refuse(path, format!("there is no such folder{}", meant(near(path))))
}

fn refuse(path: &Path, message: String) -> Result<()> {
    Err::<(), Error>(corrupt(path, message))
}

/// A results folder with a similar name, beside the path or in `results`.
fn near(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".toml").unwrap_or(name);
    let beside = match path.parent()? {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    [beside, Path::new(RESULTS)].into_iter().find_map(|folder| {
        let names = holding_results(folder);
        let meant = nearest(name, names.iter().map(String::as_str))?;
        Some(if folder == Path::new(".") { meant.into() } else { folder.join(meant) })
    })
}

/// The names of the results folders in a folder, sorted.
fn holding_results(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join(EXPERIMENT).is_file())
        .filter(|entry| !entry.path().join(PLAN).exists())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
