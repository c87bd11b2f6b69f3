//! What memory allows: how many trials are in flight at once, and how many changes of variables
//! are kept from pass to pass.

use serde::Serialize;

use crate::experiment::{Algorithm, Coordinates, Experiment, Precision, Rates};
use crate::record::{CurveRow, LandscapeRow, RunRow, SpectrumRow, TrajectoryRow};
use crate::run::task::LANDSCAPE_ROWS;
use crate::trial::Recording;

/// A run's memory, shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Bytes that the run may take.
    pub budget: u64,
    /// Bytes that a trial in flight takes at most, about.
    pub per_trial: u64,
    /// Trials that are worked on at once; at least one, however little memory there is.
    pub in_flight: usize,
    /// Bytes of the rows that are held until the tables are written, about.
    pub held: u64,
    /// Bytes that the run takes at most, about, with the program itself, what it keeps from pass
    /// to pass, and its figures. More than the budget where that is too little.
    pub total: u64,
    /// Threads that the work is done on.
    pub threads: usize,
}

/// Bytes of the program itself, about.
const PROGRAM: u64 = 12_000_000;
/// Bytes that drawing a picture takes, about, beside the rows of its tables.
const PICTURE: u64 = 45_000_000;
/// Bytes of a number as the text of a table, about.
const TEXT: usize = 20;
/// Gradients that are sampled at a time.
const CHUNK: usize = 256;

impl Memory {
    /// As many trials in flight as there are threads and memory for.
    pub(super) fn share(experiment: &Experiment, budget: u64, threads: usize) -> Self {
        let per_trial = trial(experiment);
        let held = held(experiment);
        let free = budget.saturating_sub(PROGRAM + held);
        let fit = usize::try_from(free / per_trial.max(1)).unwrap_or(usize::MAX);
        let in_flight = fit.min(threads).min(experiment.trials).max(1);
        let mut memory = Self { budget, per_trial, in_flight, held, total: 0, threads };
        let kept = memory.kept().min(of_bases(experiment));
        let working = held + kept + per_trial * in_flight as u64;
        // The tables' text is written while their rows are held, and read again by the figures.
        let pictures = experiment.figures.len().min(threads) as u64 * PICTURE;
        memory.total = PROGRAM + working.max(2 * held + pictures);
        memory
    }

    /// Bytes left for what is kept from pass to pass.
    pub(super) fn kept(&self) -> u64 {
        let taken = PROGRAM + self.held + self.per_trial * self.in_flight as u64;
        self.budget.saturating_sub(taken)
    }
}

/// The memory of this machine, or of the control group that the program is confined to, in bytes.
pub fn of_this_machine() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let group = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    system.total_memory().min(group)
}

/// Bytes that the changes of variables of all trials take.
pub(super) fn of_bases(experiment: &Experiment) -> u64 {
    if !experiment.trains() {
        return 0;
    }
    let system = |coordinates: &Coordinates| {
        let sizes = coordinates.basis.sizes(&experiment.objective.layout());
        2 * bytes_of_a_number(experiment) * squares(&sizes)
    };
    (experiment.trials * experiment.coordinates.iter().map(system).sum::<usize>()) as u64
}

fn squares(sizes: &[usize]) -> usize {
    sizes.iter().map(|size| size * size).sum()
}

/// Bytes that a trial takes at most, about: its coordinate systems may be worked on side by side.
fn trial(experiment: &Experiment) -> u64 {
    let data = experiment.objective.data_len() * bytes_of_a_number(experiment);
    let systems = experiment.coordinates.iter();
    (data + systems.map(|coordinates| system(experiment, coordinates)).sum::<usize>()) as u64
}

