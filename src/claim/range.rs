//! The median of one side within bounds.

use crate::claim::bootstrap::median_interval;
use crate::claim::{Entry, Finding, Records, Side, Test, Verdict};
use crate::config::{Allowed, Reader};
use crate::sweep::Metric;

pub(super) const ENTRY: Entry = Entry {
    name: "range",
    summary: "the median of a metric between two bounds",
    read: |reader: &mut Reader<'_>| {
        let metric = reader.choice("metric", &Metric::choices());
        let of = reader.table("of", Side::read);
        let lowest = reader.number("lowest", Allowed::any());
        let highest = reader.number("highest", Allowed::any());
        Some(Box::new(Range { metric: metric?, of: of?, lowest: lowest?, highest: highest? }))
    },
};

#[derive(Debug)]
struct Range {
    metric: Metric,
    of: Side,
    lowest: f64,
    highest: f64,
}

impl Test for Range {
    fn judge(&self, records: Records<'_>) -> Finding {
        let values: Vec<f64> = self.of.values(records, &self.metric).into_values().collect();
        let interval @ [lower, median, upper] = median_interval(&values);
        let within = |value: f64| (self.lowest..=self.highest).contains(&value);
        Finding {
            verdict: if median.is_nan() {
                Verdict::Inconclusive
            } else if within(lower) && within(upper) {
                Verdict::Reproduced
            } else if upper < self.lowest || lower > self.highest {
                Verdict::NotReproduced
            } else {
                Verdict::Inconclusive
            },
            interval,
            in_favour: values.iter().filter(|&&value| within(value)).count(),
            pairs: values.len(),
            planned: records.planned,
        }
    }

    fn describe(&self) -> String {
        let Self { metric, of, lowest, highest } = self;
        format!("{} of {of} from {lowest} to {highest}", metric.name)
    }

    fn sides(&self) -> Vec<&Side> {
        vec![&self.of]
    }
}
