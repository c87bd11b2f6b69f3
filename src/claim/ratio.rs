//! The paired ratio of two sides over the trials.

use crate::claim::bootstrap::median_interval;
use crate::claim::{Entry, Finding, Records, Side, Test, Verdict};
use crate::config::{Allowed, Reader};
use crate::sweep::Metric;

pub(super) const ENTRY: Entry = Entry {
    name: "ratio",
    summary: "the ratio left/right of a metric, trial by trial, against a factor",
    read: |reader: &mut Reader<'_>| {
        let metric = reader.choice("metric", &Metric::choices());
        let left = reader.table("left", Side::read);
        let right = reader.table("right", Side::read);
        let relation = Relation::read(reader);
        Some(Box::new(Ratio { metric: metric?, left: left?, right: right?, relation: relation? }))
    },
};

/// What is claimed of a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Relation {
    /// ratio ≥ factor.
    AtLeast(f64),
    /// ratio ≤ factor.
    AtMost(f64),
    /// 1/factor ≤ ratio ≤ factor.
    Comparable(f64),
}

impl Relation {
    /// Reads `relation` and `factor`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        type Make = fn(f64) -> Relation;
        let kinds: [(&str, Make); 3] = [
            ("at-least", Self::AtLeast),
            ("at-most", Self::AtMost),
            ("comparable", Self::Comparable),
        ];
        let make = reader.choice("relation", &kinds);
        let factor = reader.number("factor", Allowed::positive());
        let relation = make?(factor?);
        if matches!(relation, Self::Comparable(factor) if factor < 1.0) {
            reader.problem("factor", "must be at least 1 for the relation \"comparable\"");
            return None;
        }
        Some(relation)
    }

    pub(super) fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(factor) => ratio >= factor,
            Self::AtMost(factor) => ratio <= factor,
            Self::Comparable(factor) => (factor.recip()..=factor).contains(&ratio),
        }
    }

    fn verdict(self, [lower, median, upper]: [f64; 3]) -> Verdict {
        let outside = match self {
            Self::AtLeast(factor) => upper < factor,
            Self::AtMost(factor) => lower > factor,
            Self::Comparable(factor) => upper < factor.recip() || lower > factor,
        };
        if median.is_nan() {
            Verdict::Inconclusive
        } else if self.holds(lower) && self.holds(upper) {
            Verdict::Reproduced
        } else if outside {
            Verdict::NotReproduced
        } else {
            Verdict::Inconclusive
        }
    }

    pub(super) fn describe(self) -> String {
        match self {
            Self::AtLeast(factor) => format!("≥ {factor}"),
            Self::AtMost(factor) => format!("≤ {factor}"),
            Self::Comparable(factor) => format!("within a factor {factor} of 1"),
        }
    }
}

/// left/right. Two failures are even; a failure against a finite value is ∞ or 0.
pub(super) fn ratio(left: f64, right: f64) -> f64 {
    if left == right { 1.0 } else { left / right }
}

#[derive(Debug)]
struct Ratio {
    metric: Metric,
    left: Side,
    right: Side,
    relation: Relation,
}

impl Test for Ratio {
    fn judge(&self, records: Records<'_>) -> Finding {
        let left = self.left.values(records, &self.metric);
        let right = self.right.values(records, &self.metric);
        let ratios: Vec<f64> = left
            .iter()
            .filter_map(|(trial, &left)| Some(ratio(left, *right.get(trial)?)))
            .collect();
        let interval = median_interval(&ratios);
        Finding {
            verdict: self.relation.verdict(interval),
            interval,
            in_favour: ratios.iter().filter(|&&ratio| self.relation.holds(ratio)).count(),
            pairs: ratios.len(),
            planned: records.planned,
        }
    }

    fn describe(&self) -> String {
        let Self { metric, left, right, relation } = self;
        format!("{} of {left} over {right} {}", metric.name, relation.describe())
    }

    fn sides(&self) -> Vec<&Side> {
        vec![&self.left, &self.right]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_need_the_whole_interval() {
        let at_least = Relation::AtLeast(2.0);
        assert_eq!(at_least.verdict([2.0, 3.0, 9.0]), Verdict::Reproduced);
        assert_eq!(at_least.verdict([1.0, 3.0, 9.0]), Verdict::Inconclusive);
        assert_eq!(at_least.verdict([0.1, 0.2, 1.9]), Verdict::NotReproduced);
        assert_eq!(at_least.verdict([f64::NAN; 3]), Verdict::Inconclusive);
        let comparable = Relation::Comparable(1.5);
        assert_eq!(comparable.verdict([0.7, 1.0, 1.4]), Verdict::Reproduced);
        assert_eq!(comparable.verdict([1.6, 2.0, 3.0]), Verdict::NotReproduced);
        assert_eq!(Relation::AtMost(1.0).verdict([0.1, 0.5, 0.9]), Verdict::Reproduced);
    }

    #[test]
    fn failures_make_ratios_that_mean_something() {
        assert_eq!(ratio(f64::INFINITY, 1.0), f64::INFINITY);
        assert_eq!(ratio(1.0, f64::INFINITY), 0.0);
        assert_eq!(ratio(f64::INFINITY, f64::INFINITY), 1.0);
    }
}
