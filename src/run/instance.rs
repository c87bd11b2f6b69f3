//! A trial's instance as files for other programs: all that its runs are made of, and the sampled
//! gradients that its changes of variables are.

use std::cell::RefCell;
use std::ops::Range;

use ndarray::{Array0, Array1, Array2, ArrayView2, Axis, concatenate};

use crate::basis::Part;
use crate::data::{InputMoments, Inputs};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, FloatType, System};
use crate::gradients::{At, Gradients, Sampler, Statistic};
use crate::lanes::{Layout, Role};
use crate::linalg::to_f64;
use crate::minibatch::Minibatches;
use crate::objective::ARRAYS;
use crate::run::Run;
use crate::run::bases::{Matrices, SavedBases, npy, outputs, stem, write};
use crate::run::event::{Event, Stage};
use crate::run::task::{Failure, context, guarded};
use crate::store::{INSTANCE, Publication, file_name};
use crate::trial::{Precision, Problem};

/// Sampled gradients of more bytes are not written.
const MOST: f64 = 4e9;

/// Names of the arrays that do not come from the objective's data.
const OTHERS: [&str; 7] =
    ["blocks", "start", "minimizer", "minimum", "minibatches", "gradients", ROTATION];
/// What rotated inputs are multiplied by.
const ROTATION: &str = "rotation";

/// The names of the files that [`Run::save_instance`] may write.
///
/// # Errors
/// [`Error::Usage`] when there is no such trial, nothing is trained, or the sampled gradients are too
/// many.
pub fn instance_outputs(experiment: &Experiment, trial: usize) -> Result<Vec<String>> {
    let refuse = |message: String| Err(Error::Usage(format!("--save-instance: {message}")));
    if experiment.training().is_none() {
        return refuse("this experiment trains nothing".into());
    }
    if trial >= experiment.trials {
        let last = experiment.trials - 1;
        return refuse(format!("there is no trial {trial}: the last is {last}"));
    }
    let systems = experiment.systems();
    for system in &systems {
        let size = 8.0 * system.samples() as f64 * system.objective.layout().dimension() as f64;
        if size > MOST {
            let name = system.name;
            return refuse(format!(
                "the sampled gradients of {name} take {:.1} GB; at most {:.0} are written",
                size / 1e9,
                MOST / 1e9
            ));
        }
    }
    let arrays = ARRAYS.iter().chain(&OTHERS).map(|array| name(trial, array));
    let gradients = systems.iter().map(|one| name(trial, &gradients_of(one.name)));
    Ok(arrays.chain(gradients).chain(outputs(experiment, INSTANCE, trial..trial + 1)).collect())
}

fn name(trial: usize, array: &str) -> String {
    format!("{INSTANCE}/{trial}-{array}.npy")
}

fn gradients_of(coordinates: &str) -> String {
    format!("{}-gradients", file_name(coordinates))
}

impl Run<'_> {
    /// Adds a trial's instance to what is published, in doubles: the data, the blocks of the
    /// parameters (rows, columns and whether each is a bias), the start, what is known of the optimum,
    /// the rows in the order of each epoch, and of every coordinate system the sampled gradients and
    /// the matrices, as [`Run::save_bases`] writes them. Gradients that an earlier system has too are
    /// not repeated.
    ///
    /// # Errors
    /// When a file cannot be read or written, or on interruption.
    pub fn save_instance(
        &self,
        publication: &mut Publication<'_>,
        trial: usize,
    ) -> Result<SavedBases> {
        match self.index.experiment().precision {
            FloatType::Double => self.instance::<f64>(publication, trial),
            FloatType::Single => self.instance::<f32>(publication, trial),
        }
    }

    fn instance<R: Precision>(
        &self,
        publication: &mut Publication<'_>,
        trial: usize,
    ) -> Result<SavedBases> {
        let experiment = self.index.experiment();
        let mut saved = SavedBases::default();
        let mut add = |name: String, bytes: Vec<u8>, files: &mut Vec<String>| -> Result<()> {
            publication.write(&name, &bytes)?;
            files.push(name);
            Ok(())
        };
        let context = context(experiment, self.index.options.data_dir.as_deref(), trial);
        for (array, numbers) in experiment.objective.arrays(&context)? {
            add(name(trial, array), npy(&numbers), &mut saved.files)?;
        }
        let problem = Problem::<R>::draw(&*experiment.objective, experiment.start, &context)?;
        for (array, bytes) in known(&problem) {
            add(name(trial, array), bytes, &mut saved.files)?;
        }
        let training = experiment.training().map(|study| &study.training);
        let training = training.map(|training| training.on(problem.objective.examples()));
        if let Some(minibatches) = training.and_then(|training| training.minibatches) {
            let epochs = training.map_or(0, |training| training.epochs);
            let bytes = npy(&passes(&minibatches, epochs, &problem));
            add(name(trial, "minibatches"), bytes, &mut saved.files)?;
        }
        let rotated = experiment.systems().iter().any(|system| system.inputs == Inputs::Rotated);
        if let (true, Some(moments)) = (rotated, problem.objective.input_moments()) {
            let bytes = npy(&Inputs::rotation(moments.mean.len()));
            add(name(trial, ROTATION), bytes, &mut saved.files)?;
        }
        let mut seen: Vec<(System<'_>, Array2<f64>)> = Vec::new();
        for system in experiment.systems() {
            if system.basis.is_identity() {
                continue;
            }
            match guarded(|| self.record(&system, &problem))? {
                Ok((parts, gradients)) => {
                    let same = |(other, known): &(System<'_>, Array2<f64>)| {
                        other.inputs == system.inputs && *known == gradients
                    };
                    if !gradients.is_empty() && !seen.iter().any(same) {
                        let name = name(trial, &gradients_of(system.name));
                        add(name, npy(&gradients), &mut saved.files)?;
                        seen.push((system, gradients));
                    }
                    for part in parts {
                        let block = problem.objective.layout().group_name(&part.blocks);
                        let stem = stem(INSTANCE, trial, system.name, &block);
                        for (name, bytes) in write(&stem, &Matrices::of(part)) {
                            add(name, bytes, &mut saved.files)?;
                        }
                    }
                }
                Err(message) => {
                    let coordinates = system.name.to_owned();
                    saved.missing.push(Failure { trial, coordinates, message });
                }
            }
        }
        Ok(saved)
    }

    /// The change of variables of a system, and the gradients that it is made of.
    fn record<R: Precision>(
        &self,
        system: &System<'_>,
        problem: &Problem<R>,
    ) -> Result<(Vec<Part>, Array2<f64>)> {
        let observer = self.index.observer;
        let progress = |samples: usize| {
            observer.event(&Event::Advanced { stage: Stage::Egop, units: samples as u64 });
            !observer.interrupted().load(std::sync::atomic::Ordering::Relaxed)
        };
        let changed = problem.with_inputs(system.inputs)?;
        let problem = changed.as_ref().unwrap_or(problem);
        let source = Sampler {
            objective: &*problem.objective,
            distribution: system.distribution,
            start: Some(&problem.start),
            sampling: system.sampling,
            streams: problem.streams,
            progress: &progress,
        };
        let recorder = Recorder { source: &source, kept: RefCell::default() };
        let parts = system.basis.build(&recorder, &problem.streams)?;
        let kept = recorder.kept.into_inner();
        let views: Vec<ArrayView2<'_, f64>> = kept.iter().map(|rows| rows.view()).collect();
        let gradients = match views.is_empty() {
            true => Array2::zeros((0, source.layout().dimension())),
            false => concatenate(Axis(0), &views).expect("gradients are of the same length"),
        };
        Ok((parts, gradients))
    }
}

