//! What an experiment is about: training that is compared, or EGOPs for their own sake.

use crate::basis::{self, EgopBasis};
use crate::claim::SelectionRule;
use crate::data::Inputs;
use crate::distribution::Distribution;
use crate::gradients::Sampling;
use crate::minibatch::{Minibatches, Order};
use crate::objective;
use crate::optimizer;
use crate::record::ScheduleRow;
use crate::schedule::Schedule;
use crate::sweep::{Grid, Limits, Metric, power_of_ten};
use crate::trial::{CurvePoints, Recording, Reestimation, Training};

/// What an experiment is about.
#[derive(Debug)]
pub enum Study {
    /// Training in coordinate systems.
    Training(TrainingStudy),
    /// EGOPs for their own sake, in the order of the config; nothing is trained.
    Spectra(Vec<EgopSpec>),
}

/// A named coordinate system.
#[derive(Debug)]
pub struct Coordinates {
    /// Name, as in the results.
    pub name: String,
    /// How its change of variables is obtained.
    pub basis: Box<dyn basis::Spec>,
    /// What is done to the inputs beforehand.
    pub inputs: Inputs,
    /// M and the minibatches, where they are not the experiment's.
    pub sampling: Option<Sampling>,
    /// How the change of variables is estimated anew while runs train; `None`: it stays.
    pub reestimation: Option<Reestimation>,
}

impl Coordinates {
    /// Whether these are the coordinates that others are compared with.
    pub fn is_original(&self) -> bool {
        self.basis.is_identity() && self.inputs == Inputs::Raw && self.reestimation.is_none()
    }
}

/// A named EGOP estimate.
#[derive(Debug)]
pub struct EgopSpec {
    /// Name, as in the results.
    pub name: String,
    /// The blocks whose EGOPs are estimated and decomposed.
    pub basis: EgopBasis,
    /// f, where it is not the experiment's.
    pub objective: Option<Box<dyn objective::Spec>>,
    /// ρ, where it is not the experiment's.
    pub distribution: Option<Distribution>,
    /// M and the minibatches, where they are not the experiment's.
    pub sampling: Option<Sampling>,
    /// How many leading eigenvectors are kept.
    pub eigenvectors: usize,
}

/// Which learning rates an algorithm runs at.
#[derive(Clone, Debug, PartialEq)]
pub enum Rates {
    /// These.
    Fixed(Vec<f64>),
    /// Those that the sweep finds, from this coarse grid and within these limits.
    Swept {
        /// The first coarse grid.
        coarse: Grid,
        /// How far it may be extended.
        limits: Limits,
    },
}

/// A named algorithm.
#[derive(Debug)]
pub struct Algorithm {
    /// Name, as in the results.
    pub name: String,
    /// The optimizer and its hyperparameters.
    pub optimizer: Box<dyn optimizer::Spec>,
    /// Its learning rates.
    pub rates: Rates,
    /// Names of the coordinate systems that it trains in; none: all.
    pub coordinates: Vec<String>,
}

impl Algorithm {
    /// Whether it trains in the coordinate system of this name.
    pub fn trains_in(&self, coordinates: &str) -> bool {
        self.coordinates.is_empty() || self.coordinates.iter().any(|name| name == coordinates)
    }

    /// Whether its learning rates are swept, not set.
    pub fn is_swept(&self) -> bool {
        matches!(self.rates, Rates::Swept { .. })
    }

    /// The lowest learning rate that is or may be tried.
    pub(super) fn lowest_rate(&self) -> f64 {
        match &self.rates {
            Rates::Fixed(rates) => rates.first().copied().unwrap_or(f64::INFINITY),
            Rates::Swept { limits, .. } => power_of_ten(limits.lowest),
        }
    }

    /// The learning rates to begin with.
    pub fn first_rates(&self) -> Vec<f64> {
        match &self.rates {
            Rates::Fixed(rates) => rates.clone(),
            Rates::Swept { coarse, .. } => coarse.rates(),
        }
    }
}

/// How learning rates are swept and selected.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The number whose median over the trials is compared.
    pub metric: Metric,
    /// Differences below this fraction of the initial suboptimality are ties.
    pub floor: f64,
    /// The coordinate systems for which the best rate is made interior and refined.
    pub tune: Vec<String>,
}

