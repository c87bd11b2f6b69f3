//! What memory allows: how many trials are in flight at once, and how many changes of variables
//! are kept from pass to pass.

use crate::experiment::{Coordinates, Experiment, Precision};

/// A run's memory, shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes that the run may take.
    pub budget: u64,
    /// Bytes that a trial in flight takes at most, about.
    pub per_trial: u64,
    /// Trials that are worked on at once; at least one, however little memory there is.
    pub in_flight: usize,
}

impl Memory {
    /// As many trials in flight as there are threads and memory for.
    pub(super) fn share(experiment: &Experiment, budget: u64, threads: usize) -> Self {
        let per_trial = trial(experiment);
        let fit = usize::try_from(budget / per_trial.max(1)).unwrap_or(usize::MAX);
        Self { budget, per_trial, in_flight: fit.min(threads).min(experiment.trials).max(1) }
    }

    /// Bytes left for what is kept from pass to pass.
    pub(super) fn kept(&self) -> u64 {
        self.budget.saturating_sub(self.per_trial.saturating_mul(self.in_flight as u64))
    }
}

/// The memory of this machine, or of the control group that the program is confined to, in bytes.
pub fn of_this_machine() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let group = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    system.total_memory().min(group)
}

/// Bytes that a trial takes at most, about: its coordinate systems may be worked on side by side.
/// Sizes that overflow stay the largest number, which is refused.
fn trial(experiment: &Experiment) -> u64 {
    let data = experiment.objective.data_len().saturating_mul(bytes_of_a_number(experiment));
    let systems = experiment.coordinates.iter();
    let systems = systems.map(|coordinates| system(experiment, coordinates));
    systems.fold(data, usize::saturating_add) as u64
}

/// Bytes for estimating and decomposing a coordinate system's EGOP matrices, or for training in
/// it, whichever takes more.
fn system(experiment: &Experiment, coordinates: &Coordinates) -> usize {
    let layout = experiment.objective_of(coordinates).layout();
    let sizes = coordinates.basis.sizes(&layout);
    let square = |&size: &usize| size.saturating_mul(size);
    let all = sizes.iter().map(square).fold(0, usize::saturating_add);
    let largest = sizes.iter().map(square).max().unwrap_or(0);
    // What only measures an EGOP also does so from either half of the samples.
    let estimates: usize = if experiment.trains() { 1 } else { 3 };
    // The matrices and their eigenvectors, and up to three more that a decomposition works in.
    let matrices = all.saturating_mul(2).saturating_add(largest.saturating_mul(3));
    let estimate = matrices.saturating_mul(estimates * size_of::<f64>());
    // Parameters and gradients in both coordinates, and at most three vectors of an optimizer.
    let lanes = (7 * widest_pass(experiment)).saturating_mul(layout.dimension());
    // V and its transpose.
    let numbers = all.saturating_mul(2).saturating_add(lanes);
    estimate.max(numbers.saturating_mul(bytes_of_a_number(experiment)))
}

/// Lanes of the first pass, which is about the widest.
fn widest_pass(experiment: &Experiment) -> usize {
    experiment.algorithms.iter().map(|algorithm| algorithm.first_rates().len()).sum()
}

fn bytes_of_a_number(experiment: &Experiment) -> usize {
    match experiment.precision {
        Precision::Double => size_of::<f64>(),
        Precision::Single => size_of::<f32>(),
    }
}
