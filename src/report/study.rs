//! What a study comes to: at each value the verdicts on claims and the numbers of the theory.

use serde::Serialize;

use super::table::{shown, shown_or_none};
use super::verdicts::{Badge, Headline};
use crate::record::StudyRow;
use crate::summary::{StudyLine, StudySummary, study_verdicts};

/// A base along an axis.
#[derive(Debug, Serialize)]
pub(super) struct StudyView {
    base: String,
    axis: String,
    values: Vec<String>,
    lines: Vec<LineView>,
    /// Whether some of the lines are claims.
    judged: bool,
}

/// A claim or a number by value.
#[derive(Debug, Serialize)]
struct LineView {
    name: String,
    /// The claim in words.
    statement: String,
    /// What was found at each value, if anything was.
    cells: Vec<Option<CellView>>,
    /// The values for which a claim is reproduced.
    holds: Option<String>,
}

#[derive(Debug, Serialize)]
struct CellView {
    /// The verdict on a claim, with the median in place of its words.
    badge: Option<Badge>,
    verdict: String,
    median: String,
    interval: Option<String>,
}

impl StudyView {
    pub fn of(summary: &StudySummary<'_>) -> Self {
        let line = |line: &StudyLine<'_>| LineView {
            name: line.called(),
            statement: line.of.statement.clone(),
            cells: line.found.iter().map(|found| found.map(CellView::of)).collect(),
            holds: summary.holds(line),
        };
        Self {
            base: summary.base.to_owned(),
            axis: summary.axis.to_owned(),
            values: summary.values.iter().map(|&value| value.to_owned()).collect(),
            lines: summary.telling().map(line).collect(),
            judged: summary.lines.iter().any(StudyLine::is_claim),
        }
    }
}

impl CellView {
    fn of(row: &StudyRow) -> Self {
        let median = shown_or_none(row.median);
        let is_claim = !row.verdict.is_empty();
        Self {
            badge: is_claim.then(|| Badge::of(&row.verdict, median.clone())),
            verdict: row.verdict.clone(),
            median,
            interval: row
                .lower
                .zip(row.upper)
                .map(|(lower, upper)| format!("[{}, {}]", shown(lower), shown(upper))),
        }
    }
}

/// How many verdicts there are at how many points.
pub(super) fn headline(rows: &[StudyRow]) -> Headline {
    let (points, counts) = study_verdicts(rows);
    let points = if points == 1 { "1 point".to_owned() } else { format!("{points} points") };
    let verdicts: usize = counts.iter().map(|(_, count)| count).sum();
    let many = if verdicts == 1 { "verdict" } else { "verdicts" };
    let each: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let words = match &counts[..] {
        [] => format!("{points}; no claims are judged."),
        _ => format!("{points}, {verdicts} {many}: {}.", each.join(", ")),
    };
    Headline::new(words, &counts, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_counts_points_and_verdicts() {
        let row = |value: &str, verdict: &str| StudyRow {
            value: value.into(),
            verdict: verdict.into(),
            ..StudyRow::default()
        };
        let words = |rows: &[StudyRow]| headline(rows).words;
        let two = [row("1", "reproduced"), row("1", "inconclusive"), row("2", "reproduced")];
        assert_eq!(words(&two), "2 points, 3 verdicts: 2 reproduced, 1 inconclusive.");
        assert_eq!(words(&[row("1", "")]), "1 point; no claims are judged.");
        assert_eq!(words(&two[..1]), "1 point, 1 verdict: 1 reproduced.");
    }

    #[test]
    fn what_is_no_claim_has_no_badge() {
        let row = StudyRow {
            median: Some(2.0),
            lower: Some(1.0),
            upper: Some(f64::INFINITY),
            ..StudyRow::default()
        };
        let cell = CellView::of(&row);
        assert!(cell.badge.is_none() && cell.median == "2.00", "{cell:?}");
        assert_eq!(cell.interval.as_deref(), Some("[1.00, ∞]"));
        let claim = CellView::of(&StudyRow { verdict: "reproduced".into(), ..row });
        assert_eq!(claim.badge.unwrap().words, "2.00");
    }
}
