//! What the programs print: summaries and plans as tables of text, anything as JSON.

mod claims;
mod comparison;
mod dry_run;
mod json;
mod lines;
mod results;
mod study;
mod table;

pub(super) use claims::claims;
pub(super) use comparison::comparison;
pub(super) use dry_run::{between, duration, plan};
pub(super) use json::json;
pub(super) use lines::{columns, fit_terminal, fitted, fitted_for_stderr, hanging, width};
pub(super) use results::{measures, rates, theory};
pub(super) use study::{study, study_plan};
