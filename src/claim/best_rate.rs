//! The ratio of the best learning rates of two sides: is the optimal one larger?

use std::collections::BTreeMap;

use crate::claim::across::Across;
use crate::claim::claimed::{Claimed, Comparison};
use crate::claim::evidence::{Evidence, Nothing, Value};
use crate::claim::pair::{self, FLOOR};
use crate::claim::{Entry, Finding, Records, Side, Test};
use crate::config::Reader;
use crate::need::Want;
use crate::record::RunRow;
use crate::sweep::{self, Metric, RateStats};

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "best-rate",
    summary: "the ratio left/right of the learning rates that are best in each trial",
    read: |reader: &mut Reader<'_>| {
        let across = Across::read(reader);
        let claimed = Claimed::read(reader, Comparison::Ratio);
        Some(Box::new(BestRate { across: across?, claimed: claimed? }))
    },
};

/// One pair a trial: of the rates that both sides were tried at, those with which each did best.
#[derive(Debug)]
struct BestRate {
    across: Across,
    claimed: Claimed,
}

/// The ratio left/right of best rates of a grid with these ends. A best rate at an end of the grid
/// is only a bound: a better one may lie beyond.
fn ratio(left: f64, right: f64, [lowest, highest]: [f64; 2]) -> Value {
    let bounds = |rate: f64| {
        let low = if rate <= lowest { 0.0 } else { rate };
        let high = if rate >= highest { f64::INFINITY } else { rate };
        [low, high]
    };
    let ([left_low, left_high], [right_low, right_high]) = (bounds(left), bounds(right));
    Value { value: left / right, bounds: [left_low / right_high, left_high / right_low] }
}

/// What is best of one trial's runs by the rule for all trials: ties within the numerical floor go
/// to the fastest to the target, then to the smallest rate.
fn best(metric: &Metric, runs: &[&RunRow]) -> Option<f64> {
    let stats = |run: &&RunRow| sweep::rate(run.learning_rate, &[*run], metric, FLOOR);
    let rates: Vec<RateStats> = runs.iter().map(stats).collect();
    sweep::select(&rates, metric.goal).map(|best| best.learning_rate)
}

impl Test for BestRate {
    fn judge(&self, records: Records<'_>) -> Finding {
        let Across { compared, left, right, .. } = &self.across;
        let rates = self.across.common_rates(records);
        let by_trial = |side: &Side| {
            let mut trials: BTreeMap<usize, Vec<&RunRow>> = BTreeMap::new();
            for &rate in &rates {
                for (trial, run) in side.at(records, rate) {
                    trials.entry(trial).or_default().push(run);
                }
            }
            trials
        };
        let (left, right) = (by_trial(left), by_trial(right));
        let ends = [rates.first(), rates.last()].map(|end| end.copied().unwrap_or(f64::NAN));
        let ratios = pair::by_trial(&left, &right).map(|(_, left, right)| {
            let mut pairs = left.iter().zip(right);
            if left.len() == right.len() && pairs.all(|(left, right)| pair::same_run(left, right)) {
                return Err(Nothing::SameRun);
            }
            match (best(&compared.metric, left), best(&compared.metric, right)) {
                (Some(left), Some(right)) => Ok(ratio(left, right, ends)),
                (None, None) => Err(Nothing::BothFail),
                _ => Err(Nothing::Undefined),
            }
        });
        Evidence::new(ratios, records.planned).judge(self.claimed.bounds(), "pairs")
    }

    fn describe(&self) -> String {
        let [left, right] = self.across.names();
        format!("best η by {}", self.claimed.describe(&self.across.compared, &left, &right))
    }

    fn wants(&self) -> Vec<Want<'_>> {
        self.across.wants()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::Verdict;
    use crate::claim::pair::tests::{across, run, tried};

    #[test]
    fn a_best_rate_at_an_end_of_the_grid_is_a_bound() {
        const ENDS: [f64; 2] = [1.0, 8.0];
        let bounds = |left, right| ratio(left, right, ENDS).bounds;
        assert_eq!(bounds(4.0, 2.0), [2.0, 2.0]);
        assert_eq!(bounds(8.0, 2.0), [4.0, f64::INFINITY]);
        assert_eq!(bounds(4.0, 1.0), [4.0, f64::INFINITY]);
        assert_eq!(bounds(4.0, 8.0), [0.0, 0.5]);
        assert_eq!(bounds(8.0, 8.0), [0.0, f64::INFINITY]);
        assert_eq!(ratio(1.0, 1.0, [1.0, 1.0]).bounds, [0.0, f64::INFINITY]);
        assert_eq!(ratio(8.0, 2.0, ENDS).value, 4.0);
    }

    #[test]
    fn each_trial_has_its_best_rates() {
        const RATES: [f64; 3] = [0.1, 1.0, 10.0];
        // The left side is best at 10, but for one trial; the right one at 0.1.
        let loss = |coordinates: &str, trial: usize, rate: f64| match (coordinates, trial) {
            ("o", 0) => (rate - 1.0).abs(),
            ("o", _) => (rate - 10.0).abs(),
            _ => rate,
        };
        let mut runs = Vec::new();
        for (trial, coordinates, rate) in
            (0..6).flat_map(|t| ["o", "r"].map(|c| RATES.map(|rate| (t, c, rate)))).flatten()
        {
            let loss = loss(coordinates, trial, rate);
            let base = run(coordinates, trial, rate);
            runs.push(RunRow { final_loss: loss, final_suboptimality: Some(loss), ..base });
        }
        let rates: Vec<_> =
            ["o", "r"].iter().flat_map(|side| RATES.map(|rate| tried(side, rate))).collect();
        let test = BestRate { across: across(None), claimed: Claimed::at_least(10.0) };
        let records = Records { runs: &runs, rates: &rates, planned: 6, ..Records::default() };
        let finding = test.judge(records);
        let interval = finding.interval.unwrap();
        assert_eq!((interval.lower, interval.median), (10.0, 100.0));
        assert_eq!(interval.upper, f64::INFINITY);
        assert_eq!((finding.verdict, finding.pairs), (Verdict::Reproduced, 6));
        // That both are at an end of the grid leaves open how far beyond they would go.
        let test = BestRate { across: across(None), claimed: Claimed::at_least(1000.0) };
        let finding = test.judge(records);
        assert_eq!((finding.verdict, finding.in_favour), (Verdict::Inconclusive, 0));
        let test = BestRate { across: across(None), claimed: Claimed::at_least(10.0) };
        // A side that fails at every rate has no best one.
        runs.iter_mut()
            .filter(|run| run.trial > 3 && *run.coordinates == *"r")
            .for_each(|run| run.final_loss = f64::INFINITY);
        let finding =
            test.judge(Records { runs: &runs, rates: &rates, planned: 6, ..Records::default() });
        assert_eq!((finding.verdict, finding.no_evidence), (Verdict::Inconclusive, 2));
        // Nor is there anything in the same runs under two names.
        let (left, right) = runs.iter_mut().partition::<Vec<_>, _>(|run| *run.coordinates == *"o");
        for (left, right) in left.into_iter().zip(right) {
            *right = RunRow { coordinates: "r".into(), ..left.clone() };
        }
        let finding =
            test.judge(Records { runs: &runs, rates: &rates, planned: 6, ..Records::default() });
        assert_eq!((finding.pairs, finding.no_evidence), (0, 6));
    }
}
