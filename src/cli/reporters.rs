//! What is made of the events of a run: lines and progress for people, a list for programs.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::cli::console::Console;
use crate::cli::signals;
use crate::run::{Event, Observer, Warning};

/// All who are told what happens.
#[derive(Debug)]
pub(super) struct Reporters {
    console: Console,
    warnings: Mutex<Vec<Warning>>,
}

impl Reporters {
    /// Lines and progress, unless all is to be quiet; the list in any case.
    pub fn new(quiet: bool) -> Self {
        Self { console: Console::new(quiet), warnings: Mutex::default() }
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
        let told =
            |warning: &Warning| Told { message: warning.to_string(), warning: warning.clone() };
        Document { results, warnings: warnings.iter().map(told).collect() }
    }
}

impl Observer for Reporters {
    fn event(&self, event: &Event) {
        self.console.report(event);
        if let Event::Warning(warning) = event {
            let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            warnings.push(warning.clone());
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
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    warning: Warning,
    message: String,
}
