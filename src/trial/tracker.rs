//! What is remembered of one run while it trains.

use ndarray::{Array1, ArrayView1};

use crate::linalg::{Real, to_f64};
use crate::objective::{Metrics, Objective};
use crate::record::Stop;
use crate::trial::levels::Levels;
use crate::trial::thinning::{Coordinate, CurvePoints, Kept, coordinates};

/// How large a gradient is, in the coordinates that are trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientNorms {
    /// ‖g‖₂, the same in all coordinate systems.
    pub euclidean: f64,
    /// ‖g‖₁.
    pub sum: f64,
}

impl GradientNorms {
    /// Before the first gradient.
    pub(super) const NONE: Self = Self { euclidean: f64::NAN, sum: f64::NAN };
}

/// One recorded point of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Updates (full batch) or epochs (minibatch) made.
    pub step: u64,
    /// Updates made.
    pub updates: u64,
    /// Training loss.
    pub train_loss: f64,
    /// Loss and accuracy on the validation set, where there is one.
    pub validation: Option<Metrics>,
    /// The last gradient; NaN before the first.
    pub gradient: GradientNorms,
}

/// One iterate of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Iterate {
    /// Updates made.
    pub step: u64,
    /// The parameters, in original coordinates.
    pub theta: Array1<f64>,
}

/// The result of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub stop: Stop,
    /// What the method could not go on with, where that is why.
    pub problem: Option<String>,
    /// Updates made.
    pub steps: u64,
    /// First and last recorded points.
    pub ends: (CurvePoint, CurvePoint),
    /// Lowest recorded training loss.
    pub minimum_loss: f64,
    /// Recorded step or epoch at which the target was first reached.
    pub reached_target: Option<u64>,
    /// Recorded steps or epochs at which the loss first came down to each level above the target
    /// and to the target, as far as it came.
    pub levels: Vec<u64>,
    /// Lowest validation loss and highest validation accuracy.
    pub best_validation: Option<Metrics>,
    /// Loss and accuracy on the test set at the end.
    pub test: Option<Metrics>,
    /// The recorded points that are kept: always the first, the last and those of the lowest and
    /// the highest finite training loss; empty unless asked for.
    pub curve: Vec<CurvePoint>,
    /// The iterates that are kept, always the first and the last; empty unless asked for.
    pub trajectory: Vec<Iterate>,
    /// Length of the path of the iterates over ‖θ₀ − θ*‖, where iterates are recorded and θ* is
    /// known.
    pub path_ratio: Option<f64>,
    /// The mean of ‖g‖₁ over the planned updates; of those that were not made it is 0.
    pub mean_gradient_sum: f64,
    /// How often its change of variables was estimated anew, or its optimizer reset.
    pub reestimations: u64,
    /// Whether it has another change of variables since.
    pub is_rebased: bool,
    /// The objective's minimum and numerical floor.
    scale: LossReference,
}

/// How far above the minimum a loss is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LossReference {
    minimum: Option<f64>,
    numerical_floor: f64,
}

impl LossReference {
    pub(super) fn of<R: Real>(objective: &dyn Objective<R>) -> Self {
        Self { minimum: objective.minimum(), numerical_floor: objective.numerical_floor() }
    }

    fn suboptimality(&self, loss: f64) -> Option<f64> {
        let minimum = self.minimum?;
        // f64::max would turn NaN into the numerical floor: a failure must not look like an optimum.
        Some(if loss.is_nan() { loss } else { (loss - minimum).max(self.numerical_floor) })
    }
}

impl Outcome {
    /// Loss minus the objective's minimum, where that is known; not below the numerical floor.
    pub fn suboptimality(&self, loss: f64) -> Option<f64> {
        self.scale.suboptimality(loss)
    }
}

/// Remembers a run.
#[derive(Debug)]
pub(super) struct Tracker {
    scale: LossReference,
    planned_steps: usize,
    gradient_sums: f64,
    target: f64,
    curve: Option<Kept<CurvePoint, [Coordinate; 5]>>,
    /// The points of the lowest and the highest finite training loss.
    extremes: Option<(CurvePoint, CurvePoint)>,
    path: Path,
    first: Option<CurvePoint>,
    last: Option<CurvePoint>,
    minimum_loss: f64,
    reached_target: Option<u64>,
    levels: Levels,
    best_validation: Option<Metrics>,
    stopped: Option<(Stop, u64)>,
    problem: Option<String>,
    test: Option<Metrics>,
    reestimations: u64,
    is_rebased: bool,
}

/// Remembers the iterates of a run.
#[derive(Debug)]
struct Path {
    iterates: Kept<Iterate, Vec<Coordinate>>,
    /// The first and the last one.
    ends: Option<(Array1<f64>, Array1<f64>)>,
    length: f64,
    minimizer: Option<Array1<f64>>,
}

/// The tolerance of iterates, where there are too many, relative to the distance from the start
/// to the minimizer, or to the start where none is known.
const ITERATE: f64 = 1e-6;

