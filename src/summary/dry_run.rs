//! What would run.

use std::path::Path;

use serde::Serialize;

use crate::experiment::{Experiment, System};
use crate::run::{Memory, Plan};

/// The leading eigenvectors of a block that a basis is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leading<'a> {
    /// Name of the coordinate system.
    pub coordinates: &'a str,
    /// Parameter block, or `all`.
    pub block: String,
    /// Number of parameters.
    pub parameters: usize,
    /// How many; `None`: as many as have the share of all eigenvalues that is asked for, of which
    /// `theory.csv` will say how many they are.
    pub rank: Option<usize>,
    /// How they are computed.
    pub solver: &'static str,
}

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
    /// The leading eigenvectors that bases are made of, where these are not all.
    pub leading: Vec<Leading<'a>>,
    /// The tasks, and how long they take.
    #[serde(flatten)]
    pub plan: &'a Plan,
    /// The memory that they take.
    pub memory: Memory,
}

/// Those of a coordinate system.
fn leading<'a>(system: &System<'a>) -> Vec<Leading<'a>> {
    let layout = system.objective.layout();
    let eigenvectors = system.basis.eigenvectors(&layout, system.sampling.count(&layout));
    let groups = system.basis.groups(&layout).into_iter().zip(eigenvectors);
    let leading = groups.map(|(group, (count, solver))| {
        let parameters = layout.parameters(&group).len();
        Leading {
            coordinates: system.name,
            block: layout.group_name(&group),
            parameters,
            rank: count.number().map(|rank| rank.min(parameters)),
            solver: solver.name(),
        }
    });
    leading.filter(|one| one.rank != Some(one.parameters)).collect()
}

impl<'a> DryRun<'a> {
    /// Of an experiment with its results in `folder`.
    pub fn new(experiment: &'a Experiment, folder: &Path, plan: &'a Plan, memory: Memory) -> Self {
        Self {
            name: &experiment.name,
            title: &experiment.title,
            results: folder.display().to_string(),
            trials: experiment.trials,
            leading: experiment.systems().iter().flat_map(leading).collect(),
            plan,
            memory,
        }
    }

    /// Whether nothing is left to do but tables and figures.
    pub fn is_done(&self) -> bool {
        self.plan.rounds.iter().all(|round| round.done == round.tasks)
    }
}
