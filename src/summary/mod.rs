//! What the rows of the tables come to: medians over the trials, joins, what was selected and what
//! was not.
//!
//! Pure functions from records to values that can be serialized, so that a text on the terminal, a
//! JSON document and a report say the same. How numbers and sentences look is left to them.

mod comparison;
mod cost;
mod dry_run;
mod estimates;
mod rates;
mod study;
mod theory;
mod times;
mod verdicts;

pub use comparison::{
    Comparison, MethodComparison, SettingComparison, Side, VerdictComparison, settings_of,
};
pub use cost::CostSummary;
pub use dry_run::{DryRun, Leading};
pub use estimates::{EstimateSummary, MeasuredValue, ShelfSummary};
pub use rates::{MethodSummary, RatesSummary};
pub use study::{PointPlan, StudyDryRun, StudyLine, StudySummary, study_verdicts};
pub use theory::{TheoryMedians, TheorySummary};
pub use times::{AloneSummary, PhaseSummary, TimesSummary};
pub use verdicts::VerdictSummary;
