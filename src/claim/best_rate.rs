//! The ratio of the best learning rates of two sides: is the optimal one larger?

use std::collections::BTreeMap;

use crate::claim::across::Across;
use crate::claim::claimed::{Claimed, Comparison};
use crate::claim::evidence::{Evidence, Nothing};
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
        let ratios = pair::by_trial(&left, &right).map(|(_, left, right)| {
            match (best(&compared.metric, left), best(&compared.metric, right)) {
                (Some(left), Some(right)) => Ok(left / right),
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
        assert_eq!((finding.verdict, finding.pairs), (Verdict::Reproduced, 6));
        // A side that fails at every rate has no best one.
        runs.iter_mut()
            .filter(|run| run.trial > 3 && *run.coordinates == *"r")
            .for_each(|run| run.final_loss = f64::INFINITY);
        let finding =
            test.judge(Records { runs: &runs, rates: &rates, planned: 6, ..Records::default() });
        assert_eq!((finding.verdict, finding.no_evidence), (Verdict::Inconclusive, 2));
    }
}
