//! How long things took.

use serde::Serialize;

use crate::record::{Phase, TimingRow};
use crate::sweep::median;

/// How long an experiment's tasks took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimesSummary<'a> {
    /// Of tasks, which work side by side: by coordinate system and phase.
    pub phases: Vec<PhaseSummary<'a>>,
    /// Of runs that were trained alone.
    pub alone: Vec<AloneSummary<'a>>,
}

/// One phase of all tasks in a coordinate system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseSummary<'a> {
    /// Name of the coordinate system or the EGOP estimate.
    pub coordinates: &'a str,
    /// What was done.
    pub phase: Phase,
    /// How often.
    pub tasks: usize,
    /// Runs that had a part in it.
    pub runs: usize,
    /// Seconds on the clock, all together.
    pub wall_seconds: f64,
    /// Seconds of the processor; `None` where some are not known.
    pub cpu_seconds: Option<f64>,
}

/// Runs of a method that were trained alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AloneSummary<'a> {
    /// Name of the algorithm.
    pub algorithm: &'a str,
    /// Name of the coordinate system.
    pub coordinates: &'a str,
    /// Learning rate η.
    pub learning_rate: Option<f64>,
    /// How many there are.
    pub trials: usize,
    /// Seconds on the clock, the median of them.
    pub wall_seconds: f64,
}

impl<'a> TimesSummary<'a> {
    /// Sums up the rows of `timings.csv`, in any order.
    pub fn of(rows: &'a [TimingRow]) -> Self {
        let together = |row: &&TimingRow| !matches!(row.phase, Phase::Level | Phase::Run);
        let phases = grouped(rows.iter().filter(together), |row| (&*row.coordinates, row.phase));
        let alone = grouped(rows.iter().filter(|row| row.phase == Phase::Run), |row| {
            (&*row.coordinates, &*row.algorithm, row.learning_rate)
        });
        Self {
            phases: phases
                .into_iter()
                .map(|((coordinates, phase), rows)| PhaseSummary {
                    coordinates,
                    phase,
                    tasks: rows.len(),
                    runs: rows.iter().map(|row| row.lanes).sum(),
                    wall_seconds: rows.iter().map(|row| row.wall_seconds).sum(),
                    cpu_seconds: rows.iter().map(|row| row.cpu_seconds).sum(),
                })
                .collect(),
            alone: alone
                .into_iter()
                .map(|((coordinates, algorithm, learning_rate), rows)| AloneSummary {
                    algorithm,
                    coordinates,
                    learning_rate,
                    trials: rows.len(),
                    wall_seconds: median(
                        &rows.iter().map(|row| row.wall_seconds).collect::<Vec<f64>>(),
                    ),
                })
                .collect(),
        }
    }
}

/// The rows by a label, in the order in which the labels come.
fn grouped<'a, L: PartialEq>(
    rows: impl Iterator<Item = &'a TimingRow>,
    label: impl Fn(&'a TimingRow) -> L,
) -> Vec<(L, Vec<&'a TimingRow>)> {
    let mut groups: Vec<(L, Vec<&'a TimingRow>)> = Vec::new();
    for row in rows {
        let of = label(row);
        match groups.iter_mut().find(|(known, _)| *known == of) {
            Some((_, group)) => group.push(row),
            None => groups.push((of, vec![row])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(phase: Phase, wall_seconds: f64, cpu_seconds: Option<f64>) -> TimingRow {
        TimingRow {
            trial: 0,
            coordinates: "original".into(),
            round: "curves".into(),
            phase,
            lanes: 3,
            algorithm: "adam".into(),
            learning_rate: Some(0.1),
            step: None,
            wall_seconds,
            cpu_seconds,
        }
    }

    #[test]
    fn tasks_are_added_and_of_runs_alone_the_median_is_taken() {
        let rows = [
            row(Phase::Training, 1.0, Some(0.5)),
            row(Phase::Level, 9.0, None),
            row(Phase::Run, 1.0, Some(1.0)),
            row(Phase::Training, 2.0, Some(1.5)),
            row(Phase::Run, 2.0, Some(1.0)),
            row(Phase::Setup, 4.0, None),
            row(Phase::Run, 9.0, Some(1.0)),
        ];
        let TimesSummary { phases, alone } = TimesSummary::of(&rows);
        let [training, setup] = &phases[..] else { panic!("{phases:?}") };
        assert_eq!((training.tasks, training.runs), (2, 6));
        assert_eq!((training.wall_seconds, training.cpu_seconds), (3.0, Some(2.0)));
        assert_eq!((setup.phase, setup.cpu_seconds), (Phase::Setup, None));
        let [alone] = &alone[..] else { panic!("{alone:?}") };
        assert_eq!((alone.trials, alone.wall_seconds), (3, 2.0));
    }
}
