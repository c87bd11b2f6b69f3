//! What is remembered of one run while it trains.

use ndarray::{Array1, ArrayView1};

use crate::linalg::{Real, double};
use crate::objective::{Metrics, Objective};
use crate::record::Stop;

/// One recorded point of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Updates (full batch) or epochs (minibatch) made.
    pub step: u64,
    /// Training loss.
    pub train_loss: f64,
    /// Loss and accuracy on the validation set, where there is one.
    pub validation: Option<Metrics>,
    /// Euclidean norm of the last gradient; NaN before the first.
    pub gradient_norm: f64,
}

/// The result of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub stop: Stop,
    /// Updates made.
    pub steps: u64,
    /// First and last recorded points.
    pub ends: (CurvePoint, CurvePoint),
    /// Lowest recorded training loss.
    pub minimum_loss: f64,
    /// Recorded step or epoch at which the target was first reached.
    pub reached_target: Option<u64>,
    /// Lowest validation loss and highest validation accuracy.
    pub best_validation: Option<Metrics>,
    /// Loss and accuracy on the test set at the end.
    pub test: Option<Metrics>,
    /// All recorded points; empty unless asked for.
    pub curve: Vec<CurvePoint>,
    /// All iterates in original coordinates; empty unless asked for.
    pub trajectory: Vec<Array1<f64>>,
    /// Length of the path of the iterates over ‖θ₀ − θ*‖, where iterates are recorded and θ* is
    /// known.
    pub path_ratio: Option<f64>,
    /// The objective's minimum and resolution.
    scale: Scale,
}

/// How far above the minimum a loss is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    minimum: Option<f64>,
    resolution: f64,
}

impl Scale {
    pub(super) fn of<R: Real>(objective: &dyn Objective<R>) -> Self {
        Self { minimum: objective.minimum(), resolution: objective.resolution() }
    }

    fn suboptimality(&self, loss: f64) -> Option<f64> {
        let minimum = self.minimum?;
        // f64::max would turn NaN into the resolution: a failure must not look like an optimum.
        Some(if loss.is_nan() { loss } else { (loss - minimum).max(self.resolution) })
    }
}

impl Outcome {
    /// Loss minus the objective's minimum, where that is known; not below the resolution.
    pub fn suboptimality(&self, loss: f64) -> Option<f64> {
        self.scale.suboptimality(loss)
    }
}

/// Remembers a run.
#[derive(Clone, Debug)]
pub(super) struct Tracker {
    scale: Scale,
    target: f64,
    keep_curve: bool,
    minimizer: Option<Array1<f64>>,
    ends: Option<(CurvePoint, CurvePoint)>,
    minimum_loss: f64,
    reached_target: Option<u64>,
    best_validation: Option<Metrics>,
    curve: Vec<CurvePoint>,
    trajectory: Vec<Array1<f64>>,
    stopped: Option<(Stop, u64)>,
    test: Option<Metrics>,
}

impl Tracker {
    pub(super) fn new(
        scale: Scale,
        target: f64,
        keep_curve: bool,
        minimizer: Option<Array1<f64>>,
    ) -> Self {
        Self {
            scale,
            target,
            keep_curve,
            minimizer,
            ends: None,
            minimum_loss: f64::INFINITY,
            reached_target: None,
            best_validation: None,
            curve: Vec::new(),
            trajectory: Vec::new(),
            stopped: None,
            test: None,
        }
    }

    /// The first recorded training loss.
    pub(super) fn initial_loss(&self) -> Option<f64> {
        self.ends.map(|(first, _)| first.train_loss)
    }

    pub(super) fn record(&mut self, point: CurvePoint) {
        let first = self.ends.map_or(point, |(first, _)| first);
        self.ends = Some((first, point));
        let height = |loss: f64| self.scale.suboptimality(loss).unwrap_or(loss);
        if point.train_loss.is_finite() {
            self.minimum_loss = self.minimum_loss.min(point.train_loss);
        }
        if self.reached_target.is_none()
            && point.train_loss.is_finite()
            && height(point.train_loss) <= self.target * height(first.train_loss)
        {
            self.reached_target = Some(point.step);
        }
        if let Some(now) = point.validation {
            let best = self.best_validation.get_or_insert(now);
            best.loss = best.loss.min(now.loss);
            best.accuracy = best.accuracy.zip(now.accuracy).map(|(best, now)| best.max(now));
        }
        if self.keep_curve {
            self.curve.push(point);
        }
    }

    pub(super) fn record_iterate<R: Real>(&mut self, theta: ArrayView1<'_, R>) {
        self.trajectory.push(theta.mapv(double));
    }

    pub(super) fn stop(&mut self, stop: Stop, steps: u64, test: Option<Metrics>) {
        self.stopped.get_or_insert((stop, steps));
        self.test = self.test.or(test);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    pub(super) fn finish(self) -> Outcome {
        let (stop, steps) =
            self.stopped.expect("training ends only when every lane has been stopped");
        Outcome {
            stop,
            steps,
            ends: self.ends.expect("the start is recorded before anything can stop a lane"),
            minimum_loss: self.minimum_loss,
            reached_target: self.reached_target,
            best_validation: self.best_validation,
            test: self.test,
            path_ratio: self.minimizer.and_then(|end| path_ratio(&self.trajectory, &end)),
            curve: self.curve,
            trajectory: self.trajectory,
            scale: self.scale,
        }
    }
}

fn path_ratio(trajectory: &[Array1<f64>], minimizer: &Array1<f64>) -> Option<f64> {
    let distance = |a: &Array1<f64>, b: &Array1<f64>| (a - b).mapv(|x| x * x).sum().sqrt();
    let length: f64 = trajectory.windows(2).map(|pair| distance(&pair[0], &pair[1])).sum();
    trajectory.first().map(|start| length / distance(start, minimizer))
}
