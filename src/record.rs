//! The rows of the results tables: one documented schema, "tidy" (one observation per row).
//!
//! Floats are written in shortest round-trip form; an empty field means "does not apply" (no
//! validation set, say) and a non-finite value is written as `inf`, `-inf` or `NaN`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

mod break_even;
mod field;
mod study;
mod timing;

pub use break_even::{BreakEvenRow, CostUnit};
pub use field::{Levels, Stop};
pub use study::StudyRow;
pub use timing::{Phase, TimingRow};

use field::nan_is_empty;

/// Version of the schema and of the numbers in it: raised when a column changes, or when the same
/// experiment gives other bits. Results written under another one are refused, and none of their
/// tasks is taken over.
pub const SCHEMA: u32 = 9;
/// What a claim is judged with, where no setting differs from that of the shipped experiment.
pub const AS_SHIPPED: &str = "as shipped";

/// One run: a trial, an algorithm, a coordinate system and a learning rate (`runs.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the algorithm in the config.
    pub algorithm: Arc<str>,
    /// Name of the coordinate system in the config.
    pub coordinates: Arc<str>,
    /// Learning rate η (before any schedule).
    pub learning_rate: f64,
    /// Why the run ended.
    pub stop: Stop,
    /// Updates made when the run ended (for a diverged run: the step at which it happened).
    pub steps: u64,
    /// Training loss at the start.
    pub initial_loss: f64,
    /// Training loss at the end.
    pub final_loss: f64,
    /// Lowest recorded training loss.
    pub minimum_loss: f64,
    /// Initial loss minus the objective's minimum, where that is known; like the next two never
    /// below the resolution of the loss in the precision used.
    pub initial_suboptimality: Option<f64>,
    /// Final loss minus the minimum.
    pub final_suboptimality: Option<f64>,
    /// Lowest recorded loss minus the minimum.
    pub minimum_suboptimality: Option<f64>,
    /// First recorded step (full batch) or epoch (minibatch) at which the suboptimality, or the
    /// loss where the minimum is not known, was at most `training.target` of the initial one.
    pub reached_target: Option<u64>,
    /// The first recorded steps or epochs, separated by spaces, at which it was at most 10⁻¹,
    /// 10^−1.25, 10^−1.5 and so on of the initial one and at last at most `training.target`, as far
    /// as the run came.
    pub levels: Levels,
    /// What `training_flops` was at each of these.
    pub level_flops: Levels,
    /// Euclidean norm of the last gradient.
    pub gradient_norm: f64,
    /// Mean over the planned updates of ‖g‖₁, g being the gradient that an update is made with, in
    /// the coordinates that are trained; 0 of those that were not made. What Theorem 3 bounds.
    pub mean_gradient_l1: f64,
    /// Lowest validation loss over the recorded epochs.
    pub best_validation_loss: Option<f64>,
    /// Validation loss at the end.
    pub final_validation_loss: Option<f64>,
    /// Highest validation accuracy over the recorded epochs, in [0, 1].
    pub best_validation_accuracy: Option<f64>,
    /// Validation accuracy at the end, in [0, 1].
    pub final_validation_accuracy: Option<f64>,
    /// Test loss at the end.
    pub test_loss: Option<f64>,
    /// Test accuracy at the end, in [0, 1].
    pub test_accuracy: Option<f64>,
    /// Length of the path of the iterates over ‖θ₀ − θ*‖ (only where trajectories are recorded
    /// and the minimizer is known): 1 is a straight line.
    pub path_ratio: Option<f64>,
    /// Gradients that updates were made with, of minibatches or of full batches.
    pub training_gradients: u64,
    /// Gradients that were sampled for the change of variables; like the next but one and the last
    /// the same for all runs in a coordinate system, which share it.
    pub egop_gradients: u64,
    /// Floating-point operations of the updates, by the model of [`crate::run`]: products of
    /// gradients and with the change of variables, and the optimizer's arithmetic; and of making a
    /// change of variables anew between them.
    pub training_flops: u64,
    /// Floating-point operations of making the change of variables before training: of sampled
    /// gradients and what is made of them.
    pub setup_flops: u64,
    /// Bytes that the change of variables holds in the precision of the runs.
    pub basis_bytes: u64,
}

