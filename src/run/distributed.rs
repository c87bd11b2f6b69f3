//! A sweep whose tasks run elsewhere: on many machines that share the results folder.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::cost::{self, Speed};
use crate::run::ledger::Ledger;
use crate::run::sweep::Pass;
use crate::run::task::Task;
use crate::run::{Failure, Run, Stage, Swept};
use crate::trial::Recording;

/// A task of a sweep, by names: it can be written down and done by another program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Its content address in the store.
    pub key: String,
    /// The trial.
    pub trial: usize,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// What runs.
    pub rates: Vec<Rates>,
    /// About how long it takes on one thread of the machine that planned it.
    pub seconds: f64,
}

/// The learning rates of one algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Its learning rates.
    pub learning_rates: Vec<f64>,
}

/// How far a sweep is.
#[derive(Debug)]
pub enum Next {
    /// These tasks of a pass are not done; what comes after depends on them.
    Pass {
        /// Name of the pass.
        name: &'static str,
        /// All its tasks.
        tasks: Vec<PlannedTask>,
        /// The keys of those that are not done, nor given up.
        missing: Vec<String>,
        /// The passes before it.
        swept: Swept,
    },
    /// Nothing is missing, except for what was given up.
    Nothing(Swept),
}

impl Run<'_> {
    /// Finds the first pass of which tasks are missing. Those that are given up count as failed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_pass(&self, given_up: &HashSet<String>) -> Result<Next> {
        let ledger = Ledger::new(self);
        let Some(mut sweep) = self.begin() else { return Ok(Next::Nothing(Swept::default())) };
        while let Some(pass) = sweep.next() {
            let found = ledger.look(&pass.tasks)?;
            let mut missing = Vec::new();
            let mut failures = Vec::new();
            for (task, _) in pass.tasks.iter().zip(&found).filter(|(_, found)| found.is_none()) {
                let key = ledger.key(task);
                if given_up.contains(&key) {
                    failures.push(Failure {
                        trial: task.trial,
                        coordinates: self.experiment.system(task.system).name.to_owned(),
                        message: format!("missing from the {}", pass.name),
                    });
                } else {
                    missing.push(key);
                }
            }
            if !missing.is_empty() {
                let tasks = self.planned(&ledger, &pass);
                return Ok(Next::Pass { name: pass.name, tasks, missing, swept: sweep.finish() });
            }
            found.into_iter().flatten().for_each(|found| sweep.take(found.rows));
            sweep.end(failures);
        }
        Ok(Next::Nothing(sweep.finish()))
    }

    fn planned(&self, ledger: &Ledger<'_>, pass: &Pass) -> Vec<PlannedTask> {
        let experiment = self.experiment;
        let speed = Speed::probed(experiment);
        let rates = |task: &Task| {
            let algorithms = experiment.algorithms().iter().zip(&*task.rates);
            algorithms
                .map(|(algorithm, rates)| Rates {
                    algorithm: algorithm.name.clone(),
                    learning_rates: rates.clone(),
                })
                .collect()
        };
        let planned = |task: &Task| PlannedTask {
            key: ledger.key(task),
            trial: task.trial,
            coordinates: experiment.system(task.system).name.to_owned(),
            rates: rates(task),
            seconds: speed.seconds(cost::task(experiment, task)),
        };
        pass.tasks.iter().map(planned).collect()
    }

    /// Does planned tasks that are not done yet.
    ///
    /// # Errors
    /// [`Error::Incompatible`] when a task is not one of this experiment; otherwise as for
    /// [`Run::sweep`].
    pub fn perform(&self, planned: &[PlannedTask]) -> Result<Vec<Failure>> {
        let ledger = Ledger::new(self);
        let mut tasks = Vec::new();
        for planned in planned {
            let task = self.task(planned).filter(|task| ledger.key(task) == planned.key);
            tasks.push(task.ok_or_else(|| Error::Incompatible {
                path: self.store.root().into(),
                message: format!(
                    "the planned task {} is not one of this experiment with this data: plan anew",
                    planned.key
                ),
            })?);
        }
        self.passes().pass(Stage::Sweep, &tasks, &mut |_, _| {})
    }

    fn task(&self, planned: &PlannedTask) -> Option<Task> {
        let study = self.experiment.training()?;
        let named = planned.rates.iter().zip(&study.algorithms);
        let fits = planned.rates.len() == study.algorithms.len()
            && named.clone().all(|(rates, algorithm)| rates.algorithm == algorithm.name);
        fits.then_some(Task {
            trial: planned.trial,
            system: study.coordinates_index(&planned.coordinates)?,
            rates: planned.rates.iter().map(|rates| rates.learning_rates.clone()).collect(),
            recording: Recording::Summary,
        })
    }
}
