//! The median of one side within bounds.

use crate::claim::evidence::{Evidence, Nothing};
use crate::claim::{Entry, Finding, Records, Side, Test, ties};
use crate::config::{Allowed, Reader, key, short};
use crate::need::{Need, Want};
use crate::record::RunRow;
use crate::sweep::{Metric, Unit};

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "range",
    summary: "the median of a metric between two bounds",
    read: |reader: &mut Reader<'_>| {
        let metric = reader.choice(
            key("metric", "the column of runs.csv whose median is judged"),
            &Metric::choices(),
        );
        let of = reader.table(key("of", "the runs that are judged"), Side::read);
        let lowest =
            reader.number(key("lowest", "the lowest median that is claimed"), Allowed::any());
        let highest =
            reader.number(key("highest", "the highest median that is claimed"), Allowed::any());
        let (metric, lowest, highest) = (metric?, lowest?, highest?);
        if lowest > highest {
            reader.problem("lowest", format!("must be at most `highest`, {highest}"));
            return None;
        }
        if metric.unit == Unit::Accuracy && (lowest > 1.0 || highest < 0.0) {
            let problem = "no accuracy is between these bounds: accuracies are shares, from 0 to 1";
            reader.problem("lowest", problem);
            return None;
        }
        Some(Box::new(Range { metric, of: of?, lowest, highest }))
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
        // A run that fails is outside of any bounds: that is a finding, not a lack of one.
        let worst = self.metric.goal.worst();
        let value = |run: &&RunRow| match self.metric.failed(run) {
            true => Ok(worst),
            false => self.metric.value(run).ok_or(Nothing::Undefined),
        };
        ties::judge([&self.of], records, |[runs]| {
            let evidence = Evidence::new(runs.values().map(value), records.planned);
            evidence.judge([self.lowest, self.highest], "trials")
        })
    }

    fn describe(&self) -> String {
        let Self { metric, of, lowest, highest } = self;
        format!("{} of {of} from {} to {}", metric.name, short(*lowest), short(*highest))
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("test", Need::Training)];
        wants.extend(self.of.wants("of", true));
        wants.extend(Want::all("metric", self.metric.needs.iter().copied()));
        wants
    }
}
