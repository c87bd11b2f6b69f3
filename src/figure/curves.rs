//! Training curves: the median over trials of a column of `curves.csv` at the selected learning
//! rates, with the quartiles as a band.

use std::collections::{BTreeMap, BTreeSet};

use super::metric::{Appearance, AxisLimits, Column, appearance};
use super::quartiles::{Quartiles, or_worst};
use super::selection::{Filter, MethodRates, RateChoice, described, trials_note};
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale};
use crate::drawing::chart::{Chart, Mark, Shape, Symbol};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::need::{Need, Want};
use crate::record::CurveRow;
use crate::sweep::Goal;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "curves",
    summary: "a column of curves.csv against the steps, at the selected learning rates",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let column = reader
            .choice(key("metric", "the column of curves.csv that is drawn"), &Column::choices());
        let tuned = RateChoice::read(reader);
        let filter = Filter::read(reader);
        let units = [("iteration", StepUnit::Iteration), ("epoch", StepUnit::Epoch)];
        let unit = reader.choice_or(key("unit", "what a recorded step is"), "iteration", &units);
        let last_step = reader
            .optional_count(key("last_step", "where the horizontal axis ends"), 1..=usize::MAX);
        let limits = AxisLimits::read(reader);
        Some(Box::new(CurvesFigure {
            heading: heading?,
            column: column?,
            tuned: tuned?,
            filter: filter?,
            unit: unit?,
            last_step: last_step?,
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
    /// What a step is.
    unit: StepUnit,
    /// Where the horizontal axis ends.
    last_step: Option<usize>,
    /// Of the vertical axis.
    limits: AxisLimits,
}

/// What a recorded step is.
#[derive(Clone, Copy, Debug)]
enum StepUnit {
    /// An update with the full batch.
    Iteration,
    /// A pass over the examples in minibatches.
    Epoch,
}

impl StepUnit {
    fn name(self) -> &'static str {
        match self {
            Self::Iteration => "iteration",
            Self::Epoch => "epoch",
        }
    }

    fn need(self) -> Need<'static> {
        match self {
            Self::Iteration => Need::FullBatches,
            Self::Epoch => Need::Minibatches,
        }
    }
}

impl Spec for CurvesFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["curves.csv", "learning_rates.csv", "runs.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Training)];
        wants.extend(self.filter.wants());
        wants.extend(self.tuned.wants());
        wants.extend(Want::all("metric", self.column.needs.iter().copied()));
        wants.push(Want::new("unit", self.unit.need()));
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let mut footnotes = Vec::new();
        let mut selected = Vec::new();
        let methods = self.filter.methods(tables)?;
        for method in &methods {
            match method.selected(self.tuned) {
                Some(rate) => selected.push((method, rate)),
                None => {
                    footnotes.push(format!("{}: no learning rate was selected.", method.name()))
                }
            }
        }
        if selected.is_empty() {
            return Err(
                tables.lacks("learning_rates.csv", "no learning rate was selected for this figure")
            );
        }
        let curves: Vec<_> = tables.curves()?.chunk_by(CurveRow::is_of_run).collect();
        let mut series = Vec::new();
        for (method, rate) in selected {
            series.push((method, rate, self.summary(tables, &curves, method, rate.learning_rate)?));
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

        let within = series.iter().flat_map(|(_, _, summary)| {
            summary.range(..=last).flat_map(|(_, q)| [q.lower, q.median, q.upper])
        });
        let within: Vec<f64> = within.collect();
        let vertical = self.limits.vertical(appearance(self.column.name), &within, 0.03);

        let mut bands = Vec::new();
        let mut lines = Vec::new();
        let mut legend = Vec::new();
        for (method, rate, summary) in &series {
            let colour = method.stroke.colour;
            let band = colour.with_opacity(0.16);
            let points: Vec<(f64, Quartiles)> =
                summary.iter().map(|(&step, &q)| (step as f64, vertical.shown(q))).collect();
            bands.push(Mark::Band {
                points: points.iter().map(|&(step, q)| (step, q.lower, q.upper)).collect(),
                colour: band,
            });
            lines.push(Mark::Line {
                points: points.iter().map(|&(step, q)| (step, q.median)).collect(),
                stroke: method.stroke,
            });
            if let Some(&(step, q)) = points.iter().find(|(_, q)| q.median.is_infinite()) {
                let symbol = Symbol { shape: Shape::Cross, radius: 4.0, colour };
                lines.push(Mark::Symbols { points: vec![(step, q.median)], symbol });
            }
            legend.push(LegendEntry::line(described(method, rate), method.stroke).with_band(band));
        }

        let x = Axis {
            label: self.unit.name().into(),
            scale: Scale::Whole,
            low: 0.0,
            high: last as f64,
        };
        if lines.iter().any(|mark| matches!(mark, Mark::Symbols { .. })) {
            footnotes.push("×: from here on, half of the trials or more have diverged.".into());
        }
        let mut panel = Chart::new(x, vertical.axis);
        panel.marks = bands.into_iter().chain(lines).collect();
        Ok(Page {
            title: self.heading.title.clone(),
            panels: vec![panel],
            columns: 1,
            frame: (430.0, 300.0),
            shared_axes: false,
            legend,
            legend_position: LegendPosition::Right,
            footnotes,
        })
    }
}

