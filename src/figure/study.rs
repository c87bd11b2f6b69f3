//! What a study comes to against the values that it varies: ratios between original and other
//! coordinates, and beside them what the theory says.

mod subject;

use std::collections::BTreeSet;

use self::subject::{Series, Subject, names};
use super::metric;
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::claim::{Compared, Rule, theory_quantities};
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale};
use crate::drawing::chart::{Chart, Mark};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::{Dash, Stroke};
use crate::drawing::style::{GREY, colour, dash};
use crate::drawing::symbol::{Shape, Symbol};
use crate::need::{Need, Want};
use crate::record::{CostUnit, StudyRow};
use crate::sweep::Metric;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "study",
    summary: "ratios of a study's metric against the values that are varied, beside the theory",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let mut names = |name, meaning| reader.strings_or(key(name, meaning), &[]);
        let bases = names("bases", "which bases are shown; none: all");
        let axes = names("axes", "which axes are shown, by their first keys; none: all");
        let algorithms = names("algorithms", "which algorithms are shown; none: all");
        let coordinates = names("coordinates", "which coordinate systems are shown; none: all");
        let label = key(
            "label",
            "what the horizontal axis is called; otherwise by the first key of the study's axis",
        );
        let label = reader.string_or(label, "");
        let metric = key("metric", "the metric of the study whose ratios are drawn");
        let choices = Compared::choices();
        let choices: Vec<_> = choices.iter().map(|one| (&*one.0, one.clone())).collect();
        let metric = reader.choice_or(metric, Metric::TO_COMMON_LEVEL.name, &choices);
        let tuned = key("tuned", "at which learning rate: best in original coordinates, or own");
        let tuned = reader.choice_or(tuned, "original", &Rule::NAMES);
        let known: Vec<_> = theory_quantities().map(|(name, _)| (name, name)).collect();
        let theory = key("theory", "numbers of the theory that are drawn in panels of their own");
        let theory = reader.choices_or(theory, &[], &known);
        Some(Box::new(StudyFigure {
            heading: heading?,
            bases: bases?,
            axes: axes?,
            algorithms: algorithms?,
            coordinates: coordinates?,
            label: label?,
            metric: metric?,
            tuned: tuned?,
            theory: theory?,
        }))
    },
};

/// At most so many columns of panels.
const COLUMNS: usize = 4;

/// A figure of a study; empty lists restrict nothing.
#[derive(Debug)]
struct StudyFigure {
    heading: Heading,
    bases: Vec<String>,
    axes: Vec<String>,
    algorithms: Vec<String>,
    coordinates: Vec<String>,
    /// What the horizontal axis is called; empty: by its key.
    label: String,
    /// The metric, as the table has it, and what it is.
    metric: (String, Compared),
    /// At which selected learning rate.
    tuned: Rule,
    /// Names of numbers of the theory.
    theory: Vec<&'static str>,
}

