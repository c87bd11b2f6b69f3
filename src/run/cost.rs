//! How long tasks take: what they are made of, and how fast this machine does it.

use std::time::{Duration, Instant};

use ndarray::Array2;

use crate::experiment::{Algorithm, Experiment, FloatType, Study};
use crate::linalg::{self, Accum, Real};
use crate::run::anew::Anew;
use crate::run::counts::{self, Series};
use crate::run::task::Task;

/// Work that can be added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Work {
    /// Floating-point operations.
    operations: f64,
    /// Updates of all lanes of a task at once: each has a cost however small the problem is.
    steps: f64,
    /// Updates of single lanes: the same.
    lane_steps: f64,
}

impl Work {
    /// So many times this.
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            operations: factor * self.operations,
            steps: factor * self.steps,
            lane_steps: factor * self.lane_steps,
        }
    }
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.steps += other.steps;
        self.lane_steps += other.lane_steps;
    }
}

/// Training runs in a coordinate system, so many of each algorithm, for this part of their updates.
pub(super) fn training(experiment: &Experiment, system: usize, lanes: &[f64], part: f64) -> Work {
    /// Operations for each parameter around an optimizer's own.
    const AROUND: f64 = 28.0;
    let Some(study) = experiment.training() else { return Work::default() };
    let system = experiment.system(system);
    let objective = system.objective;
    let training = study.training.on(objective.examples());
    let updates = experiment.updates();
    let layout = objective.layout();
    let maps = system.map_cost();
    // What is done for each parameter is done for each variable.
    let variables = 1.0 + maps.added / layout.dimension() as f64;
    let around = AROUND * layout.dimension() as f64;
    let anew = Anew::of(experiment, &system);
    let flops = |(algorithm, lanes): (&Algorithm, &f64)| {
        let optimizer = variables * algorithm.optimizer.flops(&layout, updates);
        let rest = system.added(maps) + system.around(maps) + variables * around;
        let series = Series::of_gradients(objective, training.minibatches).plus(rest);
        lanes * (anew.map_or(series, |anew| anew.series(series)).flops(updates) + optimizer)
    };
    let flops: f64 = study.algorithms.iter().zip(lanes).map(flops).sum();
    let lanes: f64 = lanes.iter().sum();
    let bases = anew.map_or(0.0, |anew| anew.flops(anew.number as u64));
    // With bases of their own, lanes train one after the other.
    let together = if anew.is_some() { lanes } else { lanes.min(1.0) };
    // After each epoch, losses on all rows: a third of a gradient, and a little for validation.
    let evaluations = match training.minibatches {
        Some(_) => training.epochs as f64 * 0.4 * objective.gradient_flops(None),
        None => 0.0,
    };
    let whole = Work {
        operations: flops + lanes * (evaluations + bases),
        steps: together * updates as f64,
        lane_steps: lanes * updates as f64,
    };
    whole.scaled(part)
}

/// The set-up of a coordinate system, or estimating and decomposing an EGOP for its own sake.
pub(super) fn estimate(experiment: &Experiment, system: usize) -> Work {
    let system = experiment.system(system);
    // What only measures an EGOP also decomposes that of either half of the samples.
    let (decompositions, absorbing) = match experiment.study {
        Study::Training(_) => (1.0, system.absorbing(system.map_cost())),
        Study::Spectra(_) => (3.0, 0.0),
    };
    let operations = counts::sampling_flops(&system)
        + system.preparation(decompositions, None).flops()
        + absorbing;
    Work { operations, steps: 0.0, lane_steps: counts::samples(&system) as f64 }
}

/// A whole task, if no run stops early.
pub(super) fn task(experiment: &Experiment, task: &Task) -> Work {
    let mut work = training(experiment, task.system, &task.lanes_by_algorithm(), 1.0);
    work += estimate(experiment, task.system);
    work
}

/// How fast one thread works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Speed {
    /// Floating-point operations per second.
    operations: f64,
    /// Seconds that a step takes beside its operations.
    step: f64,
    /// Seconds that a lane's step takes beside its operations.
    lane_step: f64,
}

/// How long is probed, together, and how often at least: whoever is interrupted right away has
/// another try.
const PROBING: Duration = Duration::from_micros(800);
const FEWEST: usize = 8;
/// Steps and lanes cost about this many seconds beside their operations, at the operations per
/// second of [`USUAL`]: they are calls, copies and logarithms.
const STEP: f64 = 0.7e-6;
const LANE_STEP: f64 = 0.3e-6;
const USUAL: f64 = 2e10;

impl Speed {
    /// The best of many short probes: on a busy machine, some are not disturbed.
    pub fn probed(experiment: &Experiment) -> Self {
        let dimension = experiment.objective.layout().dimension();
        let operations = match experiment.precision {
            FloatType::Double => probe::<f64>(dimension),
            FloatType::Single => probe::<f32>(dimension),
        };
        let reference = match experiment.precision {
            FloatType::Double if dimension >= LARGE => operations,
            _ => probe::<f64>(LARGE),
        };
        let slower = (USUAL / reference).clamp(0.2, 10.0);
        Self { operations, step: slower * STEP, lane_step: slower * LANE_STEP }
    }

    /// Seconds that some work takes.
    pub fn seconds(&self, work: Work) -> f64 {
        work.operations / self.operations
            + work.steps * self.step
            + work.lane_steps * self.lane_step
    }

    /// The speed at which what should take a second takes so many.
    pub fn slower(self, factor: f64) -> Self {
        Self {
            operations: self.operations / factor,
            step: self.step * factor,
            lane_step: self.lane_step * factor,
        }
    }
}

/// Products of larger matrices are not much faster.
const LARGE: usize = 192;

/// Floating-point operations per second of products of the shape that lanes make.
fn probe<R: Real>(dimension: usize) -> f64 {
    const LANES: usize = 24;
    let size = dimension.clamp(8, LARGE);
    let (a, b) = (Array2::<R>::ones((LANES, size)), Array2::<R>::ones((size, size)));
    let mut c = Array2::<R>::zeros((LANES, size));
    let operations = (2 * LANES * size * size) as f64;
    let begin = Instant::now();
    let mut best = Duration::MAX;
    let mut probes = 0;
    while probes < FEWEST || begin.elapsed() < PROBING / 2 {
        probes += 1;
        let start = Instant::now();
        linalg::product(a.view(), b.view(), Accum::Add, c.view_mut());
        best = best.min(start.elapsed());
    }
    operations / best.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overlay, Source};

    const CONFIG: &str = include_str!("../../tests/data/tiny.toml");

    #[test]
    fn a_set_up_takes_as_long_as_its_operations_with_and_without_gradients() {
        for basis in [
            "egop\"",
            "random-rotation\"",
            "random-rotation\"\ncolumns = 2",
            "egop\"\nrank = 2\ncomplement = \"rotated\"",
        ] {
            let config = CONFIG.replace("basis = \"egop\"", &format!("basis = \"{basis}"));
            let source = Source::parse("tiny.toml", config.as_bytes()).unwrap();
            let read = config::read(&source, &Overlay::default(), Experiment::read).unwrap();
            let system = read.value.system(1);
            let found = vec![2; system.basis.groups(&system.objective.layout()).len()];
            let counted = counts::setup_flops(&system, system.map_cost(), &found);
            let estimated = estimate(&read.value, 1).operations;
            // Sums of the same terms.
            assert!(estimated > 0.0 && (estimated / counted - 1.0).abs() < 1e-12, "{basis}");
            assert_eq!(estimate(&read.value, 0), Work::default());
        }
    }
}
