//! Two sides at every learning rate, selected or not.

use crate::claim::compared::Compared;
use crate::claim::side::sides;
use crate::claim::{Records, Side};
use crate::config::{Allowed, Reader, key};
use crate::need::{Need, Want};
use crate::sweep::Metric;

/// What is compared of two sides at the learning rates up to a highest one, if any.
#[derive(Debug)]
pub(super) struct Across {
    pub compared: Compared,
    pub left: Side,
    pub right: Side,
    pub highest: Option<f64>,
}

impl Across {
    /// Reads `metric`, one that is known of each run, `left` and `right`: all rates count.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let metric = key("metric", "the column of runs.csv that is compared");
        let metric = reader.choice(metric, &Metric::choices());
        let [left, right] = sides(reader, false)?;
        Some(Self { compared: Compared::as_recorded(metric?), left, right, highest: None })
    }

    /// The same with a metric of pairs of runs, and `highest_rate`.
    pub fn read_up_to(reader: &mut Reader<'_>) -> Option<Self> {
        let compared = Compared::read(reader);
        let sides = sides(reader, false);
        let rate =
            key("highest_rate", "the highest learning rate that is judged; otherwise all are");
        let highest = reader.optional_number(rate, Allowed::positive());
        let [left, right] = sides?;
        Some(Self { compared: compared?, left, right, highest: highest? })
    }

    /// The learning rates that each side was tried at, ascending.
    pub fn rates(&self, records: Records<'_>) -> [Vec<f64>; 2] {
        [&self.left, &self.right].map(|side| {
            let mut rates = side.rates(records);
            rates.retain(|&rate| self.highest.is_none_or(|highest| rate <= highest));
            rates
        })
    }

    /// Those that both were tried at, ascending.
    pub fn common_rates(&self, records: Records<'_>) -> Vec<f64> {
        let [left, right] = self.rates(records);
        left.into_iter().filter(|rate| right.contains(rate)).collect()
    }

    /// The names of the sides, whatever their rates.
    pub fn names(&self) -> [String; 2] {
        [&self.left, &self.right].map(|side| format!("{}/{}", side.algorithm, side.coordinates))
    }

    /// " up to 10", if there is a highest rate.
    pub fn up_to(&self) -> String {
        self.highest.map_or(String::new(), |highest| format!(" up to {highest}"))
    }

    /// What it needs of the experiment.
    pub fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("test", Need::Training)];
        wants.extend(self.left.wants("left", false));
        wants.extend(self.right.wants("right", false));
        wants.extend(Want::all("metric", self.compared.metric.needs_everywhere()));
        if let Some(highest) = self.highest {
            let needs =
                [&self.left, &self.right].map(|side| Need::RateUpTo(&side.algorithm, highest));
            wants.extend(Want::all("highest_rate", needs));
        }
        wants
    }
}
