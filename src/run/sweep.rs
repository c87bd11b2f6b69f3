//! Tuning learning rates: coarse, extended until the best is interior, refined, selected.

use crate::error::Result;
use crate::experiment::{Algorithm, Rates};
use crate::record::{RateRow, RunRow};
use crate::run::observer::Stage;
use crate::run::pass::{Failure, Runner};
use crate::run::task::Task;
use crate::sweep::{self, Grid, Limits, Rated, Selected};
use crate::trial::Recording;

/// A finished sweep.
#[derive(Clone, Debug)]
pub struct Swept {
    /// All runs, sorted.
    pub runs: Vec<RunRow>,
    /// The metric of each learning rate, with the selected ones marked.
    pub rates: Vec<RateRow>,
    /// Tasks that failed.
    pub failures: Vec<Failure>,
}

/// Runs so far.
struct State<'r, 'a> {
    runner: &'r Runner<'a>,
    runs: Vec<RunRow>,
    failures: Vec<Failure>,
}

pub(super) fn sweep(runner: &Runner<'_>) -> Result<Swept> {
    let experiment = runner.experiment;
    let mut state = State { runner, runs: Vec::new(), failures: Vec::new() };
    let mut grids: Vec<Option<(Grid, Limits)>> = Vec::new();
    let mut next: Vec<Vec<f64>> = Vec::new();
    for algorithm in &experiment.algorithms {
        match &algorithm.rates {
            Rates::Fixed(rates) => {
                grids.push(None);
                next.push(rates.clone());
            }
            Rates::Swept { coarse, limits } => {
                grids.push(Some((*coarse, *limits)));
                next.push(coarse.rates());
            }
        }
    }
    while next.iter().any(|rates| !rates.is_empty()) {
        state.try_rates(&next)?;
        next = grids
            .iter_mut()
            .zip(&experiment.algorithms)
            .map(|(grid, algorithm)| state.extend(grid.as_mut(), algorithm))
            .collect();
    }
    let refined = grids
        .iter()
        .zip(&experiment.algorithms)
        .map(|(grid, algorithm)| state.refine(*grid, algorithm))
        .collect::<Vec<_>>();
    if refined.iter().any(|rates| !rates.is_empty()) {
        state.try_rates(&refined)?;
    }
    let order = |run: &RunRow| {
        (
            run.trial,
            experiment.algorithm_index(&run.algorithm),
            experiment.coordinates_index(&run.coordinates),
        )
    };
    state
        .runs
        .sort_by(|a, b| order(a).cmp(&order(b)).then(a.learning_rate.total_cmp(&b.learning_rate)));
    let rates = state.table();
    Ok(Swept { runs: state.runs, rates, failures: state.failures })
}

impl State<'_, '_> {
    /// Runs every trial in every coordinate system at these learning rates of each algorithm.
    fn try_rates(&mut self, rates: &[Vec<f64>]) -> Result<()> {
        let experiment = self.runner.experiment;
        // Coordinate systems within trials: what a trial prepares is used at once.
        let tasks: Vec<Task> = (0..experiment.trials)
            .flat_map(|trial| {
                (0..experiment.coordinates.len()).map(move |coordinates| (trial, coordinates))
            })
            .map(|(trial, coordinates)| Task {
                trial,
                coordinates,
                rates: rates.to_vec(),
                recording: Recording::Summary,
            })
            .collect();
        let (rows, failures) = self.runner.pass(Stage::Sweep, &tasks)?;
        self.runs.extend(rows.into_iter().flat_map(|rows| rows.runs));
        // A trial that cannot be drawn fails in every pass.
        for failure in failures {
            if !self.failures.contains(&failure) {
                self.failures.push(failure);
            }
        }
        Ok(())
    }

