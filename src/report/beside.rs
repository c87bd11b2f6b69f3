//! Two results folders side by side.

use serde::Serialize;

use super::figures::FigureView;
use super::table::{Column, Table, none, numbers, shown, shown_or_none, text};
use super::verdicts::{Badge, Headline};
use crate::drawing::page::Page;
use crate::error::Result;
use crate::record::RateRow;
use crate::summary::{Comparison, MethodComparison, SettingComparison, VerdictComparison};
use crate::sweep::written;

/// All that is said of two folders.
#[derive(Debug, Serialize)]
pub(super) struct ComparisonView {
    sides: Vec<SideView>,
    settings: Option<Table>,
    rates: Option<Table>,
    verdicts: Vec<VerdictView>,
    /// How many verdicts are the same.
    unchanged: usize,
    figures: Vec<FigureView>,
}

#[derive(Debug, Serialize)]
struct SideView {
    letter: &'static str,
    folder: String,
    name: String,
    title: String,
    profile: Option<String>,
    headline: Headline,
}

/// A claim on which the verdicts differ.
#[derive(Debug, Serialize)]
struct VerdictView {
    id: String,
    statement: String,
    verdicts: Vec<Badge>,
    medians: Vec<String>,
}

impl ComparisonView {
    pub fn of(comparison: &Comparison<'_>, overlaid: &[(String, Page)]) -> Result<Self> {
        let Comparison { sides, settings, methods, verdicts } = comparison;
        let sides = sides.iter().zip(["A", "B"]).map(|(side, letter)| SideView {
            letter,
            folder: side.folder.to_owned(),
            name: side.name.to_owned(),
            title: side.title.to_owned(),
            profile: side.profile.map(str::to_owned),
            headline: Headline::of(side.claims),
        });
        let figure = |(index, (name, page)): (usize, &(String, Page))| {
            FigureView::of(format!("figure-{index}"), name, page)
        };
        Ok(Self {
            sides: sides.collect(),
            settings: self::settings(settings),
            rates: rates(methods),
            verdicts: verdicts.iter().filter(|one| one.changed).map(VerdictView::of).collect(),
            unchanged: comparison.unchanged(),
            figures: overlaid.iter().enumerate().map(figure).collect::<Result<_>>()?,
        })
    }
}

impl VerdictView {
    fn of(compared: &VerdictComparison<'_>) -> Self {
        let badge = |verdict: Option<&str>| {
            let words = verdict.unwrap_or("no such claim");
            Badge::of(words, words)
        };
        Self {
            id: compared.id.to_owned(),
            statement: compared.statement.to_owned(),
            verdicts: compared.verdicts.map(badge).into(),
            medians: compared.medians.map(shown_or_none).into(),
        }
    }
}

fn settings(differing: &[SettingComparison]) -> Option<Table> {
    let row = |one: &SettingComparison| {
        let [a, b] =
            one.values.each_ref().map(|value| value.clone().unwrap_or_else(|| "not set".into()));
        vec![one.key.clone(), a, b]
    };
    let columns = [text("key"), text("A"), text("B")];
    Table::new("Settings that differ", 1, &columns, differing.iter().map(row).collect())
}

fn rates(methods: &[MethodComparison<'_>]) -> Option<Table> {
    const COLUMNS: [Column; 10] = [
        text("algorithm"),
        text("coordinates"),
        text("tuned in"),
        numbers("A: η"),
        numbers("B: η"),
        numbers("A: median"),
        numbers("B: median"),
        numbers("B over A"),
        numbers("A: steps to the target"),
        numbers("B: steps to the target"),
    ];
    let metrics: Vec<&str> =
        methods.iter().flat_map(|one| one.rates).flatten().map(|row| &*row.metric).collect();
    let metric = match metrics.first() {
        Some(first) if metrics.iter().all(|metric| metric == first) => format!(" of {first}"),
        _ => String::new(),
    };
    let row = |one: &MethodComparison<'_>| {
        let of = |get: fn(&RateRow) -> String| one.rates.map(|rate| rate.map_or_else(none, get));
        let steps: fn(&RateRow) -> String =
            |row| row.reached_target.map_or_else(|| "never".to_owned(), |step| step.to_string());
        let label = [one.algorithm, one.coordinates, one.tuned].map(str::to_owned);
        let ratio = [shown_or_none(one.ratio)];
        let cells = [of(|row| written(row.learning_rate)), of(|row| shown(row.median))].concat();
        label.into_iter().chain(cells).chain(ratio).chain(of(steps)).collect()
    };
    let caption = format!("Selected learning rates and medians{metric}");
    Table::new(caption, 2, &COLUMNS, methods.iter().map(row).collect())
}
