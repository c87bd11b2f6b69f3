//! Tasks: the unit of work that is stored. One trial in one coordinate system at some learning
//! rates of each algorithm.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use toml::Value;

pub(super) use crate::basis::block_name;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::objective::Context;
use crate::record::{
    CurveRow, EigenvectorRow, LandscapeRow, MeasureRow, RunRow, SCHEMA, SpectrumRow, TheoryRow,
    TrajectoryRow,
};
use crate::rng::Streams;
use crate::run::identity::Data;
use crate::run::prepared::Prepared;
use crate::store::{self, Csv, Table, Tables};
use crate::trial::{Control, Iterate, Method, Outcome, Precision, Problem, Recording, train};

mod landscape;
pub(super) mod spectra;
#[cfg(test)]
mod tests;
pub(super) mod theory;

pub(super) use landscape::ROWS as LANDSCAPE_ROWS;

/// One trial in one coordinate system.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    pub trial: usize,
    /// Position of the coordinate system in the config.
    pub coordinates: usize,
    /// The learning rates of each algorithm, in the config's order; of an experiment that trains
    /// nothing: none.
    pub rates: Arc<[Vec<f64>]>,
    pub recording: Recording,
}

/// The rows that a task yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rows {
    pub runs: Vec<RunRow>,
    pub curves: Vec<CurveRow>,
    pub trajectories: Vec<TrajectoryRow>,
    pub landscape: Vec<LandscapeRow>,
    pub spectrum: Vec<SpectrumRow>,
    pub eigenvectors: Vec<EigenvectorRow>,
    pub measures: Vec<MeasureRow>,
    pub theory: Vec<TheoryRow>,
}

impl Task {
    /// Whether it has nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.rates.is_empty() && self.lanes() == 0
    }

    /// Number of runs.
    pub fn lanes(&self) -> usize {
        self.rates.iter().map(Vec::len).sum()
    }

    /// The content address: a hash of everything that the rows depend on, and nothing else.
    /// `identity` is what results depend on in the config.
    pub fn key(&self, experiment: &Experiment, identity: &toml::Table, data: &Data) -> String {
        let coordinates = &experiment.coordinates[self.coordinates];
        let mut content = identity.clone();
        for systems in ["coordinates", "spectra"] {
            if let Some(Value::Table(systems)) = content.get_mut(systems) {
                systems.retain(|name, _| name == coordinates.name);
            }
        }
        if let Some(Value::Table(algorithms)) = content.get_mut("algorithms") {
            for (algorithm, rates) in experiment.algorithms.iter().zip(&*self.rates) {
                match algorithms.get_mut(&algorithm.name) {
                    Some(Value::Table(settings)) if !rates.is_empty() => {
                        settings.insert("learning_rates".into(), rates.clone().into());
                    }
                    _ => drop(algorithms.remove(&algorithm.name)),
                }
            }
        }
        content.insert("schema".into(), i64::from(SCHEMA).into());
        content.insert("trial".into(), (self.trial as i64).into());
        let mut recording = format!("{:?}", self.recording);
        if self.recording > Recording::Summary {
            recording += &format!(" {:?}", experiment.training.curve);
        }
        content.insert("recording".into(), recording.into());
        content.insert("data".into(), data.of_task(&coordinates.name, self.trial).into());
        let hash = store::sha256(&canonical(&content));
        hash[..32].to_owned()
    }

    /// Trains its lanes on the trial's problem.
    pub fn run<R: Precision>(
        &self,
        experiment: &Experiment,
        problem: &Problem<R>,
        prepared: &Prepared<R>,
        control: Control<'_>,
    ) -> Result<Rows> {
        let methods: Vec<Method<'_>> = experiment
            .algorithms
            .iter()
            .zip(&*self.rates)
            .map(|(algorithm, rates)| Method {
                optimizer: &*algorithm.optimizer,
                learning_rates: rates,
            })
            .collect();
        let basis = prepared.basis(&*problem.objective);
        let training = experiment.training.on(problem.objective.examples());
        let outcomes = train(problem, &*basis, &methods, &training, self.recording, control)?;
        let mut rows = Rows::default();
        let labels =
            experiment.algorithms.iter().zip(&*self.rates).flat_map(|(algorithm, rates)| {
                let name: Arc<str> = algorithm.name.as_str().into();
                rates.iter().map(move |&rate| (Arc::clone(&name), rate))
            });
        let coordinates = &experiment.coordinates[self.coordinates];
        let name: Arc<str> = coordinates.name.as_str().into();
        for ((algorithm, learning_rate), outcome) in labels.zip(&outcomes) {
            let label = Label {
                trial: self.trial,
                algorithm,
                coordinates: Arc::clone(&name),
                learning_rate,
            };
            rows.push(&label, outcome);
        }
        if self.recording >= Recording::Curve {
            rows.spectrum.clone_from(&prepared.spectrum);
            rows.theory.clone_from(&prepared.theory);
        }
        if self.recording == Recording::Trajectory && coordinates.basis.is_identity() {
            rows.landscape = landscape::rows(problem, self.trial);
        }
        Ok(rows)
    }
}

