//! The merged tables of a results folder.

use crate::error::Result;
use crate::record::{CurveRow, LandscapeRow, RateRow, RunRow, SpectrumRow, TrajectoryRow};
use crate::run::observer::Stage;
use crate::run::pass::{Failure, Runner};
use crate::run::sweep::Swept;
use crate::run::task::{Rows, Task};
use crate::store::{Store, Table, to_csv};

/// What the runs at the selected learning rates yield beside `runs.csv`.
#[derive(Debug, Default)]
pub(super) struct Finals {
    pub runs: Vec<RunRow>,
    pub failures: Vec<Failure>,
    curves: Vec<CurveRow>,
    trajectories: Vec<TrajectoryRow>,
    landscape: Vec<LandscapeRow>,
    spectrum: Vec<SpectrumRow>,
}

/// Runs the selected learning rates once more, recording curves. A lane's bits do not depend on
/// the lanes beside it, so these are the same runs.
pub(super) fn selected(runner: &Runner<'_>, swept: &Swept) -> Result<Finals> {
    let experiment = runner.experiment;
    let wanted = |row: &&RateRow| experiment.all_curves || !row.selected.is_empty();
    let tasks: Vec<Task> = (0..experiment.trials)
        .flat_map(|trial| {
            (0..experiment.coordinates.len()).map(move |coordinates| (trial, coordinates))
        })
        .map(|(trial, coordinates)| {
            let rates = experiment.algorithms.iter().map(|algorithm| {
                let of = |row: &&RateRow| {
                    row.algorithm == algorithm.name
                        && row.coordinates == experiment.coordinates[coordinates].name
                };
                let rows = swept.rates.iter().filter(of).filter(wanted);
                rows.map(|row| row.learning_rate).collect()
            });
            Task { trial, coordinates, rates: rates.collect(), recording: experiment.recording }
        })
        .collect();
    let (rows, failures) = runner.pass(Stage::Curves, &tasks)?;
    let mut all = Rows::default();
    for rows in rows {
        all.append(rows);
    }
    Ok(Finals {
        runs: all.runs,
        failures,
        curves: all.curves,
        trajectories: all.trajectories,
        landscape: all.landscape,
        spectrum: all.spectrum,
    })
}

/// Replaces rows by those of the same runs that know more (the paths' lengths).
pub(super) fn replace_runs(runs: &mut [RunRow], by: &[RunRow]) {
    for new in by {
        let same = |old: &&mut RunRow| {
            old.trial == new.trial
                && old.algorithm == new.algorithm
                && old.coordinates == new.coordinates
                && old.learning_rate == new.learning_rate
        };
        if let Some(old) = runs.iter_mut().find(same) {
            *old = new.clone();
        }
    }
}

/// Writes a merged table; a table without rows is removed.
pub(super) fn save_table<T: Table>(store: &Store, rows: &[T]) -> Result<()> {
    if rows.is_empty() { store.remove(T::FILE) } else { store.write(T::FILE, &to_csv(rows)) }
}

/// Writes the tables of the selected runs, `runs.csv` excepted.
pub(super) fn save(store: &Store, finals: &Finals) -> Result<()> {
    save_table(store, &finals.curves)?;
    save_table(store, &finals.trajectories)?;
    save_table(store, &finals.landscape)?;
    save_table(store, &finals.spectrum)
}
