//! Learning-rate sweeps (paper, D.2): pure functions on records.
//!
//! Coarse: powers of ten, extended until the best is interior. Refined: one decade on each side
//! of the best, every decade split by doubling.

mod grid;
mod levels;
mod metric;
mod selection;
mod unselected;

pub use grid::{Grid, Limits, decade, power_of_ten, refined, written};
pub use levels::{ToLevel, cost, ladder};
pub use metric::{Goal, METRICS, Metric, Unit};
pub use selection::{
    RateStats, Selection, WITHIN_FLOOR, median, quantile, quantiles, rate, select, tuned,
};
#[cfg(test)]
pub(crate) use unselected::tests::row as rate_row;
pub use unselected::{NoRate, NoRateCause};
