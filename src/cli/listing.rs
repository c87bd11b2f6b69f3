//! `--list`: everything that a config can name.

use std::fmt::Write;

use crate::config::Entry;
use crate::egop::Measure;
use crate::experiment::{About, Experiment, Heading};
use crate::shipped::SHIPPED;
use crate::study::Study;
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
    let experiments = SHIPPED.iter().filter_map(|shipped| {
        let Experiment { title, about, .. } = shipped.read()?.value;
        Some((shipped.name, title, about))
    });
    let studies = SHIPPED.iter().filter_map(|shipped| {
        let Heading { title, about, .. } = Study::shipped(shipped, None)?.value.heading;
        Some((shipped.name, title, about))
    });
    let shipped: Vec<(&str, String, About)> = experiments.chain(studies).collect();
    for (title, about) in [
        ("experiments of the paper (configs/NAME.toml)", About::Paper),
        ("experiments beyond the paper (configs/NAME.toml)", About::Beyond),
        ("studies of a setting (configs/NAME.toml)", About::Study),
    ] {
        let of = shipped.iter().filter(|(_, _, of)| *of == about);
        let entries: Vec<_> = of.map(|(name, title, _)| (*name, &**title)).collect();
        if !entries.is_empty() {
            section(title, entries);
        }
    }
    section("objectives ([objective] kind)", entries(&objective::all()));
    section("optimizers ([algorithms.NAME] kind)", entries(optimizer::REGISTRY));
    section("bases ([coordinates.NAME] basis)", entries(basis::REGISTRY));
    section("figures ([[figures]] kind)", entries(figure::REGISTRY));
    section("claim tests ([[claims]] test)", entries(claim::REGISTRY));
    section("measures of EGOP estimates (claim test measure)", Measure::NAMES.to_vec());
    section("metrics", METRICS.iter().map(|metric| (metric.name, metric.summary)).collect());
    text
}

fn entries<T: ?Sized>(registry: &[Entry<T>]) -> Vec<(&'static str, &'static str)> {
    registry.iter().map(|entry| (entry.name, entry.summary)).collect()
}
