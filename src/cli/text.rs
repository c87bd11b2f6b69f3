//! What the programs print.

use std::fmt::Write;
use std::path::Path;

use bytesize::ByteSize;
use ciborium::Value;
use comfy_table::{Cell, ContentArrangement, Table, presets};
use serde::{Serialize, Serializer};

use crate::claim::number;
use crate::cli::Status;
use crate::cli::console::Console;
use crate::experiment::Experiment;
use crate::record::{ClaimRow, MeasureRow, RateRow, TheoryRow};
use crate::run::{self, Between, Memory, Observer, Plan};
use crate::sweep::{Unselected, median};

/// Characters in a line of a table.
const WIDTH: u16 = 118;

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(header.iter().map(Cell::new));
    table
}

/// The best learning rates, per algorithm and coordinate system. Where none could be selected, the
/// row says what was tried and what came of it.
pub(super) fn rates(rows: &[RateRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
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
    let mut notes = String::new();
    for of in rows.chunk_by(|a, b| a.algorithm == b.algorithm && a.coordinates == b.coordinates) {
        if let Some(unselected) = Unselected::of(of) {
            table.add_row(unselected.cells());
            // Writing to a string cannot fail.
            let _ = writeln!(notes, "{unselected}");
        }
        for row in of.iter().filter(|row| !row.selected.is_empty()) {
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
    }
    let metric = rows.first().map_or("", |row| &row.metric);
    format!(
        "learning rates selected by {metric}, in original coordinates or in each system's own:\n\
         {table}\n{notes}"
    )
}

/// What the theory says of each change of variables beside what was observed, medians over the
/// trials.
pub(super) fn theory(rows: &[TheoryRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = table(&[
        "coordinates",
        "block",
        "algorithm",
        "stable rank",
        "β₁",
        "β₁²d/sr",
        "L_f",
        "L_f∘V",
        "same η",
        "own η",
    ]);
    let mut seen: Vec<[&str; 3]> = Vec::new();
    for row in rows {
        let label = [&*row.coordinates, &*row.block, &*row.algorithm];
        if seen.contains(&label) {
            continue;
        }
        seen.push(label);
        let same = |row: &&TheoryRow| [&*row.coordinates, &*row.block, &*row.algorithm] == label;
        let median = |get: fn(&TheoryRow) -> Option<f64>| {
            let values: Vec<f64> = rows.iter().filter(same).filter_map(get).collect();
            if values.is_empty() { "–".into() } else { number(median(&values)) }
        };
        let bounds = |lower, upper| match (median(lower), median(upper)) {
            (lower, upper) if lower == upper => lower,
            (lower, upper) => format!("{lower} – {upper}"),
        };
        table.add_row([
            label[0].to_owned(),
            label[1].to_owned(),
            label[2].to_owned(),
            median(|row| Some(row.stable_rank)),
            median(|row| Some(row.density)),
            median(|row| Some(row.predicted)),
            bounds(|row| row.smoothness_lower, |row| row.smoothness_upper),
            bounds(|row| row.reparameterized_lower, |row| row.reparameterized_upper),
            median(|row| row.observed_same_rate),
            median(|row| row.observed_own_rate),
        ]);
    }
    let place = rows.iter().map(|row| &*row.hessian).find(|place| !place.is_empty());
    let place = place.map_or(String::new(), |place| format!("; L from the Hessian {place}"));
    format!(
        "theory (factor β₁²d/sr) beside the observed ratio of steps to the target{place}:\n{table}\n"
    )
}

/// The measures of EGOP estimates that sum them up.
pub(super) fn measures(rows: &[MeasureRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut spectra: Vec<(usize, &str, &str)> = Vec::new();
    for row in rows {
        let label = (row.trial, &*row.coordinates, &*row.block);
        if !spectra.contains(&label) {
            spectra.push(label);
        }
    }
    let mut table = table(&[
        "spectrum",
        "block",
        "stable rank",
        "Σλ/λ₁",
        "β₁",
        "shelves end at",
        "subspace distance",
    ]);
    for label @ (_, spectrum, block) in spectra {
        let of = |measure: &'static str| {
            rows.iter().filter(move |row| {
                (row.trial, &*row.coordinates, &*row.block) == label && row.measure == measure
            })
        };
        let first = |measure| {
            of(measure).next().map_or_else(String::new, |row| {
                let [value, lower, upper] = [row.value, row.lower, row.upper].map(number);
                format!("{value} [{lower}, {upper}]")
            })
        };
        let ends: Vec<f64> = of("shelf-end").map(|row| row.value).collect();
        let list = |texts: Vec<String>| texts.join(", ");
        let distances =
            of("subspace-distance").filter(|row| row.at.is_some_and(|k| ends.contains(&k)));
        table.add_row([
            spectrum.to_owned(),
            block.to_owned(),
            first("stable-rank"),
            first("intrinsic-dimension"),
            first("density"),
            list(ends.iter().map(|end| end.to_string()).collect()),
            list(distances.map(|row| number(row.value)).collect()),
        ]);
    }
    format!(
        "EGOP estimates, with what the halves of the samples give; distance between the halves' \
         subspaces up to each shelf's end, 1 is unrelated:\n{table}\n"
    )
}

/// The verdicts.
pub(super) fn claims(rows: &[ClaimRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = table(&[
        "claim",
        "test",
        "median [interval]",
        "level",
        "in favour",
        "n",
        "no evidence",
        "verdict",
    ]);
    let mut reasons = String::new();
    for row in rows {
        let number = |value: Option<f64>| value.map_or_else(|| "–".into(), number);
        let [lower, median, upper] = [row.lower, row.median, row.upper].map(number);
        table.add_row([
            row.id.clone(),
            row.test.clone(),
            row.median.map_or_else(|| "–".into(), |_| format!("{median} [{lower}, {upper}]")),
            row.level.map_or_else(|| "–".into(), |level| format!("{:.1} %", 100.0 * level)),
            format!("{}/{}", row.in_favour, row.pairs),
            complete(row.pairs, row.planned),
            row.no_evidence.to_string(),
            row.verdict.clone(),
        ]);
        // Writing to a string cannot fail.
        let _ = writeln!(reasons, "{}: {}: {}", row.id, row.verdict, row.reason);
    }
    format!("{table}\n{reasons}")
}

/// `9/10` where something is missing, else just the number.
fn complete(done: usize, planned: usize) -> String {
    if done == planned { done.to_string() } else { format!("n={done}/{planned}") }
}

/// What `--dry-run` says.
pub(super) fn plan(experiment: &Experiment, folder: &Path, plan: &Plan, memory: Memory) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}: {}", experiment.name, experiment.title);
    let _ = writeln!(text, "results in {}", folder.display());
    let mut table = table(&["pass", "tasks", "done", "runs to do", "gradients", "EGOP samples"]);
    for pass in &plan.passes {
        table.add_row([
            format!("{}{}", pass.name, if pass.forecast { " *" } else { "" }),
            pass.tasks.to_string(),
            pass.done.to_string(),
            between(pass.runs, |runs| runs.to_string()),
            between(pass.gradients, |gradients| gradients.to_string()),
            pass.samples.to_string(),
        ]);
    }
    let _ = writeln!(text, "{table}");
    if !plan.complete {
        let _ = writeln!(text, "* what follows depends on the results: at least and at most this");
    }
    if plan.passes.iter().all(|pass| pass.done == pass.tasks) {
        let _ = writeln!(text, "all tasks are done: only tables and figures are made anew");
    } else {
        let threads = if plan.threads == 1 { "thread" } else { "threads" };
        let _ = writeln!(
            text,
            "about {} in all: {} of work, on {} {threads}",
            between(plan.seconds, duration),
            between(plan.work, duration),
            plan.threads,
        );
    }
    let size = |bytes| ByteSize(bytes).display().si();
    let _ = writeln!(
        text,
        "{} of {} trials in flight at a time, each with about {:#}, and {:#} of rows for the \
         tables: about {:#} in all, of the {:#} of memory (--memory)",
        memory.in_flight,
        experiment.trials,
        size(memory.per_trial),
        size(memory.held),
        size(memory.total),
        size(memory.budget),
    );
    text
}

/// Both ends, or one if they look the same.
fn between<T: Copy>(ends: Between<T>, text: impl Fn(T) -> String) -> String {
    let [lower, upper] = [ends.lower, ends.upper].map(text);
    if lower == upper { lower } else { format!("{lower} – {upper}") }
}

/// A time with about two digits: 0.3s, 12s, 3m 20s.
fn duration(seconds: f64) -> String {
    let unit: u64 = match seconds {
        _ if seconds < 10.0 => return format!("{seconds:.1}s"),
        _ if seconds < 60.0 => 1,
        _ if seconds < 600.0 => 10,
        _ if seconds < 36_000.0 => 60,
        _ if seconds < 864_000.0 => 3600,
        _ => 86_400,
    };
    let seconds = ((seconds / unit as f64).round() as u64).saturating_mul(unit);
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

/// What `--dry-run --json` says.
#[derive(Serialize)]
pub(super) struct DryRun<'a> {
    name: &'a str,
    title: &'a str,
    results: String,
    trials: usize,
    #[serde(flatten)]
    plan: &'a Plan,
    memory: Memory,
}

impl<'a> DryRun<'a> {
    pub fn new(experiment: &'a Experiment, folder: &Path, plan: &'a Plan, memory: Memory) -> Self {
        Self {
            name: &experiment.name,
            title: &experiment.title,
            results: folder.display().to_string(),
            trials: experiment.trials,
            plan,
            memory,
        }
    }
}

/// Anything as one line of JSON. What is not finite, which JSON lacks, becomes a string as in the
/// tables: `"inf"`, `"-inf"` or `"NaN"`; `null` is "does not apply".
pub(super) fn json(value: &impl Serialize) -> String {
    let value =
        Value::serialized(value).expect("tables of numbers and texts have a tree of values");
    let text = serde_json::to_string(&Finite(&value)).expect("numbers and texts have a JSON form");
    text + "\n"
}

/// A tree of values, of which those that are not finite become texts.
struct Finite<'a>(&'a Value);

impl Serialize for Finite<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // As the csv crate writes them.
            Value::Float(x) if x.is_nan() => serializer.serialize_str("NaN"),
            Value::Float(x) if !x.is_finite() => serializer.serialize_str(&x.to_string()),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Finite)),
            Value::Map(entries) => serializer
                .collect_map(entries.iter().map(|(key, value)| (Finite(key), Finite(value)))),
            other => other.serialize(serializer),
        }
    }
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
