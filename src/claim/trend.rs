//! Whether a ratio rises or falls with the learning rate.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::claim::across::Across;
use crate::claim::evidence::{Bounds, Evidence, Nothing};
use crate::claim::{Entry, Finding, Records, Test, pair};
use crate::config::{Reader, key};
use crate::need::Want;

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "trend",
    summary: "whether the ratio left/right of a metric rises or falls with the learning rate",
    read: |reader: &mut Reader<'_>| {
        let across = Across::read_up_to(reader);
        let directions = [("rises", Direction::Rises), ("falls", Direction::Falls)];
        let direction =
            reader.choice(key("direction", "what the ratio does as the rate grows"), &directions);
        Some(Box::new(Trend { across: across?, direction: direction? }))
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Rises,
    Falls,
}

/// One value a trial: Kendall's τ of the ratio against the rate. It asks for the order of both
/// only, so that a side that fails, whose ratio is 0 or ∞, is as good as any other.
#[derive(Debug)]
struct Trend {
    across: Across,
    direction: Direction,
}

/// Kendall's τ of values against their places: the share of the pairs that rise minus that of those
/// that fall (Kendall 1938); nothing from fewer than three values.
fn kendall(values: &[f64]) -> Result<f64, Nothing> {
    if values.len() < 3 {
        return Err(Nothing::Undefined);
    }
    let signs = values.iter().enumerate().flat_map(|(later, second)| {
        values[..later].iter().map(move |first| match first.total_cmp(second) {
            Ordering::Less => 1.0,
            Ordering::Equal => 0.0,
            Ordering::Greater => -1.0,
        })
    });
    let pairs = values.len() * (values.len() - 1) / 2;
    Ok(signs.sum::<f64>() / pairs as f64)
}

impl Test for Trend {
    fn judge(&self, records: Records<'_>) -> Finding {
        let mut ratios: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let Across { compared, left, right, .. } = &self.across;
        for rate in self.across.common_rates(records) {
            let (left, right) = (left.at(records, rate), right.at(records, rate));
            for (trial, left, right) in pair::by_trial(&left, &right) {
                let ratio = pair::ratio(compared, records.epochs, left, right);
                ratios.entry(trial).or_default().extend(ratio);
            }
        }
        let claimed: Bounds = match self.direction {
            Direction::Rises => [f64::MIN_POSITIVE, 1.0],
            Direction::Falls => [-1.0, -f64::MIN_POSITIVE],
        };
        let found = ratios.values().map(|ratios| kendall(ratios));
        Evidence::new(found, records.planned).judge(claimed, "trials")
    }

    fn describe(&self) -> String {
        let [left, right] = self.across.names();
        let does = match self.direction {
            Direction::Rises => "rises",
            Direction::Falls => "falls",
        };
        let (compared, up_to) = (&self.across.compared, self.across.up_to());
        format!("{compared} of {left} over {right} {does} with η{up_to} (Kendall's τ)")
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
    use crate::record::{RateRow, RunRow};

    #[test]
    fn kendalls_tau_counts_pairs() {
        assert_eq!(kendall(&[1.0, 2.0, 3.0, 4.0]), Ok(1.0));
        assert_eq!(kendall(&[0.0, 1.0, f64::INFINITY]), Ok(1.0));
        assert_eq!(kendall(&[1.0, 3.0, 2.0, 4.0]), Ok(4.0 / 6.0));
        assert_eq!(kendall(&[2.0, 2.0, 1.0]), Ok(-2.0 / 3.0));
        assert_eq!(kendall(&[1.0, 2.0]), Err(Nothing::Undefined));
    }

    #[test]
    fn a_trend_is_that_of_each_trial() {
        const RATES: [f64; 4] = [0.1, 1.0, 10.0, 100.0];
        let judged = |highest: Option<f64>, ratio: fn(usize, f64) -> f64| {
            let mut runs: Vec<RunRow> = Vec::new();
            for (trial, rate) in (0..6).flat_map(|trial| RATES.map(|rate| (trial, rate))) {
                let (mut left, mut right) = (run("o", trial, rate), run("r", trial, rate));
                (left.final_loss, right.final_loss) = (ratio(trial, rate), 1.0);
                right.gradient_norm *= 2.0;
                runs.extend([left, right]);
            }
            let rates: Vec<RateRow> =
                ["o", "r"].iter().flat_map(|side| RATES.map(|rate| tried(side, rate))).collect();
            let test = Trend { across: across(highest), direction: Direction::Rises };
            test.judge(Records { runs: &runs, rates: &rates, planned: 6, ..Records::default() })
        };
        let rises = judged(None, |_, rate| 2.0 + rate);
        assert_eq!((rises.verdict, rises.pairs), (Verdict::Reproduced, 6));
        assert_eq!(rises.interval.map(|interval| interval.median), Some(1.0));
        // As it is in one trial only that falls, among six.
        let one = judged(None, |trial, rate| if trial == 0 { 1.0 / rate } else { rate });
        assert_eq!((one.verdict, one.in_favour), (Verdict::Inconclusive, 5));
        assert_eq!(judged(None, |_, rate| 1.0 / rate).verdict, Verdict::NotReproduced);
        // What does not change neither rises nor falls.
        assert_eq!(judged(None, |_, _| 3.0).verdict, Verdict::NotReproduced);
        let up_to_one = judged(Some(1.0), |_, rate| rate);
        assert_eq!((up_to_one.pairs, up_to_one.no_evidence), (0, 6));
    }
}
