//! What a study comes to: along each axis of each base, what holds where.

use std::collections::HashSet;
use std::path::Path;

use serde::Serialize;

use super::verdicts::counts;
use crate::claim::Verdict;
use crate::record::StudyRow;
use crate::run::{Between, Memory, Plan};

/// A base along an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct StudySummary<'a> {
    /// Name of the base.
    pub base: &'a str,
    /// The key that is varied.
    pub axis: &'a str,
    /// Its values.
    pub values: Vec<&'a str>,
    /// Claims, ratios and numbers of the theory.
    pub lines: Vec<StudyLine<'a>>,
}

/// A claim or a number along an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyLine<'a> {
    /// One of its rows, which says what it is of.
    pub of: &'a StudyRow,
    /// Its rows, by value; `None` where there is none.
    pub found: Vec<Option<&'a StudyRow>>,
}

impl<'a> StudySummary<'a> {
    /// Sums up the rows of `study.csv`, in their order.
    pub fn all(rows: &'a [StudyRow]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for row in rows {
            let (base, axis) = (&*row.base, &*row.axis);
            if !all.iter().any(|one| one.base == base && one.axis == axis) {
                let along = rows.iter().filter(|row| row.base == base && row.axis == axis);
                all.push(Self::along(base, axis, &along.collect::<Vec<_>>()));
            }
        }
        all
    }

    fn along(base: &'a str, axis: &'a str, rows: &[&'a StudyRow]) -> Self {
        let mut values: Vec<&str> = Vec::new();
        let mut lines: Vec<StudyLine<'_>> = Vec::new();
        for row in rows {
            if !values.contains(&&*row.value) {
                values.push(&row.value);
            }
        }
        for &row in rows {
            let line = match lines.iter_mut().find(|line| label(line.of) == label(row)) {
                Some(line) => line,
                None => {
                    lines.push(StudyLine { of: row, found: vec![None; values.len()] });
                    lines.last_mut().expect("there is the one that was added")
                }
            };
            let place = values.iter().position(|value| *value == row.value);
            line.found[place.expect("the values are those of the rows")] = Some(row);
        }
        Self { base, axis, values, lines }
    }

    /// Claims and numbers of the theory, and where there are no claims, ratios: of these there are many,
    /// and claims are about those that matter.
    pub fn telling(&self) -> impl Iterator<Item = &StudyLine<'a>> {
        let claims = self.lines.iter().any(StudyLine::is_claim);
        self.lines.iter().filter(move |line| !claims || line.of.algorithm.is_empty())
    }

    /// The values for which a claim is reproduced, such as `0.5 – 2, 4`; `None` of what is no claim.
    pub fn holds(&self, line: &StudyLine<'_>) -> Option<String> {
        let range = |&(first, last): &(usize, usize)| match first == last {
            true => self.values[first].to_owned(),
            false => format!("{} – {}", self.values[first], self.values[last]),
        };
        line.is_claim().then(|| match &line.ranges(Verdict::Reproduced.name())[..] {
            [] if !line.is_judged() => "–".into(),
            [] => "none".into(),
            [(0, last)] if last + 1 == self.values.len() => "all".into(),
            ranges => ranges.iter().map(range).collect::<Vec<_>>().join(", "),
        })
    }
}

/// How many points there are in the rows of `study.csv`, and how often each verdict on claims there.
pub fn study_verdicts(rows: &[StudyRow]) -> (usize, Vec<(&'static str, usize)>) {
    let points: HashSet<[&str; 3]> =
        rows.iter().map(|row| [&*row.base, &*row.axis, &*row.value]).collect();
    (points.len(), counts(rows.iter().map(|row| &*row.verdict)))
}

impl StudyLine<'_> {
    /// What it is of.
    pub fn called(&self) -> String {
        let StudyRow { quantity, algorithm, coordinates, tuned, block, .. } = self.of;
        match (&**algorithm, &**block) {
            ("", "") => quantity.clone(),
            ("", "all") => format!("{quantity}, {coordinates}"),
            ("", block) => format!("{quantity}, {coordinates}, {block}"),
            (algorithm, _) => {
                let rate = if tuned == "own" { ", own rates" } else { "" };
                format!("{quantity}, {algorithm}, original / {coordinates}{rate}")
            }
        }
    }

    /// Whether it is a claim.
    pub fn is_claim(&self) -> bool {
        !self.of.verdict.is_empty()
    }

    /// Whether there is a verdict on it anywhere.
    fn is_judged(&self) -> bool {
        let unjudged = Verdict::NotJudged.name();
        self.found.iter().flatten().any(|row| row.verdict != unjudged)
    }

    /// The ranges of the values, by their positions, from first to last, in which it has this verdict.
    pub fn ranges(&self, verdict: &str) -> Vec<(usize, usize)> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (index, found) in self.found.iter().enumerate() {
            if found.is_none_or(|row| row.verdict != verdict) {
                continue;
            }
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == index => *last = index,
                _ => ranges.push((index, index)),
            }
        }
        ranges
    }
}

