//! Which learning rate is best, over the trials.

use std::cmp::Ordering;

use crate::record::RunRow;
use crate::sweep::{Goal, Metric, written};

/// The metric of one learning rate over the trials.
#[derive(Clone, Debug, PartialEq)]
pub struct RateStats {
    /// η.
    pub learning_rate: f64,
    /// Lower quartile, median and upper quartile of the metric.
    pub quartiles: [f64; 3],
    /// Differences of the median up to this count as ties.
    pub tolerance: f64,
    /// Median number of steps or epochs to the target; infinite where half the trials or more did
    /// not reach it.
    pub reached_target: f64,
    /// Median of the lowest recorded training loss; infinite where half the trials or more failed.
    pub lowest_loss: f64,
    /// Trials there are.
    pub trials: usize,
    /// Trials that diverged.
    pub diverged: usize,
}

/// The best learning rate and why it was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
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
/// tolerance for ties of losses, relative to the median initial suboptimality; other metrics have
/// none.
pub fn rate(learning_rate: f64, runs: &[&RunRow], metric: &Metric, floor: f64) -> RateStats {
    let values: Vec<f64> =
        runs.iter().map(|run| metric.value(run).unwrap_or(metric.goal.worst())).collect();
    let heights: Vec<f64> = runs.iter().filter_map(|run| run.initial_suboptimality).collect();
    let tolerance =
        if metric.unit.is_loss() && !heights.is_empty() { floor * median(&heights) } else { 0.0 };
    let reached = runs.iter().map(|run| match (run.stop, run.reached_target) {
        (stop, Some(step)) if !stop.is_failure() => step as f64,
        _ => f64::INFINITY,
    });
    let lowest = runs.iter().map(|run| Metric::LOWEST_LOSS.value(run).unwrap_or(f64::INFINITY));
    RateStats {
        learning_rate,
        quartiles: quantiles(&values, [0.25, 0.5, 0.75]),
        tolerance,
        reached_target: median(&reached.collect::<Vec<_>>()),
        lowest_loss: median(&lowest.collect::<Vec<_>>()),
        trials: runs.len(),
        diverged: runs.iter().filter(|run| run.stop.is_failure()).count(),
    }
}

/// The best of the rates: best median; among ties the fastest to the target, then the smallest.
/// `None` when every median is the worst value (all diverged).
pub fn select(rates: &[RateStats], goal: Goal) -> Option<Selection> {
    let usable: Vec<&RateStats> =
        rates.iter().filter(|rate| rate.quartiles[1].is_finite()).collect();
    let best = usable.iter().copied().min_by(|a, b| compare(a, b, goal))?;
    let mut ties: Vec<&RateStats> = usable
        .into_iter()
        .filter(|rate| !goal.is_better(best.quartiles[1], rate.quartiles[1], rate.tolerance))
        .collect();
    ties.sort_by(|a, b| {
        a.reached_target
            .total_cmp(&b.reached_target)
            .then(a.learning_rate.total_cmp(&b.learning_rate))
    });
    let chosen = ties.first()?;
    Some(Selection { learning_rate: chosen.learning_rate, reason: reason(chosen, best, &ties) })
}

/// How the reason of a choice among rates that are not equal speaks of them.
pub const WITHIN_FLOOR: &str = "within the floor of the best";

/// What the rule did: `ties` are in its order, and `chosen` is the first of them.
fn reason(chosen: &RateStats, best: &RateStats, ties: &[&RateStats]) -> String {
    let [_, median, _] = chosen.quartiles;
    let reason = if ties.len() == 1 {
        format!("best median {median:.3e}")
    } else {
        let all = ties.len();
        let among = if ties.iter().any(|rate| rate.quartiles[1] != median) {
            format!("{all} rates {WITHIN_FLOOR}")
        } else {
            format!("{all} rates with the best median")
        };
        let level = |rate: &&&RateStats| rate.reached_target == chosen.reached_target;
        let how = match ties.iter().filter(level).count() {
            _ if chosen.reached_target.is_infinite() => {
                format!("smallest among {among}, none of which reaches the target")
            }
            1 => format!("fastest to the target among {among}"),
            level => {
                format!("smallest of the {level} that are fastest to the target among {among}")
            }
        };
        let of_best = if best.quartiles[1] == median {
            String::new()
        } else {
            format!(", best {:.3e} at η = {}", best.quartiles[1], written(best.learning_rate))
        };
        format!("{how}; median {median:.3e}{of_best}")
    };
    chosen.with_failures(reason)
}

/// The rate that a sweep takes: the best. Where the metric is the time to a target that no rate reaches in
/// most trials, all are as good by it, and the best is the one that comes nearest: that of the lowest
/// training loss, of equal ones the smallest. `None` when all diverged.
pub fn tuned(rates: &[RateStats], metric: &Metric) -> Option<Selection> {
    let way = metric.unit.is_steps_to_level();
    select(rates, metric.goal).or_else(|| way.then_some(rates).and_then(nearest))
}

fn nearest(rates: &[RateStats]) -> Option<Selection> {
    let usable = rates.iter().filter(|rate| rate.lowest_loss.is_finite());
    let chosen = usable.min_by(|a, b| {
        let order = a.lowest_loss.total_cmp(&b.lowest_loss);
        order.then(a.learning_rate.total_cmp(&b.learning_rate))
    })?;
    let reason = format!(
        "no rate reaches the target in most trials; here the median of the lowest training loss is \
         least, {:.3e}",
        chosen.lowest_loss
    );
    Some(Selection { learning_rate: chosen.learning_rate, reason: chosen.with_failures(reason) })
}

