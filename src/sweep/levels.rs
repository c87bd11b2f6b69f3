//! Levels of the training loss, and what runs take to come down to one of them.

use crate::config::{Allowed, Reader, key};
use crate::need::{Need, Want};
use crate::record::{CostUnit, Levels, RunRow};

/// The levels down to a target, a share of the initial suboptimality or loss: 10⁻¹, 10^−1.25, 10^−1.5
/// and so on, and last of all the target; none if that is no share.
pub fn ladder(target: f64) -> Vec<f64> {
    let rungs = (0..).map(|rung| 10.0_f64.powf(-1.0 - f64::from(rung) / 4.0));
    // A rung that rounding alone puts above the target is the target.
    let above = rungs.take_while(|share| *share > target * (1.0 + 1e-9));
    if target > 0.0 && target < 1.0 { above.chain([target]).collect() } else { Vec::new() }
}

/// What a run took to come down to a level, by its place in the [`ladder`]: infinite where it never came
/// so low, or diverged. With minibatches a step is one of so many `epochs`, all of which a run makes
/// unless it fails, and which have as many gradients as each other.
pub fn cost(unit: CostUnit, run: &RunRow, rung: usize, epochs: Option<u64>) -> f64 {
    let Levels(reached) = match unit {
        CostUnit::Steps | CostUnit::Gradients => &run.levels,
        CostUnit::Flops => &run.level_flops,
    };
    let reached = reached.get(rung).filter(|_| !run.stop.is_failure());
    let Some(reached) = reached.map(|&number| number as f64) else { return f64::INFINITY };
    match unit {
        CostUnit::Steps => reached,
        CostUnit::Gradients if reached == 0.0 => run.egop_gradients as f64,
        CostUnit::Gradients => {
            let each = run.training_gradients as f64 / epochs.unwrap_or(run.steps) as f64;
            run.egop_gradients as f64 + reached * each
        }
        CostUnit::Flops => run.setup_flops as f64 + reached,
    }
}

/// What a run takes to come down to a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToLevel {
    /// What is counted.
    pub unit: CostUnit,
    /// The share of the initial suboptimality, or loss, that is to be reached.
    pub level: f64,
}

impl ToLevel {
    /// Reads `level`.
    pub fn read(reader: &mut Reader<'_>, unit: CostUnit) -> Option<Self> {
        let level =
            key("level", "part of the initial suboptimality, or loss, that is to be reached");
        let level = reader.number(level, Allowed::between(0.0, 1.0))?;
        Some(Self { unit, level })
    }

    /// What it needs of the experiment.
    pub fn wants(&self) -> [Want<'static>; 2] {
        [Need::Target, Need::Level(self.level)].map(|need| Want::new("level", need))
    }

    /// What a run took: infinite where it never came so low, or diverged. `epochs` as in [`cost`].
    pub fn value(&self, run: &RunRow, epochs: Option<u64>) -> f64 {
        let rung = ladder(self.level).len().checked_sub(1);
        rung.map_or(f64::INFINITY, |rung| cost(self.unit, run, rung, epochs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Stop;
    use crate::sweep::selection::tests::row;

    #[test]
    fn the_ladder_ends_at_the_target() {
        assert_eq!(ladder(1e-6).len(), 21);
        assert_eq!(*ladder(1e-6).last().unwrap(), 1e-6);
        let powers = [10.0_f64.powi(-1), 10.0_f64.powf(-1.25), 10.0_f64.powf(-1.5), 0.02];
        assert_eq!(ladder(0.02), powers);
        assert_eq!(ladder(0.5), [0.5]);
        for none in [0.0, 1.0, 2.0] {
            assert!(ladder(none).is_empty());
        }
    }

    #[test]
    fn a_level_takes_what_the_run_took_until_then_and_the_whole_set_up() {
        let mut run = row(40);
        run.levels = Levels(vec![2, 4, 8, 8, 10]);
        // A basis that is made anew after five steps takes 1000.
        run.level_flops = Levels(vec![200, 400, 1800, 1800, 2000]);
        (run.training_gradients, run.training_flops) = (40, 4000);
        (run.egop_gradients, run.setup_flops) = (7, 900);
        let value = |run: &RunRow, level: f64, epochs: Option<u64>| {
            CostUnit::NAMES.map(|(_, unit)| ToLevel { unit, level }.value(run, epochs))
        };
        // Full batches: a tenth of 40 updates.
        assert_eq!(value(&run, 10_f64.powf(-1.25), None), [4.0, 11.0, 1300.0]);
        // Of 20 epochs, each of 2 updates, 10.
        assert_eq!(value(&run, 1e-2, Some(20)), [10.0, 27.0, 2900.0]);
        assert_eq!(value(&run, 1e-3, None), [f64::INFINITY; 3]);
        // What diverged later does not stay where it was.
        run.stop = Stop::Diverged;
        assert_eq!(value(&run, 0.1, None), [f64::INFINITY; 3]);
    }
}
