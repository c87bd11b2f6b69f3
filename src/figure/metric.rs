//! The columns that can be drawn, and how.

use super::quartiles::Quartiles;
use crate::config::{Allowed, Reader, key};
use crate::data::Split;
use crate::drawing::axis::{Axis, Scale, number, three_digits};
use crate::need::Need;
use crate::record::CurveRow;
use crate::sweep::{Goal, METRICS};

/// A column of `curves.csv`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Which values are better.
    pub goal: Goal,
    /// What an experiment must have for it to apply.
    pub needs: &'static [Need<'static>],
    /// Its value; `None` where it does not apply.
    pub get: fn(&CurveRow) -> Option<f64>,
}

const fn column(
    name: &'static str,
    needs: &'static [Need<'static>],
    get: fn(&CurveRow) -> Option<f64>,
) -> Column {
    Column { name, goal: Goal::Lower, needs, get }
}

const COLUMNS: [Column; 5] = [
    column("suboptimality", &[Need::Minimum], |row| row.suboptimality),
    column("train_loss", &[], |row| Some(row.train_loss)),
    column("validation_loss", &[Need::Split(Split::Validation)], |row| row.validation_loss),
    Column {
        goal: Goal::Higher,
        ..column("validation_accuracy", &[Need::Split(Split::Validation), Need::Accuracy], |row| {
            row.validation_accuracy
        })
    },
    column("gradient_norm", &[], |row| Some(row.gradient_norm)),
];

impl Column {
    /// Names and columns, as configs choose them.
    pub fn choices() -> [(&'static str, Column); COLUMNS.len()] {
        COLUMNS.map(|column| (column.name, column))
    }
}

/// What the axis of a column looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Appearance {
    /// What it says.
    pub label: &'static str,
    /// Its scale.
    pub scale: Scale,
    /// Factor between the column and the axis: 100 for percentages.
    pub factor: f64,
}

/// Ends the labels of percentages.
const PERCENTAGE: &str = "(%)";

impl Appearance {
    fn is_percentage(self) -> bool {
        self.label.ends_with(PERCENTAGE)
    }
}

/// An axis of percentages shows medians down to so many points below the best one, or to the best of
/// the worst method, with their quartiles, and nothing below twice as many. What decides between
/// methods are tenths of a point near the best, and a curve that begins at chance would squeeze them
/// into a line.
const POINTS: f64 = 5.0;

/// What an axis of percentages shows of the quartiles of some methods.
fn near_the_best(methods: &[Vec<Quartiles>]) -> Vec<f64> {
    let highest = |quartiles: &Vec<Quartiles>| {
        let medians = quartiles.iter().map(|q| q.median).filter(|median| median.is_finite());
        medians.fold(f64::NEG_INFINITY, f64::max)
    };
    let best = methods.iter().map(highest).fold(f64::NEG_INFINITY, f64::max);
    let lowest = best - 2.0 * POINTS;
    let bests = methods.iter().map(highest).filter(|one| *one >= lowest);
    let from = bests.fold(best - POINTS, f64::min);
    let near = methods.iter().flatten().filter(|q| q.median >= from);
    near.flat_map(|q| [q.lower.max(lowest), q.median, q.upper]).collect()
}

/// What the axis of a column of `curves.csv` or `runs.csv` looks like.
pub fn appearance(column: &'static str) -> Appearance {
    let label = match column {
        "suboptimality" => "suboptimality f(θ) − f*",
        "train_loss" => "training loss",
        "validation_loss" => "validation loss",
        "validation_accuracy" => "validation accuracy (%)",
        "gradient_norm" => "gradient norm ‖∇f(θ)‖₂",
        "final_loss" => "final training loss",
        "minimum_loss" => "lowest training loss",
        "final_suboptimality" => "final suboptimality f(θ) − f*",
        "minimum_suboptimality" => "lowest suboptimality f(θ) − f*",
        "reached_target" => "steps to the target",
        "training_flops" => "floating-point operations of the updates",
        "mean_gradient_l1" => "mean ℓ₁ norm of the gradients",
        "path_ratio" => "path length / distance to minimum",
        "best_validation_loss" => "lowest validation loss",
        "final_validation_loss" => "final validation loss",
        "best_validation_accuracy" => "highest validation accuracy (%)",
        "final_validation_accuracy" => "final validation accuracy (%)",
        "test_loss" => "test loss",
        "test_accuracy" => "test accuracy (%)",
        other => other,
    };
    if label.ends_with(PERCENTAGE) {
        Appearance { label, scale: Scale::Linear, factor: 100.0 }
    } else {
        Appearance { label, scale: Scale::Logarithmic, factor: 1.0 }
    }
}

