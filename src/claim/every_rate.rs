//! The ratio of two sides at every learning rate: is an advantage robust?

use crate::claim::bootstrap::median_interval;
use crate::claim::ratio::{Relation, ratio};
use crate::claim::{Entry, Finding, Records, Side, Test, Verdict};
use crate::config::{Allowed, Reader};
use crate::sweep::{self, Metric};

pub(super) const ENTRY: Entry = Entry {
    name: "every-rate",
    summary: "the ratio left/right of a metric's medians at each learning rate against a factor",
    read: |reader: &mut Reader<'_>| {
        let metric = reader.choice("metric", &Metric::choices());
        let left = reader.table("left", Side::read);
        let right = reader.table("right", Side::read);
        let relation = Relation::read(reader);
        let share = reader.number_or("share", 0.9, Allowed::between(0.5, 1.0));
        let highest = reader.number_or("highest_rate", f64::MAX, Allowed::positive());
        Some(Box::new(EveryRate {
            metric: metric?,
            left: left?,
            right: right?,
            relation: relation?,
            share: share?,
            highest: highest?,
        }))
    },
};

/// Reproduced when the relation holds at `share` of the learning rates (up to `highest`) at which
/// not both sides fail in most trials; not reproduced when it holds at fewer than half.
#[derive(Debug)]
struct EveryRate {
    metric: Metric,
    left: Side,
    right: Side,
    relation: Relation,
    share: f64,
    highest: f64,
}

impl EveryRate {
    /// The median over the trials of a side at a learning rate.
    fn median(&self, side: &Side, records: Records<'_>, rate: f64) -> f64 {
        let values: Vec<f64> = side
            .all(records)
            .filter(|run| run.learning_rate == rate)
            .filter_map(|run| self.metric.value(run))
            .collect();
        sweep::median(&values)
    }
}

impl Test for EveryRate {
    fn judge(&self, records: Records<'_>) -> Finding {
        let mut rates: Vec<f64> = self.left.all(records).map(|run| run.learning_rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        rates.retain(|&rate| rate <= self.highest);
        let ratios: Vec<f64> = rates
            .iter()
            .map(|&rate| {
                let median = |side| self.median(side, records, rate);
                (median(&self.left), median(&self.right))
            })
            .filter(|(left, right)| left.is_finite() || right.is_finite())
            .map(|(left, right)| ratio(left, right))
            .filter(|ratio| !ratio.is_nan())
            .collect();
        let in_favour = ratios.iter().filter(|&&ratio| self.relation.holds(ratio)).count();
        let share = in_favour as f64 / ratios.len() as f64;
        Finding {
            verdict: if ratios.is_empty() {
                Verdict::Inconclusive
            } else if share >= self.share {
                Verdict::Reproduced
            } else if share < 0.5 {
                Verdict::NotReproduced
            } else {
                Verdict::Inconclusive
            },
            interval: median_interval(&ratios),
            in_favour,
            pairs: ratios.len(),
            planned: ratios.len(),
        }
    }

    fn describe(&self) -> String {
        let Self { metric, left, right, relation, .. } = self;
        format!(
            "median {} of {}/{} over {}/{} {} at {:.0} % of the learning rates",
            metric.name,
            left.algorithm,
            left.coordinates,
            right.algorithm,
            right.coordinates,
            relation.describe(),
            100.0 * self.share
        )
    }

    fn sides(&self) -> Vec<&Side> {
        vec![&self.left, &self.right]
    }
}
