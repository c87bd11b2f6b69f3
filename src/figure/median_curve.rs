//! The curve of a method: the quartiles of a column over its trials, step by step.
//!
//! A run that converged holds its last value until half of the runs have converged; there the line
//! ends. So a median is always one of all runs, early ends of the best do not lift it, and nothing is
//! drawn of runs that are over. A diverged run is the worst from then on.

use std::collections::{BTreeMap, BTreeSet};

use super::metric::{Appearance, Column, appearance};
use super::quartiles::{Quartiles, or_worst};
use super::selection::MethodRates;
use super::tables::ResultTables;
use crate::Result;
use crate::drawing::axis::Scale;
use crate::record::{CurveRow, Stop};
use crate::sweep::Goal;

/// The curve of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct MedianCurve {
    /// Quartiles by step: at those that are kept of any trial, unless they are too many, and at
    /// others between them.
    pub points: BTreeMap<u64, Quartiles>,
    /// Whether it ends because half of the trials have converged.
    pub converged: bool,
    /// Whether a trial diverged.
    pub diverged: bool,
}

impl MedianCurve {
    /// That of a method at a learning rate, from `curves.csv` run by run.
    pub fn of(
        column: Column,
        tables: &ResultTables,
        curves: &[&[CurveRow]],
        method: &MethodRates<'_>,
        rate: f64,
    ) -> Result<Self> {
        let Column { goal, get, .. } = column;
        let Appearance { factor, scale, .. } = appearance(column.name);
        let mut trials: BTreeMap<usize, TrialCurve> = BTreeMap::new();
        for row in tables.runs()? {
            if *row.algorithm == *method.algorithm
                && *row.coordinates == *method.coordinates
                && row.learning_rate == rate
            {
                trials.entry(row.trial).or_default().stop = Some(row.stop);
            }
        }
        for run in curves {
            let first = &run[0];
            if *first.algorithm == *method.algorithm
                && *first.coordinates == *method.coordinates
                && first.learning_rate == rate
            {
                let trial = trials.entry(first.trial).or_default();
                for row in *run {
                    // The last point of a run that diverges within an epoch has no more than a loss.
                    let missing = trial.diverged().then_some(goal.worst());
                    let value = get(row).or(missing).ok_or_else(|| {
                        tables.lacks(
                            "curves.csv",
                            format!("has no `{}` of {}", column.name, method.name()),
                        )
                    })?;
                    trial.points.push((row.step, factor * or_worst(goal, value)));
                }
                trial.points.sort_by_key(|&(step, _)| step);
            }
        }
        let trials: Vec<TrialCurve> = trials.into_values().collect();
        Self::over(&trials, goal, scale).ok_or_else(|| {
            tables.lacks("curves.csv", format!("has no rows of {} at η = {rate}", method.name()))
        })
    }

    /// That of some trials; `None` where they have no points.
    fn over(trials: &[TrialCurve], goal: Goal, scale: Scale) -> Option<Self> {
        let end = half_converged(trials);
        let recorded = trials.iter().flat_map(|trial| &trial.points).map(|&(step, _)| step);
        let mut steps: Vec<u64> = recorded.filter(|&step| end.is_none_or(|e| step <= e)).collect();
        steps.sort_unstable();
        steps.dedup();
        // Of several lines, medians have corners where none of the lines has.
        let quartiles = |step| {
            let values: Vec<f64> = trials.iter().map(|t| t.at(step, goal, scale)).collect();
            (step, Quartiles::of(&values))
        };
        (!steps.is_empty()).then(|| Self {
            points: spread(&steps).into_iter().map(quartiles).collect(),
            converged: end.is_some(),
            diverged: trials.iter().any(TrialCurve::diverged),
        })
    }
}

/// The step by which half of the trials or more have converged, if so many do.
fn half_converged(trials: &[TrialCurve]) -> Option<u64> {
    let converged = trials.iter().filter(|trial| trial.stop == Some(Stop::Converged));
    let mut ends: Vec<u64> =
        converged.filter_map(|trial| trial.points.last()).map(|point| point.0).collect();
    ends.sort_unstable();
    ends.get(trials.len().div_ceil(2).checked_sub(1)?).copied()
}

/// The curve of one trial.
#[derive(Debug, Default)]
struct TrialCurve {
    /// Steps, increasing, and values.
    points: Vec<(u64, f64)>,
    /// Why it ended, as far as is known.
    stop: Option<Stop>,
}

impl TrialCurve {
    fn diverged(&self) -> bool {
        self.stop.is_some_and(Stop::is_failure)
    }

    fn at(&self, step: u64, goal: Goal, scale: Scale) -> f64 {
        let until = self.points.partition_point(|&(other, _)| other <= step);
        let (before, after) = self.points.split_at(until);
        match (before.last(), after.first()) {
            (Some(&(last, _)), None) if self.diverged() && last < step => goal.worst(),
            (Some(&(_, value)), None) => value,
            (Some(&from), Some(&to)) => between(from, to, step, scale),
            (None, _) => goal.worst(),
        }
    }
}

