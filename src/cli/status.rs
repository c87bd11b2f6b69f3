//! `egop-run --status DIR`: how far the work in a folder is, whoever does it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::log::{End, Line, What};
use crate::cli::outcome::{Abort, Status, print};
use crate::cli::session::Session;
use crate::cli::{cluster, results_folder, study as studies, text};
use crate::error::Result;
use crate::run::{Between, Plan, Silent};
use crate::store::{EXPERIMENT, SUMS, Store};
use crate::study;

/// How far the work in a results folder is.
#[derive(Debug, Serialize)]
struct Progress {
    folder: PathBuf,
    state: State,
    /// Tasks that are known to be wanted, and those of them that are done: at all points of a study.
    /// None where it is not known what is wanted.
    tasks: Option<usize>,
    tasks_done: Option<usize>,
    /// Why not.
    unknown: Option<String>,
    /// Tasks that failed since the last program began, in words.
    failed: Vec<String>,
    /// About how many seconds are left, at least and at most.
    seconds_left: Option<Between<f64>>,
    /// When the last program began, and when it last said something.
    begun: Option<String>,
    heard: Option<String>,
    /// What it ended with, if that was an error.
    error: Option<String>,
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Everything is done, and published.
    Done,
    /// The learning rates are tuned, and published; nothing that comes after was begun.
    Swept,
    /// A program works in it.
    Running,
    /// All that was tried is done, but for tasks that failed.
    Failed,
    /// Nobody works in it, and there is something to do.
    Stopped,
}

/// Says how far a folder is: one of results, a plan's, or one that holds such of results.
pub(super) fn status(folder: &Path, json: bool) -> Result<Status, Abort> {
    if results_folder::is_plan(folder) {
        return cluster::status(folder, json);
    }
    let mut folders = results_folder::begun_in(folder);
    if Store::peek(folder).is_bound() || folders.is_empty() {
        results_folder::check_begun(folder)?;
        folders = vec![folder.to_path_buf()];
    }
    let all = folders.iter().map(|one| Progress::of(one)).collect::<Result<Vec<_>>>()?;
    print(&match (json, &all[..]) {
        (true, _) => all.iter().map(text::json).collect(),
        (false, [one]) => one.in_full(),
        (false, all) => in_short(all),
    })?;
    Ok(Status::Done)
}

impl Progress {
    fn of(folder: &Path) -> Result<Self> {
        let store = Store::peek(folder);
        let lines: Vec<Line> =
            store.log_lines()?.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let begin = lines.iter().rposition(|line| matches!(line.what, What::Begun { .. }));
        let last = &lines[begin.unwrap_or(lines.len())..];
        let config = last.iter().find_map(|line| match &line.what {
            What::Begun { config, .. } => Some(config.clone().into_bytes()),
            _ => None,
        });
        let published = folder.join(SUMS).exists();
        let config = match config {
            None if published => Some(store.read(EXPERIMENT)?),
            config => config,
        };
        let (plans, unknown) = match config.map(|config| plans(folder, &config)) {
            Some(Ok(plans)) => (Some(plans), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, Some("there is no log, and nothing is published".into())),
        };
        let failures = last.iter().filter_map(|line| match &line.what {
            What::Failed { message } => Some(match &line.point {
                Some(point) => format!("{point}: {message}"),
                None => message.clone(),
            }),
            _ => None,
        });
        // What fails in one round does so in the next.
        let mut failed: Vec<String> = Vec::new();
        for failure in failures {
            if !failed.contains(&failure) {
                failed.push(failure);
            }
        }
        let error = last.iter().find_map(|line| match &line.what {
            What::Ended { how: End::Error, message, .. } => message.clone(),
            _ => None,
        });
        let ended =
            matches!(last.last(), Some(Line { what: What::Ended { how: End::Done, .. }, .. }));
        let sum = |get: fn(&Plan) -> usize| -> Option<usize> {
            Some(plans.as_ref()?.iter().map(get).sum())
        };
        let tasks = sum(|plan| plan.rounds.iter().map(|round| round.tasks).sum());
        let tasks_done = sum(|plan| plan.rounds.iter().map(|round| round.done).sum());
        let seconds = |get: fn(&Between<f64>) -> f64| -> Option<f64> {
            Some(plans.as_ref()?.iter().map(|plan| get(&plan.seconds)).sum())
        };
        let ends = seconds(|ends| ends.lower).zip(seconds(|ends| ends.upper));
        let state = match () {
            () if store.is_in_use()? == Some(true) => State::Running,
            () if published && tasks == tasks_done => State::Done,
            () if ended && published && plans.as_deref().is_some_and(is_swept) => State::Swept,
            () if !failed.is_empty() => State::Failed,
            () => State::Stopped,
        };
        Ok(Self {
            folder: folder.to_path_buf(),
            state,
            tasks,
            tasks_done,
            unknown,
            failed,
            seconds_left: ends.map(|(lower, upper)| Between { lower, upper }),
            begun: last.first().map(|line| line.time.clone()),
            heard: last.last().map(|line| line.time.clone()),
            error,
        })
    }

