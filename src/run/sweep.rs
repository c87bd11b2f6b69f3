//! Tuning learning rates: coarse, extended until the best is interior, refined, selected.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use crate::error;
use crate::experiment::{Algorithm, Coordinates, Experiment, Rates, TrainingStudy};
use crate::record::{RateRow, RunRow, Stop, TimingRow};
use crate::run::event::{EdgeReason, Event, GridEdge, Observer, Stage, Warning};
use crate::run::executor::Executor;
use crate::run::task::{Failure, Round, Rows, Task};
use crate::sweep::{self, Grid, Limits, RateStats, Selection};

mod forecast;

pub(super) use forecast::Forecast;

/// A number that is known to lie between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Between<T> {
    /// It is at least this.
    pub lower: T,
    /// It is at most this.
    pub upper: T,
}

/// A finished sweep.
#[derive(Clone, Debug, Default)]
pub struct SweepResult {
    /// All runs, sorted.
    pub runs: Vec<RunRow>,
    /// The metric of each learning rate, with the selected ones marked.
    pub rates: Vec<RateRow>,
    /// How long tasks took, sorted.
    pub timings: Vec<TimingRow>,
    /// Tasks that failed.
    pub failures: Vec<Failure>,
}

/// A sweep as far as the tasks of its rounds are done.
pub(super) struct Tuning<'a> {
    /// Its state; none where nothing is trained.
    pub state: Option<SweepState<'a>>,
    /// The first round of which tasks are missing, and their positions.
    pub open: Option<(Round, Vec<usize>)>,
}

impl Tuning<'_> {
    /// What came of the rounds that are done.
    pub fn finish(self) -> SweepResult {
        self.state.map(SweepState::finish).unwrap_or_default()
    }
}

/// Tunes the learning rates, round by round.
///
/// # Errors
/// As for [`Executor::execute`].
pub(super) fn tune<'a>(
    experiment: &'a Experiment,
    executor: &dyn Executor,
    observer: &'a dyn Observer,
) -> error::Result<Tuning<'a>> {
    let Some(study) = experiment.training() else {
        return Ok(Tuning { state: None, open: None });
    };
    let mut state = SweepState::new(study, experiment.trials, observer);
    while let Some(round) = state.next() {
        let take = &mut |_, rows| state.take(round.name, rows);
        let left = executor.execute(Stage::Sweep, &round, take)?;
        if !left.missing.is_empty() {
            return Ok(Tuning { state: Some(state), open: Some((round, left.missing)) });
        }
        state.end(left.failures);
    }
    Ok(Tuning { state: Some(state), open: None })
}

/// By trial and coordinate system; those of each in the order of the rounds.
pub(super) fn sort_timings(timings: &mut [TimingRow], study: &TrainingStudy) {
    timings.sort_by_key(|row| (row.trial, study.coordinates_index(&row.coordinates)));
}

/// A sweep as far as it has come: [`SweepState::next`] says what is to be done, [`SweepState::take`]
/// and [`SweepState::end`] take what came of it.
pub(super) struct SweepState<'a> {
    study: &'a TrainingStudy,
    trials: usize,
    observer: &'a dyn Observer,
    phase: Phase,
    /// The coarse grid of each algorithm whose rate is tuned, and its limits.
    grids: Vec<Option<(Grid, Limits)>>,
    /// The learning rates of each algorithm that were tried, and those of the round under way.
    tried: Vec<Vec<f64>>,
    trying: Vec<Vec<f64>>,
    /// The rows of `runs.csv` and of `timings.csv`, which are all that is kept of a task: selecting
    /// learning rates and judging claims need the former. They are some hundred bytes each, as they
    /// share their names.
    runs: Vec<RunRow>,
    timings: Vec<TimingRow>,
    names: HashSet<Arc<str>>,
    failures: Vec<Failure>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    Coarse,
    Refined,
}

impl<'a> SweepState<'a> {
    pub fn new(study: &'a TrainingStudy, trials: usize, observer: &'a dyn Observer) -> Self {
        let grid = |algorithm: &Algorithm| match &algorithm.rates {
            Rates::Fixed(_) => None,
            Rates::Swept { coarse, limits } => Some((*coarse, *limits)),
        };
        Self {
            study,
            trials,
            observer,
            phase: Phase::Start,
            grids: study.algorithms.iter().map(grid).collect(),
            tried: vec![Vec::new(); study.algorithms.len()],
            trying: Vec::new(),
            runs: Vec::new(),
            timings: Vec::new(),
            names: HashSet::new(),
            failures: Vec::new(),
        }
    }

