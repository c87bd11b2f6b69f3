//! `--list`: everything that can be run, and everything that a config can name.

use crate::cli::text::{columns, width};
use crate::config::Entry;
use crate::egop::Measure;
use crate::experiment::{About, Heading};
use crate::shipped::{FIGURES, SHIPPED, Shipped};
use crate::study::Study;
use crate::sweep::METRICS;
use crate::{basis, claim, figure, objective, optimizer};

/// Names and summaries, by registry; experiments with the time they take, and the paper's figures with
/// the experiments that show them.
pub(super) fn listing() -> String {
    let width = width();
    let mut text = String::new();
    let shipped: Vec<(&Shipped, Heading)> =
        SHIPPED.iter().filter_map(|shipped| Some((shipped, heading(shipped)?))).collect();
    for (title, about) in [
        ("experiments of the paper (egop-run NAME), on two cores", About::Paper),
        ("experiments beyond the paper (egop-run NAME)", About::Beyond),
        ("studies of a setting (egop-run NAME)", About::Study),
    ] {
        let of = shipped.iter().filter(|(_, heading)| heading.about == about);
        let rows: Vec<_> = of
            .map(|(shipped, heading)| (shipped.name, takes(shipped.seconds), &*heading.title))
            .collect();
        let rows: Vec<_> =
            rows.iter().map(|(name, takes, title)| [*name, &**takes, *title]).collect();
        if !rows.is_empty() {
            text += &format!("{title}\n{}", columns(&rows, width));
        }
    }
    let shown: Vec<_> =
        FIGURES.iter().map(|figure| (figure.name, figure.experiments.join(", "))).collect();
    let shown: Vec<_> = shown.iter().map(|(name, by)| [*name, &**by]).collect();
    text += &format!("figures of the paper (egop-run fig5)\n{}", columns(&shown, width));
    let mut section = |title: &str, rows: Vec<[&str; 2]>| {
        text += &format!("{title}\n{}", columns(&rows, width));
    };
    section("objectives ([objective] kind)", entries(&objective::all()));
    section("optimizers ([algorithms.NAME] kind)", entries(optimizer::REGISTRY));
    section("bases ([coordinates.NAME] basis)", entries(basis::REGISTRY));
    section("figures ([[figures]] kind)", entries(figure::REGISTRY));
    section("claim tests ([[claims]] test)", entries(claim::REGISTRY));
    section(
        "measures of EGOP estimates (claim test measure)",
        Measure::NAMES.iter().map(|&(name, summary)| [name, summary]).collect(),
    );
    section("metrics", METRICS.iter().map(|metric| [metric.name, metric.summary]).collect());
    text
}

/// What a shipped experiment or study is about.
fn heading(shipped: &Shipped) -> Option<Heading> {
    let experiment = || Some(shipped.read()?.value.heading());
    experiment().or_else(|| Some(Study::shipped(shipped, None)?.value.heading))
}

/// A time that nobody takes for a measurement.
fn takes(seconds: u32) -> String {
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min", seconds / 60) }
}

fn entries<T: ?Sized>(registry: &[Entry<T>]) -> Vec<[&'static str; 2]> {
    registry.iter().map(|entry| [entry.name, entry.summary]).collect()
}
