//! From which budget on a change of variables pays.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What the length of a run is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CostUnit {
    /// Updates (full batch) or epochs (minibatch): the change of variables costs nothing.
    Steps,
    /// Gradients, those sampled for the change of variables included.
    Gradients,
    /// Floating-point operations, those of making the change of variables included.
    Flops,
}

impl CostUnit {
    /// As written in configs and tables.
    pub const NAMES: [(&'static str, Self); 3] =
        [("steps", Self::Steps), ("gradients", Self::Gradients), ("flops", Self::Flops)];

    /// As written in configs and tables.
    pub fn name(self) -> &'static str {
        Self::NAMES.map(|(name, _)| name)[self as usize]
    }
}

/// From which budget on a run in other coordinates stays at or below one in original coordinates
/// (`break_even.csv`): compared is the lowest loss so far at the recorded points, at equal budgets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakEvenRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the algorithm.
    pub algorithm: Arc<str>,
    /// Name of the coordinate system.
    pub coordinates: Arc<str>,
    /// At which selected learning rates: `original` (best in original coordinates, on both sides) or
    /// `own` (best on either side).
    pub tuned: String,
    /// Learning rate η in these coordinates.
    pub learning_rate: f64,
    /// Learning rate η in original coordinates.
    pub original_rate: f64,
    /// What budgets are counted in.
    pub unit: CostUnit,
    /// The least budget from which on, to the end of `budget`, these coordinates are at or below the
    /// original ones; empty: there is none.
    pub break_even: Option<u64>,
    /// By so much, at most, it may be less: the distance to the recorded point before it.
    pub resolution: Option<u64>,
    /// The greatest budget that both sides are known at.
    pub budget: u64,
    /// The lowest loss in original coordinates over that in these, at that budget; empty where there
    /// is no ratio.
    pub ratio: Option<f64>,
    /// The lowest loss in these coordinates, above the minimum where that is known, at that budget.
    pub loss: f64,
    /// What is lower is not told apart, in these coordinates: losses of rounding, or of the tolerance at
    /// which the run was over; empty where there is no such loss.
    pub floor: Option<f64>,
    /// Which runs came to nothing: `original`, `coordinates` (the one in these), `both`, or empty.
    pub failed: String,
}