    /// The next round; `None` when all rates are tuned.
    pub fn next(&mut self) -> Option<Round> {
        match self.phase {
            Phase::Start => {
                self.phase = Phase::Coarse;
                let rates = self.study.algorithms.iter().map(Algorithm::first_rates).collect();
                self.round("coarse sweep", rates)
            }
            Phase::Coarse => {
                let algorithms = 0..self.grids.len();
                let rates = algorithms.map(|algorithm| self.extend(algorithm)).collect();
                self.round("extended sweep", rates).or_else(|| {
                    self.phase = Phase::Refined;
                    let algorithms = 0..self.grids.len();
                    let rates = algorithms.map(|algorithm| self.refine(algorithm)).collect();
                    self.round("refined sweep", rates)
                })
            }
            Phase::Refined => None,
        }
    }

    /// Every trial in every coordinate system at these learning rates of each algorithm that trains
    /// there, if there are any.
    fn round(&mut self, name: &'static str, rates: Vec<Vec<f64>>) -> Option<Round> {
        if rates.iter().all(Vec::is_empty) {
            return None;
        }
        let systems = self.study.coordinates.iter();
        let there = |system| Arc::from(self.study.there(system, &rates));
        let systems: Vec<Arc<[Vec<f64>]>> = systems.map(there).collect();
        // Coordinate systems within trials: what a trial prepares is used at once.
        let tasks = (0..self.trials)
            .flat_map(|trial| systems.iter().enumerate().map(move |system| (trial, system)))
            .map(|(trial, (system, rates))| Task {
                trial,
                system,
                rates: Arc::clone(rates),
                recording: self.study.sweep_recording(),
                alone: false,
            })
            .filter(|task| !task.is_empty())
            .collect();
        self.trying = rates;
        Some(Round { name, tasks })
    }

    /// Takes the results of a task of the last round, which has this name.
    pub fn take(&mut self, round: &str, rows: Rows) {
        let mut share = |name: &mut Arc<str>| match self.names.get(name) {
            Some(shared) => *name = Arc::clone(shared),
            None => drop(self.names.insert(Arc::clone(name))),
        };
        for mut run in rows.runs {
            share(&mut run.algorithm);
            share(&mut run.coordinates);
            self.runs.push(run);
        }
        for timing in rows.timings {
            let mut timing = TimingRow { round: round.into(), ..timing };
            share(&mut timing.coordinates);
            share(&mut timing.round);
            self.timings.push(timing);
        }
    }

    /// Ends the last round, when the results of its tasks were taken, but for those that failed.
    pub fn end(&mut self, failures: Vec<Failure>) {
        for (tried, rates) in self.tried.iter_mut().zip(std::mem::take(&mut self.trying)) {
            tried.extend(rates);
            tried.sort_by(f64::total_cmp);
        }
        // A trial that cannot be drawn fails in every round.
        for failure in failures {
            if !self.failures.contains(&failure) {
                self.failures.push(failure);
            }
        }
    }

    /// What was taken: all there is once there is no further round.
    pub fn finish(mut self) -> SweepResult {
        let study = self.study;
        let order = |run: &RunRow| {
            (
                run.trial,
                study.algorithm_index(&run.algorithm),
                study.coordinates_index(&run.coordinates),
            )
        };
        // No two runs are equal, and a stable sort would hold half of them twice.
        self.runs.sort_unstable_by(|a, b| {
            order(a).cmp(&order(b)).then(a.learning_rate.total_cmp(&b.learning_rate))
        });
        let rates = self.table();
        self.warn_of_minima();
        sort_timings(&mut self.timings, study);
        let Self { runs, timings, failures, .. } = self;
        SweepResult { runs, rates, timings, failures }
    }

    /// The metric at each learning rate tried, ascending.
    fn stats(&self, algorithm: usize, coordinates: &str) -> Vec<RateStats> {
        let study = self.study;
        let name = &study.algorithms[algorithm].name;
        let runs: Vec<&RunRow> = self
            .runs
            .iter()
            .filter(|run| *run.algorithm == **name && *run.coordinates == *coordinates)
            .collect();
        self.tried[algorithm]
            .iter()
            .map(|&rate| {
                let runs: Vec<&RunRow> =
                    runs.iter().copied().filter(|run| run.learning_rate == rate).collect();
                sweep::rate(rate, &runs, &study.sweep.metric, study.sweep.floor)
            })
            .collect()
    }

    fn best(&self, algorithm: usize, coordinates: &str) -> Option<Selection> {
        sweep::tuned(&self.stats(algorithm, coordinates), &self.study.sweep.metric)
    }

    /// The best coarse exponent in each coordinate system that is tuned and has results; where there is
    /// none, whether even the lowest rate is too large.
    fn best_decades(&self, algorithm: usize) -> Vec<(&'a str, Result<i32, bool>)> {
        let metric = &self.study.sweep.metric;
        let tuned = self.study.sweep.tune.iter();
        tuned
            .map(|coordinates| (&**coordinates, self.stats(algorithm, coordinates)))
            .filter(|(_, rates)| rates.iter().any(|rate| rate.trials > 0))
            .map(|(coordinates, rates)| {
                let diverges = || rates.first().is_some_and(RateStats::diverges);
                let best = sweep::tuned(&rates, metric).ok_or_else(diverges);
                (coordinates, best.map(|best| sweep::decade(best.learning_rate)))
            })
            .collect()
    }

