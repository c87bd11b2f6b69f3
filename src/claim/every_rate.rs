//! The ratio, or difference, of two sides at every learning rate: is an advantage robust?

use std::fmt::Write;

use crate::claim::across::Across;
use crate::claim::claimed::{Claimed, Comparison};
use crate::claim::digits::number;
use crate::claim::evidence::{ALPHA, Evidence};
use crate::claim::{Entry, Finding, Interval, Records, Test, Verdict};
use crate::config::Reader;
use crate::need::Want;
use crate::sweep::written;

pub(super) const RATIO: Entry<dyn Test> = Entry {
    name: "every-rate",
    summary: "the ratio left/right of a metric, trial by trial, at every learning rate",
    read: |reader: &mut Reader<'_>| read(reader, Comparison::Ratio),
};

pub(super) const DIFFERENCE: Entry<dyn Test> = Entry {
    name: "every-rate-difference",
    summary: "the difference left − right of a metric, trial by trial, at every learning rate",
    read: |reader: &mut Reader<'_>| read(reader, Comparison::Difference),
};

fn read(reader: &mut Reader<'_>, comparison: Comparison) -> Option<Box<dyn Test>> {
    let across = Across::read_up_to(reader);
    let claimed = Claimed::read(reader, comparison);
    Some(Box::new(EveryRate { across: across?, claimed: claimed? }))
}

/// Reproduced when the relation is at every learning rate that either side was tried at (up to
/// `highest`): each at 95 %, which is 95 % for all together. Not reproduced when it is refuted at
/// any, of all the rates together at 95 % (Holm's correction).
#[derive(Debug)]
struct EveryRate {
    across: Across,
    claimed: Claimed,
}

/// What a learning rate says.
struct AtRate {
    rate: f64,
    evidence: Evidence,
    finding: Finding,
}

impl EveryRate {
    fn at(&self, records: Records<'_>, rate: f64) -> AtRate {
        let Across { compared, left, right, .. } = &self.across;
        let (left, right) = (left.at(records, rate), right.at(records, rate));
        let evidence = self.claimed.evidence(compared, &left, &right, records);
        let finding = evidence.judge(self.claimed.bounds(), "pairs");
        AtRate { rate, evidence, finding }
    }

    /// The rates at which the relation is refuted, of all tests together at 95 % (Holm 1979): from
    /// the smallest probability on, each against 5 % over the number of those left.
    fn refuted(&self, tested: &[&AtRate]) -> Vec<f64> {
        let p = |at: &AtRate| at.evidence.p_of_refutation(self.claimed.bounds());
        let mut by_p: Vec<(f64, f64)> = tested.iter().map(|at| (p(at), at.rate)).collect();
        by_p.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rejected = by_p
            .iter()
            .enumerate()
            .take_while(|(before, (p, _))| *p <= ALPHA / (tested.len() - before) as f64);
        let mut rates: Vec<f64> = rejected.map(|(_, &(_, rate))| rate).collect();
        rates.sort_by(f64::total_cmp);
        rates
    }
}

impl Test for EveryRate {
    fn judge(&self, records: Records<'_>) -> Finding {
        let sides = self.across.rates(records);
        let mut rates = sides.concat();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        let missing = |rate: &f64| !sides.iter().all(|side| side.contains(rate));
        let (missing, common): (Vec<f64>, Vec<f64>) = rates.iter().partition(|rate| missing(rate));
        let all: Vec<AtRate> = common.iter().map(|&rate| self.at(records, rate)).collect();
        let (judged, silent): (Vec<&AtRate>, Vec<&AtRate>) =
            all.iter().partition(|at| at.evidence.bounds().is_some());
        let refuted = self.refuted(&judged);
        let of = |verdict| move |at: &&&AtRate| at.finding.verdict == verdict;
        let in_favour = judged.iter().filter(of(Verdict::Reproduced)).count();
        let open: Vec<f64> = (judged.iter())
            .filter(|at| at.finding.verdict != Verdict::Reproduced && !refuted.contains(&at.rate))
            .map(|at| at.rate)
            .collect();

        let verdict = if !refuted.is_empty() {
            Verdict::NotReproduced
        } else if in_favour == rates.len() && !rates.is_empty() {
            Verdict::Reproduced
        } else {
            Verdict::Inconclusive
        };
        let mut reason = format!("at {in_favour} of {} learning rates", rates.len());
        // Writing to a string cannot fail.
        let mut add = |what: &str, rates: &[f64]| {
            if !rates.is_empty() {
                let rates: Vec<String> = rates.iter().map(|&rate| written(rate)).collect();
                let _ = write!(reason, "; {what} at η = {}", rates.join(", "));
            }
        };
        add("refuted", &refuted);
        add("undecided", &open);
        let silent_rates: Vec<f64> = silent.iter().map(|at| at.rate).collect();
        add("too few pairs say anything", &silent_rates);
        add("one side was not tried", &missing);
        let against = |interval: &Interval| self.claimed.against(interval.median);
        let worst = all
            .iter()
            .filter_map(|at| Some((at.rate, at.finding.interval?)))
            .max_by(|(_, a), (_, b)| against(a).total_cmp(&against(b)));
        if let Some((rate, interval)) = worst {
            let least = number(interval.median);
            let _ = write!(reason, "; least: {least} at η = {}", written(rate));
        }
        Finding {
            verdict,
            reason,
            interval: worst.map(|(_, interval)| interval),
            tied: None,
            in_favour,
            pairs: judged.len(),
            no_evidence: silent.len(),
            planned: rates.len(),
        }
    }

