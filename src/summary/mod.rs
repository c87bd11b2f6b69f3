//! What the rows of the tables come to: medians over the trials, joins, what was selected and what
//! was not.
//!
//! Pure functions from records to values that can be serialized, so that a text on the terminal, a
//! JSON document and a report say the same. How numbers and sentences look is left to them.

mod dry_run;
mod estimates;
mod rates;
mod study;
mod theory;

pub use dry_run::DryRun;
pub use estimates::{EstimateSummary, MeasuredValue, ShelfSummary};
#[cfg(test)]
pub(crate) use rates::tests::row as rate_row;
pub use rates::{MethodSummary, NoRate, NoRateCause, RatesSummary};
pub use study::{PointPlan, StudyDryRun, StudyLine, StudySummary};
pub use theory::{TheoryMedians, TheorySummary};
