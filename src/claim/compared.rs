//! What is compared of two runs: a metric and, of steps to a level, what they are counted in.

use std::fmt;

use crate::config::{Reader, key};
use crate::record::{CostUnit, RunRow};
use crate::sweep::Metric;

/// A metric, and what the steps to a level are counted in; other metrics have their own unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared {
    pub metric: Metric,
    pub unit: CostUnit,
}

impl Compared {
    /// A metric as it is in `runs.csv`.
    pub fn as_recorded(metric: Metric) -> Self {
        Self { metric, unit: CostUnit::Steps }
    }

    /// Reads `metric`, one of pairs of runs, and `unit`, where it is one of steps to a level.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let metric = key("metric", "the column of runs.csv that is compared");
        let metric = reader.choice(metric, &Metric::choices_of_pairs())?;
        if !metric.unit.is_steps_to_level() {
            return Some(Self::as_recorded(metric));
        }
        let unit =
            key("unit", "what the way to the level is counted in; but for steps, with the set-up");
        let unit = reader.choice_or(unit, "steps", &CostUnit::NAMES);
        Some(Self { metric, unit: unit? })
    }

    /// What a run took up to one of its recorded steps: with minibatches one of so many `epochs`,
    /// all of which a run makes unless it fails.
    pub fn cost(&self, run: &RunRow, step: f64, epochs: Option<u64>) -> f64 {
        let (setup, updates) = match self.unit {
            CostUnit::Steps => return step,
            CostUnit::Gradients => (run.egop_gradients, run.training_gradients),
            CostUnit::Flops => (run.setup_flops, run.training_flops),
        };
        if step == 0.0 || step.is_infinite() {
            return setup as f64 + step;
        }
        setup as f64 + step * updates as f64 / epochs.unwrap_or(run.steps) as f64
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric.name)?;
        match self.unit {
            CostUnit::Steps => Ok(()),
            unit => write!(f, " in {}", unit.name()),
        }
    }
}
