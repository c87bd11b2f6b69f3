//! Training a task's lanes.

use std::sync::Arc;

use super::landscape;
use crate::error::Result;
use crate::experiment::{Experiment, TrainingStudy};
use crate::lanes::Layout;
use crate::optimizer;
use crate::record::{CurveRow, Levels, RunRow, TrajectoryRow};
use crate::run::anew::Anew;
use crate::run::basis_cache::TrialBasis;
use crate::run::counts::{self, Series, whole};
use crate::run::event::Stuck;
use crate::run::task::{Rows, Task};
use crate::trial::{
    Control, Follow, Iterate, Method, Outcome, Precision, Problem, Recording, train,
    train_following,
};

/// Trains a task's lanes on the trial's problem; the rows, and which runs' methods could not go on.
///
/// # Errors
/// As for [`train`].
pub(in crate::run) fn rows<R: Precision>(
    task: &Task,
    experiment: &Experiment,
    study: &TrainingStudy,
    problem: &Problem<R>,
    prepared: &TrialBasis<R>,
    control: Control<'_>,
) -> Result<(Rows, Vec<Stuck>)> {
    let methods: Vec<Method<'_>> = study
        .algorithms
        .iter()
        .zip(&*task.rates)
        .map(|(algorithm, rates)| Method {
            optimizer: &*algorithm.optimizer,
            learning_rates: rates,
        })
        .collect();
    let training = study.training.on(problem.objective.examples());
    let system = experiment.system(task.system);
    let (coordinates, recording) = (&prepared.coordinates, task.recording);
    let followed = system.followed();
    let outcomes = match system.follow {
        None => train(problem, coordinates, &methods, &training, recording, control)?,
        Some(Follow { rule, basis }) => {
            let basis = followed.as_ref().map_or(basis, |followed| followed.spec());
            let follow = Follow { rule, basis };
            train_following(problem, coordinates, follow, &methods, &training, recording, control)?
        }
    };
    let mut rows = Rows::default();
    let mut all_stuck = Vec::new();
    let anew = Anew::of(experiment, &system);
    let maps = prepared.coordinates.cost();
    let setup = Setup {
        gradients: counts::samples(&system),
        flops: whole(counts::setup_flops(&system, maps, &prepared.ranks)),
        bytes: prepared.bytes(),
    };
    let name: Arc<str> = system.name.into();
    let around = system.added(maps) + system.around(maps);
    let mut outcomes = outcomes.iter();
    for (algorithm, rates) in study.algorithms.iter().zip(&*task.rates) {
        let gradients = Series::of_gradients(system.objective, training.minibatches);
        let updates = gradients.plus(around);
        let label = Label {
            trial: task.trial,
            algorithm: algorithm.name.as_str().into(),
            coordinates: Arc::clone(&name),
            updates: anew.map_or(updates, |anew| anew.series(updates)),
            per_step: training.minibatches.map_or(1, |batches| batches.per_epoch() as u64),
            optimizer: (&*algorithm.optimizer, prepared.coordinates.trained()),
            anew,
        };
        let mut stuck = Stuck {
            trial: task.trial,
            algorithm: algorithm.name.clone(),
            coordinates: system.name.into(),
            learning_rates: Vec::new(),
            problem: String::new(),
        };
        for (&rate, outcome) in rates.iter().zip(&mut outcomes) {
            if let Some(problem) = &outcome.problem {
                stuck.learning_rates.push(rate);
                stuck.problem.clone_from(problem);
            }
            push(&mut rows, &label, setup.after(anew, outcome, size_of::<R>()), rate, outcome);
        }
        if !stuck.learning_rates.is_empty() {
            all_stuck.push(stuck);
        }
    }
    if task.recording >= Recording::Curve {
        rows.spectrum.clone_from(&prepared.spectrum);
        rows.theory.clone_from(&prepared.theory);
    }
    if task.recording == Recording::Trajectory && system.is_original() {
        rows.landscape = landscape::rows(problem, task.trial);
    }
    Ok((rows, all_stuck))
}

