//! The horizontal axis of training curves: recorded steps, or what they took, the set-up of the
//! coordinate system included. A curve begins where its set-up is over.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::selection::MethodRates;
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Reader, key};
use crate::drawing::axis::{Axis, Scale};
use crate::need::{Need, Want};
use crate::record::{CurveRow, Phase, RunRow, TimingRow};
use crate::sweep::median;

/// What the axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepUnit {
    /// What is recorded: iterations, or epochs with minibatches.
    Step,
    /// Updates with the full batch.
    Iteration,
    /// Passes over the examples in minibatches.
    Epoch,
    /// Gradients.
    Gradients,
    /// Floating-point operations.
    Flops,
    /// Seconds of a run that is trained alone.
    Seconds,
}

impl StepUnit {
    const NAMES: [(&'static str, Self); 6] = [
        ("step", Self::Step),
        ("iteration", Self::Iteration),
        ("epoch", Self::Epoch),
        ("gradients", Self::Gradients),
        ("flops", Self::Flops),
        ("seconds", Self::Seconds),
    ];

    fn label(self, facts: &Facts) -> &'static str {
        match self {
            Self::Step if facts.epochs.is_some() => Self::Epoch.label(facts),
            Self::Step => Self::Iteration.label(facts),
            Self::Iteration => "iteration",
            Self::Epoch => "epoch",
            Self::Gradients => "gradient evaluations, the EGOP's included",
            Self::Flops => "floating-point operations, the set-up's included",
            Self::Seconds => "seconds, the set-up's included",
        }
    }

    fn need(self) -> Option<Need<'static>> {
        match self {
            Self::Iteration => Some(Need::FullBatches),
            Self::Epoch => Some(Need::Minibatches),
            Self::Step | Self::Gradients | Self::Flops => None,
            Self::Seconds => Some(Need::Timed),
        }
    }
}

/// The horizontal axis that a figure asks for.
#[derive(Debug)]
pub struct Horizontal {
    unit: StepUnit,
    /// Whether it is logarithmic.
    logarithmic: bool,
    /// Where it ends, if not with the curves.
    last: Option<usize>,
}

/// Where the recorded steps of a method stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// Each step takes as long as any other.
    Even {
        /// Of the start.
        offset: f64,
        /// What a step takes.
        per_step: f64,
    },
    /// Some take more: those in which a basis is made anew.
    Counted {
        /// Of the start.
        offset: f64,
        /// What it took to come to a recorded step from there.
        taken: BTreeMap<u64, u64>,
    },
}

impl Placement {
    /// The place of a recorded step.
    pub fn of(&self, step: u64) -> f64 {
        match self {
            Self::Even { offset, per_step } => offset + per_step * step as f64,
            Self::Counted { offset, taken } => {
                offset + taken.range(..=step).next_back().map_or(0.0, |(_, &taken)| taken as f64)
            }
        }
    }

    /// From what each recorded step took. Of a run that was over within an epoch, the last point has
    /// not all of it, so the most counts.
    fn counted(offset: f64, points: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut taken = BTreeMap::new();
        for (step, count) in points {
            let most = taken.entry(step).or_insert(count);
            *most = count.max(*most);
        }
        let mut so_far = 0;
        for count in taken.values_mut() {
            so_far = so_far.max(*count);
            *count = so_far;
        }
        Self::Counted { offset, taken }
    }
}

