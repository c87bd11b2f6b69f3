//! A study as text: for each base and axis the claims and numbers, by value.

use std::fmt::Write;

use super::dry_run::{between, duration};
use super::table::{WIDE, none, table};
use crate::claim::number;
use crate::record::StudyRow;
use crate::summary::{StudyDryRun, StudySummary};

/// What is said below each value.
const KEY: &str = "+ reproduced, − not reproduced, ? inconclusive, · not judged";

/// A table for each base and axis: a line for each claim and number of the theory, and where there are no
/// claims for each ratio, a column for each value, and where the claim holds.
pub(in crate::cli) fn study(study: &[StudySummary<'_>]) -> String {
    let mut text = String::new();
    for summary in study {
        let StudySummary { base, axis, values, .. } = summary;
        let header: Vec<&str> =
            [&[*axis], &values[..], &["holds for"]].concat().into_iter().collect();
        let mut rows = table(WIDE, &header);
        for line in summary.telling() {
            let cells = line.found.iter().map(|found| found.map_or_else(none, cell));
            let holds = summary.holds(line).unwrap_or_default();
            rows.add_row(std::iter::once(line.called()).chain(cells).chain([holds]));
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{base}, by {axis}: medians; {KEY}\n{rows}");
    }
    text
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
    let mut rows = table(WIDE, &["point", "tasks", "done", "takes about"]);
    for point in points {
        let sum = |get: fn(&crate::run::RoundPlan) -> usize| -> usize {
            point.plan.rounds.iter().map(get).sum()
        };
        rows.add_row([
            point.point.clone(),
            sum(|round| round.tasks).to_string(),
            sum(|round| round.done).to_string(),
            between(point.plan.seconds, duration),
        ]);
    }
    format!(
        "{name}: {title}\nresults in {results}\n{rows}\nabout {} in all; what several points share is \
         counted for each\n",
        between(*seconds, duration)
    )
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
}
