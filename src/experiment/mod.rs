//! Experiments: what a config describes, checked.

use std::fmt;

use crate::basis;
use crate::claim::Claim;
use crate::config::Reader;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::figure;
use crate::gradients::Sampling;
use crate::minibatch::{Minibatches, Order};
use crate::objective;
use crate::optimizer;
use crate::record::ScheduleRow;
use crate::schedule::Schedule;
use crate::sweep::{Grid, Limits, METRICS, Metric};
use crate::trial::{CurvePoints, Recording, Start, Training};

mod check;
mod offer;
mod read;

/// The profile that every experiment may have for a look.
const QUICK: &str = "quick";

/// In which floating-point type trials run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `f64`.
    Double,
    /// `f32`; losses are still summed in `f64`.
    Single,
}

/// A named coordinate system; in an experiment that trains nothing, a named EGOP estimate.
#[derive(Debug)]
pub struct Coordinates {
    /// Name, as in the results.
    pub name: String,
    /// How its change of variables is obtained.
    pub basis: Box<dyn basis::Spec>,
    /// What it is estimated from, where that is not what the experiment says.
    pub own: Own,
}

/// What an EGOP estimate has for itself.
#[derive(Debug, Default)]
pub struct Own {
    /// f.
    pub objective: Option<Box<dyn objective::Spec>>,
    /// ρ.
    pub distribution: Option<Distribution>,
    /// M and the minibatches.
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
}

impl Algorithm {
    /// The lowest learning rate that is or may be tried.
    fn lowest_rate(&self) -> f64 {
        match &self.rates {
            Rates::Fixed(rates) => rates.first().copied().unwrap_or(f64::INFINITY),
            Rates::Swept { limits, .. } => 10.0_f64.powi(limits.lowest),
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

impl Sweep {
    /// That of an experiment that trains nothing.
    const NONE: Self = Self { metric: METRICS[0], floor: 0.0, tune: Vec::new() };
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
    /// That of an experiment that trains nothing.
    const NONE: Self = Self {
        epochs: 0,
        minibatch: None,
        schedule: Schedule::Constant,
        gradient_tolerance: 0.0,
        divergence: f64::INFINITY,
        target: 0.0,
        curve: CurvePoints::Thinned,
    };

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

/// A checked experiment.
#[derive(Debug)]
pub struct Experiment {
    /// Name of the results folder.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The profile that its settings come from, where that is not the default one. A key of the
    /// resolved config, so that it is known wherever that goes; no setting in itself.
    pub profile: Option<String>,
    /// Root seed of all random streams.
    pub seed: u64,
    /// Number of random instances.
    pub trials: usize,
    /// Floating-point type.
    pub precision: Precision,
    /// f.
    pub objective: Box<dyn objective::Spec>,
    /// ρ.
    pub distribution: Distribution,
    /// θ₀.
    pub start: Start,
    /// How EGOPs are estimated.
    pub sampling: Sampling,
    /// Coordinate systems, or EGOP estimates if nothing is trained, in the order of the config.
    pub coordinates: Vec<Coordinates>,
    /// Algorithms, in the order of the config; none: nothing is trained.
    pub algorithms: Vec<Algorithm>,
    /// Training.
    pub training: TrainingSpec,
    /// What is kept of the runs at selected learning rates.
    pub recording: Recording,
    /// Whether the curves of all learning rates are kept, not only of the selected ones.
    pub all_curves: bool,
    /// Sweep and selection.
    pub sweep: Sweep,
    /// Figures to draw.
    pub figures: Vec<Box<dyn figure::Spec>>,
    /// Claims to judge.
    pub claims: Vec<Claim>,
}

impl Experiment {
    /// Reads a whole config; all problems are recorded with the reader.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        read::experiment(reader)
    }

    /// Why its claims are not to be judged, where they are not: a look is no ground for a verdict.
    pub fn unjudged(&self) -> Option<&'static str> {
        (self.profile.as_deref() == Some(QUICK))
            .then_some("the profile `quick` is for a look: its settings are not those of the claim")
    }

    /// Whether it trains anything; otherwise it estimates EGOPs only.
    pub fn trains(&self) -> bool {
        !self.algorithms.is_empty()
    }

    /// The objective whose EGOP a coordinate system is made of.
    pub fn objective_of<'a>(&'a self, coordinates: &'a Coordinates) -> &'a dyn objective::Spec {
        coordinates.own.objective.as_deref().unwrap_or(&*self.objective)
    }

    /// Its ρ.
    pub fn distribution_of(&self, coordinates: &Coordinates) -> Distribution {
        coordinates.own.distribution.unwrap_or(self.distribution)
    }

    /// Its M and minibatches.
    pub fn sampling_of(&self, coordinates: &Coordinates) -> Sampling {
        coordinates.own.sampling.unwrap_or(self.sampling)
    }

    /// Name and SHA-256 of each file that the objectives read.
    ///
    /// # Errors
    /// When a data set or a file is missing or corrupt.
    pub fn data(&self, context: &objective::Context) -> Result<Vec<(String, String)>> {
        let mut files = Vec::new();
        if self.trains() {
            files.extend(self.objective.data(context)?);
        }
        for coordinates in &self.coordinates {
            files.extend(self.objective_of(coordinates).data(context)?);
        }
        files.sort();
        files.dedup();
        Ok(files)
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

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Double => "f64",
            Self::Single => "f32",
        })
    }
}
