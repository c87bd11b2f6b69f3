//! An experiment whose tasks run elsewhere: on many machines that share the results folder.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::run::cost::{self, Speed};
use crate::run::event::Stage;
use crate::run::executor::{Executor, RowSink, Unfinished, hand_over};
use crate::run::index::TaskIndex;
use crate::run::task::{Failure, Round, Task};
use crate::trial::Recording;

/// A task, by names: it can be written down and done by another program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Its content address in the store.
    pub key: String,
    /// The folder of the point of a study that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The trial.
    pub trial: usize,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// What runs.
    pub rates: Vec<PlannedRates>,
    /// What is kept of the runs.
    pub recording: Recording,
    /// Whether it is done beside no other, to time it.
    pub alone: bool,
    /// About how long it takes on one thread of the machine that planned it.
    pub seconds: f64,
}

/// The learning rates of one algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRates {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Its learning rates.
    pub learning_rates: Vec<f64>,
}

/// How far an experiment is.
#[derive(Debug)]
pub enum Next {
    /// Tasks of a round are not done; what comes after depends on them.
    Round {
        /// Name of the round.
        name: &'static str,
        /// All its tasks.
        tasks: Vec<PlannedTask>,
        /// The keys of those that are not done, nor given up.
        missing: Vec<String>,
        /// Those of earlier rounds, and of this one, that were given up.
        failures: Vec<Failure>,
    },
    /// Nothing is missing, except for what was given up.
    Nothing,
}

/// Programs elsewhere: what they have done is seen in the store, and what they have not is missing.
pub(super) struct Elsewhere<'a> {
    pub index: &'a TaskIndex<'a>,
    /// The keys of tasks that are no longer waited for.
    pub given_up: &'a HashSet<String>,
}

impl Executor for Elsewhere<'_> {
    fn execute(&self, _: Stage, round: &Round, sink: &mut RowSink<'_>) -> Result<Unfinished> {
        let found = self.index.look(&round.tasks)?;
        let mut unfinished = Unfinished::default();
        for (index, task) in round.tasks.iter().enumerate().filter(|(i, _)| found[*i].is_none()) {
            if self.given_up.contains(&self.index.key(task)) {
                let message = format!("missing from the {}", round.name);
                unfinished.failures.push(task.failure(self.index.experiment(), message));
            } else {
                unfinished.missing.push(index);
            }
        }
        if unfinished.missing.is_empty() {
            hand_over(found, sink);
        }
        Ok(unfinished)
    }
}

impl PlannedTask {
    /// The same, of a point of a study, which has this folder.
    pub fn at_point(self, folder: String) -> Self {
        Self { point: Some(folder), ..self }
    }

    /// The tasks of a round.
    pub(super) fn of(index: &TaskIndex<'_>, round: &Round) -> Vec<Self> {
        let experiment = index.experiment();
        let speed = Speed::probed(experiment);
        let rates = |task: &Task| {
            let algorithms = experiment.algorithms().iter().zip(&*task.rates);
            algorithms
                .map(|(algorithm, rates)| PlannedRates {
                    algorithm: algorithm.name.clone(),
                    learning_rates: rates.clone(),
                })
                .collect()
        };
        let planned = |task: &Task| Self {
            key: index.key(task),
            point: None,
            trial: task.trial,
            coordinates: experiment.system(task.system).name.to_owned(),
            rates: rates(task),
            recording: task.recording,
            alone: task.alone,
            seconds: speed.seconds(cost::task(experiment, task)),
        };
        round.tasks.iter().map(planned).collect()
    }

    /// The task that it names.
    ///
    /// # Errors
    /// [`Error::Incompatible`] when it is none of this experiment's.
    pub(super) fn task(&self, index: &TaskIndex<'_>) -> Result<Task> {
        let task = self.named(index.experiment()).filter(|task| index.key(task) == self.key);
        task.ok_or_else(|| Error::Incompatible {
            path: index.store.root().into(),
            message: format!(
                "the planned task {} is not one of this experiment with this data: plan anew",
                self.key
            ),
        })
    }

    fn named(&self, experiment: &Experiment) -> Option<Task> {
        let algorithms = experiment.algorithms();
        let mut named = self.rates.iter().zip(algorithms);
        let fits = self.rates.len() == algorithms.len()
            && named.all(|(rates, algorithm)| rates.algorithm == algorithm.name);
        let mut systems = experiment.systems().into_iter();
        fits.then_some(Task {
            trial: self.trial,
            system: systems.position(|system| system.name == self.coordinates)?,
            rates: self.rates.iter().map(|rates| rates.learning_rates.clone()).collect(),
            recording: self.recording,
            alone: self.alone,
        })
    }
}
