//! Experiments on more than one machine: `--emit-slurm`, `run-task`, `merge` and `status`.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::{ExperimentArgs, PlanArgs};
use crate::cli::outcome::{Abort, Status, print};
use crate::cli::planned::Planned;
use crate::cli::text;
use crate::cluster::{self, ArrayTask, DEFAULT_MINUTES, Folder, Scheduler, Settings};
use crate::config::Source;
use crate::data::fashion_mnist;
use crate::error::{Error, Result};
use crate::run::{Next, PlannedTask};
use crate::store::{Store, Stored};

/// Plans the next round and writes everything that is needed to work on it elsewhere.
pub(super) fn emit(
    planned: &Planned<'_>,
    arguments: &ExperimentArgs,
    asked: &PlanArgs,
    scheduler: &dyn Scheduler,
    dir: &Path,
) -> Result<Status, Abort> {
    let folder = Folder::at(dir);
    let mut settings = Settings {
        results: absolute(planned.folder())?,
        // Array tasks start elsewhere: they look where the data were found from here.
        data_dir: match arguments.data_dir.as_deref() {
            Some(folder) => Some(absolute(folder)?),
            None => fashion_mnist::folder(),
        },
        scheduler: scheduler.name().into(),
        options: asked.target.options.clone(),
        minutes: asked.array_task_minutes.unwrap_or(DEFAULT_MINUTES),
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
        let text = std::fs::read_to_string(&path).map_err(Error::io(path))?;
        if text != planned.document() || old.results != settings.results {
            return Err(refused(
                "the plan is of another experiment, or has another results folder; choose another \
                 folder"
                    .into(),
            )
            .into());
        }
        if asked.target.options.is_empty() && old.scheduler == settings.scheduler {
            settings.options = old.options;
        }
        settings.minutes = asked.array_task_minutes.unwrap_or(old.minutes);
    }
    // What is wrong with either folder comes to light here, not in every array task; and before
    // anything is replaced.
    folder.check(planned.name(), planned.document(), &settings, scheduler)?;
    planned.check_store()?;
    let _lock = folder.lock()?;
    folder.prepare(planned.name(), planned.document(), &settings, scheduler)?;
    planned.bind()?;
    let next = planned.next(&HashSet::new())?;
    plan(&folder, &settings, next, asked.only_missing, print)
}

