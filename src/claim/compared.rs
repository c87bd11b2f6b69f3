//! What is compared of two runs: a metric and, of steps to a level, what they are counted in.

use std::fmt;

use crate::config::{Reader, key};
use crate::record::{CostUnit, RunRow};
use crate::sweep::{self, Metric};

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
        let metric = key(
            "metric",
            "what is compared: a column of runs.csv, or what both runs take to a level",
        );
        let metric = reader.choice(metric, &Metric::choices_of_pairs())?;
        if !metric.unit.is_steps_to_level() {
            return Some(Self::as_recorded(metric));
        }
        let unit =
            key("unit", "what the way to the level is counted in; but for steps, with the set-up");
        let unit = reader.choice_or(unit, "steps", &CostUnit::NAMES);
        Some(Self { metric, unit: unit? })
    }

    /// All that pairs of runs can be compared by, as [`Display`](fmt::Display) writes them.
    pub fn choices() -> Vec<(String, Self)> {
        let in_units = |(_, metric): (&str, Metric)| {
            let counted = metric.unit.is_steps_to_level();
            let units = CostUnit::NAMES.map(|(_, unit)| unit).into_iter();
            let units = units.filter(move |&unit| counted || unit == CostUnit::Steps);
            units.map(move |unit| Self { metric, unit })
        };
        let all = Metric::choices_of_pairs().into_iter().flat_map(in_units);
        all.map(|compared| (compared.to_string(), compared)).collect()
    }

    /// What a run took to one of its levels, as in [`sweep::cost`].
    pub fn cost(&self, run: &RunRow, rung: usize, epochs: Option<u64>) -> f64 {
        sweep::cost(self.unit, run, rung, epochs)
    }

    /// What a run took to its target, the last of its levels, which is so many steps, if any.
    pub fn cost_of_target(&self, run: &RunRow, steps: f64, epochs: Option<u64>) -> f64 {
        match (self.unit, run.levels.0.len().checked_sub(1)) {
            (CostUnit::Gradients | CostUnit::Flops, Some(target)) if steps.is_finite() => {
                self.cost(run, target, epochs)
            }
            _ => steps,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::pair::ratio;
    use crate::claim::pair::tests::run;
    use crate::record::{Levels, Stop};

    /// Steps to levels of runs of 100 steps, the right one after 30 sampled gradients.
    fn compared(unit: CostUnit, epochs: Option<u64>, change: fn(&mut RunRow)) -> Option<f64> {
        let base = run("o", 0, 1.0);
        let left = RunRow {
            steps: 100,
            levels: Levels(vec![10, 40]),
            level_flops: Levels(vec![100, 400]),
            training_gradients: 100,
            training_flops: 1000,
            ..base.clone()
        };
        let mut right = RunRow {
            coordinates: "r".into(),
            levels: Levels(vec![5, 10]),
            level_flops: Levels(vec![150, 300]),
            egop_gradients: 30,
            training_flops: 3000,
            setup_flops: 500,
            ..left.clone()
        };
        change(&mut right);
        ratio(&Compared { metric: Metric::TO_COMMON_LEVEL, unit }, epochs, &left, &right).ok()
    }

    #[test]
    fn steps_to_a_level_have_a_price() {
        let unchanged = |unit, epochs| compared(unit, epochs, |_| {});
        assert_eq!(unchanged(CostUnit::Steps, None), Some(4.0));
        assert_eq!(unchanged(CostUnit::Gradients, None), Some(40.0 / (30.0 + 10.0)));
        assert_eq!(unchanged(CostUnit::Flops, None), Some(400.0 / (500.0 + 300.0)));
        // 50 epochs of two minibatches each.
        assert_eq!(unchanged(CostUnit::Gradients, Some(50)), Some(80.0 / (30.0 + 20.0)));
        // A basis that was made anew before the second level alone.
        let anew = compared(CostUnit::Flops, None, |run| run.level_flops.0[1] += 700);
        assert_eq!(anew, Some(400.0 / (500.0 + 1000.0)));
    }

    #[test]
    fn a_failure_has_no_price() {
        let lost = |unit| compared(unit, None, |run| run.stop = Stop::Diverged);
        assert_eq!(lost(CostUnit::Gradients), Some(0.0));
        assert_eq!(lost(CostUnit::Flops), Some(0.0));
        // Nor has a run that came nowhere before its first step.
        let at_once = compared(CostUnit::Gradients, None, |run| {
            (run.steps, run.training_gradients) = (0, 0);
            (run.levels, run.level_flops) = (Levels(vec![0]), Levels(vec![0]));
        });
        assert_eq!(at_once, Some(10.0 / 30.0));
    }

    #[test]
    fn it_is_said_what_is_counted() {
        let compared = |unit| Compared { metric: Metric::TO_TARGET, unit }.to_string();
        assert_eq!(compared(CostUnit::Steps), "reached_target");
        assert_eq!(compared(CostUnit::Flops), "reached_target in flops");
        let choices = Compared::choices();
        let of = |metric: &str| -> Vec<&str> {
            let of = choices.iter().filter(|(_, one)| one.metric.name == metric);
            of.map(|(name, _)| &**name).collect()
        };
        assert_eq!(of("final_loss"), ["final_loss"]);
        let common = ["common_level", "common_level in gradients", "common_level in flops"];
        assert_eq!(of("common_level"), common);
    }
}
