//! What a sweep will do, as far as its rules tell before the results are there.

use super::{Between, Phase, SweepState};
use crate::experiment::{Algorithm, Coordinates};
use crate::sweep::{Grid, Limits};

/// A round that is to come.
pub(in crate::run) struct Forecast {
    /// What it is for.
    pub name: &'static str,
    /// How many runs it has in a trial, by coordinate system and algorithm.
    pub runs: Vec<Vec<Between<u64>>>,
}

/// How many runs an algorithm has in a trial, in each coordinate system that it trains in.
#[derive(Clone, Copy, Default)]
struct Rounds {
    extended: Between<u64>,
    refined: Between<u64>,
    /// At all learning rates that are tried.
    tried: Between<u64>,
}

impl SweepState<'_> {
    /// The rounds that come after the last one, and what follows the sweep. The rules of the sweep
    /// decide, whatever the results will be.
    pub fn forecast(&self) -> Vec<Forecast> {
        let study = self.study;
        let of = |(algorithm, grid)| self.rounds(algorithm, grid);
        let rounds: Vec<Rounds> = study.algorithms.iter().zip(&self.grids).map(of).collect();
        let everywhere = |runs: fn(&Rounds) -> Between<u64>| {
            let each: Vec<_> = rounds.iter().map(runs).collect();
            study.coordinates.iter().map(|system| study.there(system, &each)).collect()
        };
        // Where nothing is swept, the only round has them all.
        let recorded = study.all_curves && self.grids.iter().all(Option::is_none);
        let curves = study.coordinates.iter().map(|system| {
            let of = |(algorithm, rounds): (&Algorithm, &Rounds)| match study.all_curves {
                true if recorded => Between::default(),
                true => rounds.tried,
                false => self.selected(algorithm, system),
            };
            let each: Vec<_> = study.algorithms.iter().zip(&rounds).map(of).collect();
            study.there(system, &each)
        });
        vec![
            Forecast { name: "extended sweep", runs: everywhere(|rounds| rounds.extended) },
            Forecast { name: "refined sweep", runs: everywhere(|rounds| rounds.refined) },
            Forecast { name: "curves", runs: curves.collect() },
        ]
    }

    fn rounds(&self, algorithm: &Algorithm, grid: &Option<(Grid, Limits)>) -> Rounds {
        let first = algorithm.first_rates().len() as u64;
        let mut rounds =
            Rounds { tried: Between { lower: first, upper: first }, ..Rounds::default() };
        let Some((grid, limits)) = grid else { return rounds };
        let decades = |low: i32, high: i32| u64::try_from(high - low).unwrap_or(0);
        let (all, now) = (decades(limits.lowest, limits.highest), decades(grid.from, grid.to));
        let rest = all.saturating_sub(now);
        // Around each best rate three more in each of two decades, or of one at the limit.
        let tuned = self.study.sweep.tune.iter().filter(|name| algorithm.trains_in(name));
        let most = (6 * tuned.count() as u64).min(3 * all);
        if self.phase != Phase::Refined {
            rounds.extended.upper = rest;
            rounds.refined = Between { lower: 3.min(most), upper: most };
        }
        rounds.tried.upper += rest + most;
        rounds
    }

    /// Learning rates that are selected. The one that is best in original coordinates may not be the
    /// best in others.
    fn selected(&self, algorithm: &Algorithm, system: &Coordinates) -> Between<u64> {
        let original = self.study.original();
        let shared = original.is_some_and(|original| algorithm.trains_in(&original.name));
        let upper = if shared && !system.is_original() { 2 } else { 1 };
        Between { lower: 1, upper }
    }
}
