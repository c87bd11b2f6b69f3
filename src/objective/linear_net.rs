//! Linear feed-forward networks (paper, section 4.2).
//!
//! A network x ↦ W_L ⋯ W₁ x is evaluated through its end-to-end matrix W = W_L ⋯ W₁: the loss and
//! its gradient G with respect to W come from the data, and the chain rule gives
//! ∂f/∂W_i = (W_L ⋯ W_{i+1})ᵀ G (W_{i−1} ⋯ W₁)ᵀ from matrices alone. That takes a fraction of the
//! work of passing every example through every layer.

mod spec;

use super::feed_forward::{self, matrix, matrix_mut};
use super::{Batch, FeedForward, Metrics, Objective};
use crate::coordinates::Coordinates;
use crate::data::{DataSet, InputMoments, Inputs, Split, Targets};
use crate::lanes::Workspace;
use crate::lanes::{Lanes, Layout};
use crate::linalg::{Accum, Real, product, to_f64};

pub use spec::LinearNetSpec;
pub(super) use spec::{ENTRY, gradient_flops};

/// A linear network without biases, with its data and [`FeedForward`]'s loss.
///
/// Blocks: `layer1.weight` (outputs × inputs), `layer2.weight`…
#[derive(Clone, Debug)]
pub struct LinearNet<R> {
    /// Inputs, hidden layers, outputs.
    widths: Vec<usize>,
    layout: Layout,
    end_to_end: FeedForward<R>,
    /// The lowest training loss, where it is known.
    minimum: Option<f64>,
    numerical_floor: f64,
}

impl<R: Real> LinearNet<R> {
    /// A network with hidden layers of the given widths, and inputs and outputs as the data have
    /// them.
    pub fn new(hidden: &[usize], data: DataSet<R>) -> Self {
        let ends = [data.training.inputs().ncols(), data.training.outputs()];
        let widths = [&ends[..1], hidden, &ends[1..]].concat();
        Self {
            layout: feed_forward::layout(&widths, false),
            widths,
            end_to_end: FeedForward::new(&[], false, data),
            minimum: None,
            numerical_floor: f64::MIN_POSITIVE,
        }
    }

    /// The same where some weights fit the training targets, which are vectors, exactly.
    ///
    /// # Panics
    /// When the targets are classes.
    pub fn realizable(hidden: &[usize], data: DataSet<R>) -> Self {
        let mean_square = match data.training.targets() {
            Targets::Vectors(y) => y.mapv(|y| to_f64(y).powi(2)).mean().unwrap_or(0.0),
            Targets::Classes { .. } => panic!("classes have no exact fit"),
        };
        // Each residual is computed to about one rounding of its target.
        let numerical_floor = (0.5 * to_f64(R::epsilon())).powi(2) * mean_square;
        Self { minimum: Some(0.0), numerical_floor, ..Self::new(hidden, data) }
    }

    /// The data.
    pub fn data(&self) -> &DataSet<R> {
        self.end_to_end.data()
    }

    /// The same network on other data, of which no minimum is known.
    fn on(&self, data: DataSet<R>) -> Self {
        Self {
            widths: self.widths.clone(),
            layout: self.layout.clone(),
            end_to_end: self.end_to_end.on(data),
            minimum: None,
            numerical_floor: f64::MIN_POSITIVE,
        }
    }

    /// The same network on its data with other axes, which leaves the minimum.
    fn on_turned(&self, data: DataSet<R>) -> Self {
        let (minimum, numerical_floor) = (self.minimum, self.numerical_floor);
        Self { minimum, numerical_floor, ..self.on(data) }
    }

    fn inputs(&self) -> usize {
        self.widths[0]
    }