    /// Says where nothing was to be done.
    fn warn_of_minima(&self) {
        for (index, algorithm) in self.study.algorithms.iter().enumerate() {
            let at_minimum = |one: &&Coordinates| self.is_at_minimum(index, &one.name);
            for one in self.study.coordinates.iter().filter(at_minimum) {
                let (algorithm, coordinates) = (algorithm.name.clone(), one.name.clone());
                let warning = Warning::AtMinimum { algorithm, coordinates };
                self.observer.event(&Event::Warning(warning));
            }
        }
    }

    /// Whether runs had nothing to do, at whatever rate.
    fn is_at_minimum(&self, algorithm: usize, coordinates: &str) -> bool {
        let name = &*self.study.algorithms[algorithm].name;
        let is_of = |run: &&RunRow| *run.algorithm == *name && *run.coordinates == *coordinates;
        let mut runs = self.runs.iter().filter(is_of).peekable();
        runs.peek().is_some() && runs.all(|run| run.stop == Stop::Converged && run.steps == 0)
    }

    /// Widens a coarse grid while a best learning rate lies on its edge; returns the new rates.
    fn extend(&mut self, algorithm: usize) -> Vec<f64> {
        let Some((mut grid, limits)) = self.grids[algorithm] else { return Vec::new() };
        let name = &self.study.algorithms[algorithm].name;
        let before = grid.rates();
        for (coordinates, best) in self.best_decades(algorithm) {
            // No other rate would change that.
            if self.is_at_minimum(algorithm, coordinates) {
                continue;
            }
            let (exponent, reason) = match best {
                Ok(best) => (best, EdgeReason::Best),
                Err(true) => (grid.from, EdgeReason::Diverges),
                Err(false) => continue,
            };
            let (algorithm, coordinates) = (name.clone(), coordinates.to_owned());
            let edge = GridEdge { algorithm, coordinates, exponent, reason };
            if let Some(extended) = grid.extended(exponent, limits) {
                grid = extended;
                self.observer.event(&Event::Extended(edge));
            } else if exponent == limits.lowest || exponent == limits.highest {
                self.observer.event(&Event::Warning(Warning::AtLimit(edge)));
            }
        }
        self.grids[algorithm] = Some((grid, limits));
        grid.rates().into_iter().filter(|rate| !before.contains(rate)).collect()
    }

    /// The refined learning rates that were not tried yet.
    fn refine(&self, algorithm: usize) -> Vec<f64> {
        let Some((grid, limits)) = self.grids[algorithm] else { return Vec::new() };
        let best: Vec<i32> = self
            .best_decades(algorithm)
            .into_iter()
            .filter_map(|(_, decade)| decade.ok())
            .collect();
        let tried = grid.rates();
        sweep::refined(&best, limits).into_iter().filter(|rate| !tried.contains(rate)).collect()
    }

    /// All learning rates tried, with the selected ones marked.
    fn table(&self) -> Vec<RateRow> {
        let study = self.study;
        let original = study.original();
        let mut rows = Vec::new();
        for (index, algorithm) in study.algorithms.iter().enumerate() {
            let trained = |coordinates: &&Coordinates| algorithm.trains_in(&coordinates.name);
            let original = original.filter(trained);
            let shared = original.and_then(|original| self.best(index, &original.name));
            for coordinates in study.coordinates.iter().filter(trained) {
                let own = self.best(index, &coordinates.name);
                for stats in self.stats(index, &coordinates.name) {
                    let here = |best: &&Selection| best.learning_rate == stats.learning_rate;
                    let by_original = shared.as_ref().filter(here);
                    let by_own = own.as_ref().filter(here);
                    let selected = match (by_original, by_own) {
                        (Some(_), Some(_)) => "both",
                        (Some(_), None) => "original",
                        (None, Some(_)) => "own",
                        (None, None) => "",
                    };
                    let reason = match (by_own, by_original) {
                        (Some(here), _) => here.reason.clone(),
                        // The medians that it names are not those of this row.
                        (None, Some(there)) => format!("in original coordinates: {}", there.reason),
                        (None, None) => String::new(),
                    };
                    let [lower_quartile, median, upper_quartile] = stats.quartiles;
                    rows.push(RateRow {
                        algorithm: algorithm.name.clone(),
                        coordinates: coordinates.name.clone(),
                        learning_rate: stats.learning_rate,
                        metric: study.sweep.metric.name.into(),
                        median,
                        lower_quartile,
                        upper_quartile,
                        reached_target: Some(stats.reached_target).filter(|step| step.is_finite()),
                        trials: stats.trials,
                        planned: self.trials,
                        diverged: stats.diverged,
                        selected: selected.into(),
                        reason,
                    });
                }
            }
        }
        rows
    }
}
