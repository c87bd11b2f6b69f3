//! Optimizers: first-order methods on K lanes at once.
//!
//! To add one: a file with its struct, its update and its [`Entry`], and a line in [`REGISTRY`].

use std::fmt::Debug;

use crate::config::{Allowed, Entry, Reader, key};
use crate::coordinates::Change;
use crate::error::Error;
use crate::lanes::{Lanes, LanesView, LanesViewMut, Layout};
use crate::linalg::Real;

mod adagrad;
mod adam;
mod blocks;
mod elementwise;
mod full_adagrad;
mod galore;
mod moments;
mod momentum;
mod muon;
mod sgd;
mod shampoo;
mod soap;
mod vector_adam;

pub use adagrad::{Adagrad, EpsPlacement};
pub use adam::Adam;
pub(crate) use blocks::shape_problem;
pub use full_adagrad::FullAdagrad;
pub use galore::{GaLore, Side};
pub use momentum::Momentum;
pub use muon::Muon;
pub use sgd::Sgd;
pub use shampoo::Shampoo;
pub use soap::{Sides, Soap};
pub use vector_adam::{VectorAdam, Vectors};

/// Which ε a config may have: one that single precision does not round to 0, where a gradient of
/// zeros would give 0/0.
const EPS: Allowed = Allowed::between(1e-30, 1e30);

/// What is wrong where [`Spec::replays`] is not asked.
const NO_REPLAY: &str = "the state is not made of entries' squares alone";

/// The answers to a question.
const NO_OR_YES: [(&str, bool); 2] = [("no", false), ("yes", true)];

/// Lanes that a method cannot go on with, such as one whose matrices have no decomposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneFailure {
    /// Their rows, in increasing order.
    pub lanes: Vec<usize>,
    /// What happened.
    pub message: String,
}

impl LaneFailure {
    /// What went wrong with some lanes, if anything did, told by the first of them.
    fn unless_empty(failures: Vec<(usize, Error)>) -> Result<(), Self> {
        let Some((_, first)) = failures.first() else { return Ok(()) };
        let message = first.to_string();
        Err(Self { lanes: failures.into_iter().map(|(lane, _)| lane).collect(), message })
    }
}

/// What becomes of the state that is not linear in the gradient when coordinates change.
#[derive(Clone, Copy, Debug)]
pub enum Carry<'a, R> {
    /// It stays where it is: the second moment of variable i becomes that of the new variable i.
    Index,
    /// What is quadratic in the gradients becomes what they would have made of it in the new variables:
    /// those since the last change, or the first step, which are given in the new variables, one in
    /// each row and the oldest first, of the only lane. What was before them is mapped by
    /// [`Change::squares`].
    Replay(&'a Lanes<R>),
    /// The method begins anew, in its first step.
    Reset,
}

/// A first-order method; the state of its K lanes lives inside, learning rates come from outside.
pub trait Optimizer<R: Real>: Send {
    /// One update of each lane; `theta`, `gradient` and `rates` have the same K lanes.
    ///
    /// # Errors
    /// When some lanes cannot be updated: these are to be given up; the others are updated.
    fn step(
        &mut self,
        theta: LanesViewMut<'_, R>,
        gradient: LanesView<'_, R>,
        rates: &[R],
    ) -> Result<(), LaneFailure>;

    /// Goes on in other variables: what is linear in the gradient is mapped as the gradient is, unless
    /// the method begins anew.
    ///
    /// # Panics
    /// On [`Carry::Replay`] where [`Spec::replays`] is false, or with more lanes than one.
    fn change_coordinates(&mut self, change: &Change<R>, carry: Carry<'_, R>);

    /// Keeps the state of the listed lanes, in increasing order, and drops the others.
    fn retain(&mut self, lanes: &[usize]);
}

/// Makes the optimizer in one precision.
pub trait Build<R: Real> {
    /// An optimizer before its first step, for `lanes` runs of a model with this layout.
    ///
    /// # Panics
    /// Where [`Spec::shape`] does not fit the model, or [`Spec::problem`] finds something wrong.
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>>;
}

/// An optimizer and its hyperparameters, except for the learning rate.
pub trait Spec: Build<f32> + Build<f64> + Debug + Send + Sync {
    /// How figures call it, with minibatches or without; `None`: by its name in the config.
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        None
    }

    /// Raised when the same settings make other bits of this method alone; where they do so everywhere,
    /// [`crate::record::SCHEMA`] is.
    fn revision(&self) -> u32 {
        0
    }

    /// Numbers of state that one lane holds.
    fn state_len(&self, layout: &Layout) -> usize;

    /// Numbers that are held beside the state of all lanes, at most, where they are as many as a large
    /// matrix has: while one lane after the other is updated, and to begin others.
    fn scratch_len(&self, _: &Layout) -> usize {
        0
    }

    /// Floating-point operations of one update of one lane, on average over many; a division or a
    /// root is one.
    fn step_flops(&self, layout: &Layout) -> f64;

    /// Floating-point operations of the first so many updates of one lane.
    fn flops(&self, layout: &Layout, updates: u64) -> f64 {
        updates as f64 * self.step_flops(layout)
    }

    /// Whether it takes weights as matrices: it then trains in coordinates that leave them matrices.
    fn needs_matrices(&self) -> bool {
        false
    }

    /// The rows and columns of the matrix that it takes a model's only block for, if that is not the
    /// block's own shape: a change of variables leaves none of such a matrix.
    fn shape(&self) -> Option<(usize, usize)> {
        None
    }

    /// Whether all its state is linear in the gradients or made of their entries' squares, so that it
    /// can go on in other variables as if it had been there before ([`Carry::Replay`]).
    fn replays(&self) -> bool {
        false
    }

    /// A key and what is wrong with it for a model that its [`Self::shape`] fits, in numbers with this
    /// distance from 1 to the next, if anything is.
    fn problem(&self, _: &Layout, _epsilon: f64) -> Option<(&'static str, String)> {
        None
    }

    /// The key that says from which step on it is what it is called, and that step, if there is one.
    fn starts(&self) -> Option<(&'static str, usize)> {
        None
    }

    /// The key by which it treats biases in another way than weights, entry by entry, if it does: that
    /// makes no sense of variables that are mixtures of both.
    fn spares_biases(&self) -> Option<&'static str> {
        None
    }
}

/// The problem with an ε that is less than the least one in doubles, or in singles, in numbers with
/// this distance from 1 to the next.
fn too_small(eps: f64, [double, single]: [f64; 2], epsilon: f64) -> Option<(&'static str, String)> {
    let (least, precision) = if epsilon > 1e-10 { (single, "f32") } else { (double, "f64") };
    (eps < least).then(|| {
        let problem = format!(
            "must be at least {least:e} with precision = \"{precision}\", else rounding errors decide"
        );
        ("eps", problem)
    })
}

/// Numbers held while a square matrix of so many rows is decomposed: a copy, its eigenvectors, and as
/// much again to come from one to the other.
fn decomposed(rows: usize) -> usize {
    4 * rows * rows
}

/// All optimizers.
pub const REGISTRY: &[Entry<dyn Spec>] = &[
    sgd::ENTRY,
    momentum::ENTRY,
    adagrad::ENTRY,
    adam::ENTRY,
    vector_adam::ENTRY,
    full_adagrad::ENTRY,
    shampoo::ENTRY,
    soap::ENTRY,
    galore::ENTRY,
    muon::ENTRY,
];

/// Reads `kind` and the keys that go with it.
pub fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    reader.registered(key("kind", "which optimizer"), REGISTRY)
}

#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod count_tests;
#[cfg(test)]
mod tests;
