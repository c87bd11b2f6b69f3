//! Objectives: differentiable functions of d parameters, evaluated for K lanes at once.
//!
//! To add one: a file with its struct and its [`Entry`], and a line in [`REGISTRY`]; a program of
//! one's own calls [`add`].

use std::fmt::Debug;
use std::path::PathBuf;

use ndarray::{Array1, Array2, ArrayD, ArrayView1};

use crate::config::Entry;
use crate::coordinates::Coordinates;
use crate::data::{DataSet, InputMoments, Inputs, Split, Targets};
use crate::error::Result;
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::Real;
use crate::rng::Streams;
use crate::theory::Hessian;

#[cfg(test)]
pub(crate) mod checks;
mod composite;
mod difference;
mod feed_forward;
mod least_squares;
mod linear_net;
mod log_sum_exp;
mod logistic;
mod loss;
mod matrix;
mod newton;
mod point;
mod registry;
mod relu_net;
mod sampled_gradients;
mod user_matrix;
mod user_net;

pub use composite::{COMPOSITE_REVISION, Composite, Outer};
pub use difference::check_gradient;
pub use feed_forward::FeedForward;
pub use least_squares::{LeastSquares, LeastSquaresSpec};
pub use linear_net::{LinearNet, LinearNetSpec};
pub use log_sum_exp::{LogSumExp, LogSumExpSpec};
pub use logistic::{Logistic, LogisticSpec};
pub use matrix::{MatrixSpec, RegressionSpec};
pub use point::{PerLane, PointObjective, PointSpec};
pub use registry::{REGISTRY, add, all, read};
pub use relu_net::{Images, ReluNetSpec};
pub use sampled_gradients::{SampledGradients, SampledSpec};
pub use user_matrix::{Make, Optimum, UserMatrixSpec, UserOuter};
pub use user_net::{Activation, UserNetSpec};

/// The examples that one evaluation uses.
#[derive(Clone, Copy, Debug)]
pub enum Batch<'a> {
    /// The whole training set.
    Full,
    /// These rows of the training set; the loss is the mean over them.
    Rows(&'a [usize]),
}

impl Batch<'_> {
    /// Number of examples, given that of the training set.
    fn len(&self, all: usize) -> usize {
        match self {
            Self::Full => all,
            Self::Rows(rows) => rows.len(),
        }
    }

    /// The row of the training set that is the batch's `index`-th.
    fn row(&self, index: usize) -> usize {
        match self {
            Self::Full => index,
            Self::Rows(rows) => rows[index],
        }
    }
}

/// What [`Objective::evaluate`] measures for one lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Mean loss over the split.
    pub loss: f64,
    /// Fraction of examples classified correctly, for classifiers.
    pub accuracy: Option<f64>,
}

/// A differentiable function of d parameters, evaluated for K lanes at once.
pub trait Objective<R: Real>: Send + Sync {
    /// The parameter blocks: disjoint, covering `0..d`.
    fn layout(&self) -> &Layout;

    /// Number of training examples for minibatches; `None` when only the full batch makes sense.
    fn examples(&self) -> Option<usize> {
        None
    }

    /// Losses (K values) and gradients (K lanes) on `batch` at each lane of `theta`; they overwrite what is in
    /// `values` and `gradient`.
    ///
    /// Overflow must come out as a non-finite loss or gradient of the lane concerned, never as a
    /// panic, and must leave the other lanes alone.
    fn value_and_gradient(
        &self,
        theta: &Lanes<R>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        workspace: &mut Workspace<R>,
    );

    /// Loss and accuracy of each lane of `theta` on a split, or `None` when the objective has no
    /// such split. They depend on that lane alone: training evaluates the start, which lanes have in common,
    /// with one of them.
    fn evaluate(
        &self,
        theta: &Lanes<R>,
        split: Split,
        workspace: &mut Workspace<R>,
    ) -> Option<Vec<Metrics>>;

