//! A metric of each coordinate system at its selected learning rate, as a table of dots: one row for
//! each system, one dot for each algorithm.

use super::metric::{Appearance, appearance};
use super::quartiles::{Quartiles, or_worst};
use super::selection::{Filter, MethodRates, RateChoice, divergence_note, rates_note};
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale, number};
use crate::drawing::chart::{Chart, Mark, Shape, Symbol};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::Stroke;
use crate::drawing::style::dash;
use crate::need::{Need, Want};
use crate::record::RateRow;
use crate::sweep::{Goal, Metric};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "dots",
    summary: "a metric of each coordinate system, in rows, at the selected learning rates",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let metric = key("metric", "the column of runs.csv that is drawn");
        let metric = reader.choice(metric, &Metric::choices());
        let tuned = RateChoice::read(reader);
        let filter = Filter::read(reader);
        Some(Box::new(DotsFigure {
            heading: heading?,
            metric: metric?,
            tuned: tuned?,
            filter: filter?,
        }))
    },
};

/// A figure of a metric in all coordinate systems.
#[derive(Debug)]
struct DotsFigure {
    heading: Heading,
    metric: Metric,
    /// Which of the selected learning rates is used.
    tuned: RateChoice,
    filter: Filter,
}

/// A method at its selected learning rate.
struct Dot<'a> {
    method: &'a MethodRates<'a>,
    rate: &'a RateRow,
    values: Quartiles,
}

/// Height of a row, and the distance of an algorithm's dots from those of the next one, in rows.
const ROW: f64 = 17.0;
const STEP: f64 = 0.22;

impl Spec for DotsFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["learning_rates.csv", "runs.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Training)];
        wants.extend(self.heading.wants());
        wants.extend(self.filter.wants("coordinates"));
        wants.extend(self.tuned.wants());
        wants.extend(Want::all("metric", self.metric.needs.iter().copied()));
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let methods = self.filter.methods(tables)?;
        let appearance = appearance(self.metric.name);
        let mut dots = Vec::new();
        for method in &methods {
            if let Some(rate) = method.selected(self.tuned) {
                let values = self.values(tables, method, rate.learning_rate, appearance)?;
                dots.push(Dot { method, rate, values });
            }
        }
        if dots.is_empty() {
            let problem = "no learning rate was selected for this figure";
            return Err(tables.lacks("learning_rates.csv", problem));
        }
        let facts = tables.facts();
        let mut systems: Vec<&str> = Vec::new();
        for dot in &dots {
            if !systems.contains(&dot.method.coordinates) {
                systems.push(dot.method.coordinates);
            }
        }
        let rates: Vec<_> = dots.iter().map(|dot| (dot.method, dot.rate)).collect();
        let mut footnotes: Vec<String> = facts.note(&systems, None).into_iter().collect();
        footnotes.extend(rates_note(facts, &methods, self.tuned));
        footnotes.push(trials_note(&dots));
        footnotes.extend(divergence_note(&rates));
        Ok(Page {
            title: self.heading.title(facts),
            columns: 1,
            frame: (430.0, ROW * systems.len() as f64 + ROW),
            panels: vec![self.chart(&systems, &dots, appearance)],
            shared_axes: false,
            legend: legend(&dots),
            legend_position: LegendPosition::Below,
            footnotes,
        })
    }
}

impl DotsFigure {
    /// Quartiles over the trials, as the axis has them.
    fn values(
        &self,
        tables: &ResultTables,
        method: &MethodRates<'_>,
        rate: f64,
        appearance: Appearance,
    ) -> Result<Quartiles> {
        let mut values = Vec::new();
        for run in tables.runs()? {
            let of_method =
                *run.algorithm == *method.algorithm && *run.coordinates == *method.coordinates;
            if of_method && run.learning_rate == rate {
                let value = self.metric.value(run).ok_or_else(|| {
                    let problem = format!("has no `{}` of {}", self.metric.name, method.name());
                    tables.lacks("runs.csv", problem)
                })?;
                values.push(or_worst(self.metric.goal, value));
            }
        }
        Ok(Quartiles::of(&values).map(|value| appearance.factor * value))
    }

    fn chart(&self, systems: &[&str], dots: &[Dot<'_>], appearance: Appearance) -> Chart {
        let all = dots.iter().flat_map(|dot| [dot.values.lower, dot.values.upper]);
        let x = Axis::covering(appearance.label, appearance.scale, all, 0.04);
        let high = systems.len() as f64 - 0.5;
        let y = Axis { label: String::new(), scale: Scale::Linear, low: -0.5, high };
        let mut chart = Chart::new(x, y);
        // The first is on top.
        chart.rows = systems.iter().rev().map(|&name| name.to_owned()).collect();
        let algorithms = algorithms(dots);
        let middle = (algorithms.len() as f64 - 1.0) / 2.0;
        for dot in dots {
            let at = |name: &str, names: &[&str]| names.iter().position(|one| *one == name);
            let row = at(dot.method.coordinates, systems).map_or(0.0, |row| row as f64);
            let own = at(dot.method.algorithm, &algorithms).map_or(0.0, |own| own as f64);
            let y = high - 0.5 - row - STEP * (own - middle);
            let colour = dot.method.stroke.colour;
            let Quartiles { lower, median, upper } = dot.values;
            let edge = if self.metric.goal == Goal::Lower { chart.x.high } else { chart.x.low };
            let shown = |value: f64| if value.is_finite() { value } else { edge };
            chart.marks.push(Mark::Line {
                points: vec![(shown(lower), y), (shown(upper), y)],
                stroke: Stroke::new(colour, dash(0)),
            });
            let failed = median.is_infinite();
            let shape = if failed { Shape::Cross } else { Shape::Disc };
            let symbol = Symbol { shape, radius: 3.0, colour };
            chart.marks.push(Mark::Symbols { points: vec![(median, y)], symbol });
        }
        chart
    }
}

/// The algorithms shown, in their order.
fn algorithms<'a>(dots: &[Dot<'a>]) -> Vec<&'a str> {
    let mut algorithms: Vec<&str> = dots.iter().map(|dot| dot.method.algorithm).collect();
    algorithms.dedup();
    algorithms
}

/// One entry for each algorithm, with its rates.
fn legend(dots: &[Dot<'_>]) -> Vec<LegendEntry> {
    let of_algorithm = |group: &[Dot<'_>]| {
        let mut rates: Vec<f64> = group.iter().map(|dot| dot.rate.learning_rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        let rates: Vec<String> = rates.into_iter().map(number).collect();
        let MethodRates { title, stroke, .. } = group[0].method;
        let symbol = Symbol { shape: Shape::Disc, radius: 3.0, colour: stroke.colour };
        LegendEntry::symbol(format!("{title} (η = {})", rates.join(", ")), symbol)
    };
    dots.chunk_by(|a, b| a.method.algorithm == b.method.algorithm).map(of_algorithm).collect()
}

/// What dots and lines are.
fn trials_note(dots: &[Dot<'_>]) -> String {
    let trials = || dots.iter().map(|dot| dot.rate.trials);
    let (fewest, most) = (trials().min().unwrap_or(0), trials().max().unwrap_or(0));
    match (fewest, most) {
        (_, 1) => "Dots: a single trial.".into(),
        _ if fewest == most => {
            format!("Dots: median over {most} trials; lines: quartiles; ×: half of them diverged.")
        }
        _ => format!(
            "Dots: median over {fewest} to {most} trials; lines: quartiles; ×: half of them diverged."
        ),
    }
}
