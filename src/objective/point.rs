//! Objectives given for one parameter vector at a time.

use std::fmt::Debug;

use crate::data::Split;
use crate::error::Result;
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::{Real, from_f64, to_f64};
use crate::objective::{Batch, Build, Context, Known, Metrics, Objective, Spec};

/// A differentiable function of one parameter vector, in doubles: the least that a user writes.
pub trait PointObjective: Send + Sync {
    /// Number of parameters d.
    fn dimension(&self) -> usize;

    /// Returns f(θ) and writes ∇f(θ) (d entries).
    fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64;

    /// The lowest value, where it is known.
    fn minimum(&self) -> Option<f64> {
        None
    }

    /// Floating-point operations of a gradient, where budgets are counted in them.
    fn gradient_flops(&self) -> f64 {
        0.0
    }
}

/// A function as the objective of configs: every trial has the same.
#[derive(Clone, Debug)]
pub struct PointSpec<F>(pub F);

impl<R: Real, F: PointObjective + Clone + 'static> Build<R> for PointSpec<F> {
    fn build(&self, _: &Context) -> Result<Box<dyn Objective<R>>> {
        Ok(Box::new(PerLane::new(self.0.clone())))
    }
}

impl<F: PointObjective + Clone + Debug + 'static> Spec for PointSpec<F> {
    fn layout(&self) -> Layout {
        Layout::vector(self.0.dimension())
    }

    fn gradient_flops(&self, _full: Option<usize>) -> f64 {
        self.0.gradient_flops()
    }

    fn data_elements(&self) -> usize {
        0
    }

    fn known(&self) -> Known {
        Known { minimum: self.0.minimum().is_some(), ..Known::default() }
    }
}

/// Makes an [`Objective`] of a [`PointObjective`] by a loop over the lanes.
#[derive(Clone, Debug)]
pub struct PerLane<F> {
    function: F,
    layout: Layout,
}

impl<F: PointObjective> PerLane<F> {
    /// Wraps the function.
    pub fn new(function: F) -> Self {
        let layout = Layout::vector(function.dimension());
        Self { function, layout }
    }
}

impl<R: Real, F: PointObjective> Objective<R> for PerLane<F> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<R>,
        _full: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        _: &mut Workspace<R>,
    ) {
        let mut point_gradient = vec![0.0; self.layout.dimension()];
        for (lane, value) in values.iter_mut().enumerate() {
            let point = theta.lane(lane).mapv(to_f64).to_vec();
            *value = self.function.value_and_gradient(&point, &mut point_gradient);
            let row: ndarray::Array1<R> = point_gradient.iter().map(|&g| from_f64(g)).collect();
            gradient.set_lane(lane, row.view());
        }
    }

    fn evaluate(
        &self,
        theta: &Lanes<R>,
        split: Split,
        _: &mut Workspace<R>,
    ) -> Option<Vec<Metrics>> {
        let mut unused = vec![0.0; self.layout.dimension()];
        (split == Split::Training).then(|| {
            (0..theta.lanes())
                .map(|lane| {
                    let point = theta.lane(lane).mapv(to_f64).to_vec();
                    let loss = self.function.value_and_gradient(&point, &mut unused);
                    Metrics { loss, accuracy: None }
                })
                .collect()
        })
    }

    fn minimum(&self) -> Option<f64> {
        self.function.minimum()
    }
}