impl Horizontal {
    /// Reads `unit`, `scale` and `last_step`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let unit = key(
            "unit",
            "what the horizontal axis counts: recorded steps (epochs, of minibatches); or, with the set-up, the \
             others",
        );
        let unit = reader.choice_or(unit, "step", &StepUnit::NAMES);
        let scale = key("scale", "scale of the horizontal axis; a logarithmic one has no 0");
        let logarithmic = reader.choice_or(scale, "linear", &[("linear", false), ("log", true)]);
        let last = key("last_step", "where the horizontal axis ends, in its unit");
        let last = reader.optional_count(last, 1..=usize::MAX);
        Some(Self { unit: unit?, logarithmic: logarithmic?, last: last? })
    }

    /// What it needs of the experiment.
    pub fn wants(&self) -> Option<Want<'static>> {
        self.unit.need().map(|need| Want::new("unit", need))
    }

    /// Whether it takes times.
    pub fn is_timed(&self) -> bool {
        self.unit == StepUnit::Seconds
    }

    /// Where the steps of a method at a learning rate stand: the medians over its trials, whose
    /// gradients and operations are equal. `curves` are those of `curves.csv`, run by run.
    ///
    /// # Errors
    /// [`crate::Error::Incompatible`] where a run was not timed.
    pub fn placement(
        &self,
        tables: &ResultTables,
        curves: &[&[CurveRow]],
        method: &MethodRates<'_>,
        rate: f64,
    ) -> Result<Placement> {
        let is_its = |algorithm: &str, coordinates: &str, at: f64| {
            algorithm == method.algorithm && coordinates == method.coordinates && at == rate
        };
        let of_method = |points: &&&[CurveRow]| {
            is_its(&points[0].algorithm, &points[0].coordinates, points[0].learning_rate)
        };
        let curves: Vec<&[CurveRow]> = curves.iter().filter(of_method).copied().collect();
        let or_nothing = |values: Vec<f64>| if values.is_empty() { 0.0 } else { median(&values) };
        let counted = |setup: fn(&RunRow) -> u64, count: fn(&CurveRow) -> u64| {
            let its = |run: &&RunRow| is_its(&run.algorithm, &run.coordinates, run.learning_rate);
            let setups = tables.runs()?.iter().filter(its).map(|run| setup(run) as f64).collect();
            let points = curves.iter().copied().flatten().map(|point| (point.step, count(point)));
            Ok(Placement::counted(or_nothing(setups), points))
        };
        match self.unit {
            StepUnit::Step | StepUnit::Iteration | StepUnit::Epoch => {
                Ok(Placement::Even { offset: 0.0, per_step: 1.0 })
            }
            StepUnit::Gradients => counted(|run| run.egop_gradients, |point| point.gradients),
            StepUnit::Flops => counted(|run| run.setup_flops, |point| point.flops),
            StepUnit::Seconds => {
                let timings = tables.timings()?;
                let its = |row: &&TimingRow| {
                    let rate = row.learning_rate.unwrap_or(f64::NAN);
                    row.phase == Phase::Run && is_its(&row.algorithm, &row.coordinates, rate)
                };
                let seconds = timings.iter().filter(its).filter_map(|row| {
                    let points = curves.iter().find(|points| points[0].trial == row.trial)?;
                    let steps = points.last()?.step;
                    (steps > 0).then(|| row.wall_seconds / steps as f64)
                });
                let seconds: Vec<f64> = seconds.collect();
                if seconds.is_empty() {
                    let message =
                        format!("no run of {} at η = {rate} was timed alone", method.name());
                    return Err(tables.lacks("timings.csv", message));
                }
                let offset = or_nothing(setup_seconds(timings, method.coordinates));
                Ok(Placement::Even { offset, per_step: or_nothing(seconds) })
            }
        }
    }

    /// Where the axis ends, of curves that end at these places.
    pub fn last(&self, ends: impl Iterator<Item = f64>) -> f64 {
        let last = self.last.map_or_else(|| ends.fold(0.0, f64::max), |last| last as f64);
        if last > 0.0 { last } else { 1.0 }
    }

    /// The axis up to there, over the places of points.
    pub fn axis(&self, places: impl Iterator<Item = f64>, last: f64, facts: &Facts) -> Axis {
        let label = self.unit.label(facts);
        if self.logarithmic {
            let shown = places.filter(|&place| place <= last).chain([last]);
            return Axis::covering(label, Scale::Logarithmic, shown, 0.0);
        }
        let scale = if self.is_timed() { Scale::Linear } else { Scale::Whole };
        Axis { label: label.into(), scale, low: 0.0, high: last }
    }

    /// The footnote on what it counts.
    pub fn note(&self) -> Option<String> {
        let seconds = "Seconds on the clock: of runs trained alone on one thread, spread evenly over \
                       their steps, after the set-up as it was done among other tasks; medians over \
                       the trials.";
        self.is_timed().then(|| seconds.into())
    }
}

/// What the set-ups of a coordinate system took, trial by trial: each the quickest of several, and of
/// several changes of the data.
fn setup_seconds(timings: &[TimingRow], coordinates: &str) -> Vec<f64> {
    let its = timings.iter().filter(|row| *row.coordinates == *coordinates);
    let mut quickest: BTreeMap<usize, [f64; 2]> = BTreeMap::new();
    for row in its {
        let part = match row.phase {
            Phase::Setup => 0,
            Phase::Absorption => 1,
            _ => continue,
        };
        let of_trial = quickest.entry(row.trial).or_insert([f64::INFINITY; 2]);
        of_trial[part] = of_trial[part].min(row.wall_seconds);
    }
    let known = |seconds: f64| if seconds.is_finite() { seconds } else { 0.0 };
    quickest.into_values().map(|parts| parts.map(known).iter().sum()).collect()
}
