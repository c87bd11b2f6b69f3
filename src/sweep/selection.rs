//! Which learning rate is best, over the trials.

use std::cmp::Ordering;

use crate::record::{RunRow, Stop};
use crate::sweep::{Goal, Metric};

/// The metric of one learning rate over the trials.
#[derive(Clone, Debug, PartialEq)]
pub struct Rated {
    /// η.
    pub learning_rate: f64,
    /// Lower quartile, median and upper quartile of the metric.
    pub quartiles: [f64; 3],
    /// Differences of the median up to this count as ties.
    pub tolerance: f64,
    /// Median number of steps or epochs to the target; infinite where half the trials or more did
    /// not reach it.
    pub reached_target: f64,
    /// Trials there are.
    pub trials: usize,
    /// Trials that diverged.
    pub diverged: usize,
}

/// The best learning rate and why it was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected {
    /// η.
    pub learning_rate: f64,
    /// In words.
    pub reason: String,
}

/// The q-quantile of values, see [`quantiles`].
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let [quantile] = quantiles(values, [q]);
    quantile
}

/// The q-quantiles (linear interpolation) of values that may be infinite but not NaN; NaN of none.
pub fn quantiles<const N: usize>(values: &[f64], q: [f64; N]) -> [f64; N] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    q.map(|q| quantile_of_sorted(&sorted, q))
}

fn quantile_of_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = q * last as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    let fraction = position.fract();
    // Interpolating between infinities, or with weight 0 towards one, must not give NaN.
    if fraction == 0.0 || below == above || below.is_infinite() {
        below
    } else {
        below + fraction * (above - below)
    }
}

/// The median of values that may be infinite but not NaN; NaN of none.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The metric over the runs of one algorithm, coordinate system and learning rate. `floor` is the
/// tolerance for ties relative to the median initial suboptimality.
pub fn rate(learning_rate: f64, runs: &[&RunRow], metric: &Metric, floor: f64) -> Rated {
    let values: Vec<f64> =
        runs.iter().map(|run| metric.value(run).unwrap_or(metric.goal.worst())).collect();
    let heights: Vec<f64> = runs.iter().filter_map(|run| run.initial_suboptimality).collect();
    let tolerance = match metric.goal {
        Goal::Lower if !heights.is_empty() => floor * median(&heights),
        _ => 0.0,
    };
    let reached = runs.iter().map(|run| match (run.stop, run.reached_target) {
        (Stop::Diverged, _) | (_, None) => f64::INFINITY,
        (_, Some(step)) => step as f64,
    });
    Rated {
        learning_rate,
        quartiles: quantiles(&values, [0.25, 0.5, 0.75]),
        tolerance,
        reached_target: median(&reached.collect::<Vec<_>>()),
        trials: runs.len(),
        diverged: runs.iter().filter(|run| run.stop == Stop::Diverged).count(),
    }
}

/// The best of the rates: best median; among ties the fastest to the target, then the smallest.
/// `None` when every median is the worst value (all diverged).
pub fn select(rates: &[Rated], goal: Goal) -> Option<Selected> {
    let usable: Vec<&Rated> = rates.iter().filter(|rate| rate.quartiles[1].is_finite()).collect();
    let best = usable.iter().copied().min_by(|a, b| compare(a, b, goal))?;
    let mut ties: Vec<&Rated> = usable
        .into_iter()
        .filter(|rate| !goal.is_better(best.quartiles[1], rate.quartiles[1], rate.tolerance))
        .collect();
    ties.sort_by(|a, b| {
        a.reached_target
            .total_cmp(&b.reached_target)
            .then(a.learning_rate.total_cmp(&b.learning_rate))
    });
    let chosen = ties.first()?;
    let mut reason = format!("best median {:.3e}", chosen.quartiles[1]);
    if ties.len() > 1 {
        let how =
            if ties[1].reached_target > chosen.reached_target { "fastest" } else { "smallest" };
        reason = format!("{reason}; {how} of {} that tie", ties.len());
    }
    if chosen.diverged > 0 {
        reason = format!("{reason}; {} of {} trials diverged", chosen.diverged, chosen.trials);
    }
    Some(Selected { learning_rate: chosen.learning_rate, reason })
}

fn compare(a: &Rated, b: &Rated, goal: Goal) -> Ordering {
    let order = a.quartiles[1].total_cmp(&b.quartiles[1]);
    match goal {
        Goal::Lower => order,
        Goal::Higher => order.reverse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(learning_rate: f64, median: f64, reached_target: f64) -> Rated {
        Rated {
            learning_rate,
            quartiles: [median; 3],
            tolerance: 1e-8,
            reached_target,
            trials: 5,
            diverged: 0,
        }
    }

    #[test]
    fn quantiles_interpolate_and_survive_infinities() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(&[1.0, 2.0], 0.25), 1.25);
        assert_eq!(median(&[1.0, f64::INFINITY, f64::INFINITY]), f64::INFINITY);
        assert_eq!(quantile(&[1.0, 2.0, f64::INFINITY], 0.5), 2.0);
        assert_eq!(median(&[1.0, f64::INFINITY]), f64::INFINITY);
        assert_eq!(median(&[f64::NEG_INFINITY, 0.9]), f64::NEG_INFINITY);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ties_go_to_the_fastest_then_the_smallest() {
        let rates = [rated(0.1, 2e-9, 90.0), rated(1.0, 1e-9, 50.0), rated(2.0, 3e-9, 50.0)];
        assert_eq!(select(&rates, Goal::Lower).map(|best| best.learning_rate), Some(1.0));
        let rates = [rated(0.1, 1e-3, 90.0), rated(1.0, 1e-9, 500.0)];
        assert_eq!(select(&rates, Goal::Lower).map(|best| best.learning_rate), Some(1.0));
    }

    #[test]
    fn what_diverged_in_most_trials_is_never_selected() {
        let rates = [rated(0.1, f64::INFINITY, 1.0), rated(1.0, 7.0, f64::INFINITY)];
        assert_eq!(select(&rates, Goal::Lower).map(|best| best.learning_rate), Some(1.0));
        assert_eq!(select(&rates[..1], Goal::Lower), None);
        let rates = [rated(0.1, f64::NEG_INFINITY, 1.0), rated(1.0, 0.9, 3.0)];
        assert_eq!(select(&rates, Goal::Higher).map(|best| best.learning_rate), Some(1.0));
    }
}