    fn in_full(&self) -> String {
        let times = self.begun.as_ref().zip(self.heard.as_ref());
        let times = times.map(|(begun, heard)| format!("{begun}, last line of the log {heard}"));
        let failed = match &self.failed[..] {
            [] => None,
            [only] => Some(only.clone()),
            [first, others @ ..] => Some(format!("{first}; and {} more", others.len())),
        };
        let rows = [
            ("state", Some(self.state.in_words().to_owned())),
            ("tasks", Some(self.tasks_in_words())),
            ("failed", failed),
            ("left", self.left()),
            ("begun", times),
            ("error", self.error.clone()),
        ];
        let rows: Vec<(&str, String)> =
            rows.into_iter().filter_map(|(name, said)| Some((name, said?))).collect();
        let rows: Vec<[&str; 2]> = rows.iter().map(|(name, said)| [*name, &**said]).collect();
        format!("{}\n{}", self.folder.display(), text::columns(&rows, text::width()))
    }

    fn tasks_in_words(&self) -> String {
        let unknown = self.unknown.as_deref().unwrap_or_default();
        match self.tasks_done.zip(self.tasks) {
            Some((done, tasks)) => format!("{done} of {tasks} done"),
            None => format!("not known: {unknown}"),
        }
    }

    /// The time that is left, where something is to be done.
    fn left(&self) -> Option<String> {
        let left = self.seconds_left.filter(|_| self.state != State::Done)?;
        Some(format!("about {}", text::between(left, text::duration)))
    }
}

impl State {
    fn in_words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Swept => "sweep done: egop-run goes on to curves, figures and verdicts",
            Self::Running => "running",
            Self::Failed => "failed: the same command tries again",
            Self::Stopped => "stopped: the same command goes on",
        }
    }
}

/// Whether all is done but what comes after a sweep.
fn is_swept(plans: &[Plan]) -> bool {
    let open = plans.iter().flat_map(|plan| &plan.rounds).filter(|round| round.done < round.tasks);
    open.into_iter().all(|round| !round.name.ends_with("sweep"))
}

/// Several folders, a line each.
fn in_short(all: &[Progress]) -> String {
    let rows: Vec<[String; 4]> = all
        .iter()
        .map(|one| {
            let state = one.state.in_words().split(':').next().unwrap_or_default().to_owned();
            let name = one.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let left = one.left().map_or(String::new(), |left| format!(", {left} left"));
            [name, state, one.tasks_in_words(), left]
        })
        .collect();
    let rows: Vec<[String; 3]> =
        rows.into_iter().map(|[name, state, tasks, left]| [name, state, tasks + &left]).collect();
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| row.each_ref().map(|cell| &**cell)).collect();
    text::columns(&rows, text::width())
}

/// What is to be done of the experiment, or at each point of the study, of a config.
fn plans(folder: &Path, config: &[u8]) -> Result<Vec<Plan>> {
    let (source, arguments) = results_folder::config_of(folder, config)?;
    if source.has(study::TABLE) {
        return studies::plans(&arguments, &source);
    }
    let session = Session::of_experiment(&arguments, &source)?;
    // What the sweep found on its way was said when it did.
    Ok(vec![session.look(&Silent::default(), |run| run.plan())?])
}