    /// An objective that has as much of the coordinates in its data as it can, and the coordinates
    /// that remain to be applied around it at every gradient: together f∘J. `None`: all remain.
    fn absorb(
        &self,
        _coordinates: &Coordinates<R>,
    ) -> Option<(Box<dyn Objective<R>>, Coordinates<R>)> {
        None
    }

    /// The same objective on data whose inputs are shifted and scaled; `None` where there is nothing
    /// of the kind.
    fn with_inputs(&self, _inputs: Inputs) -> Option<Box<dyn Objective<R>>> {
        None
    }

    /// Moments of the training inputs that the parameters multiply first, for an objective that has
    /// such.
    fn input_moments(&self) -> Option<InputMoments> {
        None
    }

    /// The lowest value of the training loss, where it is known.
    fn minimum(&self) -> Option<f64> {
        None
    }

    /// A point at which the minimum is attained, where one is known.
    fn minimizer(&self) -> Option<ArrayView1<'_, R>> {
        None
    }

    /// A Hessian that tells how smooth the objective is, where one is known: the largest (in the
    /// Löwner order) if there is one, else that at the minimizer.
    fn hessian(&self) -> Option<Hessian> {
        None
    }

    /// The smallest difference from the minimum that rounding lets one tell from zero.
    fn numerical_floor(&self) -> f64 {
        f64::MIN_POSITIVE
    }
}

/// What an objective is built from.
#[derive(Clone, Debug)]
pub struct Context {
    /// The trial's random streams.
    pub streams: Streams,
    /// Where the user keeps data sets, if not at the usual places.
    pub data_dir: Option<PathBuf>,
}

/// Makes the objective of one trial in one precision.
pub trait Build<R: Real> {
    /// Draws or loads the data.
    ///
    /// # Errors
    /// When a data set is missing or corrupt, or the minimum cannot be computed.
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>>;
}

/// What is known of an objective, and measured on it, whatever the random draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// [`Objective::minimum`].
    pub minimum: bool,
    /// [`Objective::minimizer`].
    pub minimizer: bool,
    /// [`Objective::hessian`].
    pub hessian: bool,
    /// Metrics on validation examples.
    pub validation: bool,
    /// Metrics on test examples.
    pub test: bool,
    /// [`Metrics::accuracy`].
    pub accuracy: bool,
    /// Whether it is a feed-forward network with hidden layers, whose units may change places.
    pub hidden_units: bool,
}

impl Known {
    /// Where the minimum is, and the curvature; no examples.
    pub const OPTIMUM: Self = Self {
        minimum: true,
        minimizer: true,
        hessian: true,
        validation: false,
        test: false,
        accuracy: false,
        hidden_units: false,
    };
}

/// What of a change of variables an objective takes into its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absorbs {
    /// Nothing.
    Nothing,
    /// A rotation of the inputs of its first layer.
    Inputs,
    /// Any linear map.
    Everything,
}

/// An objective's settings: everything but the random draw.
pub trait Spec: Build<f32> + Build<f64> + Debug + Send + Sync {
    /// The parameter blocks.
    fn layout(&self) -> Layout;

    /// Number of training examples, as for [`Objective::examples`].
    fn examples(&self) -> Option<usize> {
        None
    }

    /// Rows n of the training data, as figures state it.
    fn rows(&self) -> Option<usize> {
        self.examples()
    }

    /// What else figures state of it, in a few words: widths, or how singular values decay.
    fn remark(&self) -> Option<String> {
        None
    }

    /// Raised when the same settings give other bits with this objective alone; where they do so
    /// everywhere, [`crate::record::SCHEMA`] is. That of a [`Composite`] has [`COMPOSITE_REVISION`] in it.
    fn revision(&self) -> u32 {
        0
    }

    /// Whether nothing is known of it but sampled gradients, which are its examples.
    fn has_samples_only(&self) -> bool {
        false
    }

    /// Floating-point operations of the products of one lane's gradient on a minibatch of so many
    /// examples; `None`: on the full batch.
    fn gradient_flops(&self, batch: Option<usize>) -> f64;

