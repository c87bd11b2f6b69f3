//! What is made of the events of a run: lines and progress for people, a list for programs.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::cli::console::Console;
use crate::cli::signals;
use crate::run::{Event, Observer, Warning};

/// All who are told what happens.
#[derive(Debug)]
pub(super) struct Reporters {
    console: Arc<Console>,
    warnings: Arc<Mutex<Vec<Told>>>,
    /// The point of a study that it happens at.
    point: Option<String>,
}

impl Reporters {
    /// Lines and progress, unless all is to be quiet; the list in any case.
    pub fn new(quiet: bool) -> Self {
        Self { console: Arc::new(Console::new(quiet)), warnings: Arc::default(), point: None }
    }

    /// The same, who are told of what happens at a point of a study.
    pub fn at_point(&self, point: String) -> Self {
        let Self { console, warnings, .. } = self;
        Self { console: Arc::clone(console), warnings: Arc::clone(warnings), point: Some(point) }
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