impl Spec for StudyFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["study.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Study)];
        wants.extend(self.heading.wants());
        wants.push(Want::new("metric", Need::StudyMetric(&self.metric.0)));
        wants.extend(self.bases.iter().map(|name| Want::new("bases", Need::Base(name))));
        wants.extend(self.axes.iter().map(|name| Want::new("axes", Need::Axis(name))));
        let algorithms = self.algorithms.iter().map(|name| Need::Algorithm(name));
        wants.extend(Want::all("algorithms", algorithms));
        let coordinates = self.coordinates.iter().map(|name| Need::Coordinates(name));
        wants.extend(Want::all("coordinates", coordinates));
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let rows = tables.study()?;
        let subjects = self.subjects(rows);
        let ratios = |subject: &Subject<'_>| self.ratios(rows, subject);
        let theory = |subject: &Subject<'_>| self.theory(subject);
        let frame = if subjects.len() > 1 { (270.0, 190.0) } else { (400.0, 250.0) };
        let mut panels = Vec::new();
        let mut legend: Vec<LegendEntry> = Vec::new();
        let mut add = |subject: &Subject<'_>, series: Vec<Series>, label: String, title: String| {
            let mut panel = panel(subject, &series, label, frame.0);
            if !self.label.is_empty() {
                panel.x.label.clone_from(&self.label);
            }
            panels.push(Chart { title, ..panel });
            for Series { name, stroke, .. } in series {
                let entry = LegendEntry::line(name, stroke);
                if !legend.contains(&entry) {
                    legend.push(entry);
                }
            }
        };
        let columns = subjects.len().clamp(1, COLUMNS);
        for some in subjects.chunks(columns) {
            for subject in some {
                add(subject, ratios(subject), "gain".into(), subject.base.to_owned());
            }
            if !self.theory.is_empty() {
                for subject in some {
                    let title = format!("{}: the theory", subject.base);
                    add(subject, theory(subject), String::new(), title);
                }
            }
        }
        if legend.is_empty() {
            return Err(tables.lacks("study.csv", "has no rows for this figure"));
        }
        let rate = match self.tuned {
            Rule::Original => "both at the learning rate that is best in original coordinates",
            Rule::Own => "each at its own learning rate",
        };
        let shown = || subjects.iter().flat_map(|subject| &subject.rows);
        let planned: BTreeSet<usize> = shown().map(|row| row.planned).collect();
        let ratios = || shown().filter(|row| self.is_ratio(row));
        let fewer = ratios().filter(|row| (1..row.planned).contains(&row.pairs));
        let fewer = fewer.map(|row| row.pairs).min();
        let fewer = fewer.map_or(String::new(), |pairs| {
            format!(" (of some dots over fewer, at least {pairs}, as the others say nothing)")
        });
        let trials = match (planned.first(), planned.last()) {
            (Some(least), Some(most)) if least < most => format!("{least} to {most} trials"),
            (Some(1), _) => "1 trial".into(),
            (Some(all), _) => format!("{all} trials"),
            _ => String::new(),
        };
        let mut footnotes = vec![
            format!(
                "Gain: {}, in original coordinates over those named, {rate}.",
                compared(self.metric.1)
            ),
            format!(
                "Dots: median over {trials}{fewer}, beside each other where they are of one value; bars: \
                 the interval of order statistics that holds the true one, as far as it is in the \
                 frame; on its edge, a gain of 0 or ∞."
            ),
        ];
        let silent = subjects.iter().filter_map(|one| one.silent(|row| self.is_ratio(row)));
        let silent: Vec<String> = silent.collect();
        if !silent.is_empty() {
            footnotes.push(format!("No trial says anything of {}.", silent.join("; ")));
        }
        footnotes.extend(subjects.iter().filter_map(|subject| subject.note(frame.0)));
        Ok(Page {
            title: self.heading.title(tables.facts()),
            panels,
            columns,
            frame,
            shared_axes: false,
            legend,
            legend_position: LegendPosition::Below,
            footnotes,
        })
    }
}

/// The part of the axis between two series' bars at one value.
const APART: f64 = 0.008;
/// Bars that reach farther than this many times beyond all medians leave the frame.
const REACH: f64 = 30.0;

impl StudyFigure {
    /// The bases and axes that are shown, in the order of the table.
    fn subjects<'a>(&self, rows: &'a [StudyRow]) -> Vec<Subject<'a>> {
        let wanted = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        let mut subjects: Vec<Subject<'a>> = Vec::new();
        let shown =
            |row: &&StudyRow| wanted(&self.bases, &row.base) && wanted(&self.axes, &row.axis);
        for row in rows.iter().filter(shown) {
            let same = |one: &&mut Subject<'_>| one.base == row.base && one.axis == row.axis;
            match subjects.iter_mut().find(same) {
                Some(subject) => subject.rows.push(row),
                None => {
                    subjects.push(Subject { base: &row.base, axis: &row.axis, rows: vec![row] })
                }
            }
        }
        subjects
    }

    /// Whether a row is of the ratios that are shown.
    fn is_ratio(&self, row: &StudyRow) -> bool {
        let tuned = Rule::NAMES.iter().find(|(_, rule)| *rule == self.tuned);
        tuned.is_some_and(|(name, _)| row.tuned == *name)
            && row.quantity == self.metric.0
            && (self.algorithms.is_empty() || self.algorithms.contains(&row.algorithm))
            && (self.coordinates.is_empty() || self.coordinates.contains(&row.coordinates))
    }

    /// Colours tell algorithms apart, line styles coordinate systems: the same in every panel.
    fn ratios(&self, rows: &[StudyRow], subject: &Subject<'_>) -> Vec<Series> {
        let is_ratio = |row: &&StudyRow| self.is_ratio(row);
        let all = || rows.iter().filter(is_ratio);
        let algorithms = names(all().map(|row| &row.algorithm));
        let systems = names(all().map(|row| &row.coordinates));
        let mut series = Vec::new();
        for (a, &algorithm) in algorithms.iter().enumerate() {
            for (s, &system) in systems.iter().enumerate() {
                let of = subject.rows.iter().copied().filter(is_ratio);
                let of = of.filter(|row| row.algorithm == *algorithm && row.coordinates == *system);
                let name = format!("{algorithm}, {system}");
                series.extend(subject.series(name, Stroke::new(colour(a), dash(s)), of));
            }
        }
        series
    }

    fn theory(&self, subject: &Subject<'_>) -> Vec<Series> {
        let is_theory = |row: &&StudyRow| {
            !row.block.is_empty()
                && (self.coordinates.is_empty() || self.coordinates.contains(&row.coordinates))
        };
        let of = || subject.rows.iter().copied().filter(is_theory);
        let systems = names(of().map(|row| &row.coordinates));
        let blocks = names(of().map(|row| &row.block));
        let mut series = Vec::new();
        for (q, &quantity) in self.theory.iter().enumerate() {
            for (s, &system) in systems.iter().enumerate() {
                for (b, &block) in blocks.iter().enumerate() {
                    let place = match (systems.len(), &**block) {
                        (1, "all") => String::new(),
                        (_, "all") => format!(", {system}"),
                        _ => format!(", {system}, {block}"),
                    };
                    let of = of().filter(|row| {
                        row.quantity == quantity
                            && row.coordinates == *system
                            && row.block == *block
                    });
                    // The colours of algorithms come first.
                    let stroke = Stroke::new(colour(q + 3), dash(s * blocks.len() + b));
                    series.extend(subject.series(
                        format!("{}{place}", called(quantity)),
                        stroke,
                        of,
                    ));
                }
            }
        }
        series
    }
}

