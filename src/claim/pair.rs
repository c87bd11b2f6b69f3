//! What the two sides of a trial say together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::claim::compared::Compared;
use crate::claim::evidence::Nothing;
use crate::claim::{Records, Side};
use crate::record::RunRow;
use crate::sweep::{Goal, Metric, ToLevel, Unit};

/// Suboptimalities below this part of the initial one are those of arithmetic, not of methods.
pub(crate) const FLOOR: f64 = 1e-12;

/// What both sides have, by trial.
pub(super) fn by_trial<'a, T>(
    left: &'a BTreeMap<usize, T>,
    right: &'a BTreeMap<usize, T>,
) -> impl Iterator<Item = (usize, &'a T, &'a T)> {
    left.iter().filter_map(|(&trial, left)| Some((trial, left, right.get(&trial)?)))
}

/// Whether both rows tell of the same computation, whatever it is called: two algorithms of one kind,
/// say, or two systems of original coordinates. Two ways that only lead to the same point differ in
/// the last bits of some number.
pub(super) fn same_run(left: &RunRow, right: &RunRow) -> bool {
    let renamed = RunRow {
        algorithm: Arc::clone(&right.algorithm),
        coordinates: Arc::clone(&right.coordinates),
        ..left.clone()
    };
    renamed == *right
}

/// The trials in which both sides have the same run.
pub(super) fn same_runs(records: Records<'_>, [left, right]: [&Side; 2]) -> BTreeSet<usize> {
    let (left, right) = (left.runs(records), right.runs(records));
    let same = by_trial(&left, &right).filter(|(_, left, right)| same_run(left, right));
    same.map(|(trial, ..)| trial).collect()
}

/// How far a run's metric is above the minimum, and whether that is what the arithmetic resolves
/// rather than the difference of the two; `None` for other metrics, and where no minimum is known.
fn height(metric: &Metric, run: &RunRow) -> Option<(f64, bool)> {
    let (height, loss) = match metric.name {
        "final_loss" | "final_suboptimality" => (run.final_suboptimality?, run.final_loss),
        "minimum_loss" | "minimum_suboptimality" => (run.minimum_suboptimality?, run.minimum_loss),
        _ => return None,
    };
    let minimum = run.initial_loss - run.initial_suboptimality?;
    Some((height, height > 1.01 * (loss - minimum)))
}

/// Whether rounding decides which of two runs is lower.
fn at_floor(metric: &Metric, left: &RunRow, right: &RunRow) -> bool {
    let Some(((l, l_resolved), (r, r_resolved))) = height(metric, left).zip(height(metric, right))
    else {
        return false;
    };
    let initial = left.initial_suboptimality.filter(|initial| initial.is_finite());
    l_resolved && r_resolved && l == r || l.max(r) <= FLOOR * initial.unwrap_or(0.0)
}

/// The place of the lowest level that both sides reach. Of two runs of which one stays above all levels,
/// nothing is said; one that fails takes for ever, if the other arrives anywhere.
fn common_level(left: &RunRow, right: &RunRow) -> Result<usize, Nothing> {
    let failed = |run: &RunRow| run.stop.is_failure();
    if failed(left) && failed(right) {
        return Err(Nothing::BothFail);
    }
    let reached = |run: &RunRow| if failed(run) { 1 } else { run.levels.0.len() };
    reached(left).min(reached(right)).checked_sub(1).ok_or(Nothing::AboveLevels)
}

/// The values of both sides; the worst of the side that fails, of which there may be one.
fn values(
    compared: &Compared,
    epochs: Option<u64>,
    left: &RunRow,
    right: &RunRow,
) -> Result<[f64; 2], Nothing> {
    let metric = &compared.metric;
    if same_run(left, right) {
        return Err(Nothing::SameRun);
    }
    if metric.unit == Unit::CommonLevel {
        let level = common_level(left, right)?;
        return Ok([left, right].map(|run| compared.cost(run, level, epochs)));
    }
    let value = |run| {
        let value = metric.value(run).ok_or(Nothing::Undefined)?;
        let value = if metric.failed(run) { metric.goal.worst() } else { value };
        Ok(if metric.unit == Unit::Steps {
            compared.cost_of_target(run, value, epochs)
        } else {
            value
        })
    };
    let values = [value(left)?, value(right)?];
    match values.map(f64::is_infinite) {
        [true, true] => Err(Nothing::BothFail),
        [false, false] if at_floor(metric, left, right) => Err(Nothing::Floor),
        _ => Ok(values),
    }
}

