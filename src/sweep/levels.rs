//! Levels of the training loss, and what runs take to come down to one of them.

use crate::config::{Allowed, Reader, key};
use crate::need::{Need, Want};
use crate::record::{CostUnit, RunRow};

/// The levels down to a target, a share of the initial suboptimality or loss: 10⁻¹, 10^−1.25, 10^−1.5
/// and so on, and last of all the target; none if that is no share.
pub fn ladder(target: f64) -> Vec<f64> {
    let rungs = (0..).map(|rung| 10.0_f64.powf(-1.0 - f64::from(rung) / 4.0));
    // A rung that rounding alone puts above the target is the target.
    let above = rungs.take_while(|share| *share > target * (1.0 + 1e-9));
    if target > 0.0 && target < 1.0 { above.chain([target]).collect() } else { Vec::new() }
}

/// What a run took up to one of its recorded steps: with minibatches one of so many `epochs`, all of
/// which a run makes unless it fails; without, an update. Epochs take as much as each other, and so do
/// updates with full batches.
pub fn cost(unit: CostUnit, run: &RunRow, step: f64, epochs: Option<u64>) -> f64 {
    let (setup, updates) = match unit {
        CostUnit::Steps => return step,
        CostUnit::Gradients => (run.egop_gradients, run.training_gradients),
        CostUnit::Flops => (run.setup_flops, run.training_flops),
    };
    if step == 0.0 || step.is_infinite() {
        return setup as f64 + step;
    }
    setup as f64 + step * updates as f64 / epochs.unwrap_or(run.steps) as f64
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
        let step = rung.and_then(|rung| run.levels.0.get(rung).copied());
        let step = step.filter(|_| !run.stop.is_failure());
        step.map_or(f64::INFINITY, |step| cost(self.unit, run, step as f64, epochs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Levels, Stop};
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
    fn a_level_takes_its_share_of_the_run_and_the_whole_set_up() {
        let mut run = row(40);
        run.levels = Levels(vec![2, 4, 8, 8, 10]);
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