/// The blocks of the parameters, the start and what is known of the optimum.
fn known<R: Precision>(problem: &Problem<R>) -> Vec<(&'static str, Vec<u8>)> {
    let objective = &problem.objective;
    let mut arrays = vec![
        ("blocks", npy(&blocks(objective.layout()))),
        ("start", npy(&problem.start.mapv(to_f64))),
    ];
    arrays.extend(objective.minimizer().map(|point| ("minimizer", npy(&point.mapv(to_f64)))));
    arrays.extend(objective.minimum().map(|value| ("minimum", npy(&Array0::from_elem((), value)))));
    arrays
}

/// Rows, columns, and 1 for biases, of each block.
fn blocks(layout: &Layout) -> Array2<i64> {
    let rows = layout.blocks().iter().map(|block| {
        let (rows, columns) = block.shape;
        [rows as i64, columns as i64, i64::from(block.role == Role::Bias)]
    });
    let rows: Vec<[i64; 3]> = rows.collect();
    rows.into()
}

/// The training rows in the order of each epoch: epochs × rows.
fn passes<R: Precision>(
    minibatches: &Minibatches,
    epochs: usize,
    problem: &Problem<R>,
) -> Array2<i64> {
    let mut passes = Array2::zeros((epochs, minibatches.examples));
    for (epoch, mut row) in passes.rows_mut().into_iter().enumerate() {
        let pass = minibatches.pass(&problem.streams, "minibatch", epoch);
        row.assign(&pass.into_iter().map(|row| row as i64).collect::<Array1<i64>>());
    }
    passes
}

/// Keeps what is streamed, once.
struct Recorder<'a> {
    source: &'a dyn Gradients,
    kept: RefCell<Vec<Array2<f64>>>,
}

#[derive(Default)]
struct Rows(Vec<Array2<f64>>);

impl Statistic for Rows {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.0.push(gradients.to_owned());
    }

    fn add_singles(&mut self, gradients: ArrayView2<'_, f32>) {
        self.0.push(gradients.mapv(f64::from));
    }
}

impl Gradients for Recorder<'_> {
    fn layout(&self) -> &Layout {
        self.source.layout()
    }

    fn samples(&self) -> usize {
        self.source.samples()
    }

    fn are_singles(&self) -> bool {
        self.source.are_singles()
    }

    fn start(&self) -> Option<Array1<f64>> {
        self.source.start()
    }

    fn input_moments(&self) -> Option<InputMoments> {
        self.source.input_moments()
    }

    fn stream(&self, at: At, samples: Range<usize>, into: &mut [&mut dyn Statistic]) -> Result<()> {
        let known: usize = self.kept.borrow().iter().map(Array2::nrows).sum();
        // What is streamed again is the same.
        if samples.start < known {
            return self.source.stream(at, samples, into);
        }
        let mut rows = Rows::default();
        let mut all: Vec<&mut dyn Statistic> = Vec::new();
        all.extend(into.iter_mut().map(|statistic| &mut **statistic as &mut dyn Statistic));
        all.push(&mut rows);
        self.source.stream(at, samples, &mut all)?;
        self.kept.borrow_mut().extend(rows.0);
        Ok(())
    }
}