    /// Refuses data of the user's whose numbers, or the squares of gradients made of them, singles do not
    /// hold.
    ///
    /// # Errors
    /// As for [`Self::files`].
    fn check_singles(&self) -> Result<()> {
        Ok(())
    }

    /// The classes of the user's examples that no training example is of.
    ///
    /// # Errors
    /// As for [`Self::files`].
    fn missing_classes(&self) -> Result<Vec<usize>> {
        Ok(Vec::new())
    }

    /// How many rows of the user's files the sets of examples have together, and how many there are;
    /// `None` where sets are not cut from such.
    ///
    /// # Errors
    /// As for [`Self::files`].
    fn rows_in_sets(&self) -> Result<Option<(usize, usize)>> {
        Ok(None)
    }

    /// How many numbers are held of the data of one trial at most, about, while they are made too.
    fn data_elements(&self) -> usize;

    /// How many numbers are held of what becomes of the data in a coordinate system which they take in: of
    /// examples whose inputs are rotated or shifted, or of a matrix AV.
    fn copied_elements(&self) -> usize {
        match self.absorbs() {
            Absorbs::Everything => {
                composite::elements(self.absorbing_rows(), self.layout().dimension())
            }
            Absorbs::Nothing | Absorbs::Inputs => 0,
        }
    }

    /// What is known of it: figures, claims and metrics that need more are refused.
    fn known(&self) -> Known {
        Known::default()
    }

    /// What of a change of variables needs no products around a gradient: see [`Objective::absorb`].
    fn absorbs(&self) -> Absorbs {
        Absorbs::Nothing
    }

    /// Rows of data that are mapped for that, once.
    fn absorbing_rows(&self) -> usize {
        0
    }

    /// Name and SHA-256 of each data file used; part of the identity of the results.
    ///
    /// # Errors
    /// When a data set is missing or corrupt.
    fn data(&self, _context: &Context) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    /// The data of a trial by their names, of which there are [`ARRAYS`], for other programs; in
    /// doubles, labels as whole numbers.
    ///
    /// # Errors
    /// As for [`Build::build`].
    fn arrays(&self, _context: &Context) -> Result<NamedArrays> {
        Ok(Vec::new())
    }

    /// The same as [`Self::data`] of files that the config names, by what they are for; read whole, so that what is
    /// wrong with them is known before any work.
    ///
    /// # Errors
    /// When one is missing or does not hold what it must.
    fn files(&self) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }
}

/// Arrays by their names.
pub type NamedArrays = Vec<(&'static str, ArrayD<f64>)>;

/// What arrays may be called: A and y of h(Aθ), and the examples of each set, with labels or targets.
pub const ARRAYS: [&str; 11] = [
    "A",
    "y",
    "training-inputs",
    "training-labels",
    "training-targets",
    "validation-inputs",
    "validation-labels",
    "validation-targets",
    "test-inputs",
    "test-labels",
    "test-targets",
];

/// A and y of h(Aθ).
fn matrix_arrays(matrix: Array2<f64>, y: Array1<f64>) -> NamedArrays {
    vec![("A", matrix.into_dyn()), ("y", y.into_dyn())]
}

/// The examples of each set.
fn example_arrays(data: &DataSet<f64>) -> NamedArrays {
    let sets = [Some(&data.training), data.validation.as_ref(), data.test.as_ref()];
    let mut arrays = Vec::new();
    for (set, names) in sets.into_iter().zip(ARRAYS[2..].chunks(3)) {
        let Some(set) = set else { continue };
        arrays.push((names[0], set.inputs().to_owned().into_dyn()));
        arrays.push(match set.targets() {
            Targets::Classes { labels, .. } => {
                let labels: Array1<f64> = labels.iter().map(|&label| label as f64).collect();
                (names[1], labels.into_dyn())
            }
            Targets::Vectors(vectors) => (names[2], vectors.clone().into_dyn()),
        });
    }
    arrays
}