/// The value between two points of a curve. What has no line to the next point holds until there.
fn between(from: (u64, f64), to: (u64, f64), step: u64, scale: Scale) -> f64 {
    let (a, b) = (from.1, to.1);
    if from.0 == step || !(a.is_finite() && b.is_finite()) {
        return a;
    }
    let part = (step - from.0) as f64 / (to.0 - from.0) as f64;
    match scale {
        Scale::Linear | Scale::Whole => (1.0 - part) * a + part * b,
        Scale::Logarithmic if a > 0.0 && b > 0.0 => ((1.0 - part) * a.ln() + part * b.ln()).exp(),
        Scale::Logarithmic => a,
    }
}

/// The most recorded steps at which a line is drawn: more than an axis has pixels.
const MOST_STEPS: usize = 2000;
/// Evenly spread steps at which a line is drawn, about as many as an axis has pixels.
const EVEN_STEPS: u64 = 1000;

/// Some of the steps, evenly, with the first and the last one, if they are too many; and others
/// evenly spread between the first and the last.
fn spread(steps: &[u64]) -> BTreeSet<u64> {
    let stride = steps.len().div_ceil(MOST_STEPS).max(1);
    let mut some: BTreeSet<u64> = steps.iter().step_by(stride).copied().collect();
    if let [first, .., last] = *steps {
        let even = (last - first).div_ceil(EVEN_STEPS).max(1);
        some.extend((first..last).step_by(usize::try_from(even).unwrap_or(usize::MAX)));
        some.insert(last);
    }
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(stop: Stop, points: &[(u64, f64)]) -> TrialCurve {
        TrialCurve { points: points.to_vec(), stop: Some(stop) }
    }

    #[test]
    fn a_line_ends_where_half_of_the_trials_have_converged() {
        let run = |stop, end: u64| trial(stop, &[(0, 8.0), (end, 1.0 / end as f64)]);
        let of = |trials: &[TrialCurve]| {
            let curve = MedianCurve::over(trials, Goal::Lower, Scale::Logarithmic).unwrap();
            (*curve.points.last_key_value().unwrap().0, curve.converged)
        };
        let (converged, budget) = (Stop::Converged, Stop::Budget);
        assert_eq!(of(&[run(converged, 40)]), (40, true));
        assert_eq!(of(&[run(converged, 40), run(converged, 90), run(budget, 99)]), (90, true));
        assert_eq!(of(&[run(converged, 40), run(budget, 99), run(budget, 99)]), (99, false));
        // One that converged holds its last value until then; a diverged one never stops.
        let trials = [run(converged, 10), run(converged, 50), run(Stop::Diverged, 5)];
        let curve = MedianCurve::over(&trials, Goal::Lower, Scale::Logarithmic).unwrap();
        let last = curve.points[&50];
        assert_eq!((last.lower, last.median, last.upper), (0.06, 0.1, f64::INFINITY));
        assert!(curve.converged && curve.diverged);
    }

    #[test]
    fn between_points_a_curve_is_on_the_line_of_its_axis() {
        let at = |trial: &TrialCurve, step, scale| trial.at(step, Goal::Lower, scale);
        let run = trial(Stop::Budget, &[(0, 1.0), (10, 1e-10), (20, 0.0), (22, 3.0)]);
        // Rounding of a logarithm and an exponential.
        assert!((at(&run, 5, Scale::Logarithmic) / 1e-5 - 1.0).abs() < 1e-12);
        assert!((at(&run, 5, Scale::Linear) - 0.5).abs() < 1e-9);
        assert_eq!(at(&run, 10, Scale::Logarithmic), 1e-10);
        // There is no line to 0, nor from it.
        assert_eq!(at(&run, 19, Scale::Logarithmic), 1e-10);
        assert_eq!(at(&run, 21, Scale::Logarithmic), 0.0);
        assert_eq!(at(&run, 99, Scale::Logarithmic), 3.0);
        let run = trial(Stop::Diverged, &[(0, 1.0), (10, f64::INFINITY)]);
        assert_eq!(at(&run, 9, Scale::Linear), 1.0);
        assert_eq!(at(&run, 11, Scale::Linear), f64::INFINITY);
    }

    #[test]
    fn steps_are_spread_when_they_are_too_many() {
        assert!(spread(&[1, 2, 5]).into_iter().eq(1..=5));
        assert!(spread(&[7]).into_iter().eq([7]));
        assert!(spread(&[]).is_empty());
        let ends = spread(&[3, u64::MAX]);
        assert_eq!((ends.first(), ends.last()), (Some(&3), Some(&u64::MAX)));
        assert!(ends.len() <= 1002, "{}", ends.len());
        let many: Vec<u64> = (0..1_000_000).collect();
        let some = spread(&many);
        assert!(some.len() <= MOST_STEPS + 1002, "{}", some.len());
        assert_eq!((some.first(), some.last()), (Some(&0), Some(&999_999)));
    }
}