/// How long and on what runs are trained; as [`Training`], before the data is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingSpec {
    /// Epochs, or steps with full batches.
    pub epochs: usize,
    /// Rows and order of minibatches; `None`: full batches.
    pub minibatch: Option<(usize, Order)>,
    /// Learning-rate schedule.
    pub schedule: Schedule,
    /// See [`Training::gradient_tolerance`].
    pub gradient_tolerance: f64,
    /// See [`Training::divergence`].
    pub divergence: f64,
    /// See [`Training::target`].
    pub target: f64,
    /// See [`Training::curve`].
    pub curve: CurvePoints,
}

impl TrainingSpec {
    /// Epochs, where they are what is recorded; `None`: with full batches, each step is.
    pub fn recorded_epochs(&self) -> Option<u64> {
        self.minibatch.map(|_| self.epochs as u64)
    }

    /// The training on an objective with this many examples.
    pub fn on(&self, examples: Option<usize>) -> Training {
        let minibatches = self.minibatch.zip(examples).map(|((size, order), examples)| {
            Minibatches { examples, size: size.min(examples), order }
        });
        Training {
            epochs: self.epochs,
            minibatches,
            schedule: self.schedule,
            gradient_tolerance: self.gradient_tolerance,
            divergence: self.divergence,
            target: self.target,
            curve: self.curve,
        }
    }

    /// The schedule for η = 1, by epoch; no rows for a constant one. Of more than
    /// [`CurvePoints::MOST_EPOCHS`] epochs some, evenly, with the first and the last.
    pub fn schedule_rows(&self) -> Vec<ScheduleRow> {
        let row = |epoch| ScheduleRow {
            epoch: epoch as u64,
            learning_rate: self.schedule.factor(epoch, self.epochs),
        };
        match self.schedule {
            Schedule::Constant => Vec::new(),
            Schedule::CosineAnnealing => {
                let stride = self.curve.stride(self.epochs);
                let last = self.epochs.saturating_sub(1);
                let some = (0..last).step_by(stride).chain([last]);
                some.map(row).collect()
            }
        }
    }
}

/// Runs in several coordinate systems, which are compared.
#[derive(Debug)]
pub struct TrainingStudy {
    /// Coordinate systems, in the order of the config.
    pub coordinates: Vec<Coordinates>,
    /// Algorithms, in the order of the config.
    pub algorithms: Vec<Algorithm>,
    /// Training.
    pub training: TrainingSpec,
    /// What is kept of the runs at selected learning rates.
    pub recording: Recording,
    /// Whether the curves of all learning rates are kept, not only of the selected ones.
    pub all_curves: bool,
    /// Whether the runs at selected learning rates are trained once more, each alone, to time them.
    pub timed: bool,
    /// Sweep and selection.
    pub sweep: Sweep,
}

impl TrainingStudy {
    /// Original coordinates, where they are among the systems.
    pub fn original(&self) -> Option<&Coordinates> {
        self.coordinates.iter().find(|one| one.is_original())
    }

    /// What is kept of the runs of a sweep: their curves too, where those of all learning rates are
    /// wanted, so that what is not swept further trains once.
    pub fn sweep_recording(&self) -> Recording {
        if self.all_curves { self.recording } else { Recording::Summary }
    }

    /// How learning rates are selected.
    pub fn selection(&self) -> SelectionRule<'_> {
        let Sweep { metric, floor, .. } = self.sweep;
        SelectionRule { metric, floor, original: self.original().map(|original| &*original.name) }
    }

    /// Of what each algorithm has, what it has in a coordinate system: nothing where it does not
    /// train.
    pub fn there<T: Clone + Default>(&self, coordinates: &Coordinates, each: &[T]) -> Vec<T> {
        let there = |(algorithm, one): (&Algorithm, &T)| {
            if algorithm.trains_in(&coordinates.name) { one.clone() } else { T::default() }
        };
        self.algorithms.iter().zip(each).map(there).collect()
    }

    /// The position of an algorithm in the config's order.
    pub fn algorithm_index(&self, name: &str) -> Option<usize> {
        self.algorithms.iter().position(|algorithm| algorithm.name == name)
    }

    /// The position of a coordinate system in the config's order.
    pub fn coordinates_index(&self, name: &str) -> Option<usize> {
        self.coordinates.iter().position(|coordinates| coordinates.name == name)
    }
}
