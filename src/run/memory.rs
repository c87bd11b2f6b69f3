//! What memory allows: how many trials are in flight at once, and how many changes of variables
//! are kept from round to round.

use serde::Serialize;

use crate::data::Inputs;
use crate::experiment::{Algorithm, Experiment, FloatType, System, TrainingStudy};
use crate::gradients::portion;
use crate::record::{CurveRow, LandscapeRow, RunRow, SpectrumRow, TimingRow, TrajectoryRow};
use crate::run::anew::Anew;
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
    /// Bytes that the run takes at most, about, with the program itself, what it keeps from
    /// round to round, and its figures. More than the budget where that is too little.
    pub total: u64,
    /// Threads that the work is done on.
    pub threads: usize,
}

/// Bytes of the program itself, about.
const PROGRAM: u64 = 12_000_000;
/// Bytes that drawing a picture takes, about, beside the rows of its tables.
const PICTURE: u64 = 45_000_000;
/// Bytes of a number as the text of a table, about.
const TEXT: f64 = 20.0;
/// Levels that a run reaches, about: those down to a millionth.
const LEVELS: usize = 22;

impl Memory {
    /// As many trials in flight as there are threads and memory for. Sizes are estimated as floating
    /// point, so that none overflows: what no machine has is the largest number, which is refused.
    pub(super) fn share(experiment: &Experiment, budget: u64, threads: usize) -> Self {
        let (per_trial, held) = (trial(experiment) as u64, held(experiment) as u64);
        let free = budget.saturating_sub(PROGRAM.saturating_add(held));
        let fit = usize::try_from(free / per_trial.max(1)).unwrap_or(usize::MAX);
        let in_flight = fit.min(threads).min(experiment.trials).max(1);
        let mut memory = Self { budget, per_trial, in_flight, held, total: 0, threads };
        let kept = memory.kept().min(of_bases(experiment));
        // The tables' text is written while their rows are held, and read again by the figures.
        let pictures = experiment.figures.len().min(threads) as u64 * PICTURE;
        let publishing = held.saturating_mul(2).saturating_add(pictures);
        let working = memory.working().saturating_add(kept);
        memory.total = working.max(PROGRAM.saturating_add(publishing));
        memory
    }

    /// Bytes left for what is kept from round to round.
    pub(super) fn kept(&self) -> u64 {
        self.budget.saturating_sub(self.working())
    }

    /// Bytes taken while trials are worked on, what is kept aside.
    fn working(&self) -> u64 {
        let trials = self.per_trial.saturating_mul(self.in_flight as u64);
        PROGRAM.saturating_add(self.held).saturating_add(trials)
    }
}

/// The memory of this machine, or of the control group or address space that the program is
/// confined to, in bytes.
pub fn of_this_machine() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let group = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    system.total_memory().min(group).min(address_space())
}

/// What `ulimit -v` leaves.
#[cfg(unix)]
fn address_space() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As);
    limit.current.unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
fn address_space() -> u64 {
    u64::MAX
}

/// Bytes that the changes of variables of all trials take.
pub(super) fn of_bases(experiment: &Experiment) -> u64 {
    if experiment.training().is_none() {
        return 0;
    }
    let system = |system: &System<'_>| bytes_of_a_number(experiment) * system.map_cost().elements;
    (experiment.trials as f64 * experiment.systems().iter().map(system).sum::<f64>()) as u64
}

/// Bytes of so many values of a type.
fn bytes<T>(values: f64) -> f64 {
    values * size_of::<T>() as f64
}

/// Bytes that a trial takes at most, about: its coordinate systems may be worked on side by side.
pub(super) fn trial(experiment: &Experiment) -> f64 {
    data(experiment) + experiment.systems().iter().map(|one| system(experiment, one)).sum::<f64>()
}

/// Bytes of a trial's data.
pub(super) fn data(experiment: &Experiment) -> f64 {
    experiment.objective.data_elements() as f64 * bytes_of_a_number(experiment)
}

/// Bytes for estimating and decomposing a coordinate system's EGOP matrices, or for training in
/// it, whichever takes more.
pub(super) fn system(experiment: &Experiment, system: &System<'_>) -> f64 {
    let layout = system.objective.layout();
    let dimension = layout.dimension() as f64;
    // What only measures an EGOP also does so from either half of the samples.
    let estimates = if experiment.training().is_some() { 1.0 } else { 3.0 };
    let portion = portion(layout.dimension()) as f64;
    let number = bytes_of_a_number(experiment);
    // Samples as statistics are given them, and the lanes of points and gradients that they are made in.
    let sampled = 3.0 * number * portion.min(system.samples() as f64) * dimension;
    let preparation = system.preparation(estimates, None);
    let estimate = preparation.bytes(number) + sampled;
    // Parameters and gradients in both coordinates, and the state of the optimizers.
    let maps = system.map_cost();
    let trained = dimension + maps.added;
    let of_one = |one: &Algorithm| one.optimizer.state_len(&layout) as f64 * trained / dimension;
    let algorithms = || experiment.algorithms_in(system);
    let both = 2.0 * (dimension + trained);
    let lanes = |one: &Algorithm| widest_round(experiment, one) as f64 * (both + of_one(one));
    let together = algorithms().map(lanes).sum::<f64>();
    let anew = Anew::of(experiment, system);
    // With bases of their own, lanes train one after the other.
    let lanes = anew.map_or(together, |anew| {
        both + algorithms().map(of_one).fold(0.0, f64::max) + anew.elements()
    });
    let scratch = algorithms().map(|one| one.optimizer.scratch_len(&layout)).max().unwrap_or(0);
    let lanes = lanes + scratch as f64;
    // Gradients of the window, as they are given to statistics.
    let rows = anew.map_or(0.0, |anew| portion.min(anew.window as f64) * dimension);
    let doubles = anew.map_or(0.0, |anew| anew.doubles());
    // Data that are rotated or shifted are a copy of them.
    let is_copied = system.absorbing(maps) > 0.0 || system.inputs != Inputs::Raw;
    let copied = if is_copied { system.objective.copied_elements() as f64 } else { 0.0 };
    let training = number * (maps.elements + lanes + copied + rows) + bytes::<f64>(doubles);
    estimate.max(training) + recorded(experiment, system).in_flight
}