/// left/right of what is compared, of runs of so many `epochs` with minibatches. A side that fails
/// makes it ∞ or 0, two that fail make nothing.
pub(crate) fn ratio(
    compared: &Compared,
    epochs: Option<u64>,
    left: &RunRow,
    right: &RunRow,
) -> Result<f64, Nothing> {
    let [l, r] = values(compared, epochs, left, right)?;
    match (l.is_infinite(), r.is_infinite(), compared.metric.goal) {
        // More of what is to be low, or less of what is to be high.
        (true, _, Goal::Lower) | (_, true, Goal::Higher) => Ok(f64::INFINITY),
        (_, true, Goal::Lower) | (true, _, Goal::Higher) => Ok(0.0),
        _ if l < 0.0 || r < 0.0 || l == 0.0 && r == 0.0 => Err(Nothing::Undefined),
        _ => Ok(l / r),
    }
}

/// left/right of what runs take to a level, as [`ratio`].
pub(super) fn level_ratio(
    to_level: ToLevel,
    epochs: Option<u64>,
    left: &RunRow,
    right: &RunRow,
) -> Result<f64, Nothing> {
    if same_run(left, right) {
        return Err(Nothing::SameRun);
    }
    match [left, right].map(|run| to_level.value(run, epochs)) {
        [l, r] if l.is_infinite() && r.is_infinite() => Err(Nothing::BothFail),
        [l, r] if l == 0.0 && r == 0.0 => Err(Nothing::Undefined),
        [l, r] => Ok(l / r),
    }
}

