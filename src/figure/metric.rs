//! The columns that can be drawn, and how.

use super::axis::Scale;
use crate::record::CurveRow;
use crate::sweep::Goal;

/// A column of `curves.csv`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Which values are better.
    pub goal: Goal,
    /// Its value; `None` where it does not apply.
    pub get: fn(&CurveRow) -> Option<f64>,
}

const COLUMNS: [Column; 5] = [
    Column { name: "suboptimality", goal: Goal::Lower, get: |row| row.suboptimality },
    Column { name: "train_loss", goal: Goal::Lower, get: |row| Some(row.train_loss) },
    Column { name: "validation_loss", goal: Goal::Lower, get: |row| row.validation_loss },
    Column { name: "validation_accuracy", goal: Goal::Higher, get: |row| row.validation_accuracy },
    Column { name: "gradient_norm", goal: Goal::Lower, get: |row| Some(row.gradient_norm) },
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
        "path_ratio" => "path length / distance to minimum",
        "best_validation_loss" => "lowest validation loss",
        "final_validation_loss" => "final validation loss",
        "best_validation_accuracy" => "highest validation accuracy (%)",
        "final_validation_accuracy" => "final validation accuracy (%)",
        "test_loss" => "test loss",
        "test_accuracy" => "test accuracy (%)",
        other => other,
    };
    if label.ends_with("(%)") {
        Appearance { label, scale: Scale::Linear, factor: 100.0 }
    } else {
        Appearance { label, scale: Scale::Logarithmic, factor: 1.0 }
    }
}
