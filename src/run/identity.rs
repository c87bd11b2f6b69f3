//! What results depend on: everything in a config that is not declared to be presentation, so that
//! a key that is new counts without a line here.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::error::Result;
use crate::experiment::{Coordinates, Experiment};
use crate::objective;

/// Keys of a config on which no task's rows depend: which tasks there are, and what is made of them.
const PRESENTATION: [&str; 7] =
    ["name", "title", "profile", "trials", "sweep", "figures", "claims"];
/// The same in `training`: what is recorded tells the kinds of tasks apart.
const RECORDING: [&str; 1] = ["record"];
/// The same in an algorithm: its learning rates are the task's.
const RATES: [&str; 3] = ["coarse", "limits", "learning_rates"];

/// The part of a resolved config that results depend on, the learning rates and the contents of
/// data files aside. Two configs that agree in it may share a results folder.
pub fn identity(experiment: &Experiment, resolved: &Table) -> Table {
    let mut identity = resolved.clone();
    identity.retain(|key, _| !PRESENTATION.contains(&key));
    if let Some(Value::Table(training)) = identity.get_mut("training") {
        training.retain(|key, _| !RECORDING.contains(&key));
    }
    if let Some(Value::Table(algorithms)) = identity.get_mut("algorithms") {
        for algorithm in algorithms.iter_mut().filter_map(|(_, value)| value.as_table_mut()) {
            algorithm.retain(|key, _| !RATES.contains(&key));
        }
    }
    for coordinates in &experiment.coordinates {
        if let Some(Value::Table(all)) = identity.get_mut("coordinates")
            && let Some(Value::Table(own)) = all.get_mut(&coordinates.name)
        {
            // Where a file lies does not matter; what is in it does.
            own.retain(|key, _| !coordinates.basis.paths().contains(&key));
        }
    }
    identity
}

/// Checksums of the files that an experiment reads.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// Name and SHA-256 of the objectives' files.
    pub objectives: Vec<(String, String)>,
    /// SHA-256 of the bases' files by their paths.
    pub bases: BTreeMap<std::path::PathBuf, String>,
}

impl Data {
    /// Reads all of them.
    ///
    /// # Errors
    /// When a data set or a file is missing or corrupt.
    pub fn of(experiment: &Experiment, context: &objective::Context) -> Result<Self> {
        Ok(Self { objectives: experiment.data(context)?, bases: experiment.basis_files()? })
    }

    /// Name and SHA-256 of each file, for people.
    pub fn named(&self) -> Vec<(String, String)> {
        let bases = self.bases.iter().map(|(path, sum)| (path.display().to_string(), sum.clone()));
        self.objectives.iter().cloned().chain(bases).collect()
    }

    /// The same for a results folder: bases by what they are for, not by where they lie.
    pub fn bound(&self, experiment: &Experiment) -> Vec<(String, String)> {
        let mut bound = self.objectives.clone();
        for coordinates in &experiment.coordinates {
            for trial in 0..experiment.trials {
                for (index, sum) in self.of_basis(coordinates, trial).enumerate() {
                    let name = &coordinates.name;
                    let file = format!("file {index} of the basis of {name} in trial {trial}");
                    bound.push((file, sum.to_owned()));
                }
            }
        }
        bound
    }

    /// SHA-256 of the files of a coordinate system's basis in a trial, in order.
    pub fn of_basis(&self, coordinates: &Coordinates, trial: usize) -> impl Iterator<Item = &str> {
        let files = coordinates.basis.files(trial);
        files.into_iter().filter_map(|path| self.bases.get(&path).map(String::as_str))
    }
}
