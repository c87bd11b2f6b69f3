//! What the two sides of a trial say together.

use crate::claim::evidence::Nothing;
use crate::record::RunRow;
use crate::sweep::{Goal, Metric, Unit};

/// Suboptimalities below this part of the initial one are those of arithmetic, not of methods.
const FLOOR: f64 = 1e-12;

/// left/right of a metric. A side that fails makes it ∞ or 0, two that fail make nothing.
pub(crate) fn ratio(metric: &Metric, left: &RunRow, right: &RunRow) -> Result<f64, Nothing> {
    let same_run = left.algorithm == right.algorithm
        && left.coordinates == right.coordinates
        && left.learning_rate == right.learning_rate;
    if same_run {
        return Err(Nothing::SameRun);
    }
    let value = |run| metric.value(run).ok_or(Nothing::Undefined);
    let (l, r) = (value(left)?, value(right)?);
    // More of what is to be low, or less of what is to be high.
    let (far, near) = match metric.goal {
        Goal::Lower => (f64::INFINITY, 0.0),
        Goal::Higher => (0.0, f64::INFINITY),
    };
    match (metric.failed(left), metric.failed(right)) {
        (true, true) => return Err(Nothing::BothFail),
        (true, false) => return Ok(far),
        (false, true) => return Ok(near),
        (false, false) => {}
    }
    if metric.unit == Unit::Suboptimality {
        // What is below the resolution of the arithmetic is recorded as that, on either side.
        let floor = left.initial_suboptimality.filter(|initial| initial.is_finite());
        if l == r || l.max(r) <= FLOOR * floor.unwrap_or(0.0) {
            return Err(Nothing::Floor);
        }
    }
    if l < 0.0 || r < 0.0 || l == 0.0 && r == 0.0 {
        return Err(Nothing::Undefined);
    }
    Ok(l / r)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::Stop;
    use crate::sweep::METRICS;

    /// A run that ended by itself at these numbers.
    pub fn run(coordinates: &str, trial: usize, learning_rate: f64) -> RunRow {
        RunRow {
            trial,
            algorithm: "adam".into(),
            coordinates: coordinates.into(),
            learning_rate,
            stop: Stop::Converged,
            steps: 10,
            initial_loss: 1.0,
            final_loss: 0.5,
            minimum_loss: 0.5,
            initial_suboptimality: Some(1.0),
            final_suboptimality: Some(0.5),
            minimum_suboptimality: Some(0.5),
            reached_target: Some(8),
            gradient_norm: 0.0,
            best_validation_loss: None,
            final_validation_loss: None,
            best_validation_accuracy: None,
            final_validation_accuracy: None,
            test_loss: None,
            test_accuracy: Some(0.5),
            path_ratio: None,
        }
    }

    pub fn metric(name: &str) -> Metric {
        *METRICS.iter().find(|metric| metric.name == name).unwrap()
    }

    fn of(name: &str, change: impl Fn(&mut RunRow, &mut RunRow)) -> Result<f64, Nothing> {
        let (mut left, mut right) = (run("o", 0, 1.0), run("r", 0, 1.0));
        change(&mut left, &mut right);
        ratio(&metric(name), &left, &right)
    }

    #[test]
    fn one_failure_is_far_away_and_two_are_nothing() {
        let target = |left, right| {
            of("reached_target", |l, r| (l.reached_target, r.reached_target) = (left, right))
        };
        assert_eq!(target(Some(6), Some(2)), Ok(3.0));
        assert_eq!(target(None, Some(2)), Ok(f64::INFINITY));
        assert_eq!(target(Some(6), None), Ok(0.0));
        assert_eq!(target(None, None), Err(Nothing::BothFail));
        assert_eq!(target(Some(0), Some(0)), Err(Nothing::Undefined));
        assert_eq!(target(Some(1), Some(0)), Ok(f64::INFINITY));
        // A number beside a divergence does not count, nor one that is none.
        let diverged = of("final_loss", |l, r| {
            (l.stop, r.final_loss) = (Stop::Diverged, f64::NAN);
        });
        assert_eq!(diverged, Err(Nothing::BothFail));
        assert_eq!(of("final_loss", |l, _| l.final_loss = f64::NAN), Ok(f64::INFINITY));
        // Of what is to be high, a failure is less, not more.
        assert_eq!(of("test_accuracy", |l, _| l.stop = Stop::Diverged), Ok(0.0));
        assert_eq!(of("test_accuracy", |_, r| r.stop = Stop::Diverged), Ok(f64::INFINITY));
        let zero = of("test_accuracy", |l, r| {
            (l.test_accuracy, r.test_accuracy) = (Some(0.0), Some(0.0));
        });
        assert_eq!(zero, Err(Nothing::Undefined));
    }

    #[test]
    fn a_budget_that_is_used_up_is_no_number_of_steps() {
        let steps = |left, right| of("steps", |l, r| (l.stop, r.stop) = (left, right));
        assert_eq!(steps(Stop::Budget, Stop::Budget), Err(Nothing::BothFail));
        assert_eq!(steps(Stop::Budget, Stop::Converged), Ok(f64::INFINITY));
        assert_eq!(steps(Stop::Converged, Stop::Converged), Ok(1.0));
    }

    #[test]
    fn at_the_floor_there_is_nothing_to_compare() {
        let final_ = |left, right| {
            of("final_suboptimality", |l, r| {
                (l.final_suboptimality, r.final_suboptimality) = (Some(left), Some(right));
            })
        };
        assert_eq!(final_(1e-13, 1e-20), Err(Nothing::Floor));
        assert_eq!(final_(1e-7, 1e-7), Err(Nothing::Floor));
        assert_eq!(final_(0.5, 0.25), Ok(2.0));
        assert_eq!(of("path_ratio", |_, _| {}), Err(Nothing::Undefined));
        let negative = of("final_loss", |l, r| (l.final_loss, r.final_loss) = (-2.0, -1.0));
        assert_eq!(negative, Err(Nothing::Undefined));
        assert_eq!(of("final_loss", |_, r| r.coordinates = "o".into()), Err(Nothing::SameRun));
    }
}
