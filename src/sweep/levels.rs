//! Levels of the training loss, and what runs take to come down to one of them.

use crate::config::{Allowed, Reader, key};
use crate::need::{Need, Want};
use crate::record::RunRow;

/// The levels down to a target, a share of the initial suboptimality or loss: 10⁻¹, 10^−1.25, 10^−1.5
/// and so on, and last of all the target; none if that is no share.
pub fn ladder(target: f64) -> Vec<f64> {
    let rungs = (0..).map(|rung| 10.0_f64.powf(-1.0 - f64::from(rung) / 4.0));
    // A rung that rounding alone puts above the target is the target.
    let above = rungs.take_while(|share| *share > target * (1.0 + 1e-9));
    if target > 0.0 && target < 1.0 { above.chain([target]).collect() } else { Vec::new() }
}

/// What is counted on the way to a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Steps, or epochs with minibatches.
    Steps,
    /// Gradients: those that updates were made with, and those that were sampled for the coordinate
    /// system.
    Gradients,
    /// Floating-point operations: of the updates, and of making the change of variables.
    Flops,
}

impl Effort {
    /// All of them, as configs choose them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("steps_to_level", Self::Steps),
        ("gradients_to_level", Self::Gradients),
        ("flops_to_level", Self::Flops),
    ];

    /// Its name in configs.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, effort)| *effort == self);
        named.map_or("", |(name, _)| name)
    }
}

/// What a run takes to come down to a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToLevel {
    /// What is counted.
    pub effort: Effort,
    /// The share of the initial suboptimality, or loss, that is to be reached.
    pub level: f64,
}

impl ToLevel {
    /// Reads `level`.
    pub fn read(reader: &mut Reader<'_>, effort: Effort) -> Option<Self> {
        let level =
            key("level", "part of the initial suboptimality, or loss, that is to be reached");
        let level = reader.number(level, Allowed::between(0.0, 1.0))?;
        Some(Self { effort, level })
    }

    /// What it needs of the experiment.
    pub fn wants(&self) -> [Want<'static>; 2] {
        [Need::Target, Need::Level(self.level)].map(|need| Want::new("level", need))
    }

    /// What a run took: infinite where it never came so low, or diverged. `epochs` are those of every
    /// run, with minibatches; without, levels are counted in updates.
    pub fn value(&self, run: &RunRow, epochs: Option<usize>) -> f64 {
        let rung = ladder(self.level).len().checked_sub(1);
        let step = rung.and_then(|rung| run.levels.0.get(rung).copied());
        let Some(step) = step.filter(|_| !run.stop.is_failure()) else { return f64::INFINITY };
        let whole = epochs.map_or(run.steps, |epochs| epochs as u64).max(1);
        // Epochs take as much as each other, and so do updates with full batches.
        let part = |all: u64| all as f64 * step as f64 / whole as f64;
        match self.effort {
            Effort::Steps => step as f64,
            Effort::Gradients => run.egop_gradients as f64 + part(run.training_gradients),
            Effort::Flops => run.setup_flops as f64 + part(run.training_flops),
        }
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
        let value = |run: &RunRow, level: f64, epochs: Option<usize>| {
            Effort::NAMES.map(|(_, effort)| ToLevel { effort, level }.value(run, epochs))
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
