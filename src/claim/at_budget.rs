//! The ratio of the lowest losses of two sides within one budget, set-up included.

use crate::claim::claimed::{Claimed, Comparison};
use crate::claim::evidence::{Evidence, Nothing};
use crate::claim::side::sides;
use crate::claim::{Entry, Finding, Records, Side, Test, pair};
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

/// One pair a trial. Both sides were compared with the run in original coordinates: where these
/// comparisons are of the same budget, so are the losses of both.
#[derive(Debug)]
struct AtBudget {
    unit: CostUnit,
    left: Side,
    right: Side,
    claimed: Claimed,
}

impl AtBudget {
    fn ratio(left: &BreakEvenRow, right: &BreakEvenRow) -> Result<f64, Nothing> {
        if left.budget != right.budget {
            return Err(Nothing::OtherBudgets);
        }
        let floors = left.floor.into_iter().chain(right.floor);
        let floor = floors.fold(f64::NEG_INFINITY, f64::max);
        match [left.loss, right.loss] {
            [l, r] if l.is_infinite() && r.is_infinite() => {
                let failed =
                    [left, right].map(|row| ["coordinates", "both"].contains(&&*row.failed));
                Err(if failed.contains(&true) { Nothing::BothFail } else { Nothing::TooDear })
            }
            [l, r] if l.max(r) <= floor => Err(Nothing::Floor),
            [l, r] if l.min(r) < 0.0 || l.max(r) == 0.0 => Err(Nothing::Undefined),
            [l, r] => Ok(l.max(floor) / r.max(floor)),
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
        let same = pair::same_runs(records, [&self.left, &self.right]);
        let ratios = (0..records.planned).filter_map(|trial| {
            let (left, right) = (of(&self.left, trial)?, of(&self.right, trial)?);
            Some(match same.contains(&trial) {
                true => Err(Nothing::SameRun),
                false => Self::ratio(left, right),
            })
        });
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
    use crate::claim::pair::tests::{run, tried};
    use crate::claim::{Rule, Verdict};
    use crate::record::{RateRow, RunRow};

    /// Of runs of which the right ones are others than the left ones, or the same.
    fn judged(rows: &[BreakEvenRow], same: bool) -> Finding {
        let rate = |name: &str| RateRow { selected: "both".into(), ..tried(name, 1.0) };
        let rates = [rate("r"), rate("s")];
        let side = |coordinates: &str| Side {
            algorithm: "adam".into(),
            coordinates: coordinates.into(),
            tuned: Rule::Original,
        };
        let runs = ["r", "s"].map(|name| (0..6).map(move |trial| run(name, trial, 1.0)));
        let mut runs: Vec<RunRow> = runs.into_iter().flatten().collect();
        if !same {
            runs[6..].iter_mut().for_each(|run| run.gradient_norm = 2e-9);
        }
        let test = AtBudget {
            unit: CostUnit::Gradients,
            left: side("r"),
            right: side("s"),
            claimed: Claimed::at_least(1.5),
        };
        let (runs, rates, break_even) = (&runs[..], &rates[..], rows);
        test.judge(Records { runs, rates, break_even, planned: 6, ..Records::default() })
    }

    /// The lowest loss within a budget.
    fn found(coordinates: &str, trial: usize, loss: f64, budget: u64) -> BreakEvenRow {
        let coordinates = coordinates.into();
        BreakEvenRow { coordinates, loss, ..row(trial, None, budget) }
    }

    fn both(losses: [f64; 2]) -> Vec<BreakEvenRow> {
        let both = |trial| [found("r", trial, losses[0], 10), found("s", trial, losses[1], 10)];
        (0..6).flat_map(both).collect()
    }

    #[test]
    fn losses_at_the_same_budget_are_compared() {
        let mut rows = both([4.0, 2.0]);
        let finding = judged(&rows, false);
        assert_eq!((finding.verdict, finding.pairs), (Verdict::Reproduced, 6));
        assert_eq!(finding.interval.unwrap().median, 2.0);
        // One that came to nothing is as bad as can be; of two, nothing is said.
        rows[0].loss = f64::INFINITY;
        (rows[2].loss, rows[3].loss) = (f64::INFINITY, f64::INFINITY);
        // Nor of what is known at different budgets, nor of what has no ratio.
        rows[4].budget = 11;
        (rows[6].loss, rows[7].loss) = (0.0, 0.0);
        let finding = judged(&rows, false);
        assert_eq!((finding.pairs, finding.no_evidence), (3, 3));
        assert_eq!(finding.interval.unwrap().upper, f64::INFINITY);
    }

    #[test]
    fn rounding_and_the_same_run_say_nothing() {
        let with = |losses, floors: [Option<f64>; 2]| {
            let mut rows = both(losses);
            rows.iter_mut().enumerate().for_each(|(at, row)| row.floor = floors[at % 2]);
            judged(&rows, false)
        };
        let nothing = |finding: Finding| (finding.pairs, finding.no_evidence);
        assert_eq!(nothing(with([1e-13, 1e-20], [Some(1e-12); 2])), (0, 6));
        // One that converged ends where its tolerance wills.
        assert_eq!(nothing(with([1e-9, 1e-10], [Some(1e-9), Some(1e-12)])), (0, 6));
        let clipped = with([8e-12, 1e-20], [Some(1e-12), Some(4e-12)]);
        assert_eq!(clipped.interval.unwrap().median, 2.0);
        assert_eq!(nothing(judged(&both([4.0, 2.0]), true)), (0, 6));
    }
}
