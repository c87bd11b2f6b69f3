//! An objective in other coordinates.

use crate::coordinates::Coordinates;
use crate::data::Split;
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::Real;
use crate::objective::{Batch, Metrics, Objective};

/// f∘J, with as few products with J as possible.
pub(super) struct Reparameterized<'a, R> {
    coordinates: Coordinates<R>,
    objective: Function<'a, R>,
    around: Option<Around<R>>,
}

/// f, or what it became when it took J, or a part of it, into its data.
enum Function<'a, R> {
    Given(&'a dyn Objective<R>),
    Absorbed(Box<dyn Objective<R>>),
}

/// The coordinates that remain to be applied, with parameters and gradients on their other side.
struct Around<R> {
    coordinates: Coordinates<R>,
    theta: Lanes<R>,
    gradient: Lanes<R>,
}

impl<R: Real> Around<R> {
    /// Of an objective with these parameters, for so many lanes; `None`: nothing is to be applied.
    fn of(layout: &Layout, coordinates: Coordinates<R>, lanes: usize) -> Option<Self> {
        (!coordinates.is_original()).then(|| {
            let zeros = Lanes::zeros(layout, lanes);
            Self { coordinates, theta: zeros.clone(), gradient: zeros }
        })
    }
}

impl<R> Function<'_, R> {
    fn get(&self) -> &dyn Objective<R> {
        match self {
            Self::Given(objective) => *objective,
            Self::Absorbed(objective) => &**objective,
        }
    }
}

impl<'a, R: Real> Reparameterized<'a, R> {
    /// For so many lanes.
    pub(super) fn new(
        objective: &'a dyn Objective<R>,
        coordinates: Coordinates<R>,
        lanes: usize,
    ) -> Self {
        let absorbed = match coordinates.is_original() {
            true => None,
            false => objective.absorb(&coordinates),
        };
        let Some((absorbed, remaining)) = absorbed else {
            return Self::around(objective, coordinates, lanes);
        };
        let around = Around::of(absorbed.layout(), remaining, lanes);
        Self { coordinates, objective: Function::Absorbed(absorbed), around }
    }

    /// With all of J applied around f: as what is in its data would be taken out again.
    pub(super) fn around(
        objective: &'a dyn Objective<R>,
        coordinates: Coordinates<R>,
        lanes: usize,
    ) -> Self {
        let around = Around::of(objective.layout(), coordinates.clone(), lanes);
        Self { coordinates, objective: Function::Given(objective), around }
    }

    /// The last gradient in original coordinates, unless J is in the objective's data; `gradient` is that
    /// in these coordinates.
    pub(super) fn steepest<'b>(&'b self, gradient: &'b Lanes<R>) -> &'b Lanes<R> {
        self.around.as_ref().map_or(gradient, |around| &around.gradient)
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
        let f = self.objective.get();
        let Some(Around { coordinates, theta: moved, gradient: steepest }) = &mut self.around
        else {
            return f.value_and_gradient(theta, batch, values, gradient, workspace);
        };
        coordinates.to_original(theta, moved, workspace);
        f.value_and_gradient(moved, batch, values, steepest, workspace);
        coordinates.pull_back(steepest, gradient, workspace);
    }

    /// As [`Objective::evaluate`], for each split.
    pub(super) fn evaluate<const N: usize>(
        &mut self,
        theta: &Lanes<R>,
        splits: [Split; N],
        workspace: &mut Workspace<R>,
    ) -> [Option<Vec<Metrics>>; N] {
        let theta = match &mut self.around {
            None => theta,
            Some(Around { coordinates, theta: moved, .. }) => {
                coordinates.to_original(theta, moved, workspace);
                &*moved
            }
        };
        splits.map(|split| self.objective.get().evaluate(theta, split, workspace))
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
        if let Some(Around { theta, gradient, .. }) = &mut self.around {
            theta.retain(keep);
            gradient.retain(keep);
        }
    }
}
