//! Tasks: the unit of work that is stored. One trial in one coordinate system at some learning
//! rates of each algorithm.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::objective::Context;
use crate::record::SCHEMA;
use crate::rng::Streams;
use crate::run::identity::Data;
use crate::store;
use crate::trial::Recording;

mod landscape;
mod rows;
pub(super) mod spectra;
#[cfg(test)]
mod tests;
pub(super) mod theory;
pub(super) mod training;

pub(super) use landscape::ROWS as LANDSCAPE_ROWS;
pub(super) use rows::Rows;

/// One trial in one coordinate system.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    pub trial: usize,
    /// Position of the coordinate system or the EGOP estimate in the config.
    pub system: usize,
    /// The learning rates of each algorithm, in the config's order; where nothing is trained there
    /// are no algorithms.
    pub rates: Arc<[Vec<f64>]>,
    /// What is kept of the runs.
    pub recording: Recording,
    /// Whether it is done beside no other, to time it.
    pub alone: bool,
}

/// The tasks of a sweep that can be known at a time, or those that follow it: which learning rates
/// come next depends on their results.
pub(super) struct Round {
    pub name: &'static str,
    pub tasks: Vec<Task>,
}

/// A task that failed; a diverged run is not a failure.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// The trial.
    pub trial: usize,
    /// Name of the coordinate system or the EGOP estimate.
    pub coordinates: String,
    /// What happened.
    pub message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "trial {}, {} coordinates: {}", self.trial, self.coordinates, self.message)
    }
}

impl Task {
    /// Why it yielded nothing.
    pub fn failure(&self, experiment: &Experiment, message: String) -> Failure {
        let coordinates = experiment.system(self.system).name.to_owned();
        Failure { trial: self.trial, coordinates, message }
    }

    /// Whether it has nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.rates.is_empty() && self.lanes() == 0
    }

    /// Number of runs.
    pub fn lanes(&self) -> usize {
        self.rates.iter().map(Vec::len).sum()
    }

    /// Number of runs of each algorithm.
    pub fn lanes_by_algorithm(&self) -> Vec<f64> {
        self.rates.iter().map(|rates| rates.len() as f64).collect()
    }

    /// The content address: a hash of everything that the rows depend on, and nothing else.
    /// `identity` is what results depend on in the config.
    pub fn key(&self, experiment: &Experiment, identity: &Value, data: &Data) -> String {
        // A JSON object's keys are sorted, whatever the order of the config.
        let content = self.content(experiment, identity, data).to_string();
        let hash = store::sha256(content.as_bytes());
        hash[..32].to_owned()
    }

    /// What is hashed.
    fn content(&self, experiment: &Experiment, identity: &Value, data: &Data) -> Value {
        let system = experiment.system(self.system);
        let mut content = identity.clone();
        for systems in ["coordinates", "spectra"] {
            if let Some(Value::Object(systems)) = content.get_mut(systems) {
                systems.retain(|name, _| name == system.name);
            }
        }
        if let Some(Value::Object(algorithms)) = content.get_mut("algorithms") {
            for (algorithm, rates) in experiment.algorithms().iter().zip(&*self.rates) {
                match algorithms.get_mut(&algorithm.name) {
                    Some(settings @ Value::Object(_)) if !rates.is_empty() => {
                        settings["learning_rates"] = rates.clone().into();
                        raise(settings, algorithm.optimizer.revision());
                    }
                    _ => drop(algorithms.remove(&algorithm.name)),
                }
            }
        }
        content["schema"] = SCHEMA.into();
        // Neither ever falls, so that their sum tells as much as both.
        raise(&mut content, system.stated().revision() + system.objective.revision());
        content["trial"] = self.trial.into();
        if let Some(study) = experiment.training() {
            let mut recording = format!("{:?}", self.recording);
            if self.recording > Recording::Summary {
                recording += &format!(" {:?}", study.training.curve);
            }
            content["recording"] = recording.into();
        }
        if self.alone {
            content["alone"] = true.into();
        }
        content["data"] = data.of_task(system.name, self.trial).into();
        content
    }
}

/// States the revision of what is described, if it ever changed.
fn raise(content: &mut Value, revision: u32) {
    if revision > 0 {
        content["revision"] = revision.into();
    }
}

/// The context of a trial.
pub(super) fn context(experiment: &Experiment, data_dir: Option<&Path>, trial: usize) -> Context {
    Context {
        streams: Streams::new(experiment.seed, trial),
        data_dir: data_dir.map(Path::to_path_buf),
    }
}

/// Runs a piece of work; a panic or numerical failure becomes a message, so that the other tasks
/// go on. What concerns the whole run (interruption, input/output) is passed on.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<Result<T, String>> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(Ok(value)),
        Ok(Err(Error::Numerical(message))) => Ok(Err(message)),
        Ok(Err(Error::NoDirections(message))) => Ok(Err(message.into())),
        Ok(Err(error)) => Err(error),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Ok(Err(format!("panicked: {}", text.unwrap_or_default())))
        }
    }
}
