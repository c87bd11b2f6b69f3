//! What estimating a basis anew takes while a run trains.

use crate::basis::{Material, Preparation};
use crate::coordinates::Cost;
use crate::experiment::{Experiment, System};
use crate::run::counts::Series;
use crate::trial::{Reestimation, State};

/// What it takes in a coordinate system.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anew {
    rule: Reestimation,
    /// Gradients that a basis is made of.
    pub window: usize,
    /// How often a run makes one, if it does not end early.
    pub number: usize,
    /// Of the maps that are made.
    pub maps: Cost,
    /// Parameters.
    dimension: usize,
    preparation: Preparation,
    /// Floating-point operations of B∘B.
    squares: f64,
}

impl Anew {
    /// `None`: there the basis stays.
    pub fn of(experiment: &Experiment, system: &System<'_>) -> Option<Self> {
        let (study, followed) = (experiment.training()?, system.followed()?);
        let (rule, layout) = (system.follow?.rule, system.objective.layout());
        let training = study.training.on(system.objective.examples());
        let window = rule.every.saturating_mul(training.steps_per_epoch());
        Some(Self {
            rule,
            window,
            number: rule.number(training.epochs),
            maps: followed.spec().cost(&layout, window),
            dimension: layout.dimension(),
            preparation: followed.spec().preparation(&layout, Material::gradients(window)),
            squares: followed.squares_flops(&layout, window),
        })
    }

    /// Floating-point operations of so many times, and of moving to the variables made: the basis of a
    /// window, the variables and what is linear in gradients there and back, and, of a replay, the
    /// window's gradients, and from the second time on squares.
    pub fn flops(&self, times: u64) -> f64 {
        let moving = 2.0 * self.maps.flops;
        let [replayed, squares] = match self.rule.state {
            State::Replay => [self.window as f64 * self.maps.flops / 2.0, self.squares],
            State::Carry | State::Reset => [0.0, 0.0],
        };
        let each = self.preparation.flops() + moving + replayed;
        times as f64 * each + times.saturating_sub(1) as f64 * squares
    }

    /// Updates with these maps around gradients once the first basis was made.
    pub fn series(&self, updates: Series) -> Series {
        if self.number == 0 { updates } else { updates.from(self.window as u64, self.maps.flops) }
    }

    /// Numbers held in the precision of the runs: the window, again in the new variables if it is
    /// replayed, and as a basis is made of it, squares of before, and the maps before and after.
    pub fn elements(&self) -> f64 {
        let windows = if self.rule.state == State::Replay { 2.0 } else { 1.0 };
        let rows = windows * self.window as f64 + 2.0;
        rows * self.dimension as f64 + self.preparation.gradients + 2.0 * self.maps.elements
    }

    /// Numbers held in doubles while a basis is made: what it is made of, and the maps as they were
    /// formed, before and after.
    pub fn doubles(&self) -> f64 {
        self.preparation.elements + 2.0 * self.maps.elements
    }
}
