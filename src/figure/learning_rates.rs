//! A metric against the learning rate: median and quartiles over trials, one panel for each
//! algorithm as soon as one panel could not be read, with the selected rates marked.

use std::collections::BTreeMap;

use super::axis::{Axis, Scale};
use super::chart::{Mark, Panel, Shape, Stroke, Symbol};
use super::metric::{Appearance, appearance};
use super::page::{Key, Page, Place};
use super::quartiles::{Quartiles, or_worst};
use super::selection::{Filter, Method, Tuned, trials_note};
use super::style::{GREY, algorithm_name};
use super::{Entry, Heading, Spec, Tables};
use crate::Result;
use crate::config::{Allowed, Reader};
use crate::sweep::{Goal, METRICS, Metric};

pub(super) const ENTRY: Entry = Entry {
    name: "learning-rates",
    summary: "a metric against the learning rate, with the selected rates marked",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let runs = METRICS.iter().map(|&metric| (metric.name, Some(metric)));
        let metrics: Vec<_> = std::iter::once((SELECTION, None)).chain(runs).collect();
        let metric = reader.choice_or("metric", SELECTION, &metrics);
        let tuned = Tuned::read(reader);
        let filter = Filter::read(reader);
        let floor = reader.optional_number("floor", Allowed::positive());
        let ceiling = reader.optional_number("ceiling", Allowed::positive());
        Some(Box::new(LearningRates {
            heading: heading?,
            metric: metric?,
            tuned: tuned?,
            filter: filter?,
            floor: floor?,
            ceiling: ceiling?,
        }))
    },
};

/// Names the metric by which learning rates were selected.
const SELECTION: &str = "selection";

/// A figure of a metric against the learning rate.
#[derive(Debug)]
struct LearningRates {
    heading: Heading,
    /// A column of `runs.csv`; otherwise the metric of `learning_rates.csv`.
    metric: Option<Metric>,
    /// Which selected rates are marked.
    tuned: Tuned,
    filter: Filter,
    /// Smaller values are drawn here.
    floor: Option<f64>,
    /// Where the vertical axis ends; greater values are cut.
    ceiling: Option<f64>,
}

/// A metric of a method: quartiles at each learning rate.
struct Series<'a> {
    method: &'a Method<'a>,
    points: Vec<(f64, Quartiles)>,
}

impl Spec for LearningRates {
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

    fn algorithms(&self) -> &[String] {
        &self.filter.algorithms
    }

    fn coordinates(&self) -> &[String] {
        &self.filter.coordinates
    }

    fn page(&self, tables: &Tables) -> Result<Page> {
        let methods = self.filter.methods(tables)?;
        let selection = || {
            let name = &methods[0].rates[0].metric;
            METRICS.iter().copied().find(|metric| metric.name == name).ok_or_else(|| {
                tables.lacks("learning_rates.csv", format!("its metric `{name}` is not known"))
            })
        };
        let metric = self.metric.map_or_else(selection, Ok)?;
        let Appearance { label, scale, factor } = appearance(metric.name);
        let mut series = Vec::new();
        for method in &methods {
            let mut points = match self.metric {
                Some(_) => from_runs(tables, method, &metric)?,
                None => from_selection(method),
            };
            for (_, quartiles) in &mut points {
                *quartiles = quartiles.map(|value| factor * or_worst(metric.goal, value));
            }
            series.push(Series { method, points });
        }

        let finite = |keep: fn(f64) -> bool| {
            series
                .iter()
                .flat_map(|series| &series.points)
                .flat_map(|(_, q)| [q.lower, q.median, q.upper])
                .filter(move |&value| value.is_finite() && keep(value))
        };
        let floor = self.floor.or_else(|| {
            (scale == Scale::Logarithmic).then(|| finite(|v| v > 0.0).fold(f64::INFINITY, f64::min))
        });
        let clamped = |value: f64| floor.map_or(value, |floor| value.max(floor));
        let rates = series.iter().flat_map(|series| series.points.iter().map(|(rate, _)| *rate));
        let x = Axis::covering("learning rate η", Scale::Logarithmic, rates, 0.04);
        let mut y = Axis::covering(label, scale, finite(|_| true).map(clamped), 0.06);
        y.high = self.ceiling.unwrap_or(y.high);

        let mut algorithms: Vec<&str> = methods.iter().map(|method| method.algorithm).collect();
        algorithms.dedup();
        let one_panel = methods.len() <= 4 && algorithms.len() <= 2;
        let panels = if one_panel { vec![""] } else { algorithms };
        let panels: Vec<Panel> = panels
            .into_iter()
            .map(|algorithm| {
                let mut panel = Panel::new(x.clone(), y.clone());
                let shown: Vec<&Series<'_>> = series
                    .iter()
                    .filter(|series| one_panel || series.method.algorithm == algorithm)
                    .collect();
                if !one_panel {
                    panel.title = algorithm_name(algorithm);
                    panel.title_colour = shown[0].method.colour;
                }
                panel.marks = self.marks(&shown, metric.goal, clamped);
                panel
            })
            .collect();

        let rows: Vec<_> = methods.iter().flat_map(|method| method.rates.iter().copied()).collect();
        Ok(Page {
            title: self.heading.title.clone(),
            columns: if panels.len() > 1 { 2 } else { 1 },
            frame: if one_panel { (430.0, 300.0) } else { (290.0, 200.0) },
            panels,
            shared_axes: true,
            legend: legend(&methods, one_panel),
            place: if one_panel { Place::Right } else { Place::Below },
            footnotes: vec![trials_note(&rows)],
        })
    }
}

