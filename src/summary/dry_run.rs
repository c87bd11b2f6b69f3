//! What would run.

use std::path::Path;

use serde::Serialize;

use crate::experiment::Experiment;
use crate::run::{Memory, Plan};

/// What an experiment would do, and what that costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DryRun<'a> {
    /// Name of the experiment.
    pub name: &'a str,
    /// What it is about.
    pub title: &'a str,
    /// The results folder.
    pub results: String,
    /// Trials.
    pub trials: usize,
    /// The tasks, and how long they take.
    #[serde(flatten)]
    pub plan: &'a Plan,
    /// The memory that they take.
    pub memory: Memory,
}

impl<'a> DryRun<'a> {
    /// Of an experiment with its results in `folder`.
    pub fn new(experiment: &'a Experiment, folder: &Path, plan: &'a Plan, memory: Memory) -> Self {
        Self {
            name: &experiment.name,
            title: &experiment.title,
            results: folder.display().to_string(),
            trials: experiment.trials,
            plan,
            memory,
        }
    }

    /// Whether nothing is left to do but tables and figures.
    pub fn is_done(&self) -> bool {
        self.plan.rounds.iter().all(|round| round.done == round.tasks)
    }
}
