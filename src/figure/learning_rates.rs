//! A metric against the learning rate: median and quartiles over trials, one panel for each
//! algorithm as soon as one panel could not be read, with the selected rates marked.

use std::collections::BTreeMap;

use super::axis::{Axis, Scale};
use super::chart::{Dash, Mark, Panel, Shape, Stroke, Symbol};
use super::metric::{Metric, RUNS};
use super::page::{Entry, Page, Place};
use super::quartiles::{Better, Quartiles};
use super::selection::{Filter, Method, Tuned, trials_note};
use super::style::{GREY, algorithm_name};
use super::{FigureSpec, Tables};
use crate::Result;
use crate::record::{RunRow, Stop};

/// A figure of a metric against the learning rate.
#[derive(Debug)]
pub struct LearningRates {
    pub file: String,
    pub title: String,
    /// A column of `runs.csv`; otherwise the metric of `learning_rates.csv`.
    pub metric: Option<&'static Metric<RunRow>>,
    /// Which selected rates are marked.
    pub tuned: Tuned,
    pub filter: Filter,
    /// Smaller values are drawn here.
    pub floor: Option<f64>,
    /// Where the vertical axis ends; greater values are cut.
    pub ceiling: Option<f64>,
}

/// A metric of a method: quartiles at each learning rate.
struct Series<'a> {
    method: &'a Method<'a>,
    points: Vec<(f64, Quartiles)>,
}

impl FigureSpec for LearningRates {
    fn file(&self) -> &str {
        &self.file
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
        let recorded = methods[0].rates[0].metric.as_str();
        let known = self.metric.or_else(|| RUNS.iter().find(|metric| metric.name == recorded));
        let (label, better, scale, factor) = known
            .map_or((recorded, Better::Lower, Scale::Logarithmic, 1.0), |metric| {
                (metric.label, metric.better, metric.scale, metric.factor)
            });
        let mut series = Vec::new();
        for method in &methods {
            let mut points = match self.metric {
                Some(metric) => from_runs(tables, method, metric)?,
                None => from_selection(method),
            };
            for (_, quartiles) in &mut points {
                *quartiles = quartiles.map(|value| factor * better.or_worst(value));
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
                panel.marks = self.marks(&shown, better, clamped);
                panel
            })
            .collect();

        let rows: Vec<_> = methods.iter().flat_map(|method| method.rates.iter().copied()).collect();
        Ok(Page {
            title: self.title.clone(),
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
    fn marks(
        &self,
        shown: &[&Series<'_>],
        better: Better,
        clamped: impl Fn(f64) -> f64,
    ) -> Vec<Mark> {
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
                    .map(|&(rate, _)| (rate, better.worst()))
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

fn legend(methods: &[Method<'_>], one_panel: bool) -> Vec<Entry> {
    let mut legend: Vec<Entry> = Vec::new();
    for method in methods {
        let (label, colour) = if one_panel {
            (method.name(), method.colour)
        } else {
            (method.coordinates.to_owned(), GREY)
        };
        let entry = Entry::line(label, Stroke { colour, width: 1.8, dash: method.dash })
            .with_band(colour.with_opacity(0.18));
        if !legend.contains(&entry) {
            legend.push(entry);
        }
    }
    let symbol = |shape, radius| Symbol { shape, radius, colour: GREY };
    legend.push(Entry::symbol("selected learning rate", symbol(Shape::Asterisk, 5.0)));
    legend.push(Entry::symbol("half of the trials or more diverged", symbol(Shape::Cross, 3.5)));
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
    metric: &Metric<RunRow>,
) -> Result<Vec<(f64, Quartiles)>> {
    // Positive numbers are in the order of their bits.
    let mut values: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for row in tables.runs()? {
        if row.algorithm != method.algorithm || row.coordinates != method.coordinates {
            continue;
        }
        let value = if row.stop == Stop::Diverged {
            metric.better.worst()
        } else {
            (metric.value)(row).ok_or_else(|| {
                tables.lacks("runs.csv", format!("has no `{}` of {}", metric.name, method.name()))
            })?
        };
        values.entry(row.learning_rate.to_bits()).or_default().push(metric.better.or_worst(value));
    }
    let quartiles = |(bits, values)| Some((f64::from_bits(bits), Quartiles::of(values)?));
    Ok(values.into_iter().filter_map(quartiles).collect())
}
