//! Sweeps on more than one machine: `--emit-slurm`, `run-task`, `merge` and `status`.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::{ExperimentArgs, SlurmArgs};
use crate::cli::session::Session;
use crate::cli::{Failure, Status, print, text};
use crate::cluster::{self, DEFAULT_MINUTES, Element, Folder, Settings, SlurmOption};
use crate::data::fashion_mnist;
use crate::error::{Error, Result};
use crate::run::{Next, Observer, PlannedTask};
use crate::store::{PROVENANCE, Store, Stored};

/// Plans the next pass and writes everything that is needed to work on it elsewhere.
pub(super) fn emit(
    session: &Session<'_>,
    asked: &SlurmArgs,
    dir: &Path,
) -> Result<Status, Failure> {
    let folder = Folder::at(dir);
    let document = session.document();
    let mut settings = Settings {
        results: absolute(&session.folder)?,
        // Elements start elsewhere: they look where the data were found from here.
        data_dir: match session.arguments.data_dir.as_deref() {
            Some(folder) => Some(absolute(folder)?),
            None => fashion_mnist::folder(),
        },
        slurm: asked.slurm.clone(),
        minutes: asked.element_minutes.unwrap_or(DEFAULT_MINUTES),
        files: BTreeMap::new(),
    };
    for path in [Some(&settings.results), settings.data_dir.as_ref()].into_iter().flatten() {
        if path.to_str().is_none() {
            let message = format!("{}: a plan can only hold paths in UTF-8", path.display());
            return Err(Error::Usage(message).into());
        }
    }
    if real(&absolute(dir)?).starts_with(real(&settings.results)) {
        let message = "a plan needs a folder of its own: the results are written there";
        return Err(Error::Usage(format!("{}: {message}", dir.display())).into());
    }
    if folder.is_planned() {
        let old = folder.settings()?;
        let refused = |message: String| Error::Incompatible { path: dir.into(), message };
        if !asked.only_missing {
            return Err(refused(
                "there is a plan already; plan what is missing of it with --only-missing, or \
                 choose another folder"
                    .into(),
            )
            .into());
        }
        let path = folder.experiment();
        let planned = std::fs::read_to_string(&path).map_err(Error::io(path))?;
        if planned != document || old.results != settings.results {
            return Err(refused(
                "the plan is of another experiment, or has another results folder; choose another \
                 folder"
                    .into(),
            )
            .into());
        }
        if asked.slurm.is_empty() {
            settings.slurm = old.slurm;
        }
        settings.minutes = asked.element_minutes.unwrap_or(old.minutes);
    }
    // What is wrong with either folder comes to light here, not in every element; and before
    // anything is replaced.
    folder.check(&session.experiment.name, &document, &settings)?;
    session.check_store()?;
    let _lock = folder.lock()?;
    session.store()?;
    folder.prepare(&session.experiment.name, &document, &settings)?;
    let next = session.look(|run| run.next_pass(&HashSet::new()))?;
    plan(&folder, &settings, next, asked.only_missing, print)
}

/// Writes the plan of the next pass and says what to do with it.
fn plan(
    folder: &Folder,
    settings: &Settings,
    next: Next,
    only_missing: bool,
    print: impl Fn(&str) -> Result<(), Failure>,
) -> Result<Status, Failure> {
    let Next::Pass { name, mut tasks, missing, .. } = next else {
        folder.replace_plan(&[])?;
        print("nothing is left to do; egop-sweep merge writes the tables\n")?;
        return Ok(Status::Done);
    };
    if only_missing {
        tasks.retain(|task| missing.contains(&task.key));
    }
    let threads = SlurmOption::processors(&settings.slurm);
    let number = tasks.len();
    let elements = cluster::elements(name, tasks, 60.0 * settings.minutes, threads);
    folder.replace_plan(&elements)?;
    let longest = elements.iter().map(|element| element.seconds).fold(0.0, f64::max);
    let longest = std::time::Duration::from_secs(longest.ceil() as u64);
    print(&format!(
        "{name}: {number} tasks in {} array elements, the longest about {}\nsubmit them with {}\n",
        elements.len(),
        humantime::format_duration(longest),
        folder.root().join("submit.sh").display()
    ))?;
    Ok(Status::Done)
}

/// The arguments with which a folder's experiment is opened.
fn arguments(folder: &Folder, quiet: bool) -> Result<(ExperimentArgs, Settings)> {
    let settings = folder.settings()?;
    let arguments = ExperimentArgs {
        out: Some(settings.results.clone()),
        data_dir: settings.data_dir.clone(),
        quiet,
        ..ExperimentArgs::default()
    };
    Ok((arguments, settings))
}

