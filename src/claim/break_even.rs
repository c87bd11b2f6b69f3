//! The budget from which on a change of variables pays.

use crate::claim::evidence::{Bounds, Evidence, Nothing};
use crate::claim::{Entry, Finding, Records, Side, Test, pair};
use crate::config::{Allowed, Reader, key, short};
use crate::need::{Need, Want};
use crate::record::{BreakEvenRow, CostUnit};

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "break-even",
    summary: "the budget from which on runs stay at or below those in original coordinates",
    read: |reader: &mut Reader<'_>| {
        let of = reader.table(key("of", "the runs that are judged"), Side::read);
        let unit = key("unit", "what budgets are counted in; but for steps, with the set-up");
        let unit = reader.choice_or(unit, "gradients", &CostUnit::NAMES);
        let within =
            key("within", "the greatest median that is claimed; otherwise any within the runs");
        let within = reader.optional_number(within, Allowed::positive());
        Some(Box::new(BreakEven { of: of?, unit: unit?, within: within? }))
    },
};

/// One value a trial: its break-even, infinite where there is none. It is judged at the selected
/// learning rates alone, at which there are curves.
#[derive(Debug)]
struct BreakEven {
    of: Side,
    unit: CostUnit,
    within: Option<f64>,
}

impl BreakEven {
    fn value(&self, row: &BreakEvenRow) -> Result<f64, Nothing> {
        let too_short = self.within.is_some_and(|within| (row.budget as f64) < within);
        match row.break_even {
            _ if row.failed == "both" => Err(Nothing::BothFail),
            Some(budget) => Ok(budget as f64),
            None if too_short && row.failed.is_empty() => Err(Nothing::TooShort),
            None => Ok(f64::INFINITY),
        }
    }
}

impl Test for BreakEven {
    fn judge(&self, records: Records<'_>) -> Finding {
        if let Err(why) = self.of.selected(records) {
            return Finding::nothing(why, records.planned);
        }
        let original = records
            .selection
            .and_then(|rule| rule.original)
            .map(|original| Side { coordinates: original.to_owned(), ..self.of.clone() });
        let same = original.map(|original| pair::same_runs(records, [&original, &self.of]));
        let same = same.unwrap_or_default();
        let rows = records.break_even.iter();
        let rows = rows.filter(|row| row.unit == self.unit && self.of.is_compared_in(row));
        let values = rows.map(|row| match same.contains(&row.trial) {
            true => Err(Nothing::SameRun),
            false => self.value(row),
        });
        let evidence = Evidence::new(values, records.planned);
        let claimed: Bounds = [0.0, self.within.unwrap_or(f64::MAX)];
        evidence.judge(claimed, "trials")
    }