impl LearningRates {
    fn marks(&self, shown: &[&Series<'_>], goal: Goal, clamped: impl Fn(f64) -> f64) -> Vec<Mark> {
        let mut bands = Vec::new();
        let mut lines = Vec::new();
        let mut symbols = Vec::new();
        for Series { method, points } in shown {
            // A band may end at the edge, but not beside a rate at which the median does not exist.
            for part in points.split(|(_, q)| q.median.is_infinite()) {
                bands.push(Mark::Band {
                    points: part
                        .iter()
                        .map(|&(rate, q)| (rate, clamped(q.lower), clamped(q.upper)))
                        .collect(),
                    colour: method.colour.with_opacity(0.18),
                });
            }
            let median = |&(rate, q): &(f64, Quartiles)| (rate, clamped(q.median));
            lines.push(Mark::Line {
                points: points.iter().map(median).collect(),
                stroke: Stroke { colour: method.colour, width: 1.8, dash: method.dash },
            });
            symbols.push(Mark::Symbols {
                points: points.iter().map(median).filter(|point| point.1.is_finite()).collect(),
                symbol: Symbol { shape: Shape::Disc, radius: 2.0, colour: method.colour },
            });
            symbols.push(Mark::Symbols {
                points: points
                    .iter()
                    .filter(|(_, q)| q.median.is_infinite())
                    .map(|&(rate, _)| (rate, goal.worst()))
                    .collect(),
                symbol: Symbol { shape: Shape::Cross, radius: 3.5, colour: method.colour },
            });
            symbols.push(Mark::Symbols {
                points: method
                    .selected(self.tuned)
                    .map(|row| (row.learning_rate, f64::NEG_INFINITY))
                    .into_iter()
                    .collect(),
                symbol: Symbol { shape: Shape::Asterisk, radius: 6.0, colour: method.colour },
            });
        }
        bands.into_iter().chain(lines).chain(symbols).collect()
    }
}

fn legend(methods: &[Method<'_>], one_panel: bool) -> Vec<Key> {
    let mut legend: Vec<Key> = Vec::new();
    for method in methods {
        let (label, colour) = if one_panel {
            (method.name(), method.colour)
        } else {
            (method.coordinates.to_owned(), GREY)
        };
        let entry = Key::line(label, Stroke { colour, width: 1.8, dash: method.dash })
            .with_band(colour.with_opacity(0.18));
        if !legend.contains(&entry) {
            legend.push(entry);
        }
    }
    let symbol = |shape, radius| Symbol { shape, radius, colour: GREY };
    legend.push(Key::symbol("selected learning rate", symbol(Shape::Asterisk, 5.0)));
    legend.push(Key::symbol("half of the trials or more diverged", symbol(Shape::Cross, 3.5)));
    legend
}

fn from_selection(method: &Method<'_>) -> Vec<(f64, Quartiles)> {
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
    tables: &Tables,
    method: &Method<'_>,
    metric: &Metric,
) -> Result<Vec<(f64, Quartiles)>> {
    // Positive numbers are in the order of their bits.
    let mut values: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for row in tables.runs()? {
        if row.algorithm != method.algorithm || row.coordinates != method.coordinates {
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