/// The panel of a base and an axis, so many pixels wide.
fn panel(subject: &Subject<'_>, series: &[Series], label: String, width: f64) -> Chart {
    let points = || series.iter().flat_map(|series| &series.points);
    let positive = |value: &f64| *value > 0.0 && value.is_finite();
    let medians: Vec<f64> =
        points().map(|(_, [_, median, _])| *median).chain([1.0]).filter(positive).collect();
    let lowest = medians.iter().copied().fold(f64::INFINITY, f64::min) / REACH;
    let highest = medians.iter().copied().fold(0.0, f64::max) * REACH;
    let bars = points().flat_map(|&(_, [low, _, high])| [low, high]).filter(positive);
    let bars = bars.map(|end| end.clamp(lowest, highest));
    let values = medians.iter().copied().chain(bars);
    let y = Axis::covering(label, Scale::Logarithmic, values, 0.08);
    let x = subject.horizontal(0.5 * APART * series.len() as f64);
    let even = Mark::Line {
        points: vec![(x.low, 1.0), (x.high, 1.0)],
        stroke: Stroke { width: 0.8, ..Stroke::new(GREY, Dash::Solid) },
    };
    let mut panel = Chart::new(x, y);
    panel.x_names = subject.labels(width);
    panel.marks.push(even);
    for (index, one) in series.iter().enumerate() {
        let aside = APART * (index as f64 - 0.5 * (series.len() - 1) as f64);
        let place = |x: f64| panel.x.moved(x, aside);
        let medians: Vec<(f64, f64)> =
            one.points.iter().map(|&(x, [_, median, _])| (place(x), median)).collect();
        // What is infinite, or 0, is beyond the frame.
        let edge = |value: f64| value.clamp(0.1 * panel.y.low, 10.0 * panel.y.high);
        let bars = one.points.iter().filter(|(_, [_, median, _])| !median.is_nan());
        let bars = bars.map(|&(x, [low, _, high])| Mark::Line {
            points: [low, high].map(|end| (place(x), edge(end))).to_vec(),
            stroke: Stroke { width: 1.0, ..Stroke::new(one.stroke.colour, Dash::Solid) },
        });
        let bars: Vec<Mark> = bars.collect();
        let symbols = Mark::Symbols {
            // A ratio of 0 is on the lower edge, as one of ∞ is on the upper one.
            points: medians
                .iter()
                .map(|&(x, y)| (x, if y == 0.0 { f64::NEG_INFINITY } else { y }))
                .collect(),
            symbol: Symbol { shape: Shape::Disc, radius: 2.3, colour: one.stroke.colour },
        };
        panel.marks.extend(bars);
        panel.marks.push(Mark::Line { points: medians, stroke: one.stroke });
        panel.marks.push(symbols);
    }
    panel
}

/// What is compared, in words.
fn compared(of: Compared) -> String {
    let name = called(of.metric.name);
    let (counted, setup) = match of.unit {
        CostUnit::Steps => return name.to_owned(),
        CostUnit::Gradients => ("gradients", "the samples included"),
        CostUnit::Flops => ("floating-point operations", "the set-up included"),
    };
    format!("{}, {setup}", name.replacen("steps", counted, 1))
}

/// What a number of the theory, or the metric of pairs, is called.
fn called(quantity: &'static str) -> &'static str {
    match quantity {
        "common_level" => "steps to the common level",
        "stable-rank" => "stable rank",
        "density" => "density β₁",
        "predicted" => "predicted β₁²d/sr",
        "least-smoothness-gain" => "L_f / L_f∘V, at least",
        "greatest-smoothness-gain" => "L_f / L_f∘V, at most",
        other => metric::called(other),
    }
}
