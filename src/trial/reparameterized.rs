//! An objective in other coordinates.

use crate::coordinates::Coordinates;
use crate::data::Split;
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::Real;
use crate::objective::{Batch, Metrics, Objective};

/// f∘J at the trained variables z, with as few products with J as possible.
pub(super) struct Reparameterized<'a, R> {
    variables: Lanes<R>,
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
    /// Whether z may have changed since θ was computed: the losses after an epoch and the first gradient
    /// of the next are at the same point.
    has_moved: bool,
    gradient: Lanes<R>,
}

impl<R: Real> Around<R> {
    /// Of an objective with these parameters, for so many lanes; `None`: nothing is to be applied.
    fn of(layout: &Layout, coordinates: Coordinates<R>, lanes: usize) -> Option<Self> {
        (!coordinates.is_original()).then(|| {
            let zeros = Lanes::zeros(layout, lanes);
            Self { coordinates, theta: zeros.clone(), has_moved: true, gradient: zeros }
        })
    }

    /// Has θ be that of these variables.
    fn keep_up(&mut self, variables: &Lanes<R>, workspace: &mut Workspace<R>) {
        if self.has_moved {
            self.coordinates.to_original(variables, &mut self.theta, workspace);
            self.has_moved = false;
        }
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
    /// At these variables.
    pub(super) fn new(
        objective: &'a dyn Objective<R>,
        coordinates: Coordinates<R>,
        variables: Lanes<R>,
    ) -> Self {
        let absorbed = match coordinates.is_original() {
            true => None,
            false => objective.absorb(&coordinates),
        };
        let Some((absorbed, remaining)) = absorbed else {
            return Self::around(objective, coordinates, variables);
        };
        let around = Around::of(absorbed.layout(), remaining, variables.lanes());
        Self { variables, coordinates, objective: Function::Absorbed(absorbed), around }
    }

    /// With all of J applied around f: as what is in its data would be taken out again.
    pub(super) fn around(
        objective: &'a dyn Objective<R>,
        coordinates: Coordinates<R>,
        variables: Lanes<R>,
    ) -> Self {
        let around = Around::of(objective.layout(), coordinates.clone(), variables.lanes());
        Self { variables, coordinates, objective: Function::Given(objective), around }
    }

    /// z.
    pub(super) fn variables(&self) -> &Lanes<R> {
        &self.variables
    }

    /// z, to be changed.
    pub(super) fn variables_mut(&mut self) -> &mut Lanes<R> {
        if let Some(around) = &mut self.around {
            around.has_moved = true;
        }
        &mut self.variables
    }

    /// The last gradient in original coordinates, unless J is in the objective's data; `gradient` is that
    /// in these coordinates.
    pub(super) fn steepest<'b>(&'b self, gradient: &'b Lanes<R>) -> &'b Lanes<R> {
        self.around.as_ref().map_or(gradient, |around| &around.gradient)
    }

    /// As [`Objective::value_and_gradient`], in these coordinates.
    pub(super) fn value_and_gradient(
        &mut self,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        workspace: &mut Workspace<R>,
    ) {
        let f = self.objective.get();
        let Some(around) = &mut self.around else {
            return f.value_and_gradient(&self.variables, batch, values, gradient, workspace);
        };
        around.keep_up(&self.variables, workspace);
        f.value_and_gradient(&around.theta, batch, values, &mut around.gradient, workspace);
        around.coordinates.pull_back(&around.gradient, gradient, workspace);
    }

    /// As [`Objective::evaluate`], for each split.
    pub(super) fn evaluate<const N: usize>(
        &mut self,
        splits: [Split; N],
        workspace: &mut Workspace<R>,
    ) -> [Option<Vec<Metrics>>; N] {
        let (f, theta) = self.point(workspace);
        splits.map(|split| f.evaluate(theta, split, workspace))
    }

    /// The same of the first lane alone.
    pub(super) fn evaluate_first<const N: usize>(
        &mut self,
        splits: [Split; N],
        workspace: &mut Workspace<R>,
    ) -> [Option<Metrics>; N] {
        let (f, theta) = self.point(workspace);
        let first = Lanes::broadcast(theta.layout(), 1, theta.lane(0).view());
        splits.map(|split| f.evaluate(&first, split, workspace)?.pop())
    }

    /// What is evaluated, and its parameters.
    fn point(&mut self, workspace: &mut Workspace<R>) -> (&dyn Objective<R>, &Lanes<R>) {
        if let Some(around) = &mut self.around {
            around.keep_up(&self.variables, workspace);
        }
        let theta = self.around.as_ref().map_or(&self.variables, |around| &around.theta);
        (self.objective.get(), theta)
    }

    /// Parameters in original coordinates.
    pub(super) fn original(&self, layout: &Layout, workspace: &mut Workspace<R>) -> Lanes<R> {
        let mut original = Lanes::zeros(layout, self.variables.lanes());
        self.coordinates.to_original(&self.variables, &mut original, workspace);
        original
    }

    /// Keeps the listed lanes, in increasing order, and drops the others.
    pub(super) fn retain(&mut self, keep: &[usize]) {
        self.variables.retain(keep);
        if let Some(Around { theta, gradient, .. }) = &mut self.around {
            theta.retain(keep);
            gradient.retain(keep);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::coordinates::{Dense, LinearMap};
    use crate::data::orthonormal;
    use crate::linalg::counted;
    use crate::objective::{FeedForward, checks};
    use crate::rng::Streams;

    /// Coordinates by a rotation of all parameters.
    fn turned(layout: &Layout) -> Coordinates<f64> {
        let size = layout.dimension();
        let vectors = orthonormal(size, size, &mut Streams::new(6, 0).rng("rotation"));
        let map: Arc<dyn LinearMap<f64>> = Arc::new(Dense::new(vectors.view()));
        Coordinates::new(layout, [(0..layout.blocks().len(), map)])
    }

    /// Losses on the training data, and values and gradients on a minibatch; the products made.
    fn found(here: &mut Reparameterized<'_, f64>, losses: bool) -> (Vec<f64>, Lanes<f64>, u64) {
        let workspace = &mut Workspace::new();
        let (mut values, mut gradient) =
            (vec![0.0; here.variables().lanes()], here.variables().clone());
        let products = counted::during(|| {
            if losses {
                let metrics = here.evaluate([Split::Training], workspace)[0].take().unwrap();
                assert_eq!(metrics.len(), values.len());
            }
            let batch = Batch::Rows(&[1, 4, 2]);
            here.value_and_gradient(batch, &mut values, &mut gradient, workspace);
        });
        (values, gradient, products)
    }

    #[test]
    fn a_point_is_computed_once_and_again_when_it_may_have_moved() {
        let network = FeedForward::new(&[4], true, checks::data(&[3, 4, 2], true, 10));
        let layout = network.layout().clone();
        let (size, coordinates) = (layout.dimension(), turned(&layout));
        let at = |variables: &Lanes<f64>| {
            Reparameterized::new(&network, coordinates.clone(), variables.clone())
        };
        // With nothing computed before; losses come without products of their own point.
        let check = |here: &mut Reparameterized<'_, f64>, losses: bool, is_known: bool| {
            let (values, gradient, products) = found(here, losses);
            let (expected, its_gradient, all) = found(&mut at(here.variables()), losses);
            assert_eq!((values, gradient), (expected, its_gradient));
            let point = 2 * (here.variables().lanes() * size * size) as u64;
            assert_eq!(products, if is_known { all - point } else { all });
        };
        let mut here = at(&checks::parameters(&layout, 3));
        check(&mut here, true, false);
        check(&mut here, false, true);
        check(&mut here, true, true);
        here.variables_mut().as_mut_slice()[5] += 1.0;
        check(&mut here, false, false);
        here.retain(&[0, 2]);
        check(&mut here, true, true);
        here.variables_mut().as_mut_slice().fill(0.5);
        here.retain(&[1]);
        check(&mut here, true, false);
    }

    #[test]
    fn the_first_lane_is_evaluated_alone() {
        let network = FeedForward::new(&[4], true, checks::data(&[3, 4, 2], true, 10));
        let layout = network.layout().clone();
        let (size, lanes, splits) = (layout.dimension(), 3, [Split::Training, Split::Validation]);
        for (coordinates, point) in
            [(Coordinates::original(&layout), 0), (turned(&layout), 2 * lanes * size * size)]
        {
            let variables = checks::parameters(&layout, lanes);
            let at = || Reparameterized::new(&network, coordinates.clone(), variables.clone());
            let (mut all, mut first) = (Default::default(), Default::default());
            let of_all = counted::during(|| all = at().evaluate(splits, &mut Workspace::new()));
            let of_first =
                counted::during(|| first = at().evaluate_first(splits, &mut Workspace::new()));
            assert_eq!(first, all.clone().map(|metrics| metrics.map(|metrics| metrics[0])));
            assert_ne!(first, all.map(|metrics| metrics.map(|metrics| metrics[1])));
            // The point of all lanes, and the losses of one.
            let point = point as u64;
            assert_eq!((of_first - point) * lanes as u64, of_all - point);
        }
    }
}
