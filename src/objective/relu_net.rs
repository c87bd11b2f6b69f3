//! ReLU networks with biases (paper, section 4.3).

use super::FeedForward;
use super::feed_forward::Activation;
use crate::data::DataSet;
use crate::linalg::Real;

impl<R: Real> FeedForward<R> {
    /// x ↦ W_L relu(… relu(W₁ x + b₁) …) + b_L with the data's loss.
    pub fn relu(hidden: &[usize], data: DataSet<R>) -> Self {
        Self::new(hidden, Activation::Relu, data)
    }
}
