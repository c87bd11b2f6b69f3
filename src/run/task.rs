//! Tasks: the unit of work that is stored. One trial in one coordinate system at some learning
//! rates of each algorithm.

use std::path::Path;
use std::sync::Arc;

use toml::Value;

pub(super) use crate::basis::block_name;
use crate::config::canonical_json;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::objective::Context;
use crate::record::{
    CurveRow, EigenvectorRow, LandscapeRow, MeasureRow, RunRow, SCHEMA, SpectrumRow, TheoryRow,
    TrajectoryRow,
};
use crate::rng::Streams;
use crate::run::prepared::Prepared;
use crate::store::{self, Csv, Table, Tables};
use crate::trial::{Control, Method, Outcome, Precision, Problem, Recording, train};

mod landscape;
pub(super) mod spectra;
pub(super) mod theory;

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
    pub fn key(&self, experiment: &Experiment, resolved: &toml::Table, data: &[String]) -> String {
        let coordinates = &experiment.coordinates[self.coordinates].name;
        let mut content = toml::Table::new();
        for shared in ["seed", "precision", "objective", "distribution", "start", "egop"] {
            if let Some(value) = resolved.get(shared) {
                content.insert(shared.into(), value.clone());
            }
        }
        let table = |value: Option<&Value>| value.and_then(Value::as_table).cloned();
        let mut training = table(resolved.get("training")).unwrap_or_default();
        training.remove("record");
        content.insert("training".into(), training.into());
        let section = |section: &str, name: &str| {
            table(resolved.get(section).and_then(|section| section.get(name))).unwrap_or_default()
        };
        content.insert("coordinates".into(), coordinates.clone().into());
        content.insert("basis".into(), section("coordinates", coordinates).into());
        if !experiment.trains() {
            content.insert("spectrum".into(), section("spectra", coordinates).into());
        }
        for (algorithm, rates) in experiment.algorithms.iter().zip(&*self.rates) {
            if rates.is_empty() {
                continue;
            }
            let mut settings = section("algorithms", &algorithm.name);
            for grid in ["coarse", "limits", "learning_rates"] {
                settings.remove(grid);
            }
            settings.insert("learning_rates".into(), rates.clone().into());
            content.insert(format!("algorithm {}", algorithm.name), settings.into());
        }
        content.insert("schema".into(), i64::from(SCHEMA).into());
        content.insert("trial".into(), (self.trial as i64).into());
        let recording = match self.recording {
            Recording::Summary => "Summary".into(),
            // Since the theory's quantities are recorded.
            recording => format!("{recording:?}, theory"),
        };
        content.insert("recording".into(), recording.into());
        content.insert("data".into(), data.to_vec().into());
        let hash = store::sha256(canonical_json(&content.into()).as_bytes());
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
                rates.iter().map(move |&rate| (algorithm.name.clone(), rate))
            });
        let coordinates = &experiment.coordinates[self.coordinates];
        for ((algorithm, learning_rate), outcome) in labels.zip(&outcomes) {
            let label = Label {
                trial: self.trial,
                algorithm,
                coordinates: coordinates.name.clone(),
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

struct Label {
    trial: usize,
    algorithm: String,
    coordinates: String,
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
            algorithm: algorithm.as_str().into(),
            coordinates: coordinates.as_str().into(),
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
        for (step, theta) in outcome.trajectory.iter().enumerate() {
            self.trajectories.extend(theta.iter().enumerate().map(|(parameter, &value)| {
                TrajectoryRow {
                    trial,
                    algorithm: algorithm.clone(),
                    coordinates: coordinates.clone(),
                    learning_rate,
                    step: step as u64,
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
        Ok(Self {
            runs: get(tables, folder)?,
            curves: get(tables, folder)?,
            trajectories: get(tables, folder)?,
            landscape: get(tables, folder)?,
            spectrum: get(tables, folder)?,
            eigenvectors: get(tables, folder)?,
            measures: get(tables, folder)?,
            theory: get(tables, folder)?,
        })
    }
}

/// The context of a trial.
pub(super) fn context(experiment: &Experiment, data_dir: Option<&Path>, trial: usize) -> Context {
    Context {
        streams: Streams::new(experiment.seed, trial),
        data_dir: data_dir.map(Path::to_path_buf),
    }
}
