//! How runs are trained.

use serde::{Deserialize, Serialize};

use crate::minibatch::Minibatches;
use crate::optimizer;
use crate::schedule::Schedule;
use crate::trial::CurvePoints;

/// What is kept of each run beside its summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recording {
    /// Nothing.
    Summary,
    /// Its curve.
    Curve,
    /// Its curve and its iterates, in original coordinates (full batches only).
    Trajectory,
}

/// The lanes of one algorithm: an optimizer and the learning rates at which it runs.
#[derive(Clone, Copy, Debug)]
pub struct Method<'a> {
    /// The optimizer.
    pub optimizer: &'a dyn optimizer::Spec,
    /// One lane for each.
    pub learning_rates: &'a [f64],
}

/// Length, stops and records of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Passes over the training rows; with full batches, an epoch is one update.
    pub epochs: usize,
    /// Minibatches; `None`: full batches.
    pub minibatches: Option<Minibatches>,
    /// Learning-rate schedule, by epoch.
    pub schedule: Schedule,
    /// Full-batch runs stop when the gradient's Euclidean norm is below this.
    pub gradient_tolerance: f64,
    /// A run whose loss exceeds its initial loss by this factor (times max(1, |initial loss|)) has
    /// diverged, as has one with a loss, gradient or parameter that is not finite.
    pub divergence: f64,
    /// The fraction of the initial suboptimality (or loss) that counts as reached.
    pub target: f64,
    /// Which points of recorded curves are kept.
    pub curve: CurvePoints,
}

impl Training {
    /// Full batches at a constant learning rate, stopped as configs have it by default.
    pub fn full_batch(steps: usize) -> Self {
        Self {
            epochs: steps,
            minibatches: None,
            schedule: Schedule::Constant,
            gradient_tolerance: 1e-8,
            divergence: 1e6,
            target: 1e-6,
            curve: CurvePoints::Thinned,
        }
    }

    /// Updates of a run that uses all of them.
    pub(super) fn steps(&self) -> usize {
        self.epochs * self.steps_per_epoch()
    }

    /// Updates of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.minibatches.as_ref().map_or(1, Minibatches::per_epoch)
    }
}
