//! Which tasks are done, and what they yielded.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::experiment::Experiment;
use crate::provenance::BuildInfo;
use crate::run::event::{Event, Observer, Warning};
use crate::run::subject::{Options, Subject};
use crate::run::task::{Rows, Task};
use crate::store::{Store, Stored};

/// What is known of a finished task.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What it yielded.
    pub rows: Rows,
    /// How long it took; `None` if there was nothing to do.
    pub seconds: Option<f64>,
}

/// Finds finished tasks.
pub(super) struct TaskIndex<'a> {
    subject: Subject<'a>,
    pub store: &'a Store,
    pub options: &'a Options,
    pub observer: &'a dyn Observer,
    /// What made the results.
    builds: Mutex<BTreeSet<BuildInfo>>,
}

impl<'a> TaskIndex<'a> {
    pub fn new(
        subject: Subject<'a>,
        store: &'a Store,
        options: &'a Options,
        observer: &'a dyn Observer,
    ) -> Self {
        Self { subject, store, options, observer, builds: Mutex::default() }
    }

    pub fn experiment(&self) -> &'a Experiment {
        self.subject.experiment
    }

    /// The experiment as a document.
    pub fn document(&self) -> &'a str {
        self.subject.document
    }

    pub fn key(&self, task: &Task) -> String {
        let Subject { experiment, identity, .. } = self.subject;
        task.key(experiment, &identity.0, &self.options.data)
    }

    /// What those tasks yielded that are done.
    pub fn look(&self, tasks: &[Task]) -> Result<Vec<Option<Found>>> {
        tasks.iter().map(|task| self.look_at(task, &self.key(task), false)).collect()
    }

    /// The rows of a task, if it is done; that a damaged one is done again is said if so wished.
    pub fn find(&self, task: &Task, key: &str, say: bool) -> Result<Option<Rows>> {
        Ok(self.look_at(task, key, say)?.map(|found| found.rows))
    }

    fn look_at(&self, task: &Task, key: &str, say: bool) -> Result<Option<Found>> {
        if task.is_empty() {
            return Ok(Some(Found::default()));
        }
        match self.store.load(key)? {
            Stored::Complete(finished) => {
                self.note_build(&finished.build);
                let mut rows = Rows::from_tables(&finished.tables, &self.store.task(key))?;
                rows.timings = finished.timings;
                Ok(Some(Found { rows, seconds: Some(finished.seconds) }))
            }
            Stored::Damaged(problem) => {
                if say {
                    let task = self.store.task(key).display().to_string();
                    let warning = Warning::DamagedTask { task, problem };
                    self.observer.event(&Event::Warning(warning));
                }
                Ok(None)
            }
            Stored::Absent => Ok(None),
        }
    }

    /// Warns when results of different programs or processors are mixed.
    pub fn note_build(&self, build: &BuildInfo) {
        let mut builds = locked(&self.builds);
        if builds.contains(build) {
            return;
        }
        builds.insert(build.clone());
        if builds.len() > 1 {
            let builds = builds.iter().cloned().collect();
            self.observer.event(&Event::Warning(Warning::MixedBuilds { builds }));
        }
    }
}

/// Whatever a thread that panicked had locked is whole: rows and builds are changed at once.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
