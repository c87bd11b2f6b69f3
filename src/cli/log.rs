//! What happens in a run, with its time, for `log.jsonl` in the results folder.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::run::{Event, Stage};
use crate::store::{self, Store};

/// Between two lines on the progress of a stage.
const INTERVAL: Duration = Duration::from_secs(1);

/// A line of a log.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// When, in UTC.
    pub time: String,
    /// The process, where several work in the folder.
    pub process: u32,
    /// The point of a study that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum What {
    /// A program began.
    Begun {
        /// Its command line.
        arguments: Vec<String>,
        version: String,
        revision: String,
        threads: usize,
        /// The experiment or study, with what was read of its config.
        config: String,
    },
    /// How far a stage is, of what is known to be in it.
    Progress {
        stage: String,
        done: u64,
        of: u64,
    },
    /// A sweep's grid was extended.
    Extended {
        message: String,
    },
    Warning {
        message: String,
    },
    /// A task failed.
    Failed {
        message: String,
    },
    /// How many tasks were done, and cached.
    Tasks {
        done: usize,
        cached: usize,
    },
    /// The program ended.
    Ended {
        how: End,
        seconds: f64,
        message: Option<String>,
    },
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum End {
    Done,
    Interrupted,
    Error,
}

/// The log of a run.
#[derive(Debug)]
pub(super) struct Log {
    file: store::Log,
    begun: Instant,
    stages: Mutex<HashMap<Stage, Progress>>,
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Progress {
    done: u64,
    of: u64,
    /// When a line was last written on it, and of how much.
    said: Option<(Instant, u64, u64)>,
}

impl Log {
    /// Opens the log of a folder and says what begins.
    pub fn begin(store: &Store, threads: usize, config: &str) -> crate::Result<Self> {
        let (file, begun) = (store.log()?, Instant::now());
        let log = Self { file, begun, stages: Mutex::default(), ended: AtomicBool::new(false) };
        log.write(
            None,
            What::Begun {
                arguments: std::env::args_os()
                    .map(|one| one.to_string_lossy().into_owned())
                    .collect(),
                version: env!("CARGO_PKG_VERSION").into(),
                revision: env!("EGOP_REVISION").into(),
                threads,
                config: config.into(),
            },
        );
        Ok(log)
    }

    /// Says how it ended, if that was not said before.
    pub fn end(&self, how: End, message: Option<String>) {
        if self.ended.swap(true, Ordering::Relaxed) {
            return;
        }
        self.write(None, What::Ended { how, seconds: self.begun.elapsed().as_secs_f64(), message });
    }

    /// Writes what happens; of progress at most a line each second, and one when a stage is done.
    pub fn event(&self, event: &Event, point: Option<&str>) {
        let what = match event {
            Event::Started { stage, units } => return self.progress(*stage, 0, *units),
            Event::Advanced { stage, units } => return self.progress(*stage, *units, 0),
            Event::Extended(edge) => What::Extended { message: edge.extended() },
            Event::Warning(warning) => What::Warning { message: warning.to_string() },
            Event::Failed(failure) => What::Failed { message: failure.to_string() },
            Event::Finished { done, cached } => What::Tasks { done: *done, cached: *cached },
        };
        self.write(point, what);
    }

    fn progress(&self, stage: Stage, done: u64, more: u64) {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = stages.entry(stage).or_default();
        progress.done += done;
        progress.of += more;
        let (done, of) = (progress.done, progress.of);
        let is_due = match progress.said {
            Some((_, told, known)) if (told, known) == (done, of) => false,
            Some((when, ..)) => done == of || when.elapsed() >= INTERVAL,
            None => true,
        };
        if is_due {
            progress.said = Some((Instant::now(), done, of));
            self.write(None, What::Progress { stage: stage.name().into(), done, of });
        }
    }

    fn write(&self, point: Option<&str>, what: What) {
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let line =
            Line { time, process: std::process::id(), point: point.map(str::to_owned), what };
        self.file.line(&serde_json::to_string(&line).expect("texts and numbers have a JSON form"));
    }
}
