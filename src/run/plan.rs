//! What would run, and about how long it takes: `--dry-run`.

use std::time::Instant;

use ndarray::Array2;

use crate::experiment::{Experiment, Precision};
use crate::linalg::{self, Into, Real};
use crate::run::sweep::Pass;
use crate::run::task::Task;

/// One pass of a plan.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PassPlan {
    /// What it is for.
    pub name: &'static str,
    /// Tasks (trials × coordinate systems).
    pub tasks: usize,
    /// Tasks that are done.
    pub done: usize,
    /// Runs to do.
    pub runs: usize,
    /// Gradients to evaluate for them, at most: some runs stop early.
    pub gradients: u64,
    /// Gradients to sample for EGOP estimates.
    pub samples: u64,
}

/// What would run, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The passes, up to and including the first that is not done.
    pub passes: Vec<PassPlan>,
    /// Whether nothing comes after them.
    pub complete: bool,
    /// About how many seconds the pending tasks take on one thread.
    pub seconds: f64,
}

impl Plan {
    pub(super) fn add<'t>(
        &mut self,
        experiment: &Experiment,
        pass: &Pass,
        pending: impl Iterator<Item = &'t Task>,
    ) {
        let tasks = pass.tasks.len();
        let mut row =
            PassPlan { name: pass.name, tasks, done: tasks, runs: 0, gradients: 0, samples: 0 };
        let mut operations = 0.0;
        for task in pending {
            row.done -= 1;
            row.runs += task.lanes();
            row.gradients += gradients(experiment, task);
            row.samples += samples(experiment, task.coordinates);
            operations += self::operations(experiment, task);
        }
        if operations > 0.0 {
            self.seconds += operations / speed(experiment);
        }
        self.passes.push(row);
    }
}

/// Gradients that are sampled for a coordinate system.
pub(super) fn samples(experiment: &Experiment, coordinates: usize) -> u64 {
    let coordinates = &experiment.coordinates[coordinates];
    if !coordinates.basis.samples_gradients() {
        return 0;
    }
    let dimension = experiment.objective_of(coordinates).layout().dimension();
    experiment.sampling_of(coordinates).count(dimension) as u64
}

/// Gradients that the runs of a task evaluate, at most: some stop early.
fn gradients(experiment: &Experiment, task: &Task) -> u64 {
    let training = experiment.training.on(experiment.objective.examples());
    let updates = training.minibatches.map_or(1, |all| all.per_epoch());
    let updates = training.epochs.saturating_mul(updates);
    (task.lanes() as u64).saturating_mul(updates as u64)
}

/// Floating-point operations of a task, about.
pub(super) fn operations(experiment: &Experiment, task: &Task) -> f64 {
    let coordinates = &experiment.coordinates[task.coordinates];
    let objective = experiment.objective_of(coordinates);
    let training = experiment.training.on(objective.examples());
    let share = |batch: Option<usize>| match (batch, objective.examples()) {
        (Some(batch), Some(examples)) => batch as f64 / examples as f64,
        _ => 1.0,
    };
    let gradient = objective.gradient_cost();
    let sizes = coordinates.basis.sizes(&objective.layout());
    let products = if objective.absorbs_bases() { 0.0 } else { 4.0 };
    let changes: f64 = sizes.iter().map(|&size| products * (size as f64).powi(2)).sum();
    let batch = share(training.minibatches.map(|all| all.size));
    let mut operations = gradients(experiment, task) as f64 * (gradient * batch + changes);
    let samples = samples(experiment, task.coordinates) as f64;
    if samples > 0.0 {
        // The Gram matrix takes M n² operations, its eigendecomposition about 9 n³.
        let matrices: f64 =
            sizes.iter().map(|&n| (n as f64).powi(2) * (samples + 9.0 * n as f64)).sum();
        let batch = share(experiment.sampling_of(coordinates).batch);
        operations += samples * gradient * batch + matrices;
    }
    operations
}

/// Floating-point operations per second of one thread.
pub(super) fn speed(experiment: &Experiment) -> f64 {
    match experiment.precision {
        Precision::Double => measure::<f64>(),
        Precision::Single => measure::<f32>(),
    }
}

/// Floating-point operations per second of a product of the shape that lanes make.
fn measure<R: Real>() -> f64 {
    const LANES: usize = 32;
    const SIZE: usize = 192;
    const REPEATS: usize = 4;
    let (a, b) = (Array2::<R>::ones((LANES, SIZE)), Array2::<R>::ones((SIZE, SIZE)));
    let mut c = Array2::<R>::zeros((LANES, SIZE));
    let start = Instant::now();
    for _ in 0..REPEATS {
        linalg::product(a.view(), b.view(), Into::Add, c.view_mut());
    }
    (2 * REPEATS * LANES * SIZE * SIZE) as f64 / start.elapsed().as_secs_f64().max(1e-9)
}