impl CurvesFigure {
    /// The quartiles over the trials at some steps: those that are kept of any of them, unless they
    /// are too many, and others between them. Between the steps that are kept of it, a run is on the line that
    /// joins them; one that stopped early holds its last value, a diverged one is the worst from
    /// then on.
    fn summary(
        &self,
        tables: &ResultTables,
        curves: &[&[CurveRow]],
        method: &MethodRates<'_>,
        rate: f64,
    ) -> Result<BTreeMap<u64, Quartiles>> {
        let Column { goal, get, .. } = self.column;
        let Appearance { factor, scale, .. } = appearance(self.column.name);
        let mut trials: BTreeMap<usize, TrialCurve> = BTreeMap::new();
        for row in tables.runs()? {
            if *row.algorithm == *method.algorithm
                && *row.coordinates == *method.coordinates
                && row.learning_rate == rate
            {
                trials.entry(row.trial).or_default().diverged = row.stop.is_failure();
            }
        }
        for run in curves {
            let first = &run[0];
            if *first.algorithm == *method.algorithm
                && *first.coordinates == *method.coordinates
                && first.learning_rate == rate
            {
                let TrialCurve { points, diverged } = trials.entry(first.trial).or_default();
                for row in *run {
                    // The last point of a run that diverges within an epoch has no more than a loss.
                    let missing = diverged.then_some(goal.worst());
                    let value = get(row).or(missing).ok_or_else(|| {
                        tables.lacks(
                            "curves.csv",
                            format!("has no `{}` of {}", self.column.name, method.name()),
                        )
                    })?;
                    points.push((row.step, factor * or_worst(goal, value)));
                }
                points.sort_by_key(|&(step, _)| step);
            }
        }
        let mut steps: Vec<u64> =
            trials.values().flat_map(|trial| &trial.points).map(|&(step, _)| step).collect();
        steps.sort();
        steps.dedup();
        if steps.is_empty() {
            return Err(tables
                .lacks("curves.csv", format!("has no rows of {} at η = {rate}", method.name())));
        }
        let mut summary = BTreeMap::new();
        for step in spread(&steps) {
            // Of several lines, medians have corners where none of the lines has.
            let values: Vec<f64> =
                trials.values().map(|trial| trial.at(step, goal, scale)).collect();
            summary.insert(step, Quartiles::of(&values));
        }
        Ok(summary)
    }
}

/// The most recorded steps at which a line is drawn: more than an axis has pixels.
const MOST_STEPS: usize = 2000;
/// Evenly spread steps at which a line is drawn, about as many as an axis has pixels.
const EVEN_STEPS: u64 = 1000;

