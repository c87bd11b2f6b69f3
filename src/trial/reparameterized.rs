//! An objective in other coordinates.

use crate::coordinates::Coordinates;
use crate::data::Split;
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::Real;
use crate::objective::{Batch, Metrics, Objective};

/// f∘J, with as few products with J as possible.
pub(super) struct Reparameterized<'a, R> {
    coordinates: Coordinates<R>,
    form: Form<'a, R>,
}

enum Form<'a, R> {
    /// J = I.
    Original(&'a dyn Objective<R>),
    /// J is part of the objective.
    Composed(Box<dyn Objective<R>>),
    /// f, between two products with J; parameters and gradients in original coordinates.
    Wrapped { objective: &'a dyn Objective<R>, theta: Lanes<R>, gradient: Lanes<R> },
}

impl<'a, R: Real> Reparameterized<'a, R> {
    /// For so many lanes.
    pub(super) fn new(
        objective: &'a dyn Objective<R>,
        coordinates: Coordinates<R>,
        lanes: usize,
    ) -> Self {
        let form = if coordinates.is_original() {
            Form::Original(objective)
        } else if let Some(composed) = objective.reparameterized(&coordinates) {
            Form::Composed(composed)
        } else {
            let zeros = Lanes::zeros(objective.layout(), lanes);
            Form::Wrapped { objective, theta: zeros.clone(), gradient: zeros }
        };
        Self { coordinates, form }
    }

    /// As [`Objective::value_and_gradient`], in these coordinates.
    pub(super) fn value_and_gradient(
        &mut self,
        theta: &Lanes<R>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        workspace: &mut Workspace<R>,
    ) {
        match &mut self.form {
            Form::Original(f) => f.value_and_gradient(theta, batch, values, gradient, workspace),
            Form::Composed(f) => f.value_and_gradient(theta, batch, values, gradient, workspace),
            Form::Wrapped { objective, theta: original, gradient: steepest } => {
                self.coordinates.to_original(theta, original, workspace);
                objective.value_and_gradient(original, batch, values, steepest, workspace);
                self.coordinates.pull_back(steepest, gradient, workspace);
            }
        }
    }

    /// As [`Objective::evaluate`], for each split.
    pub(super) fn evaluate<const N: usize>(
        &mut self,
        theta: &Lanes<R>,
        splits: [Split; N],
        workspace: &mut Workspace<R>,
    ) -> [Option<Vec<Metrics>>; N] {
        let (objective, theta) = match &mut self.form {
            Form::Original(objective) => (*objective, theta),
            Form::Composed(objective) => (&**objective, theta),
            Form::Wrapped { objective, theta: original, .. } => {
                self.coordinates.to_original(theta, original, workspace);
                (*objective, &*original)
            }
        };
        splits.map(|split| objective.evaluate(theta, split, workspace))
    }

    /// Parameters in original coordinates.
    pub(super) fn original(
        &self,
        layout: &Layout,
        theta: &Lanes<R>,
        workspace: &mut Workspace<R>,
    ) -> Lanes<R> {
        let mut original = Lanes::zeros(layout, theta.lanes());
        self.coordinates.to_original(theta, &mut original, workspace);
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