/// left − right, accuracies in percentage points; otherwise as [`ratio`]. A side that fails makes it
/// infinite.
pub(super) fn difference(
    compared: &Compared,
    epochs: Option<u64>,
    left: &RunRow,
    right: &RunRow,
) -> Result<f64, Nothing> {
    let [l, r] = values(compared, epochs, left, right)?;
    Ok(if compared.metric.unit == Unit::Accuracy { 100.0 * (l - r) } else { l - r })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::claim::across::Across;
    use crate::claim::{Rule, Side};
    use crate::record::{Levels, RateRow, Stop};
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
            levels: Levels(vec![2, 4, 8]),
            level_flops: Levels(vec![20, 40, 80]),
            gradient_norm: 1e-9,
            mean_gradient_l1: 1e-3,
            best_validation_loss: None,
            final_validation_loss: None,
            best_validation_accuracy: None,
            final_validation_accuracy: None,
            test_loss: None,
            test_accuracy: Some(0.5),
            path_ratio: None,
            training_gradients: 10,
            egop_gradients: 0,
            training_flops: 0,
            setup_flops: 0,
            basis_bytes: 0,
        }
    }

    /// A learning rate that was tried, with which nothing came of the sweep.
    pub fn tried(coordinates: &str, learning_rate: f64) -> RateRow {
        RateRow {
            algorithm: "adam".into(),
            coordinates: coordinates.into(),
            learning_rate,
            metric: "final_loss".into(),
            median: 0.0,
            lower_quartile: 0.0,
            upper_quartile: 0.0,
            reached_target: None,
            trials: 0,
            planned: 0,
            diverged: 0,
            selected: String::new(),
            reason: String::new(),
        }
    }

    /// The final losses of these runs in two coordinate systems.
    pub fn across(highest: Option<f64>) -> Across {
        let [left, right] = ["o", "r"].map(|coordinates| Side {
            algorithm: "adam".into(),
            coordinates: coordinates.into(),
            tuned: Rule::Own,
        });
        Across { compared: compared("final_loss"), left, right, highest }
    }

    pub fn metric(name: &str) -> Metric {
        *METRICS.iter().find(|metric| metric.name == name).unwrap()
    }

    pub fn compared(name: &str) -> Compared {
        Compared::as_recorded(metric(name))
    }

    fn of(name: &str, change: impl Fn(&mut RunRow, &mut RunRow)) -> Result<f64, Nothing> {
        let (mut left, mut right) = (run("o", 0, 1.0), run("r", 0, 1.0));
        right.gradient_norm = 2e-9;
        change(&mut left, &mut right);
        ratio(&compared(name), None, &left, &right)
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
    fn speed_is_steps_to_the_lowest_level_that_both_reach() {
        let common = |change: fn(&mut RunRow, &mut RunRow)| {
            let (mut left, mut right) = (run("o", 0, 1.0), run("r", 0, 1.0));
            (left.levels, right.levels) = (Levels(vec![10, 20, 40]), Levels(vec![4, 5]));
            change(&mut left, &mut right);
            ratio(&Compared::as_recorded(Metric::TO_COMMON_LEVEL), None, &left, &right)
        };
        assert_eq!(common(|_, _| {}), Ok(4.0));
        assert_eq!(common(|l, _| l.levels.0.truncate(1)), Ok(2.5));
        // One stays above all levels: how much slower it is, nobody knows.
        assert_eq!(common(|l, _| l.levels.0.clear()), Err(Nothing::AboveLevels));
        // One diverges, or both, whatever they had reached before.
        assert_eq!(common(|_, r| r.stop = Stop::Diverged), Ok(0.0));
        let neither = common(|l, r| {
            l.levels.0.clear();
            r.stop = Stop::Diverged;
        });
        assert_eq!(neither, Err(Nothing::AboveLevels));
        let both = common(|l, r| (l.stop, r.stop) = (Stop::Diverged, Stop::Failed));
        assert_eq!(both, Err(Nothing::BothFail));
        assert_eq!(
            common(|l, r| *l = RunRow { coordinates: l.coordinates.clone(), ..r.clone() }),
            Err(Nothing::SameRun)
        );
    }

    #[test]
    fn differences_of_accuracies_are_in_points() {
        let points = |change: fn(&mut RunRow, &mut RunRow)| {
            let (mut left, mut right) = (run("o", 0, 1.0), run("r", 0, 1.0));
            (left.test_accuracy, right.test_accuracy) = (Some(0.75), Some(0.5));
            change(&mut left, &mut right);
            difference(&compared("test_accuracy"), None, &left, &right)
        };
        assert_eq!(points(|_, _| {}), Ok(25.0));
        assert_eq!(points(|l, _| l.stop = Stop::Diverged), Ok(f64::NEG_INFINITY));
        assert_eq!(points(|_, r| r.stop = Stop::Diverged), Ok(f64::INFINITY));
        let both = points(|l, r| (l.stop, r.stop) = (Stop::Diverged, Stop::Diverged));
        assert_eq!(both, Err(Nothing::BothFail));
        assert_eq!(points(|l, _| l.test_accuracy = None), Err(Nothing::Undefined));
        // Losses are in their own unit, and two at the floor are as good as equal.
        let losses = |left: f64, right: f64| {
            let (mut l, mut r) = (run("o", 0, 1.0), run("r", 0, 1.0));
            r.gradient_norm *= 2.0;
            for (run, loss) in [(&mut l, left), (&mut r, right)] {
                (run.final_loss, run.final_suboptimality) = (loss, Some(loss));
            }
            difference(&compared("final_loss"), None, &l, &r)
        };
        assert_eq!(losses(0.5, 0.75), Ok(-0.25));
        assert_eq!(losses(1e-14, 1e-13), Err(Nothing::Floor));
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
                for (run, height) in [(l, left), (r, right)] {
                    let minimum = run.initial_loss - run.initial_suboptimality.unwrap_or(0.0);
                    (run.final_loss, run.final_suboptimality) = (minimum + height, Some(height));
                }
            })
        };
        assert_eq!(final_(1e-13, 1e-20), Err(Nothing::Floor));
        // Equal to the bit, but far above what is resolved.
        assert_eq!(final_(1e-7, 1e-7), Ok(1.0));
        let resolved = of("final_suboptimality", |l, r| {
            for run in [l, r] {
                (run.final_loss, run.final_suboptimality) = (1e-9, Some(1e-7));
            }
        });
        assert_eq!(resolved, Err(Nothing::Floor));
        // The loss itself is at the floor where its distance from the minimum is.
        let losses = of("final_loss", |l, r| {
            (l.final_loss, l.final_suboptimality) = (1e-31, Some(1e-31));
            (r.final_loss, r.final_suboptimality) = (1e-34, Some(1e-34));
        });
        assert_eq!(losses, Err(Nothing::Floor));
        assert_eq!(final_(0.5, 0.25), Ok(2.0));
        assert_eq!(of("path_ratio", |_, _| {}), Err(Nothing::Undefined));
        let negative = of("final_loss", |l, r| {
            (l.final_loss, l.initial_suboptimality) = (-2.0, None);
            (r.final_loss, r.initial_suboptimality) = (-1.0, None);
        });
        assert_eq!(negative, Err(Nothing::Undefined));
        // Another name makes no other run.
        assert_eq!(of("steps", |l, r| r.gradient_norm = l.gradient_norm), Err(Nothing::SameRun));
    }
}