impl RateStats {
    /// Whether at this rate most trials diverged or failed.
    pub fn diverges(&self) -> bool {
        self.trials > 0 && 2 * self.diverged >= self.trials
    }

    /// Why it was chosen, and how many trials were lost there.
    fn with_failures(&self, reason: String) -> String {
        match self.diverged {
            0 => reason,
            lost => format!("{reason}; {lost} of {} trials diverged or failed", self.trials),
        }
    }
}

fn compare(a: &RateStats, b: &RateStats, goal: Goal) -> Ordering {
    let order = a.quartiles[1].total_cmp(&b.quartiles[1]);
    match goal {
        Goal::Lower => order,
        Goal::Higher => order.reverse(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::{Levels, Stop};
    use crate::sweep::METRICS;

    /// A run of so many steps that ended by itself.
    pub fn row(steps: u64) -> RunRow {
        RunRow {
            trial: 0,
            algorithm: "sgd".into(),
            coordinates: "original".into(),
            learning_rate: 1.0,
            stop: Stop::Converged,
            steps,
            initial_loss: 1e13,
            final_loss: 1.0,
            minimum_loss: 1.0,
            initial_suboptimality: Some(1e13),
            final_suboptimality: Some(1.0),
            minimum_suboptimality: Some(1.0),
            reached_target: None,
            levels: Levels::default(),
            level_flops: Levels::default(),
            gradient_norm: 0.0,
            mean_gradient_l1: 0.0,
            best_validation_loss: None,
            final_validation_loss: None,
            best_validation_accuracy: None,
            final_validation_accuracy: None,
            test_loss: None,
            test_accuracy: Some(0.5),
            path_ratio: Some(2.0),
            training_gradients: steps,
            egop_gradients: 0,
            training_flops: 0,
            setup_flops: 0,
            basis_bytes: 0,
        }
    }

    fn rated(learning_rate: f64, median: f64, reached_target: f64) -> RateStats {
        RateStats {
            learning_rate,
            quartiles: [median; 3],
            tolerance: 1e-8,
            reached_target,
            lowest_loss: median,
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
    fn the_reason_says_what_the_rule_did() {
        let reason = |rates: &[RateStats]| select(rates, Goal::Lower).unwrap().reason;
        assert_eq!(reason(&[rated(0.1, 0.5, 9.0), rated(1.0, 0.25, 9.0)]), "best median 2.500e-1");
        let rates = [rated(80.0, 2e-9, 50.0), rated(200.0, 1e-9, 90.0)];
        assert_eq!(
            reason(&rates),
            "fastest to the target among 2 rates within the floor of the best; median 2.000e-9, \
             best 1.000e-9 at η = 200"
        );
        let same = [1.0, 2.0, 4.0].map(|rate| rated(rate, 3.0, f64::INFINITY));
        assert_eq!(
            reason(&same),
            "smallest among 3 rates with the best median, none of which reaches the target; median \
             3.000e0"
        );
        let level = [rated(1.0, 3.0, 7.0), rated(2.0, 3.0, 7.0), rated(4.0, 3.0, 8.0)];
        assert!(
            reason(&level).starts_with("smallest of the 2 that are fastest to the target among")
        );
    }

    #[test]
    fn ties_are_in_the_unit_of_the_metric() {
        let chosen = |name: &str| {
            let metric = METRICS.iter().find(|metric| metric.name == name).unwrap();
            let rates = [(0.01, 5000), (1.0, 47)]
                .map(|(eta, steps)| rate(eta, &[&row(steps)], metric, 1e-8));
            (select(&rates, metric.goal).unwrap().learning_rate, rates[0].tolerance)
        };
        assert_eq!(chosen("steps"), (1.0, 0.0));
        assert_eq!(chosen("final_suboptimality"), (0.01, 1e5));
        for name in ["reached_target", "path_ratio", "test_accuracy"] {
            let metric = METRICS.iter().find(|metric| metric.name == name).unwrap();
            assert_eq!(rate(1.0, &[&row(1)], metric, 1e-8).tolerance, 0.0, "{name}");
        }
    }

    #[test]
    fn where_no_rate_reaches_the_target_the_nearest_is_taken() {
        const NEVER: f64 = f64::INFINITY;
        let lost = |rate, lowest_loss| RateStats { lowest_loss, ..rated(rate, NEVER, NEVER) };
        let rates = [lost(0.01, 0.3), lost(0.1, 0.2), lost(1.0, NEVER), lost(2.0, 0.2)];
        let best = tuned(&rates, &Metric::TO_TARGET).unwrap();
        assert_eq!(best.learning_rate, 0.1);
        assert!(best.reason.starts_with("no rate reaches the target"), "{}", best.reason);
        assert!(best.reason.ends_with("2.000e-1"), "{}", best.reason);
        // One that does is better whatever its loss.
        let reached = RateStats { lowest_loss: 0.9, ..rated(4.0, 50.0, 50.0) };
        let with = [&rates[..], &[reached]].concat();
        assert_eq!(tuned(&with, &Metric::TO_TARGET).unwrap().learning_rate, 4.0);
        // Where all diverged, or the metric is another, there is none.
        assert_eq!(tuned(&rates[2..3], &Metric::TO_TARGET), None);
        assert_eq!(tuned(&rates, &Metric::LOWEST_LOSS), None);
    }

    #[test]
    fn a_rate_diverges_where_half_the_trials_do() {
        let diverges = |diverged| RateStats { diverged, ..rated(1.0, 1.0, 1.0) }.diverges();
        assert_eq!([0, 2, 3, 5].map(diverges), [false, false, true, true]);
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
