//! Optimizers: first-order methods on K lanes at once.

use crate::lanes::{LanesView, LanesViewMut};
use crate::linalg::Real;

/// A first-order method; the state of its K lanes lives inside, learning rates come from outside.
pub trait Optimizer<R: Real>: Send {
    /// One update of each lane; `gradient` and `learning_rates` have the same K lanes.
    fn step(
        &mut self,
        theta: LanesViewMut<'_, R>,
        gradient: LanesView<'_, R>,
        learning_rates: &[R],
    );

    /// Keeps the state of the listed lanes, in increasing order, and drops the others.
    fn retain(&mut self, lanes: &[usize]);
}
