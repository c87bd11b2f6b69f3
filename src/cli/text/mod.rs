//! What the programs print: summaries and plans as tables of text, anything as JSON.

mod dry_run;
mod json;
mod results;
mod table;

pub(super) use dry_run::plan;
pub(super) use json::json;
pub(super) use results::{claims, measures, rates, theory};

use crate::cli::console::Console;
use crate::cli::outcome::Status;
use crate::run::{self, Observer};

/// Sums up failed tasks, each of which was reported when it failed; says how the program ends.
/// `incomplete`: something else is missing.
pub(super) fn failures(console: &Console, failures: &[run::Failure], incomplete: bool) -> Status {
    if !failures.is_empty() {
        console.note(&format!(
            "{} failed tasks are not in the results; run the same command to try them again",
            failures.len()
        ));
    }
    if failures.is_empty() && !incomplete { Status::Done } else { Status::Partial }
}