/// What a metric is called within a sentence.
pub fn called(metric: &str) -> &str {
    METRICS.iter().find(|known| known.name == metric).map_or(metric, |one| {
        let label = appearance(one.name).label;
        label.strip_suffix(" (%)").unwrap_or(label)
    })
}

/// Limits that a config may set to a vertical axis, in its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AxisLimits {
    /// Smaller values are drawn here on a logarithmic axis; a linear one begins here.
    pub floor: Option<f64>,
    /// Where the axis ends; what is above is cut off.
    pub ceiling: Option<f64>,
}

impl AxisLimits {
    /// Reads `floor` and `ceiling`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let floor = key("floor", "where the vertical axis begins; smaller values are drawn there");
        let floor = reader.optional_number(floor, Allowed::positive());
        let ceiling = key("ceiling", "where the vertical axis ends; what is above is cut off");
        let ceiling = reader.optional_number(ceiling, Allowed::positive());
        let limits = Self { floor: floor?, ceiling: ceiling? };
        if limits.floor.zip(limits.ceiling).is_some_and(|(floor, ceiling)| floor >= ceiling) {
            reader.problem("ceiling", "must be above the floor");
            return None;
        }
        Some(limits)
    }

    /// The axis over the finite ones of the quartiles of some methods, with this part of its length
    /// left free. An axis of percentages is that of the best of them, unless its begin is set.
    pub fn vertical(
        &self,
        appearance: Appearance,
        methods: &[Vec<Quartiles>],
        margin: f64,
    ) -> VerticalAxis {
        let Appearance { label, scale, .. } = appearance;
        let values = match self.floor {
            None if appearance.is_percentage() => near_the_best(methods),
            _ => methods.iter().flatten().flat_map(|q| [q.lower, q.median, q.upper]).collect(),
        };
        let positive = || values.iter().copied().filter(|&value| value > 0.0 && value.is_finite());
        let floor = match scale {
            Scale::Linear | Scale::Whole => f64::NEG_INFINITY,
            Scale::Logarithmic => {
                self.floor.unwrap_or_else(|| positive().fold(f64::INFINITY, f64::min))
            }
        };
        let clamped = values.iter().map(|&value| clamp(value, floor));
        let mut axis = Axis::covering(label, scale, clamped, margin);
        if scale != Scale::Logarithmic {
            axis.low = self.floor.unwrap_or(axis.low);
        }
        axis.high = self.ceiling.unwrap_or(axis.high);
        if axis.low >= axis.high {
            // Everything shown is beyond the one limit that was set.
            axis = Axis { low: axis.high / 10.0, ..axis };
        }
        VerticalAxis { axis, floor }
    }
}

/// A vertical axis and the least value that it can show.
#[derive(Clone, Debug, PartialEq)]
pub struct VerticalAxis {
    /// The axis.
    pub axis: Axis,
    floor: f64,
}

impl VerticalAxis {
    /// The footnote on what the axis does not show: methods with their best medians, where all are
    /// below it.
    pub fn note(&self, names: &[String], methods: &[Vec<Quartiles>]) -> Option<String> {
        let medians = |quartiles: &[Quartiles]| -> Vec<f64> {
            quartiles.iter().map(|q| q.median).filter(|median| median.is_finite()).collect()
        };
        // On a logarithmic axis what is too low is drawn at its floor.
        let Axis { low, high, scale, .. } = self.axis;
        let missing = names.iter().zip(methods).filter_map(|(name, quartiles)| {
            let best = medians(quartiles).into_iter().reduce(f64::max)?;
            let hidden = scale == Scale::Linear && best < low;
            hidden.then(|| format!("{name} (at best {})", number(three_digits(best))))
        });
        let missing: Vec<String> = missing.collect();
        let all = medians(&methods.concat());
        let above = all.iter().any(|&median| median > high);
        let below = scale == Scale::Linear && all.iter().any(|&median| median < low);
        match (above, below) {
            _ if !missing.is_empty() => Some(format!("Below the axis: {}.", missing.join("; "))),
            (false, false) => None,
            (true, false) => Some("Some medians are above the axis.".into()),
            (false, true) => Some("Some medians are below the axis.".into()),
            (true, true) => Some("Some medians are above or below the axis.".into()),
        }
    }

