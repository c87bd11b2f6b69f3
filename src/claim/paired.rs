//! The paired ratio, or difference, of two sides over the trials.

use crate::claim::claimed::{Claimed, Comparison};
use crate::claim::compared::Compared;
use crate::claim::side::sides;
use crate::claim::{Entry, Finding, Records, Side, Test, ties};
use crate::config::Reader;
use crate::need::{Need, Want};

pub(super) const RATIO: Entry<dyn Test> = Entry {
    name: "ratio",
    summary: "the ratio left/right of a metric, trial by trial, against a factor",
    read: |reader: &mut Reader<'_>| read(reader, Comparison::Ratio),
};

pub(super) const DIFFERENCE: Entry<dyn Test> = Entry {
    name: "difference",
    summary: "the difference left − right of a metric, trial by trial, against a bound",
    read: |reader: &mut Reader<'_>| read(reader, Comparison::Difference),
};

fn read(reader: &mut Reader<'_>, comparison: Comparison) -> Option<Box<dyn Test>> {
    let compared = Compared::read(reader);
    let sides = sides(reader, true);
    let claimed = Claimed::read(reader, comparison);
    let [left, right] = sides?;
    Some(Box::new(Paired { compared: compared?, left, right, claimed: claimed? }))
}

#[derive(Debug)]
struct Paired {
    compared: Compared,
    left: Side,
    right: Side,
    claimed: Claimed,
}

impl Test for Paired {
    fn judge(&self, records: Records<'_>) -> Finding {
        ties::judge([&self.left, &self.right], records, |[left, right]| {
            let evidence = self.claimed.evidence(&self.compared, left, right, records);
            evidence.judge(self.claimed.bounds(), "pairs")
        })
    }

    fn describe(&self) -> String {
        let [left, right] = [&self.left, &self.right].map(Side::to_string);
        self.claimed.describe(&self.compared, &left, &right)
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("test", Need::Training)];
        wants.extend(self.left.wants("left", true));
        wants.extend(self.right.wants("right", true));
        wants.extend(Want::all("metric", self.compared.metric.needs.iter().copied()));
        wants
    }
}