/// Some of the steps, evenly, with the first and the last one, if they are too many; and others
/// evenly spread between the first and the last.
fn spread(steps: &[u64]) -> BTreeSet<u64> {
    let stride = steps.len().div_ceil(MOST_STEPS).max(1);
    let mut some: BTreeSet<u64> = steps.iter().step_by(stride).copied().collect();
    if let [first, .., last] = *steps {
        let even = (last - first).div_ceil(EVEN_STEPS).max(1);
        some.extend((first..last).step_by(usize::try_from(even).unwrap_or(usize::MAX)));
        some.insert(last);
    }
    some
}

/// The curve of one trial.
#[derive(Debug, Default)]
struct TrialCurve {
    /// Steps, increasing, and values.
    points: Vec<(u64, f64)>,
    diverged: bool,
}

impl TrialCurve {
    fn at(&self, step: u64, goal: Goal, scale: Scale) -> f64 {
        let until = self.points.partition_point(|&(other, _)| other <= step);
        let (before, after) = self.points.split_at(until);
        match (before.last(), after.first()) {
            (Some(&(last, _)), None) if self.diverged && last < step => goal.worst(),
            (Some(&(_, value)), None) => value,
            (Some(&from), Some(&to)) => between(from, to, step, scale),
            (None, _) => goal.worst(),
        }
    }
}

/// The value between two points of a curve. What has no line to the next point holds until there.
fn between(from: (u64, f64), to: (u64, f64), step: u64, scale: Scale) -> f64 {
    let (a, b) = (from.1, to.1);
    if from.0 == step || !(a.is_finite() && b.is_finite()) {
        return a;
    }
    let part = (step - from.0) as f64 / (to.0 - from.0) as f64;
    match scale {
        Scale::Linear | Scale::Whole => (1.0 - part) * a + part * b,
        Scale::Logarithmic if a > 0.0 && b > 0.0 => ((1.0 - part) * a.ln() + part * b.ln()).exp(),
        Scale::Logarithmic => a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_points_a_curve_is_on_the_line_of_its_axis() {
        let trial =
            |diverged, points: &[(u64, f64)]| TrialCurve { points: points.to_vec(), diverged };
        let at = |trial: &TrialCurve, step, scale| trial.at(step, Goal::Lower, scale);
        let run = trial(false, &[(0, 1.0), (10, 1e-10), (20, 0.0), (22, 3.0)]);
        // Rounding of a logarithm and an exponential.
        assert!((at(&run, 5, Scale::Logarithmic) / 1e-5 - 1.0).abs() < 1e-12);
        assert!((at(&run, 5, Scale::Linear) - 0.5).abs() < 1e-9);
        assert_eq!(at(&run, 10, Scale::Logarithmic), 1e-10);
        // There is no line to 0, nor from it.
        assert_eq!(at(&run, 19, Scale::Logarithmic), 1e-10);
        assert_eq!(at(&run, 21, Scale::Logarithmic), 0.0);
        assert_eq!(at(&run, 99, Scale::Logarithmic), 3.0);
        let run = trial(true, &[(0, 1.0), (10, f64::INFINITY)]);
        assert_eq!(at(&run, 9, Scale::Linear), 1.0);
        assert_eq!(at(&run, 11, Scale::Linear), f64::INFINITY);
    }

    #[test]
    fn steps_are_spread_when_they_are_too_many() {
        assert!(spread(&[1, 2, 5]).into_iter().eq(1..=5));
        assert!(spread(&[7]).into_iter().eq([7]));
        assert!(spread(&[]).is_empty());
        let ends = spread(&[3, u64::MAX]);
        assert_eq!((ends.first(), ends.last()), (Some(&3), Some(&u64::MAX)));
        assert!(ends.len() <= 1002, "{}", ends.len());
        let many: Vec<u64> = (0..1_000_000).collect();
        let some = spread(&many);
        assert!(some.len() <= MOST_STEPS + 1002, "{}", some.len());
        assert_eq!((some.first(), some.last()), (Some(&0), Some(&999_999)));
    }
}
