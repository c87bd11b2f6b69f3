//! A metric against the learning rate: median and quartiles over trials, with the selected rates
//! marked. Each algorithm has its panel: in a common one, the marks at the edges would lie on top
//! of each other.

use std::collections::BTreeMap;

use super::metric::{AxisLimits, VerticalAxis, appearance};
use super::quartiles::{Quartiles, or_worst};
use super::selection::{Filter, MethodRates, trials_note};
use super::spec::{Heading, Spec};
use super::stars::{Marked, Stars, selection_note};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale};
use crate::drawing::chart::{Chart, Mark};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::Stroke;
use crate::drawing::style::GREY;
use crate::drawing::symbol::{Shape, Symbol};
use crate::need::{Need, Want};
use crate::sweep::{Goal, METRICS, Metric};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "learning-rates",
    summary: "a metric against the learning rate, with the selected rates marked",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let runs = METRICS.iter().map(|&metric| (metric.name, Some(metric)));
        let metrics: Vec<_> = std::iter::once((SELECTION, None)).chain(runs).collect();
        let metric =
            key("metric", "the column of runs.csv that is drawn, or what rates are selected by");
        let metric = reader.choice_or(metric, SELECTION, &metrics);
        let marked = Marked::read(reader);
        let filter = Filter::read(reader);
        let limits = AxisLimits::read(reader);
        Some(Box::new(LearningRatesFigure {
            heading: heading?,
            metric: metric?,
            marked: marked?,
            filter: filter?,
            limits: limits?,
        }))
    },
};

/// Names the metric by which learning rates were selected.
const SELECTION: &str = "selection";

/// A figure of a metric against the learning rate.
#[derive(Debug)]
struct LearningRatesFigure {
    heading: Heading,
    /// A column of `runs.csv`; otherwise the metric of `learning_rates.csv`.
    metric: Option<Metric>,
    /// Which selected rates are marked.
    marked: Marked,
    filter: Filter,
    /// Of the vertical axis.
    limits: AxisLimits,
}

/// A metric of a method: quartiles at each learning rate.
struct Series<'a> {
    method: &'a MethodRates<'a>,
    points: Vec<(f64, Quartiles)>,
}

impl Spec for LearningRatesFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        if self.metric.is_some() {
            &["learning_rates.csv", "runs.csv"]
        } else {
            &["learning_rates.csv"]
        }
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Training)];
        wants.extend(self.heading.wants());
        wants.extend(self.filter.wants("coordinates"));
        wants.extend(self.marked.wants());
        if let Some(metric) = self.metric {
            wants.extend(Want::all("metric", metric.needs_everywhere()));
        }
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let methods = self.filter.methods(tables)?;
        let selection = || {
            let name = &methods[0].rates[0].metric;
            METRICS.iter().copied().find(|metric| metric.name == name).ok_or_else(|| {
                tables.lacks("learning_rates.csv", format!("its metric `{name}` is not known"))
            })
        };
        let metric = self.metric.map_or_else(selection, Ok)?;
        let appearance = appearance(metric.name);
        let mut series = Vec::new();
        for method in &methods {
            let mut points = match self.metric {
                Some(_) => from_runs(tables, method, &metric)?,
                None => from_selection(method),
            };
            for (_, quartiles) in &mut points {
                *quartiles =
                    quartiles.map(|value| appearance.factor * or_worst(metric.goal, value));
            }
            series.push(Series { method, points });
        }

        let facts = tables.facts();
        let stars = Stars::new(self.marked, &methods, facts);
        let values: Vec<Vec<Quartiles>> =
            series.iter().map(|series| series.points.iter().map(|(_, q)| *q).collect()).collect();
        let vertical = self.limits.vertical(appearance, &values, 0.06);
        let rates = series.iter().flat_map(|series| series.points.iter().map(|(rate, _)| *rate));
        let x = Axis::covering("learning rate η", Scale::Logarithmic, rates, 0.04);
        let mut algorithms: Vec<&str> = methods.iter().map(|method| method.algorithm).collect();
        algorithms.dedup();
        let panels: Vec<Chart> = algorithms
            .into_iter()
            .map(|algorithm| {
                let shown = || series.iter().filter(|series| series.method.algorithm == algorithm);
                let mut panel = Chart::new(x.clone(), vertical.axis.clone());
                panel.title = facts.algorithm(algorithm).into();
                panel.title_colour = shown().map(|s| s.method.stroke.colour).next().unwrap_or(GREY);
                panel.marks = marks(shown(), metric.goal, &vertical);
                panel.marks.extend(stars.marks(shown().map(|series| series.method)));
                panel
            })
            .collect();

        let rows: Vec<_> = methods.iter().flat_map(|method| method.rates.iter().copied()).collect();
        let shown: Vec<&str> = methods.iter().map(|method| method.coordinates).collect();
        let mut footnotes: Vec<String> = facts.note(&shown, None).into_iter().collect();
        footnotes.push(selection_note(facts, &methods[0]));
        footnotes.push(trials_note(&rows));
        let names: Vec<String> = methods.iter().map(MethodRates::name).collect();
        footnotes.extend(vertical.note(&names, &values));
        Ok(Page {
            title: self.heading.title(facts),
            columns: if panels.len() > 1 { 2 } else { 1 },
            frame: if panels.len() > 1 { (290.0, 200.0) } else { (430.0, 300.0) },
            panels,
            shared_axes: true,
            legend: legend(&series, metric.name, stars.legend(&methods)),
            legend_position: LegendPosition::Below,
            footnotes,
        })
    }
}

