//! What figures, claims, metrics and starts need of an experiment: declared where they are defined,
//! and asked of the experiment in one place, before any work (see `experiment::offer`).
//!
//! Something new says what it needs by a line with a [`Want`]; a need of a new kind is a variant of
//! [`Need`], and an arm where the experiment answers.

use std::borrow::Cow;

use crate::data::Split;

/// One thing that an experiment has or has not.
#[derive(Clone, Copy, Debug)]
pub enum Need<'a> {
    /// Runs: something is trained.
    Training,
    /// Measures and eigenvectors: nothing is trained, EGOPs are estimated for their own sake.
    Estimates,
    /// An algorithm of this name.
    Algorithm(&'a str),
    /// A coordinate system of this name.
    Coordinates(&'a str),
    /// An EGOP estimate of this name.
    Estimate(&'a str),
    /// Original coordinates for others to be compared with; not those of this name, where one is
    /// named.
    Compared(Option<&'a str>),
    /// Original coordinates, in which rates are tuned for all others.
    Original,
    /// Original coordinates, with these algorithms training in them, or all where none is named:
    /// their rates there are used elsewhere.
    OriginalRates(&'a [String]),
    /// An algorithm that trains in one of these coordinate systems, or in any where none is named.
    TrainsIn {
        /// Name of the algorithm.
        algorithm: &'a str,
        /// Names of the coordinate systems.
        coordinates: &'a [String],
    },
    /// A coordinate system that one of these algorithms trains in, or any where none is named.
    TrainedBy {
        /// Name of the coordinate system.
        coordinates: &'a str,
        /// Names of the algorithms.
        algorithms: &'a [String],
    },
    /// An objective whose minimum is known.
    Minimum,
    /// An objective whose minimizer is known.
    Minimizer,
    /// An objective whose Hessian is known somewhere.
    Hessian,
    /// Metrics on the examples for this purpose.
    Split(Split),
    /// An objective that classifies.
    Accuracy,
    /// A target that is neither reached at the start nor unreachable.
    Target,
    /// A level of the training loss whose steps are recorded.
    Level(f64),
    /// Runs that may end before their budget is used up.
    EarlyEnd,
    /// Runs that are trained once more, each alone, to time them.
    Timed,
    /// Full batches, so that a step is an iteration.
    FullBatches,
    /// Minibatches, so that a step is an epoch.
    Minibatches,
    /// Iterates that are recorded.
    Trajectories,
    /// At most this many parameters.
    AtMostParameters(usize),
    /// Exactly this many parameters.
    Parameters(usize),
    /// A learning rate that changes from epoch to epoch.
    Schedule,
    /// A figure whose files have this name.
    Figure(&'a str),
    /// A trial of this number.
    Trial(usize),
    /// Learning rates tuned by a metric that is known while they are tuned.
    WhileTuning,
    /// No learning rates but selected ones: what is recorded there is recorded everywhere.
    SingleRates,
    /// A learning rate of an algorithm up to this one.
    RateUpTo(&'a str, f64),
    /// The eigenvalues that come with a coordinate system; of any, where none is named.
    Spectrum(Option<&'a str>),
    /// A block in the spectrum of one of some coordinate systems.
    Block {
        /// Names of the coordinate systems; none: all.
        of: &'a [String],
        /// Name of the block.
        block: &'a str,
    },
    /// The k-th eigenvector of a block of an EGOP estimate.
    Eigenvector {
        /// Name of the estimate.
        of: &'a str,
        /// Name of the block.
        block: &'a str,
        /// From 1.
        k: usize,
    },
    /// A measure of an EGOP estimate.
    Measure(MeasureOf<'a>),
    /// An objective with hidden units behind the EGOP estimate of this name; behind all, where none
    /// is named.
    HiddenUnits(Option<&'a str>),
    /// A measure, or its ratio to another, of which some values are within these bounds and some
    /// are not.
    Undecided {
        /// The measure.
        of: MeasureOf<'a>,
        /// The measure which it is divided by.
        over: Option<MeasureOf<'a>>,
        /// From the first to the second, which may be infinite.
        bounds: [f64; 2],
    },
    /// Two samples or more for an EGOP estimate, for its two halves.
    Samples(&'a str),
    /// A study, with points.
    Study,
    /// An axis of a study, by its first key.
    Axis(&'a str),
    /// A base of a study, by its name.
    Base(&'a str),
    /// A study that compares by this metric.
    StudyMetric(&'a str),
}

/// A measure of a block of an EGOP estimate.
#[derive(Clone, Copy, Debug)]
pub struct MeasureOf<'a> {
    /// Name of the estimate.
    pub estimate: &'a str,
    /// Name of the block.
    pub block: &'a str,
    /// Name of the measure.
    pub name: &'static str,
    /// The index or threshold that it is taken at.
    pub at: Option<f64>,
}

/// A need, and the key of the table which it comes from.
#[derive(Clone, Debug)]
pub struct Want<'a> {
    /// A dotted key within the table of the figure or claim.
    pub key: Cow<'static, str>,
    /// What the key's value needs.
    pub need: Need<'a>,
}

impl<'a> Want<'a> {
    /// The value of this key needs this.
    pub fn new(key: impl Into<Cow<'static, str>>, need: Need<'a>) -> Self {
        Self { key: key.into(), need }
    }

    /// The value of this key needs all of these.
    pub fn all(
        key: &'static str,
        needs: impl IntoIterator<Item = Need<'a>>,
    ) -> impl Iterator<Item = Self> {
        needs.into_iter().map(move |need| Self::new(key, need))
    }
}