    /// The metric at each learning rate tried, ascending.
    fn rated(&self, algorithm: &str, coordinates: &str) -> Vec<Rated> {
        let experiment = self.runner.experiment;
        let runs: Vec<&RunRow> = self
            .runs
            .iter()
            .filter(|run| run.algorithm == algorithm && run.coordinates == coordinates)
            .collect();
        let mut rates: Vec<f64> = runs.iter().map(|run| run.learning_rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        rates
            .into_iter()
            .map(|rate| {
                let runs: Vec<&RunRow> =
                    runs.iter().copied().filter(|run| run.learning_rate == rate).collect();
                sweep::rate(rate, &runs, &experiment.sweep.metric, experiment.sweep.floor)
            })
            .collect()
    }

    fn best(&self, algorithm: &str, coordinates: &str) -> Option<Selected> {
        let goal = self.runner.experiment.sweep.metric.goal;
        sweep::select(&self.rated(algorithm, coordinates), goal)
    }

    /// The best coarse exponent in each coordinate system that is tuned; none where every rate
    /// diverged.
    fn best_decades(&self, algorithm: &Algorithm) -> Vec<(&str, Option<i32>)> {
        let tuned = self.runner.experiment.sweep.tune.iter();
        tuned
            .map(|coordinates| {
                let best = self.best(&algorithm.name, coordinates);
                (&**coordinates, best.map(|best| sweep::decade(best.learning_rate)))
            })
            .collect()
    }

    /// Widens a coarse grid while a best learning rate lies on its edge; returns the new rates.
    fn extend(&self, grid: Option<&mut (Grid, Limits)>, algorithm: &Algorithm) -> Vec<f64> {
        let Some((grid, limits)) = grid else { return Vec::new() };
        let before = grid.rates();
        for (coordinates, best) in self.best_decades(algorithm) {
            // Where every rate diverged, smaller ones are tried.
            let best = best.unwrap_or(grid.from);
            let name = &algorithm.name;
            if let Some(extended) = grid.extended(best, *limits) {
                *grid = extended;
                self.runner.observer.note(&format!(
                    "{name}: the best coarse learning rate in {coordinates} coordinates, 1e{best}, \
                     is on the edge of the grid: extended by a decade"
                ));
            } else if best == limits.lowest || best == limits.highest {
                self.runner.observer.note(&format!(
                    "{name}: the best coarse learning rate in {coordinates} coordinates, 1e{best}, \
                     is at the limit of the sweep"
                ));
            }
        }
        grid.rates().into_iter().filter(|rate| !before.contains(rate)).collect()
    }

    /// The refined learning rates that were not tried yet.
    fn refine(&self, grid: Option<(Grid, Limits)>, algorithm: &Algorithm) -> Vec<f64> {
        let Some((grid, limits)) = grid else { return Vec::new() };
        let best: Vec<i32> =
            self.best_decades(algorithm).into_iter().filter_map(|(_, decade)| decade).collect();
        let tried = grid.rates();
        sweep::refined(&best, limits).into_iter().filter(|rate| !tried.contains(rate)).collect()
    }

    /// All learning rates, with the selected ones marked.
    fn table(&self) -> Vec<RateRow> {
        let experiment = self.runner.experiment;
        let original =
            experiment.coordinates.iter().find(|coordinates| coordinates.basis.is_identity());
        let mut rows = Vec::new();
        for algorithm in &experiment.algorithms {
            let shared = original.and_then(|original| self.best(&algorithm.name, &original.name));
            for coordinates in &experiment.coordinates {
                let own = self.best(&algorithm.name, &coordinates.name);
                for rated in self.rated(&algorithm.name, &coordinates.name) {
                    let here = |best: &&Selected| best.learning_rate == rated.learning_rate;
                    let by_original = shared.as_ref().filter(here);
                    let by_own = own.as_ref().filter(here);
                    let selected = match (by_original, by_own) {
                        (Some(_), Some(_)) => "both",
                        (Some(_), None) => "original",
                        (None, Some(_)) => "own",
                        (None, None) => "",
                    };
                    let reason = by_own.or(by_original).map(|selected| selected.reason.clone());
                    let [lower_quartile, median, upper_quartile] = rated.quartiles;
                    rows.push(RateRow {
                        algorithm: algorithm.name.clone(),
                        coordinates: coordinates.name.clone(),
                        learning_rate: rated.learning_rate,
                        metric: experiment.sweep.metric.name.into(),
                        median,
                        lower_quartile,
                        upper_quartile,
                        reached_target: Some(rated.reached_target).filter(|step| step.is_finite()),
                        trials: rated.trials,
                        planned: experiment.trials,
                        diverged: rated.diverged,
                        selected: selected.into(),
                        reason: reason.unwrap_or_default(),
                    });
                }
            }
        }
        rows
    }
}
