//! The merged tables of a results folder.

use crate::error::Result;
use crate::experiment::Experiment;
use crate::record::{
    CurveRow, EigenvectorRow, LandscapeRow, MeasureRow, RateRow, RunRow, SpectrumRow, TheoryRow,
    TrajectoryRow,
};
use crate::run::observer::Stage;
use crate::run::pass::{Failure, Passes};
use crate::run::sweep::{Pass, Swept};
use crate::run::task::{Rows, Task};
use crate::store::{Csv, Table};

/// A merged table under the name of its file.
pub(super) type Merged = (&'static str, Csv);

/// What the runs at the selected learning rates yield beside `runs.csv`.
#[derive(Debug, Default)]
pub(super) struct Finals {
    pub runs: Vec<RunRow>,
    pub failures: Vec<Failure>,
    curves: Vec<CurveRow>,
    trajectories: Vec<TrajectoryRow>,
    landscape: Vec<LandscapeRow>,
    spectrum: Vec<SpectrumRow>,
    eigenvectors: Vec<EigenvectorRow>,
    pub measures: Vec<MeasureRow>,
    pub theory: Vec<TheoryRow>,
}

/// The selected learning rates once more, recording curves. A lane's bits do not depend on the
/// lanes beside it, so these are the same runs.
pub(super) fn pass(experiment: &Experiment, rates: &[RateRow]) -> Pass {
    let wanted = |row: &&RateRow| experiment.all_curves || !row.selected.is_empty();
    let tasks = (0..experiment.trials)
        .flat_map(|trial| {
            (0..experiment.coordinates.len()).map(move |coordinates| (trial, coordinates))
        })
        .map(|(trial, coordinates)| {
            let rates = experiment.algorithms.iter().map(|algorithm| {
                let of = |row: &&RateRow| {
                    row.algorithm == algorithm.name
                        && row.coordinates == experiment.coordinates[coordinates].name
                };
                let rows = rates.iter().filter(of).filter(wanted);
                rows.map(|row| row.learning_rate).collect()
            });
            Task { trial, coordinates, rates: rates.collect(), recording: experiment.recording }
        })
        .collect();
    let name = if experiment.trains() { "curves" } else { "spectra" };
    Pass { name, tasks }
}

/// Runs the selected learning rates.
pub(super) fn selected(
    passes: &dyn Passes,
    experiment: &Experiment,
    swept: &Swept,
) -> Result<Finals> {
    let (rows, failures) = passes.pass(Stage::Curves, &pass(experiment, &swept.rates).tasks)?;
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
        eigenvectors: all.eigenvectors,
        measures: all.measures,
        theory: all.theory,
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

/// A merged table.
pub(super) fn merged<T: Table>(rows: &[T]) -> Merged {
    (T::FILE, Csv::of(rows))
}

impl Swept {
    /// Its tables.
    pub(super) fn merged(&self) -> Vec<Merged> {
        vec![merged(&self.runs), merged(&self.rates)]
    }
}

impl Finals {
    /// The tables of the selected runs, `runs.csv` and `theory.csv` excepted.
    pub(super) fn merged(&self) -> Vec<Merged> {
        vec![
            merged(&self.curves),
            merged(&self.trajectories),
            merged(&self.landscape),
            merged(&self.spectrum),
            merged(&self.eigenvectors),
            merged(&self.measures),
        ]
    }
}
