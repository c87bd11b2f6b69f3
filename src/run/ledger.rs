//! Which tasks are done, and what they yielded.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::error::Result;
use crate::experiment::Experiment;
use crate::provenance::Maker;
use crate::run::pass::locked;
use crate::run::task::{Rows, Task};
use crate::run::{Observer, Options, Run};
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
pub(super) struct Ledger<'a> {
    pub experiment: &'a Experiment,
    identity: &'a toml::Table,
    pub store: &'a Store,
    pub options: &'a Options,
    pub observer: &'a dyn Observer,
    /// What made the results.
    makers: Mutex<BTreeSet<Maker>>,
}

impl<'a> Ledger<'a> {
    pub fn new(run: &'a Run<'_>) -> Self {
        Self {
            experiment: run.experiment,
            identity: run.identity,
            store: run.store,
            options: run.options,
            observer: run.observer,
            makers: Mutex::default(),
        }
    }

    pub fn key(&self, task: &Task) -> String {
        task.key(self.experiment, self.identity, &self.options.data)
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
                self.note_maker(&finished.maker);
                let rows = Rows::from_tables(&finished.tables, &self.store.task(key))?;
                Ok(Some(Found { rows, seconds: Some(finished.seconds) }))
            }
            Stored::Damaged(what) if say => {
                let folder = self.store.task(key);
                self.observer.note(&format!("{}: {what}; done again", folder.display()));
                Ok(None)
            }
            Stored::Damaged(_) | Stored::Absent => Ok(None),
        }
    }

    /// Warns when results of different makers are mixed.
    pub fn note_maker(&self, maker: &Maker) {
        let mut makers = locked(&self.makers);
        if makers.contains(maker) {
            return;
        }
        makers.insert(maker.clone());
        if makers.len() > 1 {
            let names: Vec<String> = makers.iter().map(Maker::to_string).collect();
            self.observer.note(&format!(
                "warning: these results mix what different programs or processors made, which may \
                 round differently: {}",
                names.join("; ")
            ));
        }
    }
}
