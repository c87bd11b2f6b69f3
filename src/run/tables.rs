//! The merged tables of a results folder.

use std::sync::Arc;

use crate::error::Result;
use crate::experiment::{Algorithm, Coordinates, Experiment, Study, TrainingStudy};
use crate::record::{CurveRow, MeasureRow, RateRow, RunRow, TheoryRow, TimingRow};
use crate::run::event::Stage;
use crate::run::executor::Executor;
use crate::run::sweep::{SweepResult, sort_timings};
use crate::run::task::{Failure, Round, Rows, Task};
use crate::run::theory;
use crate::store::Stream;
use crate::trial::Recording;

/// What the runs at the selected learning rates yield beside `runs.csv`.
#[derive(Debug, Default)]
pub(super) struct FinalResults {
    pub failures: Vec<Failure>,
    pub measures: Vec<MeasureRow>,
    pub theory: Vec<TheoryRow>,
    /// The other rows of each task, in the order of the tables.
    others: Vec<Rows>,
}

/// The selected learning rates once more, recording curves. A lane's bits do not depend on the
/// lanes beside it, so these are the same runs.
pub(super) fn round(experiment: &Experiment, rates: &[RateRow]) -> Round {
    let (name, rates, recording) = match &experiment.study {
        Study::Training(study) => ("curves", selected_rates(study, rates), study.recording),
        Study::Spectra(all) => ("spectra", vec![Arc::default(); all.len()], Recording::Summary),
    };
    let tasks = (0..experiment.trials)
        .flat_map(|trial| rates.iter().enumerate().map(move |(index, rates)| (trial, index, rates)))
        .map(|(trial, system, rates)| Task {
            trial,
            system,
            rates: Arc::clone(rates),
            recording,
            alone: false,
        })
        .collect();
    Round { name, tasks }
}

/// The selected learning rates of each algorithm, by coordinate system.
fn selected_rates(study: &TrainingStudy, rates: &[RateRow]) -> Vec<Arc<[Vec<f64>]>> {
    let wanted = |row: &&RateRow| study.all_curves || !row.selected.is_empty();
    let rates = |coordinates: &Coordinates| {
        let of = |algorithm: &Algorithm| {
            let rows = rates.iter().filter(|row| {
                row.algorithm == algorithm.name && row.coordinates == coordinates.name
            });
            rows.filter(wanted).map(|row| row.learning_rate).collect()
        };
        study.algorithms.iter().map(of).collect()
    };
    study.coordinates.iter().map(rates).collect()
}

/// Runs the selected learning rates. Their rows replace those of the sweep, as they know more (the
/// paths' lengths).
pub(super) fn selected(
    executor: &dyn Executor,
    experiment: &Experiment,
    swept: &mut SweepResult,
) -> Result<FinalResults> {
    let round = round(experiment, &swept.rates);
    let mut others = vec![Rows::default(); round.tasks.len()];
    let left = executor.execute(Stage::Curves, &round, &mut |index, mut rows| {
        replace_runs(&mut swept.runs, std::mem::take(&mut rows.runs));
        theory::computed(&experiment.system(round.tasks[index].system), &mut rows);
        others[index] = rows;
    })?;
    let timings = others.iter_mut().flat_map(|rows| std::mem::take(&mut rows.timings));
    let name: Arc<str> = round.name.into();
    // A task of the sweep that recorded its curves was timed there.
    let known = |row: &TimingRow| {
        let is_it = |known: &TimingRow| {
            *known == TimingRow { round: Arc::clone(&known.round), ..row.clone() }
        };
        swept.timings.iter().any(is_it)
    };
    let timings: Vec<TimingRow> = timings.filter(|row| !known(row)).collect();
    let of_round = |row| TimingRow { round: Arc::clone(&name), ..row };
    swept.timings.extend(timings.into_iter().map(of_round));
    if let Some(study) = experiment.training() {
        sort_timings(&mut swept.timings, study);
    }
    let measures = others.iter_mut().flat_map(|rows| std::mem::take(&mut rows.measures)).collect();
    let theory = others.iter_mut().flat_map(|rows| std::mem::take(&mut rows.theory)).collect();
    Ok(FinalResults { failures: left.failures, measures, theory, others })
}

/// Puts rows in the places of those of the same runs, which are sorted.
fn replace_runs(runs: &mut [RunRow], by: Vec<RunRow>) {
    for new in by {
        let from = runs.partition_point(|run| run.trial < new.trial);
        let same = |old: &&mut RunRow| {
            old.algorithm == new.algorithm
                && old.coordinates == new.coordinates
                && old.learning_rate == new.learning_rate
        };
        let mut of_trial = runs[from..].iter_mut().take_while(|run| run.trial == new.trial);
        if let Some(old) = of_trial.find(same) {
            let names = (Arc::clone(&old.algorithm), Arc::clone(&old.coordinates));
            *old = RunRow { algorithm: names.0, coordinates: names.1, ..new };
        }
    }
}

impl SweepResult {
    /// Its tables.
    pub(super) fn tables(&self) -> Vec<Stream<'_>> {
        vec![Stream::of(&self.runs), Stream::of(&self.rates), Stream::of(&self.timings)]
    }
}

impl FinalResults {
    /// The training curves, each run's in one piece.
    pub(super) fn curves(&self) -> impl Iterator<Item = &[CurveRow]> {
        self.others.iter().flat_map(|rows| rows.curves.chunk_by(CurveRow::is_of_run))
    }

    /// The tables of the selected runs, `runs.csv` and `theory.csv` excepted.
    pub(super) fn tables(&self) -> Vec<Stream<'_>> {
        let others = || self.others.iter();
        vec![
            Stream::of(others().flat_map(|rows| &rows.curves)),
            Stream::of(others().flat_map(|rows| &rows.trajectories)),
            Stream::of(others().flat_map(|rows| &rows.landscape)),
            Stream::of(others().flat_map(|rows| &rows.spectrum)),
            Stream::of(others().flat_map(|rows| &rows.eigenvectors)),
            Stream::of(&self.measures),
        ]
    }
}