impl Tracker {
    /// `planned_steps`: updates of a whole run. `curve`: which points are kept, of how many; `None`:
    /// none. `minimizer`: what paths lead to, if known.
    pub(super) fn new(
        scale: LossReference,
        planned_steps: usize,
        target: f64,
        curve: Option<(CurvePoints, usize)>,
        minimizer: Option<Array1<f64>>,
    ) -> Self {
        let iterates = Kept::of_path(curve.map_or(CurvePoints::Thinned, |(points, _)| points));
        Self {
            scale,
            planned_steps,
            gradient_sums: 0.0,
            target,
            curve: curve.map(|(points, most)| Kept::of_curve(points, most)),
            extremes: None,
            path: Path { iterates, ends: None, length: 0.0, minimizer },
            first: None,
            last: None,
            minimum_loss: f64::INFINITY,
            reached_target: None,
            levels: Levels::to(target),
            best_validation: None,
            stopped: None,
            problem: None,
            test: None,
            reestimations: 0,
            is_rebased: false,
        }
    }

    /// The first recorded training loss.
    pub(super) fn initial_loss(&self) -> Option<f64> {
        self.first.map(|first| first.train_loss)
    }

    pub(super) fn record(&mut self, point: CurvePoint) {
        let first = *self.first.get_or_insert(point);
        self.last = Some(point);
        let height = |loss: f64| self.scale.suboptimality(loss).unwrap_or(loss);
        if point.train_loss.is_finite() {
            let [initial, now] = [first.train_loss, point.train_loss].map(height);
            self.minimum_loss = self.minimum_loss.min(point.train_loss);
            self.levels.record(point.step, now, initial);
            if self.reached_target.is_none() && now <= self.target * initial {
                self.reached_target = Some(point.step);
            }
        }
        if let Some(now) = point.validation {
            let best = self.best_validation.get_or_insert(now);
            best.loss = best.loss.min(now.loss);
            best.accuracy = best.accuracy.zip(now.accuracy).map(|(best, now)| best.max(now));
        }
        if let Some(curve) = &mut self.curve {
            let suboptimality = || self.scale.suboptimality(point.train_loss);
            curve.push(point, point.step, |point| coordinates(point, suboptimality()));
            if point.train_loss.is_finite() {
                let (lowest, highest) = self.extremes.get_or_insert((point, point));
                if point.train_loss < lowest.train_loss {
                    *lowest = point;
                }
                if point.train_loss > highest.train_loss {
                    *highest = point;
                }
            }
        }
    }

    /// ‖g‖₁ of the gradient that an update is made with.
    pub(super) fn record_gradient(&mut self, sum: f64) {
        self.gradient_sums += sum;
    }

    /// That its change of variables was estimated anew, or its optimizer reset.
    pub(super) fn record_reestimation(&mut self, has_basis: bool) {
        self.reestimations += 1;
        self.is_rebased |= has_basis;
    }

    pub(super) fn record_iterate<R: Real>(&mut self, step: u64, theta: ArrayView1<'_, R>) {
        self.path.record(Iterate { step, theta: theta.mapv(to_f64) });
    }

    pub(super) fn stop(&mut self, stop: Stop, steps: u64, test: Option<Metrics>) {
        self.stopped.get_or_insert((stop, steps));
        self.test = self.test.or(test);
    }

    /// Stops a run whose method cannot go on.
    pub(super) fn fail(&mut self, steps: u64, problem: &str) {
        if !self.is_stopped() {
            self.problem = Some(problem.to_owned());
            self.stop(Stop::Failed, steps, None);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    pub(super) fn finish(self) -> Outcome {
        let (stop, steps) =
            self.stopped.expect("training ends only when every lane has been stopped");
        let mut curve = self.curve.map_or_else(Vec::new, Kept::finish);
        for extreme in self.extremes.into_iter().flat_map(|(lowest, highest)| [lowest, highest]) {
            if let Err(at) = curve.binary_search_by_key(&extreme.step, |point| point.step) {
                curve.insert(at, extreme);
            }
        }
        Outcome {
            stop,
            problem: self.problem,
            steps,
            ends: self
                .first
                .zip(self.last)
                .expect("the start is recorded before anything can stop a lane"),
            minimum_loss: self.minimum_loss,
            reached_target: self.reached_target,
            levels: self.levels.into_steps(),
            best_validation: self.best_validation,
            test: self.test,
            path_ratio: self.path.ratio(),
            mean_gradient_sum: self.gradient_sums / self.planned_steps as f64,
            curve,
            trajectory: self.path.iterates.finish(),
            reestimations: self.reestimations,
            is_rebased: self.is_rebased,
            scale: self.scale,
        }
    }
}

fn distance(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    (a - b).mapv(|x| x * x).sum().sqrt()
}

impl Path {
    fn record(&mut self, iterate: Iterate) {
        let theta = &iterate.theta;
        match &mut self.ends {
            None => self.ends = Some((theta.clone(), theta.clone())),
            Some((_, last)) => {
                self.length += distance(last, theta);
                last.assign(theta);
            }
        }
        let start = self.ends.as_ref().map_or(theta, |(start, _)| start);
        let extent = match &self.minimizer {
            Some(minimizer) => distance(start, minimizer),
            None => start.dot(start).sqrt(),
        };
        let tolerance = ITERATE * extent;
        let coordinate = |&value: &f64| Coordinate::linear(Some(value), tolerance);
        let step = iterate.step;
        self.iterates.push(iterate, step, |iterate| iterate.theta.iter().map(coordinate).collect());
    }

    /// Its length over the distance from the start to the minimizer.
    fn ratio(&self) -> Option<f64> {
        let ((start, _), minimizer) = self.ends.as_ref().zip(self.minimizer.as_ref())?;
        Some(self.length / distance(start, minimizer))
    }
}
