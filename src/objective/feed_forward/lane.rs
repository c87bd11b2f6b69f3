//! The part of a pass through the network that each lane makes by itself.

use super::chunk::{Chunk, ChunkTargets};
use super::{CONTIGUOUS, FeedForward, bias_gradient, matrix, matrix_mut};
use crate::lanes::Lanes;
use crate::linalg::{Accum, Real, product};
use crate::objective::loss::{CrossEntropy, squared_error};
use crate::simd::vectorized;

/// One lane's pass through the layers after the first.
pub(super) struct LanePass<'a, R> {
    pub network: &'a FeedForward<R>,
    pub lane: usize,
    /// The first layer's output; after [`Self::backward`], the gradient with respect to it.
    pub first: &'a mut [R],
    /// The same for the later layers, one after the other.
    pub later: &'a mut [R],
    /// Room for the widest layer.
    pub work: &'a mut [R],
    /// Number of examples.
    pub size: usize,
}

impl<R: Real> LanePass<'_, R> {
    pub fn forward(&mut self, theta: &Lanes<R>) {
        self.network.finish(theta, self.lane, 0, self.first, self.size);
        let mut input = &mut *self.first;
        let mut rest = &mut *self.later;
        for (index, layer) in self.network.layers.iter().enumerate().skip(1) {
            let (output, after) = rest.split_at_mut(layer.outputs * self.size);
            let weights = theta.block(layer.weight);
            let weights = weights.row(self.lane).to_slice().expect(CONTIGUOUS);
            product(
                matrix(weights, layer.outputs, layer.inputs),
                matrix(input, layer.inputs, self.size),
                Accum::Overwrite,
                matrix_mut(output, layer.outputs, self.size),
            );
            self.network.finish(theta, self.lane, index, output, self.size);
            (input, rest) = (output, after);
        }
    }

    /// The sum of the examples' losses and the number classified correctly. With a scale, the
    /// outputs are overwritten by the gradient of scale × sum with respect to them.
    pub fn loss(&mut self, chunk: &Chunk<'_, R>, scale: Option<R>) -> (f64, usize) {
        let outputs = match self.network.layers[1..].last() {
            None => &mut *self.first,
            Some(last) => {
                let start = self.later.len() - last.outputs * self.size;
                &mut self.later[start..]
            }
        };
        match &chunk.targets {
            ChunkTargets::Labels(labels) => {
                let work = &mut self.work[..2 * self.size];
                let mut loss = CrossEntropy { logits: outputs, labels, work };
                let result = loss.evaluate();
                if let Some(scale) = scale {
                    loss.gradient(scale);
                }
                result
            }
            ChunkTargets::Vectors(targets) => {
                let loss = squared_error(outputs, targets);
                if let Some(scale) = scale {
                    let factor = scale + scale;
                    outputs.iter_mut().for_each(|residual| *residual *= factor);
                }
                (loss, 0)
            }
        }
    }

    /// From the gradient with respect to the outputs to that with respect to the first layer's
    /// output, writing the later layers' gradients on the way.
    pub fn backward(&mut self, theta: &Lanes<R>, gradient: &mut Lanes<R>, into: Accum) {
        let mut rest = &mut *self.later;
        for (index, &layer) in self.network.layers.iter().enumerate().skip(1).rev() {
            let start = rest.len() - layer.outputs * self.size;
            let (before, delta) = rest.split_at_mut(start);
            let input = match index {
                1 => &mut *self.first,
                _ => {
                    let start = before.len() - layer.inputs * self.size;
                    &mut before[start..]
                }
            };

            let mut block = gradient.block_mut(layer.weight);
            let mut row = block.row_mut(self.lane);
            product(
                matrix(delta, layer.outputs, self.size),
                matrix(input, layer.inputs, self.size).t(),
                into,
                matrix_mut(row.as_slice_mut().expect(CONTIGUOUS), layer.outputs, layer.inputs),
            );
            bias_gradient(gradient, self.lane, layer, delta, self.size, into);

            let weights = theta.block(layer.weight);
            let weights = weights.row(self.lane).to_slice().expect(CONTIGUOUS);
            let weights = matrix(weights, layer.outputs, layer.inputs).reversed_axes();
            let delta = matrix(delta, layer.outputs, self.size);
            let work = &mut self.work[..layer.inputs * self.size];
            let result = matrix_mut(work, layer.inputs, self.size);
            product(weights, delta, Accum::Overwrite, result);
            vectorized(|| {
                for (input, &delta) in input.iter_mut().zip(&*work) {
                    *input = if *input > R::zero() { delta } else { R::zero() };
                }
            });
            rest = before;
        }
    }
}
