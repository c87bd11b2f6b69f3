//! `--list`: everything that a config can name.

use std::fmt::Write;

use crate::egop::Measure;
use crate::sweep::METRICS;
use crate::{basis, claim, figure, objective, optimizer};

/// Names and summaries, by registry.
pub(super) fn listing() -> String {
    let mut text = String::new();
    let mut section = |title: &str, entries: Vec<(&str, &str)>| {
        let width = entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{title}");
        for (name, summary) in entries {
            let _ = writeln!(text, "  {name:width$}  {summary}");
        }
    };
    macro_rules! registry {
        ($title:literal, $module:ident) => {
            section($title, $module::REGISTRY.iter().map(|e| (e.name, e.summary)).collect());
        };
    }
    registry!("objectives ([objective] kind)", objective);
    registry!("optimizers ([algorithms.NAME] kind)", optimizer);
    registry!("bases ([coordinates.NAME] basis)", basis);
    registry!("figures ([[figures]] kind)", figure);
    registry!("claim tests ([[claims]] test)", claim);
    section("measures of EGOP estimates (claim test measure)", Measure::NAMES.to_vec());
    section("metrics", METRICS.iter().map(|metric| (metric.name, metric.summary)).collect());
    text
}