/// Does one element.
pub(super) fn run_task(
    dir: &Path,
    index: usize,
    threads: Option<u16>,
    quiet: bool,
) -> Result<Status, Failure> {
    let folder = Folder::at(dir);
    let (mut arguments, _) = arguments(&folder, quiet)?;
    arguments.threads = threads;
    folder.planned()?;
    let elements = folder.plan()?;
    let Some(element) = elements.get(index) else {
        return Err(Error::Usage(format!(
            "there is no element {index}: the plan in {} has {}",
            dir.display(),
            elements.len()
        ))
        .into());
    };
    let session = Session::open(&arguments, &folder.experiment())?;
    let failures = session.work(|run, _| run.perform(&element.tasks))?;
    Ok(text::failures(&session.console, &failures, false))
}

/// Writes the tables, plans the next pass, or lists what is missing.
pub(super) fn merge(dir: &Path, allow_partial: bool, quiet: bool) -> Result<Status, Failure> {
    let folder = Folder::at(dir);
    let (arguments, settings) = arguments(&folder, quiet)?;
    let session = Session::open(&arguments, &folder.experiment())?;
    let _lock = folder.lock()?;
    let planned = folder.planned()?;
    let given_up = if allow_partial { planned.clone() } else { HashSet::new() };
    let next = session.look(|run| run.next_pass(&given_up))?;
    if let Next::Pass { name, tasks, missing, .. } = &next {
        let missing: Vec<&PlannedTask> = tasks
            .iter()
            .filter(|task| missing.contains(&task.key) && planned.contains(&task.key))
            .collect();
        if !missing.is_empty() {
            print(&list_missing(name, &missing, &folder.plan()?))?;
            return Ok(Status::Partial);
        }
    }
    let swept = match &next {
        Next::Nothing(swept) | Next::Pass { swept, .. } => swept,
    };
    let partial = !swept.failures.is_empty();
    for failure in &swept.failures {
        session.console.note(&failure.to_string());
    }
    if partial || matches!(next, Next::Nothing(_)) {
        session.work(|run, provenance| {
            run.publish_sweep(swept, |publication| publication.write(PROVENANCE, &provenance.end()))
        })?;
        if !quiet {
            print(&text::rates(&swept.rates))?;
        }
    }
    match next {
        Next::Nothing(_) => folder.replace_plan(&[])?,
        next => {
            plan(&folder, &settings, next, true, |line| if quiet { Ok(()) } else { print(line) })?;
        }
    }
    Ok(if partial { Status::Partial } else { Status::Done })
}

fn list_missing(pass: &str, missing: &[&PlannedTask], elements: &[Element]) -> String {
    let mut text = format!("{} tasks of the {pass} are missing:\n", missing.len());
    for task in missing {
        let element =
            elements.iter().find(|element| element.tasks.iter().any(|t| t.key == task.key));
        let element = element.map_or_else(
            || "of an earlier plan".into(),
            |element| format!("element {}", element.index),
        );
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "  {element}: trial {}, {} coordinates", task.trial, task.coordinates);
    }
    text += "their logs say why; plan them anew with egop-sweep CONFIG --emit-slurm DIR \
             --only-missing\n";
    text
}

/// How far a plan is.
#[derive(Debug, Serialize)]
struct Progress {
    /// The pass under way; none when nothing is left to do.
    pass: Option<String>,
    tasks: usize,
    tasks_done: usize,
    elements: usize,
    elements_done: usize,
    /// The elements that have tasks that are not done.
    open: Vec<usize>,
    results: PathBuf,
}

/// Says how far a plan is.
pub(super) fn status(dir: &Path, json: bool) -> Result<Status, Failure> {
    let folder = Folder::at(dir);
    let (arguments, settings) = arguments(&folder, true)?;
    Session::open(&arguments, &folder.experiment())?.check_bound()?;
    let elements = folder.plan()?;
    let store = Store::peek(&settings.results);
    let mut progress = Progress {
        pass: elements.first().map(|element| element.pass.clone()),
        tasks: elements.iter().map(|element| element.tasks.len()).sum(),
        tasks_done: 0,
        elements: elements.len(),
        elements_done: 0,
        open: Vec::new(),
        results: settings.results,
    };
    for element in &elements {
        let mut done = 0;
        for task in &element.tasks {
            done += usize::from(matches!(store.load(&task.key)?, Stored::Complete(_)));
        }
        progress.tasks_done += done;
        if done == element.tasks.len() {
            progress.elements_done += 1;
        } else {
            progress.open.push(element.index);
        }
    }
    print(&if json { text::json(&progress) } else { describe(&progress) })?;
    Ok(Status::Done)
}

fn describe(progress: &Progress) -> String {
    let Some(pass) = &progress.pass else {
        return format!("nothing is left to do; results in {}\n", progress.results.display());
    };
    let mut text = format!(
        "{pass}: {} of {} tasks done; {} of {} array elements\n",
        progress.tasks_done, progress.tasks, progress.elements_done, progress.elements
    );
    if progress.open.is_empty() {
        text += "next: egop-sweep merge\n";
    } else {
        let open: Vec<String> = progress.open.iter().map(usize::to_string).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "open elements: {}", open.join(","));
    }
    text
}

/// The path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            return missing.into_iter().rev().fold(real, |path, name| path.join(name));
        }
        missing.extend(there.file_name());
    }
    path.to_path_buf()
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::io(path))
}
