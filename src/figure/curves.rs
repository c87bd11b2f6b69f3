//! Training curves: the median over trials of a column of `curves.csv` at the selected learning
//! rates, with the quartiles as a band.

use std::collections::{BTreeMap, BTreeSet};

use super::axis::{Axis, Scale};
use super::chart::{Mark, Panel, Shape, Stroke, Symbol};
use super::metric::Metric;
use super::page::{Entry, Page, Place};
use super::quartiles::{Better, Quartiles};
use super::selection::{Filter, Method, Tuned, described, trials_note};
use super::{FigureSpec, Tables};
use crate::Result;
use crate::record::{CurveRow, Stop};

/// A figure of training curves.
#[derive(Debug)]
pub struct Curves {
    pub file: String,
    pub title: String,
    pub metric: &'static Metric<CurveRow>,
    pub tuned: Tuned,
    pub filter: Filter,
    /// What a step is called: `iteration` or `epoch`.
    pub unit: &'static str,
    /// Where the horizontal axis ends.
    pub last_step: Option<usize>,
    /// Smaller values are drawn here.
    pub floor: Option<f64>,
    /// Where the vertical axis ends; greater values are cut.
    pub ceiling: Option<f64>,
}

impl FigureSpec for Curves {
    fn file(&self) -> &str {
        &self.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["curves.csv", "learning_rates.csv", "runs.csv"]
    }

    fn algorithms(&self) -> &[String] {
        &self.filter.algorithms
    }

    fn coordinates(&self) -> &[String] {
        &self.filter.coordinates
    }

    fn page(&self, tables: &Tables) -> Result<Page> {
        let mut footnotes = Vec::new();
        let mut series = Vec::new();
        let methods = self.filter.methods(tables)?;
        for method in &methods {
            match method.selected(self.tuned) {
                Some(rate) => {
                    series.push((method, rate, self.summary(tables, method, rate.learning_rate)?))
                }
                None => {
                    footnotes.push(format!("{}: no learning rate was selected.", method.name()))
                }
            }
        }
        if series.is_empty() {
            return Err(
                tables.lacks("learning_rates.csv", "no learning rate was selected for this figure")
            );
        }
        let rates: Vec<_> = series.iter().map(|(_, rate, _)| *rate).collect();
        footnotes.insert(0, trials_note(&rates));

        // Where every trial of a method stopped early, its line goes on at its last value.
        let last = series.iter().filter_map(|(_, _, summary)| summary.keys().copied().next_back());
        let last = self.last_step.map(|step| step as u64).or(last.max()).unwrap_or(0).max(1);
        for (_, _, summary) in &mut series {
            if let Some((_, &quartiles)) = summary.range(..=last).next_back() {
                summary.insert(last, quartiles);
            }
        }

        let logarithmic = self.metric.scale == Scale::Logarithmic;
        let shown = || series.iter().flat_map(|(_, _, summary)| summary.values());
        let floor = self.floor.or_else(|| {
            logarithmic.then(|| {
                let positive = |value: &f64| *value > 0.0 && value.is_finite();
                shown()
                    .flat_map(|q| [q.lower, q.median])
                    .filter(positive)
                    .fold(f64::INFINITY, f64::min)
            })
        });
        let clamped = |value: f64| floor.map_or(value, |floor| value.max(floor));

        let mut bands = Vec::new();
        let mut lines = Vec::new();
        let mut legend = Vec::new();
        for (method, rate, summary) in &series {
            let stroke = Stroke { colour: method.colour, width: 1.8, dash: method.dash };
            let band = method.colour.with_opacity(0.16);
            let at = |(&step, q): (&u64, &Quartiles)| (step as f64, q.map(clamped));
            let points: Vec<(f64, Quartiles)> = summary.iter().map(at).collect();
            bands.push(Mark::Band {
                points: points.iter().map(|&(step, q)| (step, q.lower, q.upper)).collect(),
                colour: band,
            });
            lines.push(Mark::Line {
                points: points.iter().map(|&(step, q)| (step, q.median)).collect(),
                stroke,
            });
            if let Some(&(step, q)) = points.iter().find(|(_, q)| q.median.is_infinite()) {
                let symbol = Symbol { shape: Shape::Cross, radius: 4.0, colour: method.colour };
                lines.push(Mark::Symbols { points: vec![(step, q.median)], symbol });
            }
            legend.push(Entry::line(described(method, rate), stroke).with_band(band));
        }

        let x = Axis { label: self.unit.into(), scale: Scale::Linear, low: 0.0, high: last as f64 };
        let within = series.iter().flat_map(|(_, _, summary)| {
            summary.range(..=last).flat_map(|(_, q)| [q.lower, q.median, q.upper])
        });
        let mut y = Axis::covering(self.metric.label, self.metric.scale, within.map(clamped), 0.03);
        y.high = self.ceiling.unwrap_or(y.high);
        let mut panel = Panel::new(x, y);
        panel.marks = bands.into_iter().chain(lines).collect();
        Ok(Page {
            title: self.title.clone(),
            panels: vec![panel],
            columns: 1,
            frame: (430.0, 300.0),
            shared_axes: false,
            legend,
            place: Place::Right,
            footnotes,
        })
    }
}

impl Curves {
    /// The quartiles over the trials at every recorded step. A run that stopped early holds its
    /// last value, a diverged one is the worst from then on.
    fn summary(
        &self,
        tables: &Tables,
        method: &Method<'_>,
        rate: f64,
    ) -> Result<BTreeMap<u64, Quartiles>> {
        let Metric { better, factor, value, .. } = *self.metric;
        let mut trials: BTreeMap<usize, Trial> = BTreeMap::new();
        for row in tables.runs()? {
            if row.algorithm == method.algorithm
                && row.coordinates == method.coordinates
                && row.learning_rate == rate
            {
                trials.entry(row.trial).or_default().diverged = row.stop == Stop::Diverged;
            }
        }
        for row in tables.curves()? {
            if row.algorithm == method.algorithm
                && row.coordinates == method.coordinates
                && row.learning_rate == rate
            {
                let value = value(row).ok_or_else(|| {
                    tables.lacks(
                        "curves.csv",
                        format!("has no `{}` of {}", self.metric.name, method.name()),
                    )
                })?;
                trials
                    .entry(row.trial)
                    .or_default()
                    .values
                    .insert(row.step, factor * better.or_worst(value));
            }
        }
        let steps: BTreeSet<u64> =
            trials.values().flat_map(|trial| trial.values.keys().copied()).collect();
        if steps.is_empty() {
            return Err(tables
                .lacks("curves.csv", format!("has no rows of {} at η = {rate}", method.name())));
        }
        let mut summary = BTreeMap::new();
        for step in steps {
            let values = trials.values().map(|trial| trial.at(step, better)).collect();
            if let Some(quartiles) = Quartiles::of(values) {
                summary.insert(step, quartiles);
            }
        }
        Ok(summary)
    }
}

/// The curve of one trial.
#[derive(Debug, Default)]
struct Trial {
    values: BTreeMap<u64, f64>,
    diverged: bool,
}

impl Trial {
    fn at(&self, step: u64, better: Better) -> f64 {
        let last = self.values.keys().next_back().copied();
        if self.diverged && last.is_none_or(|last| step > last) {
            return better.worst();
        }
        self.values.range(..=step).next_back().map_or(better.worst(), |(_, &value)| value)
    }
}
