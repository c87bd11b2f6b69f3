//! How long things took: numbers that are others each time, in a table of their own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A part of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Sampling gradients and making the change of variables.
    Setup,
    /// Taking the change of variables, or what of it can be taken, into the data of a run that is then
    /// trained alone.
    Absorption,
    /// Training the runs of a task, side by side, that included.
    Training,
    /// Estimating and decomposing an EGOP for its own sake.
    Spectra,
    /// A run that is trained alone, to the step of a level.
    Level,
    /// A run that is trained alone, to its end.
    Run,
}

/// How long one phase of a task took (`timings.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimingRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the coordinate system or the EGOP estimate.
    pub coordinates: Arc<str>,
    /// The round of the sweep, or what follows it; empty in the store, as a task is of every round
    /// that finds it.
    pub round: Arc<str>,
    /// What was done.
    pub phase: Phase,
    /// Runs that shared it.
    pub lanes: usize,
    /// Name of the algorithm of a run that is trained alone; otherwise empty, like the next two.
    pub algorithm: Arc<str>,
    /// Learning rate η.
    pub learning_rate: Option<f64>,
    /// One of the `levels` of the run in `runs.csv`; in the row of the phase `run`, its `steps`.
    pub step: Option<u64>,
    /// Seconds on the clock.
    pub wall_seconds: f64,
    /// Seconds of the processor that the thread took; empty where others did a part of the work, or
    /// it is not known.
    pub cpu_seconds: Option<f64>,
}