/// One point of a training curve (`curves.csv`), of the selected learning rates unless the config
/// asks for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the algorithm.
    pub algorithm: Arc<str>,
    /// Name of the coordinate system.
    pub coordinates: Arc<str>,
    /// Learning rate η.
    pub learning_rate: f64,
    /// Updates (full batch) or epochs (minibatch) made.
    pub step: u64,
    /// Training loss.
    pub train_loss: f64,
    /// Training loss minus the minimum, where that is known.
    pub suboptimality: Option<f64>,
    /// Validation loss.
    pub validation_loss: Option<f64>,
    /// Validation accuracy, in [0, 1].
    pub validation_accuracy: Option<f64>,
    /// Euclidean norm of the last gradient.
    pub gradient_norm: f64,
    /// ‖g‖₁ of the last gradient, in the coordinates that are trained.
    pub gradient_l1: f64,
    /// Gradients that updates were made with so far; those that were sampled for the change of
    /// variables come before the first point, and are `egop_gradients` of the run.
    pub gradients: u64,
    /// Floating-point operations of the updates so far; `setup_flops` of the run come before.
    pub flops: u64,
}

impl CurveRow {
    /// Whether two points are of the same run.
    pub fn is_of_run(&self, other: &Self) -> bool {
        self.trial == other.trial
            && self.learning_rate == other.learning_rate
            && self.algorithm == other.algorithm
            && self.coordinates == other.coordinates
    }
}

/// One coordinate of one iterate in original coordinates (`trajectories.csv`, only with
/// `training.record = "trajectories"`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the algorithm.
    pub algorithm: Arc<str>,
    /// Name of the coordinate system the run was made in.
    pub coordinates: Arc<str>,
    /// Learning rate η.
    pub learning_rate: f64,
    /// Updates made.
    pub step: u64,
    /// Index of the parameter, from 0.
    pub parameter: usize,
    /// Its value, in original coordinates.
    pub value: f64,
}

/// The training loss on a grid of a two-parameter objective (`landscape.csv`), for contour plots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LandscapeRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// First parameter.
    pub x: f64,
    /// Second parameter.
    pub y: f64,
    /// Training loss there.
    pub loss: f64,
}

/// The metric of one learning rate over the trials (`learning_rates.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateRow {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// Learning rate η.
    pub learning_rate: f64,
    /// Name of the metric (a column of `runs.csv`).
    pub metric: String,
    /// Median over the trials, a diverged trial counting as the worst value; empty (NaN in memory)
    /// where no trial was finished.
    #[serde(with = "nan_is_empty")]
    pub median: f64,
    /// Lower quartile.
    #[serde(with = "nan_is_empty")]
    pub lower_quartile: f64,
    /// Upper quartile.
    #[serde(with = "nan_is_empty")]
    pub upper_quartile: f64,
    /// Median of `reached_target`; empty where half the trials or more did not reach it.
    pub reached_target: Option<f64>,
    /// Trials finished.
    pub trials: usize,
    /// Trials planned.
    pub planned: usize,
    /// Trials that diverged, or failed.
    pub diverged: usize,
    /// Whether this rate is used for this algorithm in this coordinate system, and by which rule:
    /// `original` (best in original coordinates), `own` (best in this coordinate system), `both`,
    /// or empty.
    pub selected: String,
    /// Why it was selected, in words; empty for the others.
    pub reason: String,
}

/// One eigenvalue of an EGOP estimate (`spectrum.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpectrumRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the coordinate system whose basis this is the spectrum of.
    pub coordinates: String,
    /// Parameter block, or `all` for a global EGOP.
    pub block: String,
    /// Index k of the eigenvalue, from 1, in descending order.
    pub k: usize,
    /// Eigenvalue λ_k.
    pub eigenvalue: f64,
    /// Density β_k = ‖v_k‖₁/√d of its unit eigenvector; empty where that is not computed.
    pub density: Option<f64>,
}

/// One entry of a leading eigenvector of an EGOP estimate (`eigenvectors.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EigenvectorRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the coordinate system whose basis the vector belongs to.
    pub coordinates: String,
    /// Parameter block, or `all` for a global EGOP.
    pub block: String,
    /// Index k of the eigenvector, from 1, in descending order of the eigenvalues.
    pub k: usize,
    /// Index of the parameter in the block, from 0.
    pub parameter: usize,
    /// Entry of the unit vector v_k for it.
    pub entry: f64,
}

/// One number that sums up an EGOP estimate (`measures.csv`, of experiments that train nothing).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the spectrum.
    pub coordinates: String,
    /// Parameter block, or `all` for a global EGOP.
    pub block: String,
    /// Name of the measure (see [`crate::egop::Measure`]).
    pub measure: String,
    /// The index k or threshold that the measure is taken at, where it needs one.
    pub at: Option<f64>,
    /// Its value for the estimate from all samples.
    pub value: f64,
    /// The lowest of this value and those for the two independent halves of the samples.
    pub lower: f64,
    /// The highest of them.
    pub upper: f64,
}

