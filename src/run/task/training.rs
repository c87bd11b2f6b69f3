//! Training a task's lanes.

use std::sync::Arc;

use super::landscape;
use crate::error::Result;
use crate::experiment::TrainingStudy;
use crate::record::{CurveRow, Levels, RunRow, TrajectoryRow};
use crate::run::basis_cache::TrialBasis;
use crate::run::task::{Rows, Task};
use crate::trial::{Control, Iterate, Method, Outcome, Precision, Problem, Recording, train};

/// Trains a task's lanes on the trial's problem.
///
/// # Errors
/// As for [`train`].
pub(in crate::run) fn rows<R: Precision>(
    task: &Task,
    study: &TrainingStudy,
    problem: &Problem<R>,
    prepared: &TrialBasis<R>,
    control: Control<'_>,
) -> Result<Rows> {
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
    let outcomes =
        train(problem, &prepared.coordinates, &methods, &training, task.recording, control)?;
    let mut rows = Rows::default();
    let labels = study.algorithms.iter().zip(&*task.rates).flat_map(|(algorithm, rates)| {
        let name: Arc<str> = algorithm.name.as_str().into();
        rates.iter().map(move |&rate| (Arc::clone(&name), rate))
    });
    let coordinates = &study.coordinates[task.system];
    let name: Arc<str> = coordinates.name.as_str().into();
    for ((algorithm, learning_rate), outcome) in labels.zip(&outcomes) {
        let label =
            Label { trial: task.trial, algorithm, coordinates: Arc::clone(&name), learning_rate };
        push(&mut rows, &label, outcome);
    }
    if task.recording >= Recording::Curve {
        rows.spectrum.clone_from(&prepared.spectrum);
        rows.theory.clone_from(&prepared.theory);
    }
    if task.recording == Recording::Trajectory && coordinates.is_original() {
        rows.landscape = landscape::rows(problem, task.trial);
    }
    Ok(rows)
}

/// Whose outcome some rows are about.
struct Label {
    trial: usize,
    algorithm: Arc<str>,
    coordinates: Arc<str>,
    learning_rate: f64,
}

fn push(rows: &mut Rows, label: &Label, outcome: &Outcome) {
    let (first, last) = outcome.ends;
    let best = outcome.best_validation;
    let Label { trial, algorithm, coordinates, learning_rate } = label;
    let (trial, learning_rate) = (*trial, *learning_rate);
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
        gradient_norm: last.gradient.euclidean,
        mean_gradient_l1: outcome.mean_gradient_sum,
        best_validation_loss: best.map(|metrics| metrics.loss),
        final_validation_loss: last.validation.map(|metrics| metrics.loss),
        best_validation_accuracy: best.and_then(|metrics| metrics.accuracy),
        final_validation_accuracy: last.validation.and_then(|metrics| metrics.accuracy),
        test_loss: outcome.test.map(|metrics| metrics.loss),
        test_accuracy: outcome.test.and_then(|metrics| metrics.accuracy),
        path_ratio: outcome.path_ratio,
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
