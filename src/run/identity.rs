//! What results depend on: everything in a config that is not declared to be presentation, so that
//! a key that is new counts without a line here.

use toml::{Table, Value};

use crate::basis::DataFile;
use crate::error::Result;
use crate::experiment::{Experiment, System};
use crate::objective;

/// Keys of a config on which no task's rows depend: which tasks there are, and what is made of them.
const PRESENTATION: [&str; 7] =
    ["name", "title", "profile", "trials", "sweep", "figures", "claims"];
/// The same in `training`: what is recorded tells the kinds of tasks apart.
const RECORDING: [&str; 2] = ["record", "curve"];
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
    for system in experiment.systems() {
        if let Some(Value::Table(all)) = identity.get_mut("coordinates")
            && let Some(Value::Table(own)) = all.get_mut(system.name)
        {
            // Where a file lies does not matter; what is in it does.
            own.retain(|key, _| !system.basis.paths().contains(&key));
        }
    }
    identity
}

/// Checksums of the files that an experiment reads.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// Name and SHA-256 of the objectives' files.
    objectives: Vec<(String, String)>,
    /// The bases' files, with the names of the coordinate systems.
    bases: Vec<(String, DataFile)>,
}

impl Data {
    /// Reads all of them.
    ///
    /// # Errors
    /// When a data set or a file is missing or corrupt.
    pub fn of(experiment: &Experiment, context: &objective::Context) -> Result<Self> {
        let mut bases = Vec::new();
        for System { name, basis, objective, .. } in experiment.systems() {
            let files = basis.data(&objective.layout(), experiment.trials)?;
            bases.extend(files.into_iter().map(|file| (name.to_owned(), file)));
        }
        Ok(Self { objectives: experiment.data(context)?, bases })
    }

    /// Name and SHA-256 of each file: those of bases by what they are for, not by where they lie.
    pub fn named(&self) -> Vec<(String, String)> {
        let bases = self.bases.iter().map(|(coordinates, file)| {
            let trial = file.trial.map_or_else(String::new, |trial| format!(", trial {trial}"));
            (format!("coordinates.{coordinates}.{}{trial}", file.name), file.sha256.clone())
        });
        self.objectives.iter().cloned().chain(bases).collect()
    }

    /// SHA-256 of the files that a task reads: the objectives', and those of its basis by their
    /// names.
    pub(super) fn of_task(&self, coordinates: &str, trial: usize) -> Table {
        let objectives: Vec<&str> = self.objectives.iter().map(|(_, sum)| &**sum).collect();
        let mut files = Table::from_iter([("objectives".into(), Value::from(objectives))]);
        for (of, file) in &self.bases {
            if of == coordinates && file.trial.is_none_or(|only| only == trial) {
                files.insert(file.name.clone(), file.sha256.clone().into());
            }
        }
        files
    }
}