/// What a row is of, but for its value.
fn label(row: &StudyRow) -> [&str; 5] {
    [&row.quantity, &row.algorithm, &row.coordinates, &row.tuned, &row.block]
}

/// What a study would do, and what that costs.
#[derive(Debug, Serialize)]
pub struct StudyDryRun<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is about.
    pub title: &'a str,
    /// The results folder.
    pub results: String,
    /// Its points, in their order.
    pub points: Vec<PointPlan>,
    /// About how many seconds all of them take: tasks that are those of several points are counted for
    /// each that comes before they are done.
    pub seconds: Between<f64>,
}

/// What a point would do.
#[derive(Debug, Serialize)]
pub struct PointPlan {
    /// The point, in words.
    pub point: String,
    /// Its tasks, and how long they take.
    #[serde(flatten)]
    pub plan: Plan,
    /// The memory that they take.
    pub memory: Memory,
}

impl<'a> StudyDryRun<'a> {
    /// Of a study with its results in `folder`.
    pub fn new(name: &'a str, title: &'a str, folder: &Path, points: Vec<PointPlan>) -> Self {
        let sum = |get: fn(&Between<f64>) -> f64| {
            points.iter().map(|point| get(&point.plan.seconds)).sum::<f64>()
        };
        let seconds = Between { lower: sum(|one| one.lower), upper: sum(|one| one.upper) };
        Self { name, title, results: folder.display().to_string(), points, seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(axis: &str, value: &str, quantity: &str, verdict: &str) -> StudyRow {
        StudyRow {
            base: "b".into(),
            axis: axis.into(),
            value: value.into(),
            quantity: quantity.into(),
            verdict: verdict.into(),
            ..StudyRow::default()
        }
    }

    #[test]
    fn a_claim_holds_in_ranges_of_neighbouring_values() {
        let rows = [
            row("x", "1", "C", "reproduced"),
            row("x", "1", "ratio", ""),
            row("x", "2", "C", "reproduced"),
            row("x", "4", "C", "inconclusive"),
            row("x", "8", "ratio", ""),
            row("x", "8", "C", "reproduced"),
            row("y", "1", "C", "reproduced"),
        ];
        let all = StudySummary::all(&rows);
        let [x, y] = &all[..] else { panic!("{all:?}") };
        assert_eq!((x.axis, y.axis), ("x", "y"));
        assert_eq!(x.values, ["1", "2", "4", "8"]);
        let [claim, ratio] = &x.lines[..] else { panic!("{x:?}") };
        assert_eq!(claim.ranges("reproduced"), [(0, 1), (3, 3)]);
        assert_eq!(claim.ranges("inconclusive"), [(2, 2)]);
        assert!(claim.ranges("not reproduced").is_empty());
        assert!(claim.is_claim() && !ratio.is_claim());
        let there: Vec<bool> = ratio.found.iter().map(Option::is_some).collect();
        assert_eq!(there, [true, false, false, true]);
        assert_eq!(x.holds(claim).unwrap(), "1 – 2, 8");
        assert_eq!(x.holds(ratio), None);
        assert!(x.telling().eq([claim, ratio]));
        assert_eq!(y.holds(&y.lines[0]).unwrap(), "all");
        assert!(StudySummary::all(&[]).is_empty());
        assert_eq!(study_verdicts(&rows), (5, vec![("reproduced", 4), ("inconclusive", 1)]));
    }
}