/// Lanes of an algorithm in the round that has the most: the first, that around the best rates or, where all
/// curves are kept, the one that records them.
fn widest_round(experiment: &Experiment, algorithm: &Algorithm) -> usize {
    let first = algorithm.first_rates().len();
    experiment.training().map_or(first, |study| match study.all_curves {
        true => first + refined(study, algorithm),
        false => first.max(refined(study, algorithm)),
    })
}

/// Learning rates that a sweep tries around the best ones, about: six for each coordinate system that is
/// tuned.
fn refined(study: &TrainingStudy, algorithm: &Algorithm) -> usize {
    let tuned = study.sweep.tune.iter().filter(|name| algorithm.trains_in(name));
    if algorithm.is_swept() { 6 * tuned.count() } else { 0 }
}

/// Learning rates that a sweep tries in a coordinate system, about.
fn rates(experiment: &Experiment, study: &TrainingStudy, system: &System<'_>) -> usize {
    let of = |algorithm: &Algorithm| algorithm.first_rates().len() + refined(study, algorithm);
    experiment.algorithms_in(system).map(of).sum()
}

/// Bytes of what is recorded of the runs at selected learning rates.
#[derive(Clone, Copy, Debug, Default)]
struct Recorded {
    /// While they train.
    in_flight: f64,
    /// Until the tables are written.
    held: f64,
}

/// What is recorded in a coordinate system of a trial.
fn recorded(experiment: &Experiment, system: &System<'_>) -> Recorded {
    let layout = system.objective.layout();
    let sizes = system.basis.sizes(&layout);
    // A name or two, each with its allocation.
    let row = bytes::<SpectrumRow>(1.0) + 64.0;
    let spectrum = row * sizes.iter().map(|&size| size as f64).sum::<f64>();
    let leading = |&size: &usize| size as f64 * size.min(system.eigenvectors) as f64;
    let vectors = row * sizes.iter().map(leading).sum::<f64>();
    let Some(study) = experiment.training() else {
        let held = spectrum + vectors;
        return Recorded { in_flight: held, held };
    };
    // At the best rate in original coordinates and at that in these.
    let selected = if system.is_original() { 1 } else { 2 };
    let runs = match study.all_curves {
        true => rates(experiment, study, system),
        false => selected * experiment.algorithms_in(system).count(),
    };
    let points = study.training.epochs + 1;
    let curve = study.training.curve;
    let kept = curve.kept(points) as f64;
    let mut held = bytes::<CurveRow>(kept);
    // A point with its place, and as the text of a row.
    let mut in_flight = held + (5.0 * TEXT + 240.0) * kept;
    if study.recording == Recording::Trajectory {
        let kept = layout.dimension() as f64 * curve.kept_iterates(points) as f64;
        let rows = bytes::<TrajectoryRow>(kept);
        in_flight += rows + (2.0 * TEXT + 80.0) * kept;
        held += rows;
    }
    let landscape =
        system.is_original() && study.recording == Recording::Trajectory && layout.dimension() == 2;
    let landscape = if landscape { bytes::<LandscapeRow>(LANDSCAPE_ROWS as f64) } else { 0.0 };
    let once = spectrum + landscape;
    Recorded {
        in_flight: runs as f64 * in_flight + 1.5 * once,
        // Vectors that grow are up to twice as long as what they hold.
        held: 1.5 * (runs as f64 * held + once),
    }
}

/// Bytes of the rows that are held over the whole run.
fn held(experiment: &Experiment) -> f64 {
    let systems = experiment.systems();
    let study = experiment.training();
    let rates = |study| systems.iter().map(|system| rates(experiment, study, system)).sum();
    let runs: usize = study.map_or(0, rates);
    let recorded: f64 = systems.iter().map(|one| recorded(experiment, one).held).sum();
    // A set-up and training in each of about four rounds.
    let mut timings = bytes::<TimingRow>(8.0 * systems.len() as f64);
    if study.is_some_and(|study| study.timed) {
        // At two rates, down to each level.
        let pairs = systems.iter().map(|system| experiment.algorithms_in(system).count());
        let alone = 2 * LEVELS * pairs.sum::<usize>();
        timings += bytes::<TimingRow>(alone as f64);
    }
    experiment.trials as f64 * (2.0 * bytes::<RunRow>(runs as f64) + timings + recorded)
}

/// Bytes of a number of the precision in which an experiment trains.
pub(super) fn bytes_of_a_number(experiment: &Experiment) -> f64 {
    match experiment.precision {
        FloatType::Double => bytes::<f64>(1.0),
        FloatType::Single => bytes::<f32>(1.0),
    }
}
