//! Training curves: the median over trials of a column of `curves.csv` at the selected learning
//! rates, with the quartiles as a band; all in one panel, or a panel for each of some coordinate
//! systems, with the original one beside it.

use std::iter;

use super::facts::Facts;
use super::horizontal::{Horizontal, Placement};
use super::median_curve::MedianCurve;
use super::metric::{AxisLimits, Column, VerticalAxis, appearance};
use super::quartiles::Quartiles;
use super::selection::{
    Filter, MethodRates, ORIGINAL, RateChoice, described, divergence_note, rates_note, trials_note,
};
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::claim::FLOOR;
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, number};
use crate::drawing::chart::{Chart, Mark};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::{Colour, Point, Stroke};
use crate::drawing::style::{colour, dash};
use crate::drawing::symbol::{Shape, Symbol};
use crate::need::{Need, Want};
use crate::record::{CurveRow, RateRow};
use crate::sweep::Goal;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "curves",
    summary: "a column of curves.csv against steps or what they took, at selected learning rates",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let column = reader
            .choice(key("metric", "the column of curves.csv that is drawn"), &Column::choices());
        let tuned = RateChoice::read(reader);
        let filter = Filter::read(reader);
        let panels =
            key("panels", "coordinate systems that have a panel each, beside original ones");
        let panels = reader.strings_or(panels, &[]);
        let horizontal = Horizontal::read(reader);
        let limits = AxisLimits::read(reader);
        let (mut filter, panels) = (filter?, panels?);
        if !panels.is_empty() {
            if !filter.coordinates.is_empty() {
                reader.problem("coordinates", "are those of `panels`, where these are given");
                return None;
            }
            filter.coordinates = iter::once(ORIGINAL.to_owned()).chain(panels.clone()).collect();
        }
        Some(Box::new(CurvesFigure {
            heading: heading?,
            column: column?,
            tuned: tuned?,
            filter,
            panels,
            horizontal: horizontal?,
            limits: limits?,
        }))
    },
};

/// A figure of training curves.
#[derive(Debug)]
struct CurvesFigure {
    heading: Heading,
    /// What is drawn.
    column: Column,
    /// Which of the selected learning rates is used.
    tuned: RateChoice,
    filter: Filter,
    /// Names of the coordinate systems that have a panel each; none: all are in one.
    panels: Vec<String>,
    horizontal: Horizontal,
    /// Of the vertical axis.
    limits: AxisLimits,
}

impl Spec for CurvesFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        if self.horizontal.is_timed() {
            &["curves.csv", "learning_rates.csv", "runs.csv", "timings.csv"]
        } else {
            &["curves.csv", "learning_rates.csv", "runs.csv"]
        }
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Training)];
        wants.extend(self.heading.wants());
        let key = if self.panels.is_empty() { "coordinates" } else { "panels" };
        wants.extend(self.filter.wants(key));
        wants.extend(self.tuned.wants(&self.filter.algorithms));
        wants.extend(Want::all("metric", self.column.needs.iter().copied()));
        wants.extend(self.horizontal.wants());
        wants
    }

    fn curves_of(&self) -> Option<&'static str> {
        Some(self.column.name)
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let methods = self.filter.methods(tables)?;
        let series = self.series(tables, &methods)?;
        let last = self.horizontal.last(series.iter().flat_map(Series::places));
        let (vertical, cut) = self.vertical(&series, last);
        let mut footnotes = self.footnotes(tables, &methods, &series);
        footnotes.extend(cut);
        let panels = self.panels(&series, &vertical, last, tables.facts());
        let single = panels.len() == 1;
        Ok(Page {
            title: self.heading.title(tables.facts()),
            columns: panels.len(),
            panels,
            frame: if single { (430.0, 300.0) } else { (290.0, 240.0) },
            shared_axes: !single,
            legend: self.legend(&series),
            legend_position: if single { LegendPosition::Right } else { LegendPosition::Below },
            footnotes,
        })
    }
}

/// The curve of a method at a learning rate.
struct Series<'a> {
    method: &'a MethodRates<'a>,
    rate: &'a RateRow,
    curve: MedianCurve,
    placement: Placement,
    stroke: Stroke,
}

impl Series<'_> {
    /// Its points, each with its place on the horizontal axis.
    fn points(&self) -> impl Iterator<Item = (f64, Quartiles)> {
        self.curve.points.iter().map(|(&step, &quartiles)| (self.placement.of(step), quartiles))
    }

    fn places(&self) -> impl Iterator<Item = f64> {
        self.points().map(|(place, _)| place)
    }
}

/// How far above the highest initial value a logarithmic axis goes for the sake of bands, and of
/// lines of methods of which a trial diverged: what is lost is not what a figure is about.
const RISE: f64 = 4.0;