    /// The weights of layer `index` (from 0), outputs × inputs.
    fn weights<'a>(&self, theta: &'a Lanes<R>, lane: usize, index: usize) -> &'a [R] {
        theta.view(lane..lane + 1).into_block(index).to_slice().expect(feed_forward::CONTIGUOUS)
    }

    /// W₁, W₂W₁, …, W_L⋯W₁ of a lane, one after the other.
    fn products(&self, theta: &Lanes<R>, lane: usize, products: &mut [R]) {
        let inputs = self.inputs();
        let first = self.weights(theta, lane, 0);
        let (mut before, mut rest) = products.split_at_mut(first.len());
        before.copy_from_slice(first);
        for (index, pair) in self.widths.windows(2).enumerate().skip(1) {
            let (next, after) = rest.split_at_mut(pair[1] * inputs);
            product(
                matrix(self.weights(theta, lane, index), pair[1], pair[0]),
                matrix(before, pair[0], inputs),
                Accum::Overwrite,
                matrix_mut(next, pair[1], inputs),
            );
            (before, rest) = (next, after);
        }
    }

    /// The gradient with respect to a lane's weights from that with respect to W_L⋯W₁, by way of
    /// those with respect to the shorter products.
    fn chain(
        &self,
        theta: &Lanes<R>,
        lane: usize,
        products: &[R],
        [delta, next]: [&mut [R]; 2],
        gradient: &mut Lanes<R>,
    ) {
        let inputs = self.inputs();
        let (mut delta, mut next) = (delta, next);
        let mut end = products.len();
        for (index, pair) in self.widths.windows(2).enumerate().skip(1).rev() {
            end -= pair[1] * inputs;
            let before = matrix(&products[end - pair[0] * inputs..end], pair[0], inputs);
            let here = matrix(&delta[..pair[1] * inputs], pair[1], inputs);
            let mut block = gradient.block_mut(index);
            let mut row = block.row_mut(lane);
            let row = row.as_slice_mut().expect(feed_forward::CONTIGUOUS);
            product(
                here,
                before.reversed_axes(),
                Accum::Overwrite,
                matrix_mut(row, pair[1], pair[0]),
            );
            let weights = matrix(self.weights(theta, lane, index), pair[1], pair[0]);
            let result = matrix_mut(&mut next[..pair[0] * inputs], pair[0], inputs);
            product(weights.reversed_axes(), here, Accum::Overwrite, result);
            (delta, next) = (next, delta);
        }
        let mut block = gradient.block_mut(0);
        let mut row = block.row_mut(lane);
        let row = row.as_slice_mut().expect(feed_forward::CONTIGUOUS);
        row.copy_from_slice(&delta[..row.len()]);
    }

    /// Entries of all products of a lane, and of the largest of them.
    fn sizes(&self) -> [usize; 2] {
        let sizes = self.widths[1..].iter().map(|width| width * self.inputs());
        let widest = sizes.clone().max().unwrap_or(0);
        [sizes.sum(), widest]
    }

    /// [`Self::products`] of every lane, one lane after the other; and the last of them, W_L⋯W₁,
    /// in the layout of a network of one layer.
    fn end_to_end(&self, theta: &Lanes<R>) -> (Vec<R>, Lanes<R>) {
        let [all, ..] = self.sizes();
        let mut products = vec![R::zero(); theta.lanes() * all];
        let mut last = Lanes::zeros(self.end_to_end.layout(), theta.lanes());
        for (lane, products) in products.chunks_exact_mut(all).enumerate() {
            self.products(theta, lane, products);
            let mut block = last.block_mut(0);
            let mut row = block.row_mut(lane);
            let row = row.as_slice_mut().expect(feed_forward::CONTIGUOUS);
            row.copy_from_slice(&products[all - row.len()..]);
        }
        (products, last)
    }
}

impl<R: Real> Objective<R> for LinearNet<R> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn examples(&self) -> Option<usize> {
        self.end_to_end.examples()
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<R>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        workspace: &mut Workspace<R>,
    ) {
        let (products, matrices) = self.end_to_end(theta);
        let mut slopes = matrices.clone();
        self.end_to_end.value_and_gradient(&matrices, batch, values, &mut slopes, workspace);
        let [all, widest] = self.sizes();
        let [delta, next] = workspace.take([widest, widest]);
        let slopes = slopes.block(0);
        for (lane, (slope, products)) in
            slopes.rows().into_iter().zip(products.chunks_exact(all)).enumerate()
        {
            let slope = slope.to_slice().expect(feed_forward::CONTIGUOUS);
            delta[..slope.len()].copy_from_slice(slope);
            self.chain(theta, lane, products, [&mut *delta, &mut *next], gradient);
        }
    }

    fn evaluate(
        &self,
        theta: &Lanes<R>,
        split: Split,
        workspace: &mut Workspace<R>,
    ) -> Option<Vec<Metrics>> {
        let (_, matrices) = self.end_to_end(theta);
        self.end_to_end.evaluate(&matrices, split, workspace)
    }

    /// What turns the inputs of the first layer turns the data, and leaves the minimum.
    fn absorb(
        &self,
        coordinates: &Coordinates<R>,
    ) -> Option<(Box<dyn Objective<R>>, Coordinates<R>)> {
        let (inputs, rest) = coordinates.split_inputs(0)?;
        Some((Box::new(self.on_turned(self.data().turned(inputs.view()))), rest))
    }

    /// A network without biases does not fit targets of inputs that were shifted, in general.
    fn with_inputs(&self, inputs: Inputs) -> Option<Box<dyn Objective<R>>> {
        let data = inputs.of(self.data());
        let shifted = inputs.are_shifted();
        Some(Box::new(if shifted { self.on(data) } else { self.on_turned(data) }))
    }

    fn input_moments(&self) -> Option<InputMoments> {
        Some(InputMoments::of(self.data().training.inputs()))
    }

    fn minimum(&self) -> Option<f64> {
        self.minimum
    }

    fn numerical_floor(&self) -> f64 {
        self.numerical_floor
    }
}

#[cfg(test)]
mod tests;