    /// What is drawn for these quartiles: infinite ones stay so, whichever side they are on.
    pub fn shown(&self, quartiles: Quartiles) -> Quartiles {
        quartiles.map(|value| clamp(value, self.floor))
    }
}

fn clamp(value: f64, floor: f64) -> f64 {
    if value.is_finite() { value.max(floor) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(value: f64) -> Quartiles {
        Quartiles { lower: value, median: value, upper: value }
    }

    #[test]
    fn percentages_are_shown_near_the_best() {
        let good = vec![
            each(10.0),
            each(90.9),
            Quartiles { lower: 90.5, median: 92.0, upper: 95.0 },
            Quartiles { lower: 95.0, median: 96.0, upper: 96.5 },
        ];
        let shown = |methods: &[Vec<Quartiles>]| {
            let axis = AxisLimits::default().vertical(appearance("test_accuracy"), methods, 0.0);
            let names = ["SGD", "Adam"].map(String::from);
            (axis.axis.low, axis.axis.high, axis.note(&names, methods))
        };
        let below = Some("Some medians are below the axis.".to_owned());
        assert_eq!(shown(std::slice::from_ref(&good)), (90.5, 96.5, below.clone()));
        assert_eq!(shown(&[good[2..].to_vec()]), (90.5, 96.5, None));
        let fair = vec![each(30.0), Quartiles { lower: f64::NEG_INFINITY, ..each(88.0) }];
        assert_eq!(shown(&[good.clone(), fair]), (86.0, 96.5, below.clone()));
        // What is far from the others does not squeeze them.
        let far = Some("Below the axis: Adam (at best 60).".to_owned());
        assert_eq!(shown(&[good, vec![each(60.0)]]), (90.5, 96.5, far));
    }

    #[test]
    fn a_logarithmic_axis_draws_what_it_cannot_show_at_its_floor() {
        let values = [vec![each(0.0), each(1e-20), each(1.0), each(f64::INFINITY)]];
        let shown = |limits: AxisLimits, median| {
            let vertical = limits.vertical(appearance("train_loss"), &values, 0.0);
            let quartiles = Quartiles { lower: 0.0, median, upper: f64::INFINITY };
            (vertical.shown(quartiles), vertical.axis.low)
        };
        let (quartiles, low) = shown(AxisLimits::default(), 0.0);
        assert_eq!(quartiles, Quartiles { lower: 1e-20, median: 1e-20, upper: f64::INFINITY });
        // 10^log10(x) is not x to the last bit.
        assert!((low / 1e-20 - 1.0).abs() < 1e-12);
        let (quartiles, _) = shown(AxisLimits { floor: Some(1e-14), ceiling: None }, 1e-20);
        assert_eq!(quartiles.median, 1e-14);
    }

    #[test]
    fn a_linear_axis_begins_at_its_floor_and_leaves_failures_alone() {
        let limits = AxisLimits { floor: Some(80.0), ceiling: None };
        let values = [vec![each(f64::NEG_INFINITY), each(10.0), each(95.0)]];
        let vertical = limits.vertical(appearance("test_accuracy"), &values, 0.0);
        assert_eq!((vertical.axis.low, vertical.axis.high), (80.0, 95.0));
        let quartiles = Quartiles { lower: f64::NEG_INFINITY, median: 10.0, upper: 95.0 };
        assert_eq!(vertical.shown(quartiles), quartiles);
    }

    #[test]
    fn an_axis_exists_whatever_the_limits() {
        for name in ["train_loss", "test_accuracy"] {
            for limits in [
                AxisLimits { floor: Some(1e3), ceiling: None },
                AxisLimits { floor: None, ceiling: Some(1e-3) },
            ] {
                let axis =
                    limits.vertical(appearance(name), &[vec![each(1.0), each(2.0)]], 0.05).axis;
                assert!(axis.low < axis.high, "{axis:?}");
            }
        }
    }
}