    fn describe(&self) -> String {
        let [left, right] = self.across.names();
        let compared = self.claimed.describe(&self.across.compared, &left, &right);
        format!("{compared} at every learning rate{}", self.across.up_to())
    }

    fn wants(&self) -> Vec<Want<'_>> {
        self.across.wants()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::pair::tests::{across, run, tried};
    use crate::record::{RateRow, RunRow};

    const RATES: [f64; 3] = [0.1, 1.0, 10.0];

    /// The finding on runs whose ratio at each of the rates and trials is as told; `None`: both
    /// sides fail.
    fn judged(trials: usize, ratio: impl Fn(f64, usize) -> Option<f64>) -> Finding {
        let mut runs: Vec<RunRow> = Vec::new();
        for rate in RATES {
            for trial in 0..trials {
                let (mut left, mut right) = (run("o", trial, rate), run("r", trial, rate));
                let found = ratio(rate, trial);
                left.final_loss = found.unwrap_or(f64::INFINITY);
                right.final_loss = found.map_or(f64::INFINITY, |_| 1.0);
                right.gradient_norm *= 2.0;
                runs.extend([left, right]);
            }
        }
        let rates: Vec<RateRow> =
            ["o", "r"].iter().flat_map(|side| RATES.map(|rate| tried(side, rate))).collect();
        let test = EveryRate { across: across(None), claimed: Claimed::at_least(2.0) };
        test.judge(Records { runs: &runs, rates: &rates, planned: trials, ..Records::default() })
    }

    #[test]
    fn it_holds_where_it_holds_at_every_rate() {
        let finding = judged(5, |rate, _| Some(2.0 + rate));
        assert_eq!(finding.verdict, Verdict::Reproduced);
        assert_eq!((finding.in_favour, finding.pairs, finding.planned), (3, 3, 3));
        assert_eq!(finding.reason, "at 3 of 3 learning rates; least: 2.10 at η = 0.1");
        assert_eq!(finding.interval.map(|interval| interval.median), Some(2.1));
        // Four trials are too few, at any rate.
        let few = judged(4, |rate, _| Some(2.0 + rate));
        assert_eq!((few.verdict, few.pairs, few.no_evidence), (Verdict::Inconclusive, 0, 3));
        // A rate at which nobody arrives says nothing, and every rate is needed.
        let silent = judged(5, |rate, _| (rate < 10.0).then_some(3.0));
        assert_eq!((silent.verdict, silent.no_evidence), (Verdict::Inconclusive, 1));
        assert!(silent.reason.contains("too few pairs say anything at η = 10"));
        // Trials pair with themselves: medians of the sides would hide what each trial says.
        let open = judged(5, |rate, trial| Some(if rate == 1.0 && trial == 0 { 1.0 } else { 3.0 }));
        assert_eq!((open.verdict, open.in_favour), (Verdict::Inconclusive, 2));
        assert!(open.reason.contains("undecided at η = 1"), "{}", open.reason);
    }

    #[test]
    fn one_refuted_rate_refutes_it_after_holms_correction() {
        let at_one = |rate: f64, _| Some(if rate == 1.0 { 1.0 } else { 3.0 });
        // 2⁻⁵ is below 5 %, but not below a third of it; 2⁻⁶ is.
        let five = judged(5, at_one);
        assert_eq!(five.verdict, Verdict::Inconclusive);
        assert!(five.reason.contains("undecided at η = 1"), "{}", five.reason);
        let six = judged(6, at_one);
        assert_eq!(six.verdict, Verdict::NotReproduced);
        assert!(six.reason.contains("refuted at η = 1;"), "{}", six.reason);
        // Of two, the second is against half: 2⁻⁶ is below 2.5 %.
        let two = judged(6, |rate, _| Some(if rate == 0.1 { 3.0 } else { 1.0 }));
        assert!(two.reason.contains("refuted at η = 1, 10"), "{}", two.reason);
    }
}
