//! The ratio of what two sides take to come down to a level, with all that comes before the first step.

use crate::claim::claimed::{Claimed, Comparison};
use crate::claim::evidence::Evidence;
use crate::claim::side::sides;
use crate::claim::{Entry, Finding, Records, Side, Test, pair, ties};
use crate::config::{Reader, key};
use crate::need::{Need, Want};
use crate::record::CostUnit;
use crate::sweep::ToLevel;

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "to-level",
    summary: "the ratio left/right of what runs take to a level, the set-up included",
    read: |reader: &mut Reader<'_>| {
        let unit = key("unit", "what the way is counted in; but for steps, with the set-up");
        let unit = reader.choice(unit, &CostUnit::NAMES);
        let to_level = unit.and_then(|unit| ToLevel::read(reader, unit));
        let sides = sides(reader, true);
        let claimed = Claimed::read(reader, Comparison::Ratio);
        let [left, right] = sides?;
        Some(Box::new(LevelRatio { to_level: to_level?, left, right, claimed: claimed? }))
    },
};

/// One pair a trial. A side that never comes down to the level takes for ever.
#[derive(Debug)]
struct LevelRatio {
    to_level: ToLevel,
    left: Side,
    right: Side,
    claimed: Claimed,
}

impl Test for LevelRatio {
    fn judge(&self, records: Records<'_>) -> Finding {
        ties::judge([&self.left, &self.right], records, |[left, right]| {
            let ratios = pair::by_trial(left, right).map(|(_, left, right)| {
                pair::level_ratio(self.to_level, records.epochs, left, right)
            });
            Evidence::new(ratios, records.planned).judge(self.claimed.bounds(), "pairs")
        })
    }

    fn describe(&self) -> String {
        let [left, right] = [&self.left, &self.right].map(Side::to_string);
        let ToLevel { unit, level } = self.to_level;
        self.claimed.describe_ratio(&format!("{} to {level:e}", unit.name()), &left, &right)
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("test", Need::Training)];
        wants.extend(self.left.wants("left", true));
        wants.extend(self.right.wants("right", true));
        wants.extend(self.to_level.wants());
        wants
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::pair::tests::{run, tried};
    use crate::claim::{Rule, Verdict};
    use crate::record::{Levels, RateRow, RunRow};

    /// The finding on runs of which the left ones have this set-up, and reach a hundredth or not.
    fn judged(setup: u64, reached: bool) -> Finding {
        let mut runs: Vec<RunRow> = Vec::new();
        for trial in 0..5 {
            let (mut left, mut right) = (run("o", trial, 1.0), run("r", trial, 1.0));
            left.levels = Levels(if reached { vec![1, 1, 2, 2, 2] } else { vec![1] });
            right.levels = Levels(vec![1, 2, 3, 4, 5]);
            // Each of the ten steps takes 100.
            for run in [&mut left, &mut right] {
                run.level_flops = Levels(run.levels.0.iter().map(|step| 100 * step).collect());
            }
            left.setup_flops = setup;
            runs.extend([left, right]);
        }
        let own = |name| RateRow { selected: "own".into(), ..tried(name, 1.0) };
        let [left, right] = ["o", "r"].map(|coordinates| Side {
            algorithm: "adam".into(),
            coordinates: coordinates.into(),
            tuned: Rule::Own,
        });
        let to_level = ToLevel { unit: CostUnit::Flops, level: 0.01 };
        let test = LevelRatio { to_level, left, right, claimed: Claimed::at_least(1.0) };
        let rates = [own("o"), own("r")];
        test.judge(Records { runs: &runs, rates: &rates, planned: 5, ..Records::default() })
    }

    #[test]
    fn what_was_made_before_the_first_step_counts() {
        // 200 against 500 of the updates, of which there are 10.
        let cheap = judged(0, true);
        assert_eq!(cheap.interval.map(|interval| interval.median), Some(0.4));
        assert_eq!(cheap.verdict, Verdict::NotReproduced);
        let dear = judged(800, true);
        assert_eq!(dear.interval.map(|interval| interval.median), Some(2.0));
        assert_eq!(dear.verdict, Verdict::Reproduced);
        let never = judged(0, false);
        assert_eq!(never.interval.map(|interval| interval.median), Some(f64::INFINITY));
    }
}
