//! The ratio of the lowest losses of two sides within one budget, set-up included.

use crate::claim::claimed::{Claimed, Comparison};
use crate::claim::evidence::{Evidence, Nothing};
use crate::claim::side::sides;
use crate::claim::{Entry, Finding, Records, Side, Test};
use crate::config::{Reader, key};
use crate::need::{Need, Want};
use crate::record::{BreakEvenRow, CostUnit};

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "at-budget",
    summary: "the ratio left/right of the lowest losses within the original coordinates' budget",
    read: |reader: &mut Reader<'_>| {
        let unit = key("unit", "what the budget is counted in; but for steps, with the set-up");
        let unit = reader.choice_or(unit, "gradients", &CostUnit::NAMES);
        let sides = sides(reader, true);
        let claimed = Claimed::read(reader, Comparison::Ratio);
        let [left, right] = sides?;
        if (&left.algorithm, left.tuned) != (&right.algorithm, right.tuned) {
            let problem = "needs the algorithm and the `tuned` of `left`: both sides are compared \
                           with the same run in original coordinates";
            reader.problem("right", problem);
            return None;
        }
        Some(Box::new(AtBudget { unit: unit?, left, right, claimed: claimed? }))
    },
};

/// One pair a trial. Both sides are compared with the run in original coordinates: where these
/// comparisons are of the same budget, its loss cancels from their ratio.
#[derive(Debug)]
struct AtBudget {
    unit: CostUnit,
    left: Side,
    right: Side,
    claimed: Claimed,
}

impl AtBudget {
    fn ratio(left: &BreakEvenRow, right: &BreakEvenRow) -> Result<f64, Nothing> {
        match (left.ratio, right.ratio) {
            _ if left.budget != right.budget => Err(Nothing::TooShort),
            (Some(left), Some(right)) => Ok(right / left),
            _ => Err(Nothing::Undefined),
        }
    }
}

impl Test for AtBudget {
    fn judge(&self, records: Records<'_>) -> Finding {
        for side in [&self.left, &self.right] {
            if let Err(why) = side.selected(records) {
                return Finding::nothing(why, records.planned);
            }
        }
        let of = |side: &Side, trial: usize| {
            records
                .break_even
                .iter()
                .find(|row| row.trial == trial && row.unit == self.unit && side.is_compared_in(row))
        };
        let pairs = (0..records.planned)
            .filter_map(|trial| Some((of(&self.left, trial)?, of(&self.right, trial)?)));
        let ratios = pairs.map(|(left, right)| Self::ratio(left, right));
        Evidence::new(ratios, records.planned).judge(self.claimed.bounds(), "pairs")
    }

    fn describe(&self) -> String {
        let [left, right] = [&self.left, &self.right].map(Side::to_string);
        let what = format!("lowest loss at equal {}", self.unit.name());
        self.claimed.describe_ratio(&what, &left, &right)
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants =
            vec![Want::new("test", Need::Training), Want::new("test", Need::Compared(None))];
        for (key, side) in [("left", &self.left), ("right", &self.right)] {
            wants.extend(side.wants(key, true));
            let compared = Need::Compared(Some(&side.coordinates));
            wants.push(Want::new(format!("{key}.coordinates"), compared));
        }
        wants
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::break_even::tests::row;
    use crate::claim::pair::tests::tried;
    use crate::claim::{Rule, Verdict};
    use crate::record::RateRow;

    fn judged(rows: &[BreakEvenRow]) -> Finding {
        let rate = |name: &str| RateRow { selected: "both".into(), ..tried(name, 1.0) };
        let rates = [rate("r"), rate("s")];
        let side = |coordinates: &str| Side {
            algorithm: "adam".into(),
            coordinates: coordinates.into(),
            tuned: Rule::Original,
        };
        let test = AtBudget {
            unit: CostUnit::Gradients,
            left: side("r"),
            right: side("s"),
            claimed: Claimed::at_least(1.5),
        };
        test.judge(Records { rates: &rates, break_even: rows, planned: 6, ..Records::default() })
    }

    /// The loss in original coordinates over that in these, within a budget.
    fn found(coordinates: &str, trial: usize, ratio: Option<f64>, budget: u64) -> BreakEvenRow {
        let coordinates = coordinates.into();
        BreakEvenRow { coordinates, ratio, ..row(trial, None, budget) }
    }

    #[test]
    fn the_originals_loss_cancels() {
        let both = |trial| [found("r", trial, Some(2.0), 10), found("s", trial, Some(4.0), 10)];
        let mut rows: Vec<_> = (0..6).flat_map(both).collect();
        let finding = judged(&rows);
        assert_eq!((finding.verdict, finding.pairs), (Verdict::Reproduced, 6));
        assert_eq!(finding.interval.unwrap().median, 2.0);
        // One that came to nothing is as bad as can be; of two, nothing is said.
        rows[0].ratio = Some(0.0);
        (rows[2].ratio, rows[3].ratio) = (Some(0.0), Some(0.0));
        // Nor of what is known at different budgets, nor of what has no ratio.
        rows[4].budget = 11;
        rows[6].ratio = None;
        let finding = judged(&rows);
        assert_eq!((finding.pairs, finding.no_evidence), (3, 3));
        assert_eq!(finding.interval.unwrap().upper, f64::INFINITY);
    }
}
