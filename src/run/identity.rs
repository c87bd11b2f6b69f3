//! The files that results depend on.

use serde_json::{Map, Value};

use crate::basis::DataFile;
use crate::error::Result;
use crate::experiment::{Experiment, FloatType, Study, System};
use crate::objective;

/// Checksums of the files that an experiment reads.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// Name and SHA-256 of the objectives' files.
    objectives: Vec<(String, String)>,
    /// The files of the user's that the objectives read, with the names of the coordinate systems.
    user: Vec<(String, String, String)>,
    /// Whether each of these has an objective of its own, as EGOP estimates may.
    own: bool,
    /// The bases' files, with the names of the coordinate systems.
    bases: Vec<(String, DataFile)>,
}

impl Data {
    /// Reads all of them.
    ///
    /// # Errors
    /// When a data set or a file is missing or corrupt.
    pub fn of(experiment: &Experiment, context: &objective::Context) -> Result<Self> {
        let (mut bases, mut user) = (Vec::new(), Vec::new());
        let own = matches!(experiment.study, Study::Spectra(_));
        for System { name, basis, objective, .. } in experiment.systems() {
            let table = format!("{}.{name}", if own { "spectra" } else { "coordinates" });
            let files = basis.data(&table, &objective.layout(), experiment.trials)?;
            bases.extend(files.into_iter().map(|file| (name.to_owned(), file)));
            let files = objective.files()?.into_iter();
            if experiment.precision == FloatType::Single {
                objective.check_singles()?;
            }
            user.extend(files.map(|(file, sum)| (name.to_owned(), file, sum)));
        }
        Ok(Self { objectives: experiment.data(context)?, user, own, bases })
    }

    /// Name and SHA-256 of each file: those that the config names by what they are for, not by where
    /// they lie.
    pub fn named(&self) -> Vec<(String, String)> {
        let bases = self.bases.iter().map(|(coordinates, file)| {
            let trial = file.trial.map_or_else(String::new, |trial| format!(", trial {trial}"));
            (format!("coordinates.{coordinates}.{}{trial}", file.name), file.sha256.clone())
        });
        let user = self.user.iter().map(|(of, name, sum)| {
            (if self.own { format!("spectra.{of}.{name}") } else { name.clone() }, sum.clone())
        });
        let mut user: Vec<_> = user.collect();
        user.sort();
        user.dedup();
        self.objectives.iter().cloned().chain(user).chain(bases).collect()
    }

    /// SHA-256 of the files that a task reads: the objectives', and those of its basis by their
    /// names.
    pub(super) fn of_task(&self, coordinates: &str, trial: usize) -> Map<String, Value> {
        let objectives: Vec<&str> = self.objectives.iter().map(|(_, sum)| &**sum).collect();
        let mut files = Map::from_iter([("objectives".into(), Value::from(objectives))]);
        for (_, name, sum) in self.user.iter().filter(|(of, ..)| of == coordinates) {
            files.insert(name.clone(), sum.clone().into());
        }
        for (of, file) in &self.bases {
            if of == coordinates && file.trial.is_none_or(|only| only == trial) {
                files.insert(file.name.clone(), file.sha256.clone().into());
            }
        }
        files
    }
}
