//! An objective in the coordinates of a basis.

use crate::basis::Basis;
use crate::lanes::Lanes;
use crate::linalg::Real;
use crate::objective::{Batch, Metrics, Objective, Scratch, Split};

/// f̃(θ̃) = f(Vθ̃), with as few products with V as possible.
pub(super) struct Reparameterized<'a, R> {
    basis: &'a dyn Basis<R>,
    form: Form<'a, R>,
}

enum Form<'a, R> {
    /// V = I.
    Original(&'a dyn Objective<R>),
    /// V is part of the objective.
    Composed(Box<dyn Objective<R>>),
    /// f, between two products with V; parameters and gradients in original coordinates.
    Wrapped { objective: &'a dyn Objective<R>, theta: Lanes<R>, gradient: Lanes<R> },
}

impl<'a, R: Real> Reparameterized<'a, R> {
    /// For so many lanes.
    pub(super) fn new(
        objective: &'a dyn Objective<R>,
        basis: &'a dyn Basis<R>,
        lanes: usize,
    ) -> Self {
        let form = if basis.is_identity() {
            Form::Original(objective)
        } else if let Some(composed) = objective.reparameterized(basis) {
            Form::Composed(composed)
        } else {
            let zeros = Lanes::zeros(objective.layout(), lanes);
            Form::Wrapped { objective, theta: zeros.clone(), gradient: zeros }
        };
        Self { basis, form }
    }

    /// As [`Objective::value_and_gradient`], in the coordinates of the basis.
    pub(super) fn value_and_gradient(
        &mut self,
        theta: &Lanes<R>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        scratch: &mut Scratch<R>,
    ) {
        match &mut self.form {
            Form::Original(f) => f.value_and_gradient(theta, batch, values, gradient, scratch),
            Form::Composed(f) => f.value_and_gradient(theta, batch, values, gradient, scratch),
            Form::Wrapped { objective, theta: original, gradient: steepest } => {
                self.basis.to_original(theta, original, scratch);
                objective.value_and_gradient(original, batch, values, steepest, scratch);
                self.basis.to_reparameterized(steepest, gradient, scratch);
            }
        }
    }

    /// As [`Objective::evaluate`], for each split.
    pub(super) fn evaluate<const N: usize>(
        &mut self,
        theta: &Lanes<R>,
        splits: [Split; N],
        scratch: &mut Scratch<R>,
    ) -> [Option<Vec<Metrics>>; N] {
        let (objective, theta) = match &mut self.form {
            Form::Original(objective) => (*objective, theta),
            Form::Composed(objective) => (&**objective, theta),
            Form::Wrapped { objective, theta: original, .. } => {
                self.basis.to_original(theta, original, scratch);
                (*objective, &*original)
            }
        };
        splits.map(|split| objective.evaluate(theta, split, scratch))
    }

    /// Parameters in original coordinates.
    pub(super) fn original(&self, theta: &Lanes<R>, scratch: &mut Scratch<R>) -> Lanes<R> {
        let mut original = theta.clone();
        self.basis.to_original(theta, &mut original, scratch);
        original
    }

    /// Keeps the listed lanes, in increasing order, and drops the others.
    pub(super) fn retain(&mut self, keep: &[usize]) {
        if let Form::Wrapped { theta, gradient, .. } = &mut self.form {
            theta.retain(keep);
            gradient.retain(keep);
        }
    }
}
