//! The paired ratio of two sides over the trials.

use std::collections::BTreeMap;

use crate::claim::evidence::{Bounds, Evidence};
use crate::claim::{Entry, Finding, Records, Side, Test, pair};
use crate::config::{Allowed, Reader, key, short};
use crate::need::{Need, Want};
use crate::record::RunRow;
use crate::sweep::Metric;

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "ratio",
    summary: "the ratio left/right of a metric, trial by trial, against a factor",
    read: |reader: &mut Reader<'_>| {
        let metric = reader
            .choice(key("metric", "the column of runs.csv that is compared"), &Metric::choices());
        let sides = sides(reader, true);
        let relation = Relation::read(reader);
        let [left, right] = sides?;
        Some(Box::new(Ratio { metric: metric?, left, right, relation: relation? }))
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
        let make =
            reader.choice(key("relation", "what is claimed of the ratio left/right"), &kinds);
        let factor = reader.number(key("factor", "the bound of the ratio"), Allowed::positive());
        let relation = make?(factor?);
        if matches!(relation, Self::Comparable(factor) if factor < 1.0) {
            reader.problem("factor", "must be at least 1 for the relation \"comparable\"");
            return None;
        }
        Some(relation)
    }

    /// Between which ratios it holds.
    pub(super) fn bounds(self) -> Bounds {
        match self {
            Self::AtLeast(factor) => [factor, f64::INFINITY],
            Self::AtMost(factor) => [f64::NEG_INFINITY, factor],
            Self::Comparable(factor) => [factor.recip(), factor],
        }
    }

    pub(super) fn describe(self) -> String {
        match self {
            Self::AtLeast(factor) => format!("≥ {}", short(factor)),
            Self::AtMost(factor) => format!("≤ {}", short(factor)),
            Self::Comparable(factor) => format!("within a factor {} of 1", short(factor)),
        }
    }
}

/// Reads `left` and `right`, which must differ: by their learning rates alone, if those are
/// `selected`.
pub(super) fn sides(reader: &mut Reader<'_>, selected: bool) -> Option<[Side; 2]> {
    let left = reader.table(key("left", "the runs above the line of the ratio"), Side::read);
    let right = reader.table(key("right", "the runs below the line of the ratio"), Side::read);
    let (left, right) = (left?, right?);
    let same = left.algorithm == right.algorithm && left.coordinates == right.coordinates;
    if same && (left.tuned == right.tuned || !selected) {
        reader.problem("right", "is the same as `left`: a side compared with itself says nothing");
        return None;
    }
    Some([left, right])
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
        let sides = self.left.runs(records).and_then(|left| Ok((left, self.right.runs(records)?)));
        match sides {
            Ok((left, right)) => evidence(&self.metric, &left, &right, records.planned)
                .judge(self.relation.bounds(), "pairs"),
            Err(why) => Finding::nothing(why, records.planned),
        }
    }

    fn describe(&self) -> String {
        let Self { metric, left, right, relation } = self;
        format!("{} of {left} over {right} {}", metric.name, relation.describe())
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("test", Need::Training)];
        wants.extend(self.left.wants("left", true));
        wants.extend(self.right.wants("right", true));
        wants.extend(Want::all("metric", self.metric.needs.iter().copied()));
        wants
    }
}

/// The ratios of the trials that both sides have.
pub(super) fn evidence(
    metric: &Metric,
    left: &BTreeMap<usize, &RunRow>,
    right: &BTreeMap<usize, &RunRow>,
    planned: usize,
) -> Evidence {
    let pairs = left.iter().filter_map(|(trial, left)| Some((left, right.get(trial)?)));
    Evidence::new(pairs.map(|(left, right)| pair::ratio(metric, left, right)), planned)
}
