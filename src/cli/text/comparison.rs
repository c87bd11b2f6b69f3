//! Two results folders side by side, as text.

use std::fmt::Write;

use super::table::{NARROW, Rows, none, paragraph};
use crate::claim::number;
use crate::record::RateRow;
use crate::summary::{Comparison, MethodComparison};
use crate::sweep::written;

/// What differs: settings, learning rates and their medians, verdicts.
pub(in crate::cli) fn comparison(comparison: &Comparison<'_>) -> String {
    let Comparison { sides, settings, methods, verdicts } = comparison;
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (letter, side) in ["A", "B"].into_iter().zip(sides) {
        let profile = side.profile.map(|name| format!(", profile {name}")).unwrap_or_default();
        let heading = format!("{letter}: {} ({}{profile}): {}", side.folder, side.name, side.title);
        text += &paragraph(&heading);
    }
    if settings.is_empty() {
        text.push_str("\nall settings are the same\n");
    } else {
        let mut rows = Rows::new(NARROW, &["setting", "A", "B"]);
        for one in settings {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(none);
            rows.add([one.key.clone(), value(&one.values[0]), value(&one.values[1])]);
        }
        let _ = writeln!(text, "\nsettings that differ:\n{rows}");
    }
    if !methods.is_empty() {
        let mut rows =
            Rows::new(NARROW, &["method", "tuned in", "η: A", "B", "median: A", "B", "B/A"]);
        for method in methods {
            rows.add(cells(method));
        }
        text.push('\n');
        text += &paragraph("selected learning rates, and the medians of their metric:");
        let _ = writeln!(text, "{rows}");
    }
    let in_both = verdicts.iter().filter(|one| one.alone_in().is_none());
    let changed: Vec<_> = in_both.filter(|one| one.changed).collect();
    if !changed.is_empty() {
        let mut rows = Rows::new(NARROW, &["claim", "A", "B"]);
        for verdict in changed {
            let name = |name: Option<&str>| name.map_or_else(none, str::to_owned);
            let [a, b] = verdict.verdicts.map(name);
            rows.add([format!("{}\n{}", verdict.id, verdict.statement), a, b]);
        }
        let _ = writeln!(text, "\nverdicts that differ:\n{rows}");
    }
    for (side, folder) in ["A", "B"].into_iter().enumerate() {
        let alone = verdicts.iter().filter(|one| one.alone_in() == Some(side));
        let alone: Vec<&str> = alone.map(|one| one.id).collect();
        if !alone.is_empty() {
            let told = format!("claims of {folder} alone: {}", alone.join(", "));
            let _ = writeln!(text, "\n{}", paragraph(&told));
        }
    }
    if !verdicts.is_empty() {
        let same = comparison.unchanged();
        let _ = writeln!(text, "\n{same} of {} verdicts are the same", verdicts.len());
    }
    text
}

fn cells(method: &MethodComparison<'_>) -> [String; 7] {
    let of = |side: usize, get: fn(&RateRow) -> String| method.rates[side].map_or_else(none, get);
    let rate: fn(&RateRow) -> String = |row| written(row.learning_rate);
    let median: fn(&RateRow) -> String = |row| number(row.median);
    [
        format!("{} {}", method.algorithm, method.coordinates),
        method.tuned.to_owned(),
        of(0, rate),
        of(1, rate),
        of(0, median),
        of(1, median),
        method.ratio.map_or_else(none, number),
    ]
}
