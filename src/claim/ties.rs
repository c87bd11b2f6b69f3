//! The learning rates that do as well as a selected one, over the trials: a verdict that hangs on
//! which of them was selected is none.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;

use crate::claim::evidence::{ALPHA, sign_test};
use crate::claim::pair::by_trial;
use crate::claim::side::Side;
use crate::claim::{Finding, Records, Rule, SelectionRule, Verdict};
use crate::record::{RateRow, RunRow};
use crate::sweep::{Metric, written};

/// The runs at a learning rate, by trial.
type Runs<'a> = BTreeMap<usize, &'a RunRow>;

/// Whether runs do significantly worse than others: by a one-sided sign test over the trials, in
/// which those that are level count for neither.
fn worse(runs: &Runs<'_>, others: &Runs<'_>, level: impl Fn(&RunRow, &RunRow) -> Ordering) -> bool {
    let mut counts = [0, 0];
    for (_, run, other) in by_trial(runs, others) {
        match level(run, other) {
            Ordering::Less => counts[0] += 1,
            Ordering::Greater => counts[1] += 1,
            Ordering::Equal => {}
        }
    }
    let [worse, better] = counts;
    sign_test(worse, worse + better) <= ALPHA
}

/// Which of two runs does better, by the metric that rates are selected by: level within the floor.
fn by_metric(selection: SelectionRule<'_>, run: &RunRow, other: &RunRow) -> Ordering {
    let SelectionRule { metric, floor, .. } = selection;
    let value = |run| metric.value(run).unwrap_or(metric.goal.worst());
    let initial = other.initial_suboptimality.filter(|_| metric.unit.is_loss()).unwrap_or(0.0);
    let better = |a, b| metric.goal.is_better(value(a), value(b), floor * initial);
    better(run, other).cmp(&better(other, run))
}

/// Which of two runs is sooner at the target.
fn by_steps(run: &RunRow, other: &RunRow) -> Ordering {
    let [run, other] =
        [run, other].map(|run| Metric::TO_TARGET.value(run).unwrap_or(f64::INFINITY));
    other.total_cmp(&run)
}

impl Side {
    /// The rates at which it is judged, each with its runs: first the selected one, then those that
    /// tie with it, where the rate was selected, in neither the metric nor the steps to the target.
    fn tied<'a>(&self, records: Records<'a>) -> Result<Vec<(f64, Runs<'a>)>, String> {
        let selected = self.selected(records)?;
        let at = |rate| (rate, self.at(records, rate));
        let mut all = vec![at(selected)];
        let Some(selection) = records.selection else { return Ok(all) };
        let coordinates = match self.tuned {
            Rule::Own => &*self.coordinates,
            Rule::Original => selection.original.unwrap_or(&self.coordinates),
        };
        let there = Self { coordinates: coordinates.to_owned(), ..self.clone() };
        // Where no rate reaches the target it was selected by how far down runs come.
        let reached = |rate: &RateRow| rate.learning_rate == selected && rate.median.is_finite();
        let nearest = selection.metric.unit.is_steps_to_level()
            && !there.rows(records, coordinates).iter().any(reached);
        let metric = if nearest { Metric::LOWEST_LOSS } else { selection.metric };
        let selection = SelectionRule { metric, ..selection };
        let best = there.at(records, selected);
        let ties = |rate: &f64| {
            let runs = there.at(records, *rate);
            *rate != selected
                && !runs.is_empty()
                && !worse(&runs, &best, |run, best| by_metric(selection, run, best))
                && !worse(&runs, &best, by_steps)
        };
        all.extend(there.rates(records).into_iter().filter(ties).map(at));
        Ok(all)
    }
}

/// All that can be chosen of several lists, one of each; first the first of all.
fn product<const N: usize>(lengths: [usize; N]) -> Vec<[usize; N]> {
    let mut all = vec![[0; N]];
    for (position, length) in lengths.into_iter().enumerate() {
        let with = |choice: [usize; N]| {
            (0..length).map(move |index| {
                let mut choice = choice;
                choice[position] = index;
                choice
            })
        };
        all = all.into_iter().flat_map(with).collect();
    }
    all
}

