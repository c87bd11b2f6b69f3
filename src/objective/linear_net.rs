//! Linear feed-forward networks on data from a linear teacher (paper, section 4.2).

use super::FeedForward;
use super::feed_forward::Activation;
use crate::data::{DataSet, Targets};
use crate::linalg::{Real, double};

impl<R: Real> FeedForward<R> {
    /// f(W₁, …, W_L) = loss of x ↦ W_L ⋯ W₁ x: no biases, no activations.
    pub fn linear(hidden: &[usize], data: DataSet<R>) -> Self {
        Self::new(hidden, Activation::Identity, data)
    }

    /// The same where a linear map fits the training data and no layer is too narrow for it, so
    /// that the minimum is 0.
    pub fn realizable_linear(hidden: &[usize], data: DataSet<R>) -> Self {
        // Each residual is computed to about one rounding of its target.
        let mean_square = match data.training.targets() {
            Targets::Vectors(y) => {
                y.iter().map(|&y| double(y).powi(2)).sum::<f64>() / y.len() as f64
            }
            Targets::Classes { .. } => 1.0,
        };
        let resolution = (0.5 * double(R::epsilon())).powi(2) * mean_square;
        Self::linear(hidden, data).with_minimum(0.0, resolution)
    }
}
