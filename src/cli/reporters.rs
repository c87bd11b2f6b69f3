//! What is made of the events of a run: lines and progress for people, a list for programs, a log in the
//! results folder.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Serialize;

use crate::cli::console::Console;
use crate::cli::log::{End, Log};
use crate::cli::outcome::Abort;
use crate::cli::signals;
use crate::error::Result;
use crate::run::{Event, Observer, Warning};
use crate::store::Store;

/// All who are told what happens.
#[derive(Debug)]
pub(super) struct Reporters {
    console: Arc<Console>,
    warnings: Arc<Mutex<Vec<Told>>>,
    /// Once work has begun in a results folder.
    log: Arc<OnceLock<Log>>,
    /// The point of a study that it happens at.
    point: Option<String>,
}

impl Reporters {
    /// Lines and progress, unless all is to be quiet; the list in any case.
    pub fn new(quiet: bool) -> Self {
        let console = Arc::new(Console::new(quiet));
        Self { console, warnings: Arc::default(), log: Arc::default(), point: None }
    }

    /// The same, who are told of what happens at a point of a study.
    pub fn at_point(&self, point: String) -> Self {
        let Self { console, warnings, log, .. } = self;
        Self {
            console: Arc::clone(console),
            warnings: Arc::clone(warnings),
            log: Arc::clone(log),
            point: Some(point),
        }
    }

    /// Begins the log of a results folder, with the resolved config.
    pub fn begin(&self, store: &Store, threads: usize, config: &str) -> Result<()> {
        let log = Log::begin(store, threads, config)?;
        // Work is begun once.
        let _ = self.log.set(log);
        let log = Arc::clone(&self.log);
        signals::before_the_end(move || {
            if let Some(log) = log.get() {
                log.end(End::Interrupted, None);
            }
        });
        Ok(())
    }

    /// Says in the log how the work ended.
    pub fn end<T>(&self, result: &Result<T, Abort>) {
        let Some(log) = self.log.get() else { return };
        match result {
            Ok(_) => log.end(End::Done, None),
            Err(Abort::Signal(_)) => log.end(End::Interrupted, None),
            Err(Abort::Library(error)) => log.end(End::Error, Some(error.to_string())),
        }
    }

    /// Warns.
    pub fn warn(&self, warning: Warning) {
        self.event(&Event::Warning(warning));
    }

    /// Says how the work goes on.
    pub fn progress(&self, text: &str) {
        self.console.progress(text);
    }

    /// What `--json` prints: this, and the warnings so far.
    pub fn document<T: Serialize>(&self, results: T) -> Document<T> {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        Document { results, warnings: warnings.clone() }
    }
}

impl Observer for Reporters {
    fn event(&self, event: &Event) {
        self.console.report(event, self.point.as_deref());
        if let Some(log) = self.log.get() {
            log.event(event, self.point.as_deref());
        }
        if let Event::Warning(warning) = event {
            let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            let (message, warning) = (warning.to_string(), warning.clone());
            warnings.push(Told { point: self.point.clone(), warning, message });
        }
    }

    fn interrupted(&self) -> &AtomicBool {
        signals::asked()
    }
}

/// Results, with what else a person would be told on stderr.
#[derive(Debug, Serialize)]
pub(super) struct Document<T> {
    #[serde(flatten)]
    results: T,
    warnings: Vec<Told>,
}

/// A warning with its text.
#[derive(Clone, Debug, Serialize)]
struct Told {
    /// The point of a study that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<String>,
    #[serde(flatten)]
    warning: Warning,
    message: String,
}