/// Judges sides at their selected learning rates and at all that tie with them: in every
/// combination, but for an algorithm whose rate is selected for all coordinate systems at once.
pub(super) fn judge<const N: usize>(
    sides: [&Side; N],
    records: Records<'_>,
    at: impl Fn([&Runs<'_>; N]) -> Finding,
) -> Finding {
    let tied: Result<Vec<_>, String> = sides.iter().map(|side| side.tied(records)).collect();
    let tied = match tied {
        Ok(tied) => tied,
        Err(why) => return Finding::nothing(why, records.planned),
    };
    let shared = sides
        .iter()
        .all(|side| side.tuned == Rule::Original && side.algorithm == sides[0].algorithm);
    let choices: Vec<[usize; N]> = if shared {
        (0..tied[0].len()).map(|index| [index; N]).collect()
    } else {
        product(std::array::from_fn(|side| tied[side].len()))
    };
    let judged = choices.into_iter().map(|choice| {
        let rates: [f64; N] = std::array::from_fn(|side| tied[side][choice[side]].0);
        (rates, at(std::array::from_fn(|side| &tied[side][choice[side]].1)))
    });
    of_all(judged.collect())
}

/// "0.8", or "0.8 and 2".
fn label<const N: usize>(rates: &[f64; N]) -> String {
    let same = rates.iter().all(|rate| *rate == rates[0]);
    let rates: Vec<String> =
        rates[..if same { 1 } else { N }].iter().copied().map(written).collect();
    rates.join(" and ")
}

/// The finding at the selected rates, of which there is one at least, if it is that at all others
/// too.
fn of_all<const N: usize>(all: Vec<([f64; N], Finding)>) -> Finding {
    let medians = all.iter().filter_map(|(_, finding)| Some(finding.interval?.median));
    let (low, high) = (medians.clone().reduce(f64::min), medians.reduce(f64::max));
    let mut all = all.into_iter();
    let (rates, mut finding) = all.next().expect("a side has its selected rate at least");
    finding.tied = low.zip(high);
    let (verdict, others) = (finding.verdict, all.len());
    let mut against = all.filter(|(_, other)| other.verdict != verdict);
    // Writing to a string cannot fail.
    match against.next() {
        Some((tied, other)) if verdict != Verdict::Inconclusive => {
            finding.verdict = Verdict::Inconclusive;
            finding.reason = format!(
                "{} at the selected η = {} ({}), but {} at {} of {others} that tie with it, η = {} \
                 ({})",
                verdict.name(),
                label(&rates),
                finding.reason,
                other.verdict.name(),
                1 + against.count(),
                label(&tied),
                other.reason,
            );
        }
        _ if others > 0 && verdict != Verdict::Inconclusive => {
            let rates = if others == 1 { "rate that ties" } else { "rates that tie" };
            let _ = write!(finding.reason, "; likewise at {others} {rates}");
        }
        _ => {}
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::SelectionRule;
    use crate::claim::claimed::Claimed;
    use crate::claim::pair::tests::{compared, metric, run, tried};
    use crate::record::RateRow;

    const TRIALS: usize = 9;

    fn side(coordinates: &str, tuned: Rule) -> Side {
        Side { algorithm: "adam".into(), coordinates: coordinates.into(), tuned }
    }

    /// Runs with this loss at each coordinate system, trial and rate, of which 1 is selected.
    fn records(loss: impl Fn(&str, usize, f64) -> f64) -> (Vec<RunRow>, Vec<RateRow>) {
        let (mut runs, mut rates) = (Vec::new(), Vec::new());
        for (coordinates, rate) in
            ["o", "r"].into_iter().flat_map(|c| [0.1, 1.0, 2.0].map(|r| (c, r)))
        {
            let selected = if rate == 1.0 { "both" } else { "" };
            rates.push(RateRow { selected: selected.into(), ..tried(coordinates, rate) });
            for trial in 0..TRIALS {
                let loss = loss(coordinates, trial, rate);
                let run = run(coordinates, trial, rate);
                runs.push(RunRow { final_loss: loss, final_suboptimality: Some(loss), ..run });
            }
        }
        (runs, rates)
    }

    fn selected_by_loss<'a>(runs: &'a [RunRow], rates: &'a [RateRow]) -> Records<'a> {
        let selection =
            SelectionRule { metric: metric("final_loss"), floor: 1e-8, original: Some("o") };
        Records { runs, rates, planned: TRIALS, selection: Some(selection), ..Records::default() }
    }

    fn judged(tuned: Rule, loss: impl Fn(&str, usize, f64) -> f64) -> (Finding, Vec<f64>) {
        let (runs, rates) = records(loss);
        let records = selected_by_loss(&runs, &rates);
        let sides = [side("o", tuned), side("r", tuned)];
        let tied = sides[1].tied(records).unwrap().into_iter().map(|(rate, _)| rate).collect();
        let claimed = Claimed::at_least(2.0);
        let finding = judge([&sides[0], &sides[1]], records, |[left, right]| {
            let evidence = claimed.evidence(&compared("final_loss"), left, right, records);
            evidence.judge(claimed.bounds(), "pairs")
        });
        (finding, tied)
    }

    /// In original coordinates 2 does as well as 1 but for two trials, and 0.1 worse in all.
    fn original(trial: usize, rate: f64) -> f64 {
        match (rate, trial) {
            (0.1, _) => 0.9,
            (2.0, 0 | 1) => 0.5,
            _ => 0.4 + 1e-12 * rate,
        }
    }

    #[test]
    fn a_verdict_must_hold_at_every_rate_that_ties() {
        let holds = |coordinates: &str, trial, rate| match coordinates {
            "o" => original(trial, rate),
            _ => 0.1 / rate,
        };
        let (finding, tied) = judged(Rule::Original, holds);
        assert_eq!(tied, [1.0, 2.0]);
        assert_eq!(finding.verdict, Verdict::Reproduced);
        let (low, high) = finding.tied.unwrap();
        assert!((low - 4.0).abs() < 1e-6 && (high - 8.0).abs() < 1e-6);
        assert!(finding.reason.ends_with("; likewise at 1 rate that ties"));
        let fails = |coordinates: &str, trial, rate| match (coordinates, rate) {
            ("o", _) => original(trial, rate),
            (_, 2.0) => 0.4,
            _ => 0.1,
        };
        let (finding, _) = judged(Rule::Original, fails);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(
            finding.reason.contains("not reproduced at 1 of 1 that tie with it, η = 2"),
            "{}",
            finding.reason
        );
        // The values are those at the selected rate.
        assert!((finding.interval.unwrap().median - 4.0).abs() < 1e-6);
    }

    #[test]
    fn rates_tuned_apart_tie_apart() {
        // In the other system 2 is worse than 1 in every trial: nothing ties with it there.
        let loss = |coordinates: &str, trial, rate| match (coordinates, rate) {
            ("o", _) => original(trial, rate),
            (_, 1.0) => 0.1,
            _ => 0.2,
        };
        let (finding, tied) = judged(Rule::Own, loss);
        assert_eq!(tied, [1.0]);
        assert_eq!(finding.verdict, Verdict::Reproduced);
        assert!(finding.reason.contains("at 1 rate that ties"), "{}", finding.reason);
        // By the rate of the original coordinates it is at 2 as well.
        let (_, shared) = judged(Rule::Original, loss);
        assert_eq!(shared, [1.0, 2.0]);
    }

    #[test]
    fn where_no_rate_reaches_the_target_rates_tie_by_how_far_down_they_come() {
        let (mut runs, mut rates) = records(|_, trial, rate| original(trial, rate));
        for run in &mut runs {
            (run.reached_target, run.minimum_loss) = (None, run.final_loss);
        }
        for rate in &mut rates {
            (rate.median, rate.metric) = (f64::INFINITY, "reached_target".into());
            (rate.trials, rate.planned) = (TRIALS, TRIALS);
        }
        let mut records = selected_by_loss(&runs, &rates);
        let rule = records.selection.unwrap();
        records.selection = Some(SelectionRule { metric: Metric::TO_TARGET, ..rule });
        let of = side("o", Rule::Own);
        let tied: Vec<f64> = of.tied(records).unwrap().into_iter().map(|(rate, _)| rate).collect();
        assert_eq!(tied, [1.0, 2.0]);

        // Where none is selected it says what came of all.
        rates.iter_mut().for_each(|rate| rate.selected.clear());
        let records = selected_by_loss(&runs, &rates);
        let why = of.selected(records).unwrap_err();
        let wanted = "no learning rate was selected for adam/o: half of the trials or more have no finite \
                      reached_target at each of 3 learning rates, 0.1 – 2";
        assert_eq!(why, wanted);
        assert!(side("x", Rule::Own).selected(records).unwrap_err().ends_with("none was tried"));
    }

    #[test]
    fn slower_to_the_target_is_worse_too() {
        let (mut runs, rates) = records(|_, trial, rate| original(trial, rate));
        for run in runs.iter_mut().filter(|run| run.learning_rate == 2.0) {
            run.reached_target = None;
        }
        let records = selected_by_loss(&runs, &rates);
        let tied = side("r", Rule::Original).tied(records).unwrap();
        assert_eq!(tied.len(), 1);
    }

    #[test]
    fn every_choice_of_several_lists_comes_once() {
        assert_eq!(product([2, 3]), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }
}
