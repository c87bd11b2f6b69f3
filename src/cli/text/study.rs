//! A study as text: for each base and axis the claims and numbers, by value.

use std::fmt::Write;
use std::ops::Range;

use super::dry_run::{between, duration};
use super::table::{Rows, WIDE, available, none, paragraph};
use crate::claim::number;
use crate::record::StudyRow;
use crate::summary::{StudyDryRun, StudySummary};

/// Characters between two columns.
const PADDING: usize = 3;

/// What is said below each value.
const KEY: &str = "+ reproduced, − not reproduced, ? inconclusive, · not judged";

/// A table for each base and axis, in as many parts as it takes to have names in one line: a line for each
/// claim and number of the theory, and where there are no claims for each ratio, a column for each value,
/// and where the claim holds.
pub(in crate::cli) fn study(study: &[StudySummary<'_>]) -> String {
    let mut text = String::new();
    for summary in study {
        let StudySummary { base, axis, values, .. } = summary;
        let header: Vec<&str> = values.iter().copied().chain(["holds for"]).collect();
        let lines: Vec<(String, Vec<String>)> = summary
            .telling()
            .map(|line| {
                let cells = line.found.iter().map(|found| found.map_or_else(none, cell));
                let holds = summary.holds(line).unwrap_or_default();
                (line.called(), cells.chain([holds]).collect())
            })
            .collect();
        // Writing to a string cannot fail.
        text += &paragraph(&format!("{base}, by {axis}: medians; {KEY}"));
        for part in parts(axis, &header, &lines) {
            let mut rows = Rows::new(WIDE, &[&[*axis], &header[part.clone()]].concat());
            for (name, cells) in &lines {
                rows.add(std::iter::once(name).chain(&cells[part.clone()]).cloned());
            }
            let _ = writeln!(text, "{rows}");
        }
    }
    text
}

/// Which columns stand side by side beside the names.
fn parts(
    axis: &str,
    header: &[&str],
    lines: &[(String, Vec<String>)],
) -> impl Iterator<Item = Range<usize>> {
    let length = |text: &str| text.chars().count();
    let names = lines.iter().map(|(name, _)| length(name)).chain([length(axis)]);
    let names = names.max().unwrap_or(0) + PADDING;
    let cells = lines.iter().flat_map(|(_, cells)| cells).map(|cell| length(cell));
    let cell = cells.chain(header.iter().map(|one| length(one))).max().unwrap_or(0) + PADDING;
    let several = (available(WIDE).saturating_sub(names) / cell).max(1);
    let count = header.len();
    (0..count).step_by(several).map(move |first| first..count.min(first + several))
}

/// The median with a sign for the verdict.
fn cell(row: &StudyRow) -> String {
    let sign = match &*row.verdict {
        "" => "",
        "reproduced" => " +",
        "not reproduced" => " −",
        "inconclusive" => " ?",
        _ => " ·",
    };
    format!("{}{sign}", row.median.map_or_else(none, number))
}

/// What `--dry-run` says of a study.
pub(in crate::cli) fn study_plan(dry_run: &StudyDryRun<'_>) -> String {
    let StudyDryRun { name, title, results, points, seconds } = dry_run;
    let mut rows = Rows::new(WIDE, &["point", "tasks", "done", "takes about"]);
    for point in points {
        let sum = |get: fn(&crate::run::RoundPlan) -> usize| -> usize {
            point.plan.rounds.iter().map(get).sum()
        };
        rows.add([
            point.point.clone(),
            sum(|round| round.tasks).to_string(),
            sum(|round| round.done).to_string(),
            between(point.plan.seconds, duration),
        ]);
    }
    let in_all = between(*seconds, duration);
    let in_all = format!("about {in_all} in all; what several points share is counted for each");
    let [title, in_all] = [format!("{name}: {title}"), in_all].map(|line| paragraph(&line));
    format!("{title}results in {results}\n{rows}\n{in_all}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &str, quantity: &str, median: f64, verdict: &str) -> StudyRow {
        StudyRow {
            base: "lsq".into(),
            axis: "objective.decay.exponent".into(),
            value: value.into(),
            quantity: quantity.into(),
            median: Some(median),
            verdict: verdict.into(),
            ..StudyRow::default()
        }
    }

    #[test]
    fn claims_and_numbers_stand_side_by_side_with_where_they_hold() {
        let ratio = |value: &str, median| StudyRow {
            algorithm: "adam".into(),
            coordinates: "reparameterized".into(),
            tuned: "own".into(),
            ..row(value, "common_level", median, "")
        };
        let rows = [
            row("0.5", "F5C-adam", 1.2, "not reproduced"),
            row("1", "F5C-adam", 4.25, "reproduced"),
            row("2", "F5C-adam", f64::INFINITY, "reproduced"),
            row("0.5", "F5C-adagrad", 3.0, "reproduced"),
            row("1", "F5C-adagrad", 3.4, "reproduced"),
            row("2", "F5C-adagrad", 1.7, "inconclusive"),
            ratio("0.5", 1.2),
            ratio("2", 5.0),
        ];
        insta::assert_snapshot!(study(&StudySummary::all(&rows)));
        let ratios = study(&StudySummary::all(&rows[6..]));
        assert!(ratios.contains("adam, original / reparameterized, own rates"), "{ratios}");
        assert_eq!(study(&[]), "");
    }

    #[test]
    fn names_are_not_broken_for_many_values() {
        let values: Vec<String> = (0..20).map(|value| format!("0.{value}25")).collect();
        let name = "greatest-smoothness-gain, reparameterized";
        let rows: Vec<StudyRow> = values.iter().map(|value| row(value, name, 2.5, "")).collect();
        let text = study(&StudySummary::all(&rows));
        assert!(text.matches(name).count() > 1, "{text}");
        assert!(values.iter().all(|value| text.matches(&**value).count() == 1), "{text}");
    }
}