/// What the theory says of a change of variables, and what was observed (`theory.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TheoryRow {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// Parameter block, or `all` for a global EGOP.
    pub block: String,
    /// Number d of parameters.
    pub parameters: usize,
    /// Number of eigenvectors that V begins with, as many as were found where a share of all eigenvalues
    /// says how many. In a task's rows 0, like the next one: tables have them.
    #[serde(default)]
    pub rank: usize,
    /// How they were computed: `dense`, `gram` or `randomized`; empty where they come from a file.
    #[serde(default)]
    pub solver: String,
    /// Stable rank Σ√λ_k/√λ₁ of the EGOP (paper, eq. 3); empty where not all eigenvalues are known.
    pub stable_rank: Option<f64>,
    /// Density β₁ = ‖v₁‖₁/√d of the leading eigenvector.
    pub density: f64,
    /// Factor by which Theorem 3's bound improves with the best step size: β₁² d over the stable
    /// rank; empty where that is.
    pub predicted: Option<f64>,
    /// Where the Hessian H is taken that the next columns are about; empty: none is known.
    pub hessian: String,
    /// Lower bound of L_f, the smallest Σ L_i with −diag(L) ⪯ H ⪯ diag(L): sᵀHs for a sign vector.
    pub smoothness_lower: Option<f64>,
    /// Upper bound of L_f: the sum of |H|'s entries.
    pub smoothness_upper: Option<f64>,
    /// Lower bound of L_{f∘V}: the same for VᵀHV.
    pub reparameterized_lower: Option<f64>,
    /// Upper bound of L_{f∘V}.
    pub reparameterized_upper: Option<f64>,
    /// Name of the algorithm whose speed was observed (the columns before do not depend on it).
    pub algorithm: String,
    /// Steps in original coordinates over those in these, to the lowest of the `levels` of `runs.csv`
    /// that both reach, both at the learning rate that is best in original coordinates; infinite
    /// where only the latter reach any, empty where neither do.
    pub observed_same_rate: Option<f64>,
    /// The same, each at its own best learning rate.
    pub observed_own_rate: Option<f64>,
    /// `mean_gradient_l1` of `runs.csv` in original coordinates over that in these, at the learning
    /// rate that is best in original coordinates: the ratio of what Theorem 3 bounds.
    pub gradient_same_rate: Option<f64>,
    /// The same, each at its own best learning rate.
    pub gradient_own_rate: Option<f64>,
}

/// The learning rate of one epoch (`schedule.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleRow {
    /// Epoch, from 0.
    pub epoch: u64,
    /// Learning rate used in it, as a multiple of η.
    pub learning_rate: f64,
}

/// The verdict on one claim (`claims.csv`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimRow {
    /// Identifier of the claim.
    pub id: String,
    /// Name of the figure of the experiment that shows it; empty where none does.
    pub figure: String,
    /// The claim in words.
    pub statement: String,
    /// Where it is made.
    pub source: String,
    /// What was compared, in words: metric, sides, relation, factor.
    pub test: String,
    /// `reproduced`, `not reproduced`, `inconclusive` or `not judged`.
    pub verdict: String,
    /// Why, in words.
    pub reason: String,
    /// Median over the trials of the paired ratio (or of the one side's value); of a claim about
    /// every learning rate, at the rate where it is least in favour. Empty where no trial says
    /// anything, like the next three.
    pub median: Option<f64>,
    /// Lower end of the exact order-statistic interval of the median.
    pub lower: Option<f64>,
    /// Upper end of it.
    pub upper: Option<f64>,
    /// The probability with which such an interval holds the true median.
    pub level: Option<f64>,
    /// The lowest median at the selected learning rates and all that tie with them; empty for claims
    /// that are not about selected rates.
    pub tied_low: Option<f64>,
    /// The highest of these medians.
    pub tied_high: Option<f64>,
    /// Paired trials (or learning rates) in favour.
    pub in_favour: usize,
    /// Paired trials (or learning rates) that say something.
    pub pairs: usize,
    /// Paired trials (or learning rates) that say nothing: both sides fail, or are at the
    /// numerical floor.
    pub no_evidence: usize,
    /// Pairs planned.
    pub planned: usize,
    /// Why it is not reproduced, as the config says, where its settings are as shipped.
    pub explanation: String,
    /// [`AS_SHIPPED`], or the keys whose values are not those of the shipped experiment.
    pub settings: String,
}
