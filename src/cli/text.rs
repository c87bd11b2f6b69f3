//! What the programs print.

use std::fmt::Write;
use std::path::Path;

use comfy_table::{Cell, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::cli::Status;
use crate::cli::console::Console;
use crate::experiment::Experiment;
use crate::figure::Drawn;
use crate::record::{ClaimRow, RateRow};
use crate::run::{self, Observer, Plan};

/// Characters in a line of a table.
const WIDTH: u16 = 118;

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(header.iter().map(Cell::new));
    table
}

/// The best learning rates, per algorithm and coordinate system.
pub(super) fn rates(rows: &[RateRow]) -> String {
    let mut table = table(&[
        "algorithm",
        "coordinates",
        "tuned in",
        "η",
        "median",
        "quartiles",
        "to target",
        "diverged",
        "n",
    ]);
    for row in rows.iter().filter(|row| !row.selected.is_empty()) {
        table.add_row([
            row.algorithm.clone(),
            row.coordinates.clone(),
            row.selected.clone(),
            row.learning_rate.to_string(),
            number(row.median),
            format!("{} – {}", number(row.lower_quartile), number(row.upper_quartile)),
            row.reached_target.map_or_else(|| "never".to_owned(), |step| step.to_string()),
            row.diverged.to_string(),
            complete(row.trials, row.planned),
        ]);
    }
    let metric = rows.first().map_or("", |row| &row.metric);
    format!(
        "learning rates selected by {metric}, in original coordinates or in each system's own:\n\
         {table}\n"
    )
}

/// The verdicts.
pub(super) fn claims(rows: &[ClaimRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table =
        table(&["claim", "test", "median [95 % interval]", "in favour", "n", "verdict"]);
    for row in rows {
        let [lower, median, upper] = [row.lower, row.median, row.upper].map(number);
        table.add_row([
            row.id.clone(),
            row.test.clone(),
            format!("{median} [{lower}, {upper}]"),
            format!("{}/{}", row.in_favour, row.pairs),
            complete(row.pairs, row.planned),
            row.verdict.clone(),
        ]);
    }
    format!("{table}\n")
}

/// `9/10` where something is missing, else just the number.
fn complete(done: usize, planned: usize) -> String {
    if done == planned { done.to_string() } else { format!("n={done}/{planned}") }
}

/// Three significant digits.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-2..1e4).contains(&value.abs()) {
        let digits = (2 - value.abs().max(1e-2).log10().floor() as i32).max(0);
        format!("{value:.*}", usize::try_from(digits).unwrap_or(0))
    } else {
        format!("{value:.2e}")
    }
}

/// Where the results are.
pub(super) fn written(folder: &Path, drawn: &Drawn) -> String {
    let files = if drawn.files.is_empty() { "no figures".into() } else { drawn.files.join(", ") };
    format!("{}: {files}\n", folder.display())
}

/// The figures that could not be drawn, and why.
pub(super) fn missing(drawn: &Drawn) -> impl Iterator<Item = String> {
    drawn.missing.iter().map(|(figure, why)| format!("figure {figure} was not drawn: {why}"))
}

/// What `--dry-run` says.
pub(super) fn plan(experiment: &Experiment, folder: &Path, plan: &Plan) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}: {}", experiment.name, experiment.title);
    let _ = writeln!(text, "results in {}", folder.display());
    let mut table = table(&["pass", "tasks", "done", "runs to do", "gradients", "EGOP samples"]);
    for pass in &plan.passes {
        table.add_row([
            pass.name.to_owned(),
            pass.tasks.to_string(),
            pass.done.to_string(),
            pass.runs.to_string(),
            pass.gradients.to_string(),
            pass.samples.to_string(),
        ]);
    }
    let _ = writeln!(text, "{table}");
    if !plan.complete {
        let _ = writeln!(text, "what follows depends on the results of the last pass above");
    }
    let _ = writeln!(
        text,
        "about {} of work on one thread, for what is listed",
        humantime::format_duration(std::time::Duration::from_secs(plan.seconds.ceil() as u64))
    );
    text
}

/// Anything as one line of JSON.
pub(super) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("tables of numbers and texts have a JSON form");
    text + "\n"
}

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
