//! What would run, as text.

use std::fmt::Write;

use bytesize::ByteSize;

use super::table::{self, Rows, paragraph};
use crate::run::Between;
use crate::summary::{DryRun, Leading};

/// What `--dry-run` says.
pub(in crate::cli) fn plan(dry_run: &DryRun<'_>) -> String {
    let DryRun { name, title, results, trials, leading, plan, memory } = dry_run;
    let mut text = String::new();
    // Writing to a string cannot fail.
    text += &paragraph(&format!("{name}: {title}"));
    let _ = writeln!(text, "results in {results}");
    let mut rows = Rows::new(
        table::WIDE,
        &["round", "tasks", "done", "runs to do", "gradients", "EGOP samples"],
    );
    for round in &plan.rounds {
        rows.add([
            format!("{}{}", round.name, if round.forecast { " *" } else { "" }),
            round.tasks.to_string(),
            round.done.to_string(),
            between(round.runs, |runs| runs.to_string()),
            between(round.gradients, |gradients| gradients.to_string()),
            round.samples.to_string(),
        ]);
    }
    let _ = writeln!(text, "{rows}");
    if !plan.complete {
        text += &paragraph("* what follows depends on the results: at least and at most this");
    }
    if dry_run.is_done() {
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
    for blocks in leading.chunk_by(|one, next| one.coordinates == next.coordinates) {
        let of = |Leading { block, parameters, rank, solver, .. }: &Leading<'_>| {
            let rank = rank.map_or_else(|| "as many as found".into(), |rank| rank.to_string());
            format!("{rank} of the {parameters} eigenvectors of {block} (solver {solver})")
        };
        let blocks_of = blocks.iter().map(of).collect::<Vec<_>>().join(", ");
        text += &paragraph(&format!("{}: {blocks_of}", blocks[0].coordinates));
    }
    let size = |bytes| ByteSize(bytes).display().si();
    let needs = format!(
        "{} of {trials} trials in flight at a time, each with about {:#}, and {:#} of rows for the \
         tables: about {:#} in all, of the {:#} of memory (--memory)",
        memory.in_flight,
        size(memory.per_trial),
        size(memory.held),
        size(memory.total),
        size(memory.budget),
    );
    text + &paragraph(&needs)
}

pub(in crate::cli) fn between<T: Copy>(ends: Between<T>, text: impl Fn(T) -> String) -> String {
    table::between([ends.lower, ends.upper].map(text))
}

/// A time with about two digits: 0.3s, 12s, 3m 20s.
pub(in crate::cli) fn duration(seconds: f64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_about_two_digits() {
        let said = [0.34, 12.4, 203.0, 4000.0, 40_000.0, 900_000.0].map(duration);
        assert_eq!(said, ["0.3s", "12s", "3m 20s", "1h 7m", "11h", "10days"]);
    }
}
