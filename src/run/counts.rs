//! What runs take, counted by one model: gradients and floating-point operations.
//!
//! An addition, a multiplication, a division and a root are one operation each. Of an update are
//! counted the products of its gradient ([`objective::Spec::gradient_flops`]), those with the change
//! of variables there and back ([`Cost`]) unless the objective takes it in, and the optimizer's
//! arithmetic ([`crate::optimizer::Spec::flops`]). Of the set-up of a
//! coordinate system: the products of the sampled gradients, what the basis is made of them by
//! ([`crate::basis::Spec::preparation`]), and taking it into the objective.
//!
//! Activations and the entries of losses are not counted; nor are losses of whole splits after
//! epochs, which tell how far a run has come and do not move it.

use crate::coordinates::Cost;
use crate::experiment::System;
use crate::minibatch::Minibatches;
use crate::objective;

/// Gradients that are sampled for a coordinate system or an EGOP estimate.
pub(super) fn samples(system: &System<'_>) -> u64 {
    system.samples() as u64
}

/// Floating-point operations of a series of gradients, or of the updates made with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Series {
    /// Of each: on a minibatch that is full, or on the full batch.
    each: f64,
    /// Of all on one pass over the examples; the last minibatch may be smaller.
    pass: f64,
    per_pass: u64,
    /// After so many, each takes so much more.
    later: (u64, f64),
}

impl Series {
    /// Gradients on minibatches in turn; `None`: on the full batch.
    pub fn of_gradients(objective: &dyn objective::Spec, minibatches: Option<Minibatches>) -> Self {
        let Some(minibatches) = minibatches else {
            let each = objective.gradient_flops(None);
            return Self { each, pass: each, per_pass: 1, later: (0, 0.0) };
        };
        let [each, last] =
            [minibatches.size, minibatches.last()].map(|rows| objective.gradient_flops(Some(rows)));
        let per_pass = minibatches.per_epoch() as u64;
        let pass = (per_pass - 1) as f64 * each + last;
        Self { each, pass, per_pass, later: (0, 0.0) }
    }

    /// The same with so many operations more for each: of maps around gradients, say, and of an
    /// optimizer.
    pub fn plus(self, more: f64) -> Self {
        let Self { each, pass, per_pass, .. } = self;
        Self { each: each + more, pass: pass + per_pass as f64 * more, ..self }
    }

    /// The same with so many operations more for each but the first so many.
    pub fn from(self, first: u64, more: f64) -> Self {
        Self { later: (first, more), ..self }
    }

    /// Of so many of them, from the first on.
    pub fn flops(&self, count: u64) -> f64 {
        let [passes, rest] = [count / self.per_pass, count % self.per_pass];
        let (first, more) = self.later;
        let later = count.saturating_sub(first) as f64 * more;
        passes as f64 * self.pass + rest as f64 * self.each + later
    }
}

/// Floating-point operations of sampling the gradients of a system.
pub(super) fn sampling_flops(system: &System<'_>) -> f64 {
    let minibatches = system.sampling.minibatches(system.objective.examples());
    Series::of_gradients(system.objective, minibatches).flops(samples(system))
}

/// Floating-point operations of the set-up of a coordinate system with these maps, whose groups were
/// found to have so many leading eigenvectors.
pub(super) fn setup_flops(system: &System<'_>, maps: Cost, found: &[usize]) -> f64 {
    let preparation = system.preparation(1.0, Some(found));
    sampling_flops(system) + preparation.flops() + system.absorbing(maps)
}

/// A number of operations or bytes, as tables have it.
pub(super) fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod preparation_tests;
#[cfg(test)]
mod tests;