/// The table as JSON with sorted keys: equal for equal tables, whatever the order of the config.
fn canonical(table: &toml::Table) -> Vec<u8> {
    /// Floats have a point or an exponent, and the shortest digits that say which they are.
    struct Floats;
    impl Formatter for Floats {
        fn write_f64<W: Write + ?Sized>(&mut self, to: &mut W, value: f64) -> io::Result<()> {
            write!(to, "{value:?}")
        }
    }
    let sorted = serde_json::to_value(table).expect("finite numbers have a JSON form");
    let mut json = Vec::new();
    sorted
        .serialize(&mut Serializer::with_formatter(&mut json, Floats))
        .expect("a tree is written to memory");
    json
}

struct Label {
    trial: usize,
    algorithm: Arc<str>,
    coordinates: Arc<str>,
    learning_rate: f64,
}

impl Rows {
    fn push(&mut self, label: &Label, outcome: &Outcome) {
        let (first, last) = outcome.ends;
        let best = outcome.best_validation;
        let Label { trial, algorithm, coordinates, learning_rate } = label;
        let (trial, learning_rate) = (*trial, *learning_rate);
        self.runs.push(RunRow {
            trial,
            algorithm: algorithm.clone(),
            coordinates: coordinates.clone(),
            learning_rate,
            stop: outcome.stop,
            steps: outcome.steps,
            initial_loss: first.train_loss,
            final_loss: last.train_loss,
            minimum_loss: outcome.minimum_loss,
            initial_suboptimality: outcome.suboptimality(first.train_loss),
            final_suboptimality: outcome.suboptimality(last.train_loss),
            minimum_suboptimality: outcome.suboptimality(outcome.minimum_loss),
            reached_target: outcome.reached_target,
            gradient_norm: last.gradient_norm,
            best_validation_loss: best.map(|metrics| metrics.loss),
            final_validation_loss: last.validation.map(|metrics| metrics.loss),
            best_validation_accuracy: best.and_then(|metrics| metrics.accuracy),
            final_validation_accuracy: last.validation.and_then(|metrics| metrics.accuracy),
            test_loss: outcome.test.map(|metrics| metrics.loss),
            test_accuracy: outcome.test.and_then(|metrics| metrics.accuracy),
            path_ratio: outcome.path_ratio,
        });
        self.curves.extend(outcome.curve.iter().map(|point| CurveRow {
            trial,
            algorithm: algorithm.clone(),
            coordinates: coordinates.clone(),
            learning_rate,
            step: point.step,
            train_loss: point.train_loss,
            suboptimality: outcome.suboptimality(point.train_loss),
            validation_loss: point.validation.map(|metrics| metrics.loss),
            validation_accuracy: point.validation.and_then(|metrics| metrics.accuracy),
            gradient_norm: point.gradient_norm,
        }));
        for Iterate { step, theta } in &outcome.trajectory {
            self.trajectories.extend(theta.iter().enumerate().map(|(parameter, &value)| {
                TrajectoryRow {
                    trial,
                    algorithm: algorithm.clone(),
                    coordinates: coordinates.clone(),
                    learning_rate,
                    step: *step,
                    parameter,
                    value,
                }
            }));
        }
    }

    /// As the files of a stored task.
    pub fn to_tables(&self) -> Tables {
        fn insert<T: Table>(tables: &mut Tables, rows: &[T]) {
            if !rows.is_empty() {
                tables.insert(T::FILE.into(), Csv::of(rows));
            }
        }
        let mut tables = Tables::new();
        insert(&mut tables, &self.runs);
        insert(&mut tables, &self.curves);
        insert(&mut tables, &self.trajectories);
        insert(&mut tables, &self.landscape);
        insert(&mut tables, &self.spectrum);
        insert(&mut tables, &self.eigenvectors);
        insert(&mut tables, &self.measures);
        insert(&mut tables, &self.theory);
        tables
    }

    /// Reads the files of a stored task, which are in this folder.
    ///
    /// # Errors
    /// When a table does not have the rows that its file's name promises.
    pub fn from_tables(tables: &Tables, folder: &Path) -> Result<Self> {
        fn get<T: Table>(tables: &Tables, folder: &Path) -> Result<Vec<T>> {
            tables.get(T::FILE).map_or(Ok(Vec::new()), |csv| csv.read(&folder.join(T::FILE)))
        }
        let (mut curves, mut trajectories) =
            (get::<CurveRow>(tables, folder)?, get::<TrajectoryRow>(tables, folder)?);
        share_names(curves.iter_mut().map(|row| [&mut row.algorithm, &mut row.coordinates]));
        share_names(trajectories.iter_mut().map(|row| [&mut row.algorithm, &mut row.coordinates]));
        Ok(Self {
            runs: get(tables, folder)?,
            curves,
            trajectories,
            landscape: get(tables, folder)?,
            spectrum: get(tables, folder)?,
            eigenvectors: get(tables, folder)?,
            measures: get(tables, folder)?,
            theory: get(tables, folder)?,
        })
    }
}

/// Lets rows of the same names share them: one of its own for each row takes more memory than the
/// row itself.
fn share_names<'a>(rows: impl Iterator<Item = [&'a mut Arc<str>; 2]>) {
    let mut last: [Arc<str>; 2] = Default::default();
    for names in rows {
        for (name, last) in names.into_iter().zip(&mut last) {
            if name != last {
                last.clone_from(name);
            }
            name.clone_from(last);
        }
    }
}

/// The context of a trial.
pub(super) fn context(experiment: &Experiment, data_dir: Option<&Path>, trial: usize) -> Context {
    Context {
        streams: Streams::new(experiment.seed, trial),
        data_dir: data_dir.map(Path::to_path_buf),
    }
}