    fn describe(&self) -> String {
        let Self { of, unit, within } = self;
        let within =
            within.map_or("within the runs".to_owned(), |within| format!("≤ {}", short(within)));
        format!("break-even of {of} in {} {within}", unit.name())
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants =
            vec![Want::new("test", Need::Training), Want::new("test", Need::Compared(None))];
        wants.extend(self.of.wants("of", true));
        wants.push(Want::new("of.coordinates", Need::Compared(Some(&self.of.coordinates))));
        wants
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::claim::pair::tests::{run, tried};
    use crate::claim::{Rule, SelectionRule, Verdict};
    use crate::record::{RateRow, RunRow};

    /// A trial's break-even and common budget.
    pub fn row(trial: usize, break_even: Option<u64>, budget: u64) -> BreakEvenRow {
        BreakEvenRow {
            trial,
            algorithm: "adam".into(),
            coordinates: "r".into(),
            tuned: "original".into(),
            learning_rate: 1.0,
            original_rate: 1.0,
            unit: CostUnit::Gradients,
            break_even,
            resolution: break_even,
            budget,
            ratio: Some(1.0),
            loss: 1.0,
            floor: None,
            failed: String::new(),
        }
    }

    fn judged(within: Option<f64>, rows: &[BreakEvenRow], planned: usize) -> Finding {
        let rates = [RateRow { selected: "both".into(), ..tried("r", 1.0) }];
        let (algorithm, coordinates) = ("adam".into(), "r".into());
        let of = Side { algorithm, coordinates, tuned: Rule::Original };
        let test = BreakEven { of, unit: CostUnit::Gradients, within };
        test.judge(Records { rates: &rates, break_even: rows, planned, ..Records::default() })
    }

    fn trials(found: [Option<u64>; 6]) -> Vec<BreakEvenRow> {
        found.into_iter().enumerate().map(|(trial, found)| row(trial, found, 100)).collect()
    }

    #[test]
    fn the_median_trial_pays_within_the_budget() {
        let all = trials([Some(10), Some(20), Some(30), Some(40), Some(50), Some(60)]);
        let verdict = |within, rows: &[_]| judged(within, rows, 6).verdict;
        assert_eq!(verdict(None, &all), Verdict::Reproduced);
        assert_eq!(verdict(Some(60.0), &all), Verdict::Reproduced);
        assert_eq!(verdict(Some(35.0), &all), Verdict::Inconclusive);
        assert_eq!(verdict(Some(5.0), &all), Verdict::NotReproduced);
        assert_eq!(judged(Some(35.0), &all, 6).in_favour, 3);
        // Never is far beyond any budget, and an answer.
        let never = trials([None; 6]);
        let finding = judged(None, &never, 6);
        assert_eq!((finding.verdict, finding.pairs), (Verdict::NotReproduced, 6));
        assert_eq!(finding.interval.map(|interval| interval.median), Some(f64::INFINITY));
        let some = trials([Some(10), Some(20), None, None, None, None]);
        assert_eq!(verdict(None, &some), Verdict::Inconclusive);
    }

    #[test]
    fn what_is_beyond_the_runs_is_not_known() {
        let mut rows = trials([Some(10), Some(20), Some(30), Some(40), None, None]);
        let counts = |finding: Finding| (finding.pairs, finding.no_evidence, finding.planned);
        assert_eq!(counts(judged(Some(100.0), &rows, 8)), (6, 0, 8));
        let finding = judged(Some(101.0), &rows, 8);
        assert_eq!(counts(finding.clone()), (4, 2, 8));
        assert_eq!(
            finding.reason,
            "4 of 8 trials say anything: in 2 the common budget ends before the one that is \
             claimed, there are no results of 2; at least 5 are needed"
        );
        // A failure never pays, however long one waits; of two nothing is said.
        rows[4].failed = "coordinates".into();
        rows[5].failed = "both".into();
        assert_eq!(counts(judged(Some(101.0), &rows, 8)), (5, 1, 8));
        assert_eq!(counts(judged(None, &rows, 8)), (5, 1, 8));
    }

    #[test]
    fn the_run_that_it_is_compared_with_says_nothing_itself() {
        let rows = trials([Some(0); 6]);
        let rate = |name: &str| RateRow { selected: "both".into(), ..tried(name, 1.0) };
        let rates = [rate("o"), rate("r")];
        let of = Side { algorithm: "adam".into(), coordinates: "r".into(), tuned: Rule::Original };
        let test = BreakEven { of, unit: CostUnit::Gradients, within: None };
        let judged = |change: f64| {
            let runs = ["o", "r"].map(|name| (0..6).map(move |trial| run(name, trial, 1.0)));
            let mut runs: Vec<RunRow> = runs.into_iter().flatten().collect();
            runs[6..].iter_mut().for_each(|run| run.final_loss += change);
            let metric = crate::claim::pair::tests::metric("final_loss");
            let rule = SelectionRule { metric, floor: 0.0, original: Some("o") };
            test.judge(Records {
                runs: &runs,
                rates: &rates,
                break_even: &rows,
                planned: 6,
                selection: Some(rule),
                ..Records::default()
            })
        };
        assert_eq!((judged(0.0).pairs, judged(0.0).no_evidence), (0, 6));
        assert_eq!((judged(0.1).pairs, judged(0.1).no_evidence), (6, 0));
    }

    #[test]
    fn rows_of_other_runs_do_not_count() {
        let mut rows = trials([Some(10), Some(20), Some(30), Some(40), Some(50), Some(60)]);
        rows[0].unit = CostUnit::Flops;
        rows[1].tuned = "own".into();
        rows[2].coordinates = "o".into();
        rows[3].algorithm = "sgd".into();
        assert_eq!(judged(None, &rows, 6).pairs, 2);
    }
}