impl CurvesFigure {
    /// The curves of the methods that have a selected rate.
    fn series<'a>(
        &self,
        tables: &ResultTables,
        methods: &'a [MethodRates<'a>],
    ) -> Result<Vec<Series<'a>>> {
        let curves: Vec<_> = tables.curves()?.chunk_by(CurveRow::is_of_run).collect();
        let mut series = Vec::new();
        for (index, method) in methods.iter().enumerate() {
            let Some(rate) = method.selected(self.tuned) else { continue };
            let at = rate.learning_rate;
            let curve = MedianCurve::of(self.column, tables, &curves, method, at)?;
            let placement = self.horizontal.placement(tables, &curves, method, at)?;
            let stroke = self.stroke(methods, index);
            series.push(Series { method, rate, curve, placement, stroke });
        }
        if series.is_empty() {
            return Err(
                tables.lacks("learning_rates.csv", "no learning rate was selected for this figure")
            );
        }
        Ok(series)
    }

    /// How a method is drawn.
    fn stroke(&self, methods: &[MethodRates<'_>], index: usize) -> Stroke {
        let method = &methods[index];
        if self.panels.iter().any(|panel| panel == method.coordinates) {
            // A panel of its own tells a coordinate system from the others.
            return Stroke::new(method.stroke.colour, dash(1));
        }
        let one_algorithm = methods.iter().all(|other| other.algorithm == method.algorithm);
        if one_algorithm && self.panels.is_empty() && methods.len() > 2 {
            // Colours tell more lines apart than dashes do, and need not tell algorithms apart here.
            return Stroke::new(colour(index), method.stroke.dash);
        }
        method.stroke
    }

    fn panels(
        &self,
        series: &[Series<'_>],
        vertical: &VerticalAxis,
        last: f64,
        facts: &Facts,
    ) -> Vec<Chart> {
        let x = self.horizontal.axis(series.iter().flat_map(Series::places), last, facts);
        let panel = |title: String, systems: Option<[&str; 2]>| {
            let shown = |one: &&Series<'_>| {
                systems.is_none_or(|systems| systems.contains(&one.method.coordinates))
            };
            let mut panel = Chart::new(x.clone(), vertical.axis.clone());
            panel.marks = marks(series.iter().filter(shown), &x, vertical);
            panel.title = title;
            panel
        };
        if self.panels.is_empty() {
            return vec![panel(String::new(), None)];
        }
        let beside_original = |(system, letter): (&String, char)| {
            panel(format!("({letter}) {system}"), Some([ORIGINAL, system]))
        };
        self.panels.iter().zip('a'..).map(beside_original).collect()
    }

    fn footnotes(
        &self,
        tables: &ResultTables,
        methods: &[MethodRates<'_>],
        series: &[Series<'_>],
    ) -> Vec<String> {
        let facts = tables.facts();
        let shown: Vec<&str> = methods.iter().map(|method| method.coordinates).collect();
        let rates: Vec<_> = series.iter().map(|one| (one.method, one.rate)).collect();
        let rows: Vec<_> = rates.iter().map(|(_, rate)| *rate).collect();
        let mut footnotes: Vec<String> = facts.note(&shown, None).into_iter().collect();
        footnotes.extend(rates_note(facts, methods, self.tuned));
        footnotes.push(trials_note(&rows));
        if series.iter().any(|one| one.curve.converged) {
            footnotes.push(
                "●: here half of the trials have converged, and the line ends; until then they \
                 count with their last values."
                    .into(),
            );
        }
        let fails = |one: &Series<'_>| one.curve.points.values().any(|q| q.median.is_infinite());
        if series.iter().any(fails) {
            footnotes.push(
                "×: from here on, half of the trials or more have diverged or failed.".into(),
            );
        }
        footnotes.extend(self.rounding_note(series));
        footnotes.extend(self.horizontal.note());
        footnotes.extend(divergence_note(&rates));
        let unselected = methods.iter().filter(|method| method.selected(self.tuned).is_none());
        footnotes.extend(
            unselected.map(|method| format!("{}: no learning rate was selected.", method.name())),
        );
        footnotes
    }

    /// That rounding decides how low lines end, where it does; as claims have it.
    fn rounding_note(&self, series: &[Series<'_>]) -> Option<String> {
        let medians = |one: &Series<'_>| -> Vec<f64> {
            one.curve.points.values().map(|quartiles| quartiles.median).collect()
        };
        let all: Vec<Vec<f64>> = series.iter().map(medians).collect();
        let start = all.iter().filter_map(|one| one.first()).copied().fold(0.0, f64::max);
        let below = all.iter().flatten().any(|&median| median <= FLOOR * start);
        (self.column.name == "suboptimality" && below).then(|| {
            format!("Below {} of the start, rounding decides how low a line is.", number(FLOOR))
        })
    }

    /// The vertical axis, and the footnote on what is not on it.
    fn vertical(&self, series: &[Series<'_>], last: f64) -> (VerticalAxis, Option<String>) {
        let appearance = appearance(self.column.name);
        let capped = self.column.goal == Goal::Lower && self.limits.ceiling.is_none();
        let initial = series.iter().filter_map(|one| one.curve.points.values().next());
        let initial = initial.map(|q| q.median).filter(|value| value.is_finite());
        let cap = match initial.fold(0.0, f64::max) {
            highest if capped && highest > 0.0 => RISE * highest,
            _ => f64::INFINITY,
        };
        let all: Vec<Vec<Quartiles>> = series
            .iter()
            .map(|one| one.points().filter(|(place, _)| *place <= last).map(|(_, q)| q).collect())
            .collect();
        let covered = |(one, quartiles): (&Series<'_>, &Vec<Quartiles>)| {
            let median =
                |q: &Quartiles| if one.curve.diverged { q.median.min(cap) } else { q.median };
            let covered = |q: &Quartiles| Quartiles { median: median(q), ..q.map(|v| v.min(cap)) };
            quartiles.iter().map(covered).collect()
        };
        let covered: Vec<Vec<Quartiles>> = series.iter().zip(&all).map(covered).collect();
        let vertical = self.limits.vertical(appearance, &covered, 0.03);
        let high = vertical.axis.high;
        let above = all.iter().flatten().any(|q| q.upper.is_finite() && q.upper > high.max(cap));
        let above = above.then(|| {
            format!(
                "Above {} times the initial value, bands leave the figure, and so do lines of \
                 methods with trials that diverged or failed.",
                number(RISE)
            )
        });
        let names: Vec<String> = series.iter().map(|one| one.method.name()).collect();
        let note = above.or_else(|| vertical.note(&names, &all));
        (vertical, note)
    }

    /// With panels, one entry for the lines of a method in all of them.
    fn legend(&self, series: &[Series<'_>]) -> Vec<LegendEntry> {
        let mut legend: Vec<LegendEntry> = Vec::new();
        let entry = |label, one: &Series<'_>| {
            LegendEntry::line(label, one.stroke).with_band(band(one.stroke))
        };
        if self.panels.is_empty() {
            return series.iter().map(|one| entry(described(one.method, one.rate), one)).collect();
        }
        for group in series.chunk_by(|a, b| a.method.algorithm == b.method.algorithm) {
            let (original, others): (Vec<_>, Vec<_>) =
                group.iter().partition(|one| one.method.coordinates == ORIGINAL);
            for (lines, name) in [(original, ORIGINAL), (others, "as the panel says")] {
                let Some(first) = lines.first() else { continue };
                let mut rates: Vec<String> =
                    lines.iter().map(|one| number(one.rate.learning_rate)).collect();
                rates.dedup();
                let rates = rates.join(", ");
                legend.push(entry(format!("{}, {name} (η = {rates})", first.method.title), first));
            }
        }
        legend
    }
}

fn band(stroke: Stroke) -> Colour {
    stroke.colour.with_opacity(0.16)
}

/// Bands, lines over them, and where lines end.
fn marks<'a>(
    series: impl Iterator<Item = &'a Series<'a>>,
    x: &Axis,
    vertical: &VerticalAxis,
) -> Vec<Mark> {
    let mut bands = Vec::new();
    let mut lines = Vec::new();
    // A logarithmic axis has no place for 0.
    let has_place = |&(place, _): &(f64, Quartiles)| x.fraction(place).is_finite();
    for one in series {
        let Series { curve, stroke, .. } = one;
        let points: Vec<(f64, Quartiles)> =
            one.points().map(|(place, q)| (place, vertical.shown(q))).filter(has_place).collect();
        bands.push(Mark::Band {
            points: points.iter().map(|&(place, q)| (place, q.lower, q.upper)).collect(),
            colour: band(*stroke),
        });
        let line: Vec<Point> = points.iter().map(|&(place, q)| (place, q.median)).collect();
        let symbol = |shape, radius, point| Mark::Symbols {
            points: vec![point],
            symbol: Symbol { shape, radius, colour: stroke.colour },
        };
        let failure = line.iter().find(|(_, median)| median.is_infinite());
        let failure = failure.map(|&point| symbol(Shape::Cross, 4.0, point));
        let end = line.last().filter(|_| curve.converged);
        let end = end.map(|&point| symbol(Shape::Disc, 3.5, point));
        lines.push(Mark::Line { points: line, stroke: *stroke });
        lines.extend(failure.into_iter().chain(end));
    }
    bands.into_iter().chain(lines).collect()
}
