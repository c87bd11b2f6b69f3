//! What is claimed of two sides: how they are compared, and between which bounds the result lies.

use std::collections::BTreeMap;

use crate::claim::compared::Compared;
use crate::claim::evidence::{Bounds, Evidence, Nothing};
use crate::claim::{Records, pair};
use crate::config::{Allowed, Reader, key, short};
use crate::record::RunRow;
use crate::sweep::Unit;

/// How the two values of a pair are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// left/right.
    Ratio,
    /// left − right, accuracies in percentage points.
    Difference,
}

/// On which side of the bound the result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    AtLeast,
    AtMost,
    Comparable,
}

/// A comparison and what is claimed of its result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Claimed {
    comparison: Comparison,
    relation: Relation,
    bound: f64,
}

impl Claimed {
    /// Reads `relation`, and `factor` or `difference`.
    pub fn read(reader: &mut Reader<'_>, comparison: Comparison) -> Option<Self> {
        let kinds = [
            ("at-least", Relation::AtLeast),
            ("at-most", Relation::AtMost),
            ("comparable", Relation::Comparable),
        ];
        let relation =
            reader.choice(key("relation", "what is claimed of the left side's value"), &kinds);
        let bound = match comparison {
            Comparison::Ratio => {
                reader.number(key("factor", "the bound of the ratio"), Allowed::positive())
            }
            Comparison::Difference => {
                let meaning = "the bound of the difference; of accuracies, in percentage points";
                reader.number(key("difference", meaning), Allowed::any())
            }
        };
        let claimed = Self { comparison, relation: relation?, bound: bound? };
        let [low, high] = claimed.bounds();
        if low > high {
            let (key, least) = match comparison {
                Comparison::Ratio => ("factor", 1),
                Comparison::Difference => ("difference", 0),
            };
            let problem = format!("must be at least {least} for the relation \"comparable\"");
            reader.problem(key, problem);
            return None;
        }
        Some(claimed)
    }

    /// Between which values the claim holds.
    pub fn bounds(self) -> Bounds {
        let Self { comparison, relation, bound } = self;
        match (relation, comparison) {
            (Relation::AtLeast, _) => [bound, f64::INFINITY],
            (Relation::AtMost, _) => [f64::NEG_INFINITY, bound],
            (Relation::Comparable, Comparison::Ratio) => [bound.recip(), bound],
            (Relation::Comparable, Comparison::Difference) => [-bound, bound],
        }
    }

    /// What the trials that both sides have say.
    pub fn evidence(
        self,
        compared: &Compared,
        left: &BTreeMap<usize, &RunRow>,
        right: &BTreeMap<usize, &RunRow>,
        records: Records<'_>,
    ) -> Evidence {
        type Compare = fn(&Compared, Option<u64>, &RunRow, &RunRow) -> Result<f64, Nothing>;
        let compare: Compare = match self.comparison {
            Comparison::Ratio => pair::ratio,
            Comparison::Difference => pair::difference,
        };
        let pairs = pair::by_trial(left, right);
        let found = pairs.map(|(_, left, right)| compare(compared, records.epochs, left, right));
        Evidence::new(found, records.planned)
    }

    /// How far a median is on the wrong side of even; higher is worse.
    pub fn against(self, median: f64) -> f64 {
        let away = match self.comparison {
            Comparison::Ratio => median.ln(),
            Comparison::Difference => median,
        };
        match self.relation {
            Relation::AtLeast => -away,
            Relation::AtMost => away,
            Relation::Comparable => away.abs(),
        }
    }

    /// "metric of a over b ≥ 2", "metric of a minus b ≤ 1 point".
    pub fn describe(self, compared: &Compared, left: &str, right: &str) -> String {
        let quantity = compared.to_string();
        match self.comparison {
            Comparison::Ratio => self.describe_ratio(&quantity, left, right),
            Comparison::Difference if compared.metric.unit == Unit::Accuracy => {
                self.described(&quantity, left, ("minus", " points"), right)
            }
            Comparison::Difference => self.described(&quantity, left, ("minus", ""), right),
        }
    }

    /// "quantity of a over b ≥ 2".
    pub fn describe_ratio(self, quantity: &str, left: &str, right: &str) -> String {
        self.described(quantity, left, ("over", ""), right)
    }

    fn described(
        self,
        quantity: &str,
        left: &str,
        (sign, unit): (&str, &str),
        right: &str,
    ) -> String {
        let Self { comparison, relation, bound } = self;
        let bound = short(bound);
        let claimed = match (relation, comparison) {
            (Relation::AtLeast, _) => format!("≥ {bound}{unit}"),
            (Relation::AtMost, _) => format!("≤ {bound}{unit}"),
            (Relation::Comparable, Comparison::Ratio) => format!("within a factor {bound} of 1"),
            (Relation::Comparable, Comparison::Difference) => format!("within {bound}{unit} of 0"),
        };
        format!("{quantity} of {left} {sign} {right} {claimed}")
    }
}

#[cfg(test)]
impl Claimed {
    /// A ratio of at least this.
    pub fn at_least(factor: f64) -> Self {
        Self { comparison: Comparison::Ratio, relation: Relation::AtLeast, bound: factor }
    }
}