/// Bytes for estimating and decomposing a coordinate system's EGOP matrices, or for training in
/// it, whichever takes more.
fn system(experiment: &Experiment, coordinates: &Coordinates) -> usize {
    let layout = experiment.objective_of(coordinates).layout();
    let sizes = coordinates.basis.sizes(&layout);
    let all = squares(&sizes);
    let largest = sizes.iter().max().map_or(0, |size| size * size);
    // What only measures an EGOP also does so from either half of the samples.
    let estimates = if experiment.trains() { 1 } else { 3 };
    let sampled =
        if coordinates.basis.samples_gradients() { 2 * CHUNK * layout.dimension() } else { 0 };
    // The matrices and their eigenvectors, and up to three more that a decomposition works in.
    let estimate = size_of::<f64>() * (estimates * (2 * all + 3 * largest) + sampled);
    // Parameters and gradients in both coordinates, and at most three vectors of an optimizer.
    let lanes = 7 * widest_pass(experiment) * layout.dimension();
    // V and its transpose.
    let training = bytes_of_a_number(experiment) * (2 * all + lanes);
    estimate.max(training) + recorded(experiment, coordinates).in_flight
}

/// Lanes of the first pass, which is about the widest.
fn widest_pass(experiment: &Experiment) -> usize {
    experiment.algorithms.iter().map(|algorithm| algorithm.first_rates().len()).sum()
}

/// Learning rates that a sweep tries, about: the first ones, and six around the best of each
/// coordinate system that is tuned.
fn rates(experiment: &Experiment) -> usize {
    let of = |algorithm: &Algorithm| match algorithm.rates {
        Rates::Fixed(_) => algorithm.first_rates().len(),
        Rates::Swept { .. } => algorithm.first_rates().len() + 6 * experiment.sweep.tune.len(),
    };
    experiment.algorithms.iter().map(of).sum()
}

/// Bytes of what is recorded of the runs at selected learning rates.
#[derive(Clone, Copy, Debug, Default)]
struct Recorded {
    /// While they train.
    in_flight: usize,
    /// Until the tables are written.
    held: usize,
}

/// What is recorded in a coordinate system of a trial.
fn recorded(experiment: &Experiment, coordinates: &Coordinates) -> Recorded {
    let layout = experiment.objective_of(coordinates).layout();
    let sizes = coordinates.basis.sizes(&layout);
    // A name or two, each with its allocation.
    let spectrum = (size_of::<SpectrumRow>() + 64) * sizes.iter().sum::<usize>();
    let leading = |&size: &usize| size * size.min(coordinates.own.eigenvectors);
    let vectors = (size_of::<SpectrumRow>() + 64) * sizes.iter().map(leading).sum::<usize>();
    if !experiment.trains() {
        let held = spectrum + vectors;
        return Recorded { in_flight: held, held };
    }
    // At the best rate in original coordinates and at that in these.
    let selected = if coordinates.basis.is_identity() { 1 } else { 2 };
    let runs = if experiment.all_curves {
        rates(experiment)
    } else {
        selected * experiment.algorithms.len()
    };
    let points = experiment.training.epochs + 1;
    let curve = experiment.training.curve;
    let kept = curve.kept(points);
    let rows = size_of::<CurveRow>() * kept;
    // A point with its place, and as the text of a row.
    let mut in_flight = (size_of::<CurveRow>() + 5 * TEXT + 240) * kept;
    let mut held = rows;
    if experiment.recording == Recording::Trajectory {
        let kept = layout.dimension() * curve.kept_iterates(points);
        in_flight += (size_of::<TrajectoryRow>() + 2 * TEXT + 80) * kept;
        held += size_of::<TrajectoryRow>() * kept;
    }
    let landscape = coordinates.basis.is_identity()
        && experiment.recording == Recording::Trajectory
        && layout.dimension() == 2;
    let landscape = if landscape { size_of::<LandscapeRow>() * LANDSCAPE_ROWS } else { 0 };
    let once = spectrum + landscape;
    Recorded {
        in_flight: runs * in_flight + once + once / 2,
        // Vectors that grow are up to twice as long as what they hold.
        held: 3 * (runs * held + once) / 2,
    }
}

/// Bytes of the rows that are held over the whole run.
fn held(experiment: &Experiment) -> u64 {
    let systems = experiment.coordinates.len();
    let runs = 2 * size_of::<RunRow>() * systems * rates(experiment);
    let recorded: usize =
        experiment.coordinates.iter().map(|one| recorded(experiment, one).held).sum();
    (experiment.trials * (runs + recorded)) as u64
}

fn bytes_of_a_number(experiment: &Experiment) -> usize {
    match experiment.precision {
        Precision::Double => size_of::<f64>(),
        Precision::Single => size_of::<f32>(),
    }
}
