//! Objectives made of other ones.

use std::sync::Mutex;

use egop::coordinates::Coordinates;
use egop::data::Split;
use egop::lanes::{Lanes, Layout, Role, Workspace};
use egop::objective::{Batch, Metrics, Objective};
use ndarray::Array1;

/// The same function of parameters that are cut into a weight, a bias and another weight block.
pub struct CutIntoBlocks {
    layout: Layout,
    inner: Box<dyn Objective<f64>>,
}

impl CutIntoBlocks {
    /// One of `inner`'s parameters is the bias; the others make up two blocks of weights.
    pub fn new(inner: Box<dyn Objective<f64>>) -> Self {
        let dimension = inner.layout().dimension();
        let first = (dimension - 1) / 2;
        let rest = dimension - 1 - first;
        let layout = Layout::new([
            ("first.weight".into(), (1, first), Role::Weight, (first, 1)),
            ("first.bias".into(), (1, 1), Role::Bias, (first, 1)),
            ("second.weight".into(), (1, rest), Role::Weight, (rest, 1)),
        ]);
        Self { layout, inner }
    }
}

fn copied(from: &Lanes<f64>, layout: &Layout) -> Lanes<f64> {
    let mut to = Lanes::zeros(layout, from.lanes());
    (0..from.lanes()).for_each(|lane| to.set_lane(lane, from.lane(lane).view()));
    to
}

impl Objective<f64> for CutIntoBlocks {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<f64>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<f64>,
        workspace: &mut Workspace<f64>,
    ) {
        let theta = copied(theta, self.inner.layout());
        let mut whole = theta.clone();
        self.inner.value_and_gradient(&theta, batch, values, &mut whole, workspace);
        *gradient = copied(&whole, &self.layout);
    }

    fn evaluate(
        &self,
        theta: &Lanes<f64>,
        split: Split,
        workspace: &mut Workspace<f64>,
    ) -> Option<Vec<Metrics>> {
        self.inner.evaluate(&copied(theta, self.inner.layout()), split, workspace)
    }
}

/// f∘V.
pub struct Reparameterized<'a> {
    pub inner: &'a dyn Objective<f64>,
    pub coordinates: &'a Coordinates<f64>,
}

impl Objective<f64> for Reparameterized<'_> {
    fn layout(&self) -> &Layout {
        self.inner.layout()
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<f64>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<f64>,
        workspace: &mut Workspace<f64>,
    ) {
        let (mut original, mut steepest) = (theta.clone(), theta.clone());
        self.coordinates.to_original(theta, &mut original, workspace);
        self.inner.value_and_gradient(&original, batch, values, &mut steepest, workspace);
        self.coordinates.pull_back(&steepest, gradient, workspace);
    }

    fn evaluate(&self, _: &Lanes<f64>, _: Split, _: &mut Workspace<f64>) -> Option<Vec<Metrics>> {
        None
    }
}

/// Remembers at which points and on which rows its gradient was asked for; the gradient is the
/// number of the minibatch's first row, so that estimates show which rows were used.
pub struct Recorder {
    layout: Layout,
    examples: usize,
    pub asked: Mutex<Vec<(Array1<f64>, Vec<usize>)>>,
}

impl Recorder {
    pub fn new(dimension: usize, examples: usize) -> Self {
        Self { layout: Layout::vector(dimension), examples, asked: Mutex::default() }
    }
}

impl Objective<f64> for Recorder {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn examples(&self) -> Option<usize> {
        Some(self.examples)
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<f64>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<f64>,
        _: &mut Workspace<f64>,
    ) {
        let Batch::Rows(rows) = batch else { panic!("minibatches were asked for") };
        values.fill(0.0);
        gradient.as_mut_slice().fill(rows[0] as f64);
        let mut asked = self.asked.lock().unwrap();
        asked.extend((0..theta.lanes()).map(|lane| (theta.lane(lane), rows.to_vec())));
    }

    fn evaluate(&self, _: &Lanes<f64>, _: Split, _: &mut Workspace<f64>) -> Option<Vec<Metrics>> {
        None
    }
}
