//! What the runs at the selected learning rates took: a model's counts, no times.

use serde::Serialize;

use crate::record::{RateRow, RunRow};
use crate::sweep::median;

/// What the runs of a method at a selected learning rate took: medians over the trials.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostSummary<'a> {
    /// Name of the algorithm.
    pub algorithm: &'a str,
    /// Name of the coordinate system.
    pub coordinates: &'a str,
    /// Learning rate η.
    pub learning_rate: f64,
    /// Updates made.
    pub steps: f64,
    /// Gradients that updates were made with.
    pub training_gradients: f64,
    /// Gradients that were sampled for the coordinate system.
    pub egop_gradients: f64,
    /// Floating-point operations of the updates.
    pub training_flops: f64,
    /// Floating-point operations of making the change of variables.
    pub setup_flops: f64,
    /// Bytes that the change of variables holds.
    pub basis_bytes: f64,
}

impl<'a> CostSummary<'a> {
    /// Of each selected learning rate of `learning_rates.csv`, in that order, from the rows of
    /// `runs.csv`.
    pub fn all(rates: &'a [RateRow], runs: &[RunRow]) -> Vec<Self> {
        let selected = rates.iter().filter(|rate| !rate.selected.is_empty());
        selected.filter_map(|rate| Self::of(rate, runs)).collect()
    }

    fn of(rate: &'a RateRow, runs: &[RunRow]) -> Option<Self> {
        let runs: Vec<&RunRow> = (runs.iter())
            .filter(|run| {
                *run.algorithm == *rate.algorithm
                    && *run.coordinates == *rate.coordinates
                    && run.learning_rate == rate.learning_rate
            })
            .collect();
        let of = |get: fn(&RunRow) -> u64| {
            median(&runs.iter().map(|run| get(run) as f64).collect::<Vec<f64>>())
        };
        (!runs.is_empty()).then(|| Self {
            algorithm: &rate.algorithm,
            coordinates: &rate.coordinates,
            learning_rate: rate.learning_rate,
            steps: of(|run| run.steps),
            training_gradients: of(|run| run.training_gradients),
            egop_gradients: of(|run| run.egop_gradients),
            training_flops: of(|run| run.training_flops),
            setup_flops: of(|run| run.setup_flops),
            basis_bytes: of(|run| run.basis_bytes),
        })
    }
}