/// Writes the plan of the next round and says what to do with it.
fn plan(
    folder: &Folder,
    settings: &Settings,
    next: Next,
    only_missing: bool,
    print: impl Fn(&str) -> Result<(), Abort>,
) -> Result<Status, Abort> {
    let Next::Round { name, mut tasks, missing, .. } = next else {
        folder.replace_plan(&[])?;
        print("nothing is left to do; egop-sweep merge writes tables, figures and report\n")?;
        return Ok(Status::Done);
    };
    if only_missing {
        tasks.retain(|task| missing.contains(&task.key));
    }
    let scheduler = cluster::scheduler(&settings.scheduler).map_err(Error::Usage)?;
    let threads = scheduler.threads(&settings.options);
    let number = tasks.len();
    let array = cluster::array_tasks(name, tasks, 60.0 * settings.minutes, threads);
    folder.replace_plan(&array)?;
    let longest = array.iter().map(|one| one.seconds).fold(0.0, f64::max);
    let longest = std::time::Duration::from_secs(longest.ceil() as u64);
    print(&format!(
        "{name}: {number} tasks in {} array tasks, the longest about {}\nsubmit them with {}\n",
        array.len(),
        humantime::format_duration(longest),
        folder.root().join(scheduler.submit()).display()
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

/// Does one array task.
pub(super) fn run_task(
    dir: &Path,
    index: usize,
    threads: Option<u16>,
    quiet: bool,
) -> Result<Status, Abort> {
    let folder = Folder::at(dir);
    let (mut arguments, _) = arguments(&folder, quiet)?;
    arguments.threads = threads;
    folder.planned()?;
    let array = folder.plan()?;
    let Some(array_task) = array.get(index) else {
        return Err(Error::Usage(format!(
            "there is no array task {index}: the plan in {} has {}",
            dir.display(),
            array.len()
        ))
        .into());
    };
    let planned = Planned::open(&arguments, &Source::open(folder.experiment())?)?;
    planned.perform(&array_task.tasks)
}

/// Plans the next round, or lists what is missing of this one; after the last, writes what egop-run
/// would.
pub(super) fn merge(dir: &Path, allow_partial: bool, quiet: bool) -> Result<Status, Abort> {
    let folder = Folder::at(dir);
    let (arguments, settings) = arguments(&folder, quiet)?;
    let of = Planned::open(&arguments, &Source::open(folder.experiment())?)?;
    let _lock = folder.lock()?;
    let planned = folder.planned()?;
    let given_up = if allow_partial { planned.clone() } else { HashSet::new() };
    let next = of.next(&given_up)?;
    if let Next::Round { name, tasks, missing, .. } = &next {
        let missing: Vec<&PlannedTask> = tasks
            .iter()
            .filter(|task| missing.contains(&task.key) && planned.contains(&task.key))
            .collect();
        if !missing.is_empty() {
            print(&list_missing(name, &missing, &folder.plan()?))?;
            return Ok(Status::Partial);
        }
    }
    if let Next::Round { failures, .. } = &next {
        let failures = failures.clone();
        of.tell(&failures);
        plan(&folder, &settings, next, true, |line| if quiet { Ok(()) } else { print(line) })?;
        return Ok(of.status(&failures));
    }
    let status = of.publish(&given_up, quiet)?;
    folder.replace_plan(&[])?;
    Ok(status)
}

fn list_missing(round: &str, missing: &[&PlannedTask], array: &[ArrayTask]) -> String {
    let mut text = format!("{} tasks of the {round} are missing:\n", missing.len());
    for task in missing {
        let within = array.iter().find(|one| one.tasks.iter().any(|t| t.key == task.key));
        let within = within.map_or_else(
            || "of an earlier plan".into(),
            |array_task| format!("array task {}", array_task.index),
        );
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "  {within}: trial {}, {} coordinates", task.trial, task.coordinates);
    }
    text += "their logs say why; plan them anew with egop-sweep CONFIG --emit-slurm DIR \
             --only-missing\n";
    text
}

/// How far a plan is.
#[derive(Debug, Serialize)]
struct Progress {
    /// The round under way; none when nothing is left to do.
    round: Option<String>,
    tasks: usize,
    tasks_done: usize,
    array_tasks: usize,
    array_tasks_done: usize,
    /// The array tasks that have tasks that are not done.
    open: Vec<usize>,
    results: PathBuf,
}

/// Says how far a plan is.
pub(super) fn status(dir: &Path, json: bool) -> Result<Status, Abort> {
    let folder = Folder::at(dir);
    let (arguments, settings) = arguments(&folder, true)?;
    Planned::open(&arguments, &Source::open(folder.experiment())?)?.check_bound()?;
    let array = folder.plan()?;
    let store = Store::peek(&settings.results);
    let mut progress = Progress {
        round: array.first().map(|one| one.round.clone()),
        tasks: array.iter().map(|one| one.tasks.len()).sum(),
        tasks_done: 0,
        array_tasks: array.len(),
        array_tasks_done: 0,
        open: Vec::new(),
        results: settings.results,
    };
    for array_task in &array {
        let mut done = 0;
        for task in &array_task.tasks {
            done += usize::from(matches!(store.load(&task.key)?, Stored::Complete(_)));
        }
        progress.tasks_done += done;
        if done == array_task.tasks.len() {
            progress.array_tasks_done += 1;
        } else {
            progress.open.push(array_task.index);
        }
    }
    print(&if json { text::json(&progress) } else { describe(&progress) })?;
    Ok(Status::Done)
}

fn describe(progress: &Progress) -> String {
    let Some(round) = &progress.round else {
        return format!("nothing is left to do; results in {}\n", progress.results.display());
    };
    let mut text = format!(
        "{round}: {} of {} tasks done; {} of {} array tasks\n",
        progress.tasks_done, progress.tasks, progress.array_tasks_done, progress.array_tasks
    );
    if progress.open.is_empty() {
        text += "next: egop-sweep merge\n";
    } else {
        let open: Vec<String> = progress.open.iter().map(usize::to_string).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "open array tasks: {}", open.join(","));
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
