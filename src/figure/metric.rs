//! The columns that can be drawn, and how.

use super::axis::Scale;
use super::quartiles::Better;
use crate::record::{CurveRow, RunRow};

/// A column of a table.
#[derive(Debug)]
pub struct Metric<Row> {
    /// Name of the column.
    pub name: &'static str,
    /// What an axis says.
    pub label: &'static str,
    /// Which end is the good one.
    pub better: Better,
    /// Scale of its axis.
    pub scale: Scale,
    /// Factor between the column and the axis (100 for percentages).
    pub factor: f64,
    /// Its value in a row; `None` where it does not apply.
    pub value: fn(&Row) -> Option<f64>,
}

const fn loss<Row>(
    name: &'static str,
    label: &'static str,
    value: fn(&Row) -> Option<f64>,
) -> Metric<Row> {
    Metric { name, label, better: Better::Lower, scale: Scale::Logarithmic, factor: 1.0, value }
}

const fn accuracy<Row>(
    name: &'static str,
    label: &'static str,
    value: fn(&Row) -> Option<f64>,
) -> Metric<Row> {
    Metric { name, label, better: Better::Higher, scale: Scale::Linear, factor: 100.0, value }
}

/// The columns of `curves.csv`.
pub static CURVES: [Metric<CurveRow>; 5] = [
    loss("suboptimality", "suboptimality f(θ) − f*", |row| row.suboptimality),
    loss("train_loss", "training loss", |row| Some(row.train_loss)),
    loss("validation_loss", "validation loss", |row| row.validation_loss),
    accuracy("validation_accuracy", "validation accuracy (%)", |row| row.validation_accuracy),
    loss("gradient_norm", "gradient norm ‖∇f(θ)‖₂", |row| Some(row.gradient_norm)),
];

/// The numeric columns of `runs.csv`.
pub static RUNS: [Metric<RunRow>; 16] = [
    loss("final_loss", "final training loss", |row| Some(row.final_loss)),
    loss("minimum_loss", "lowest training loss", |row| Some(row.minimum_loss)),
    loss("initial_loss", "initial training loss", |row| Some(row.initial_loss)),
    loss("initial_suboptimality", "initial suboptimality", |row| row.initial_suboptimality),
    loss("final_suboptimality", "final suboptimality f(θ) − f*", |row| row.final_suboptimality),
    loss("minimum_suboptimality", "lowest suboptimality f(θ) − f*", |row| {
        row.minimum_suboptimality
    }),
    // A run that did not reach the target is worse than any that did.
    loss("reached_target", "steps to the target", |row| {
        Some(row.reached_target.map_or(f64::INFINITY, |step| step as f64))
    }),
    loss("steps", "steps", |row| Some(row.steps as f64)),
    loss("gradient_norm", "final gradient norm ‖∇f(θ)‖₂", |row| Some(row.gradient_norm)),
    loss("best_validation_loss", "lowest validation loss", |row| row.best_validation_loss),
    loss("final_validation_loss", "final validation loss", |row| row.final_validation_loss),
    accuracy("best_validation_accuracy", "highest validation accuracy (%)", |row| {
        row.best_validation_accuracy
    }),
    accuracy("final_validation_accuracy", "final validation accuracy (%)", |row| {
        row.final_validation_accuracy
    }),
    loss("test_loss", "test loss", |row| row.test_loss),
    accuracy("test_accuracy", "test accuracy (%)", |row| row.test_accuracy),
    loss("path_ratio", "length of the path / distance from start to minimum", |row| row.path_ratio),
];