fn marks<'a>(
    shown: impl Iterator<Item = &'a Series<'a>>,
    goal: Goal,
    vertical: &VerticalAxis,
) -> Vec<Mark> {
    let mut bands = Vec::new();
    let mut lines = Vec::new();
    let mut symbols = Vec::new();
    for Series { method, points } in shown {
        let colour = method.stroke.colour;
        let points: Vec<(f64, Quartiles)> =
            points.iter().map(|&(rate, q)| (rate, vertical.shown(q))).collect();
        let median = |&(rate, q): &(f64, Quartiles)| (rate, q.median);
        let (failed, drawn): (Vec<_>, Vec<_>) =
            points.iter().map(median).partition(|(_, value)| value.is_infinite());
        // A band may end at the edge, but not beside a rate at which there is no median.
        for part in points.split(|(_, q)| q.median.is_infinite()) {
            bands.push(Mark::Band {
                points: part.iter().map(|&(rate, q)| (rate, q.lower, q.upper)).collect(),
                colour: colour.with_opacity(0.18),
            });
        }
        lines.push(Mark::Line {
            points: points.iter().map(median).collect(),
            stroke: method.stroke,
        });
        symbols.push(Mark::Symbols {
            points: drawn,
            symbol: Symbol { shape: Shape::Disc, radius: 1.9, colour },
        });
        symbols.push(Mark::Symbols {
            points: failed.iter().map(|&(rate, _)| (rate, goal.worst())).collect(),
            symbol: Symbol { colour, ..FAILED },
        });
    }
    bands.into_iter().chain(lines).chain(symbols).collect()
}

/// Marks a learning rate at which the median is the worst value.
const FAILED: Symbol = Symbol { shape: Shape::Cross, radius: 3.5, colour: GREY };

/// What line styles and symbols mean; colours are explained by the panels' titles.
fn legend(series: &[Series<'_>], metric: &str, stars: Vec<LegendEntry>) -> Vec<LegendEntry> {
    let mut legend: Vec<LegendEntry> = Vec::new();
    for Series { method, .. } in series {
        let stroke = Stroke { colour: GREY, ..method.stroke };
        let key = LegendEntry::line(method.coordinates, stroke).with_band(GREY.with_opacity(0.18));
        if !legend.contains(&key) {
            legend.push(key);
        }
    }
    legend.extend(stars);
    if series.iter().flat_map(|series| &series.points).any(|(_, q)| q.median.is_infinite()) {
        let failure = match metric {
            "reached_target" => "target not reached in half of the trials or more",
            _ => "diverged or failed in half of the trials or more",
        };
        legend.push(LegendEntry::symbol(failure, FAILED));
    }
    legend
}

fn from_selection(method: &MethodRates<'_>) -> Vec<(f64, Quartiles)> {
    method
        .rates
        .iter()
        .map(|row| {
            let quartiles = Quartiles {
                lower: row.lower_quartile,
                median: row.median,
                upper: row.upper_quartile,
            };
            (row.learning_rate, quartiles)
        })
        .collect()
}

fn from_runs(
    tables: &ResultTables,
    method: &MethodRates<'_>,
    metric: &Metric,
) -> Result<Vec<(f64, Quartiles)>> {
    // Positive numbers are in the order of their bits.
    let mut values: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for row in tables.runs()? {
        if *row.algorithm != *method.algorithm || *row.coordinates != *method.coordinates {
            continue;
        }
        let value = metric.value(row).ok_or_else(|| {
            tables.lacks("runs.csv", format!("has no `{}` of {}", metric.name, method.name()))
        })?;
        let value = or_worst(metric.goal, value);
        values.entry(row.learning_rate.to_bits()).or_default().push(value);
    }
    Ok(values
        .into_iter()
        .map(|(bits, values)| (f64::from_bits(bits), Quartiles::of(&values)))
        .collect())
}