/// What the runs in a coordinate system have before their first update.
#[derive(Clone, Copy)]
struct Setup {
    gradients: u64,
    flops: u64,
    bytes: u64,
}

/// Whose outcome some rows are about, and what its updates took, and the bases made between them.
struct Label<'a> {
    trial: usize,
    algorithm: Arc<str>,
    coordinates: Arc<str>,
    /// But for the optimizer.
    updates: Series,
    /// Updates of a recorded step: those of an epoch, with minibatches.
    per_step: u64,
    optimizer: (&'a dyn optimizer::Spec, &'a Layout),
    anew: Option<Anew>,
}

impl Label<'_> {
    /// Floating-point operations of the first so many updates of a run, and of what was made before the
    /// last of them.
    fn flops(&self, outcome: &Outcome, count: u64) -> u64 {
        let made = self.anew.map_or(0.0, |anew| {
            let times = count.saturating_sub(1) / (anew.window as u64).max(1);
            anew.flops(times.min(outcome.reestimations))
        });
        let (optimizer, layout) = self.optimizer;
        whole(self.updates.flops(count) + optimizer.flops(layout, count)) + whole(made)
    }
}

impl Setup {
    /// What a run holds in the end that made bases while it trained, of numbers of so many bytes.
    fn after(self, anew: Option<Anew>, outcome: &Outcome, bytes: usize) -> Self {
        match anew.filter(|_| outcome.is_rebased) {
            None => self,
            Some(anew) => Self { bytes: whole(bytes as f64 * anew.maps.elements), ..self },
        }
    }
}

fn push(rows: &mut Rows, label: &Label<'_>, setup: Setup, learning_rate: f64, outcome: &Outcome) {
    let (first, last) = outcome.ends;
    let best = outcome.best_validation;
    let &Label { trial, ref algorithm, ref coordinates, .. } = label;
    let flops = |count| label.flops(outcome, count);
    rows.runs.push(RunRow {
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
        levels: Levels(outcome.levels.clone()),
        level_flops: Levels(
            outcome.levels.iter().map(|step| flops(step * label.per_step)).collect(),
        ),
        gradient_norm: last.gradient.euclidean,
        mean_gradient_l1: outcome.mean_gradient_sum,
        best_validation_loss: best.map(|metrics| metrics.loss),
        final_validation_loss: last.validation.map(|metrics| metrics.loss),
        best_validation_accuracy: best.and_then(|metrics| metrics.accuracy),
        final_validation_accuracy: last.validation.and_then(|metrics| metrics.accuracy),
        test_loss: outcome.test.map(|metrics| metrics.loss),
        test_accuracy: outcome.test.and_then(|metrics| metrics.accuracy),
        path_ratio: outcome.path_ratio,
        training_gradients: outcome.steps,
        egop_gradients: setup.gradients,
        training_flops: flops(outcome.steps),
        setup_flops: setup.flops,
        basis_bytes: setup.bytes,
    });
    rows.curves.extend(outcome.curve.iter().map(|point| CurveRow {
        trial,
        algorithm: algorithm.clone(),
        coordinates: coordinates.clone(),
        learning_rate,
        step: point.step,
        train_loss: point.train_loss,
        suboptimality: outcome.suboptimality(point.train_loss),
        validation_loss: point.validation.map(|metrics| metrics.loss),
        validation_accuracy: point.validation.and_then(|metrics| metrics.accuracy),
        gradient_norm: point.gradient.euclidean,
        gradient_l1: point.gradient.sum,
        gradients: point.updates,
        flops: flops(point.updates),
    }));
    for Iterate { step, theta } in &outcome.trajectory {
        rows.trajectories.extend(theta.iter().enumerate().map(|(parameter, &value)| {
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
