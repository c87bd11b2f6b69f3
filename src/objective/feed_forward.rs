//! Feed-forward networks, written for lanes.
//!
//! Examples pass through in chunks of fixed size, and lanes in groups whose first activations stay
//! in the cache. The first layer of a group, whose input all lanes share, is one tall product;
//! later layers are products per lane. Activations are outputs × examples for each lane; in the
//! backward pass the gradient with respect to a layer's output takes the activation's place.

mod chunk;
mod lane;

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use self::chunk::{CHUNK, Chunk};
use self::lane::LanePass;
use super::loss::sum;
use crate::coordinates::Coordinates;
use crate::data::{DataSet, Examples, InputMoments, Inputs, Split, Targets};
use crate::lanes::{Lanes, Layout, Role, Workspace};
use crate::linalg::{Accum, Real, from_f64, product, to_f64};
use crate::objective::{Batch, Metrics, Objective};
use crate::simd::vectorized;

/// What the first activations of a group of lanes may fill: about half of a core's own cache.
const GROUP_BYTES: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
struct Layer {
    inputs: usize,
    outputs: usize,
    /// Number of the block with the weights; the bias, if there is one, is the next.
    weight: usize,
    bias: Option<usize>,
}

/// A feed-forward network with its data, max(x, 0) after every layer but the last. The loss is
/// softmax cross entropy (mean over the examples) where the targets are classes, and the squared
/// error (mean over examples and outputs) where they are vectors.
///
/// Blocks: `layer1.weight` (outputs × inputs), `layer1.bias` if there are biases, `layer2.weight`…
#[derive(Clone, Debug)]
pub struct FeedForward<R> {
    layers: Vec<Layer>,
    layout: Layout,
    data: DataSet<R>,
}

/// The layout of a network with layers between these widths (inputs, hidden layers, outputs).
pub(super) fn layout(widths: &[usize], biases: bool) -> Layout {
    let layers = widths.windows(2).zip(1..).flat_map(move |(pair, number)| {
        let fan = (pair[0], pair[1]);
        let weight = (format!("layer{number}.weight"), (pair[1], pair[0]), Role::Weight, fan);
        let bias = (format!("layer{number}.bias"), (pair[1], 1), Role::Bias, fan);
        [Some(weight), biases.then_some(bias)]
    });
    Layout::new(layers.flatten())
}

/// Widths as figures state them: 64-32-10.
pub(super) fn described(widths: &[usize]) -> String {
    let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
    format!("layers {}", widths.join("-"))
}

/// Floating-point operations of the products of one lane's gradient on so many examples.
pub(super) fn gradient_flops(widths: &[usize], examples: usize) -> f64 {
    let products = widths.windows(2).enumerate().map(|(index, pair)| {
        // Forward, weights and, but for the first layer, inputs; two operations a term.
        let factor = if index == 0 { 4.0 } else { 6.0 };
        factor * pair[0] as f64 * pair[1] as f64
    });
    examples as f64 * products.sum::<f64>()
}

impl<R: Real> FeedForward<R> {
    /// A network with hidden layers of the given widths, and inputs and outputs as the data have
    /// them.
    pub fn new(hidden: &[usize], biases: bool, data: DataSet<R>) -> Self {
        let inputs = data.training.inputs().ncols();
        let widths = [&[inputs], hidden, &[data.training.outputs()]].concat();
        let blocks = 1 + usize::from(biases);
        let layers = widths.windows(2).enumerate().map(|(index, pair)| Layer {
            inputs: pair[0],
            outputs: pair[1],
            weight: blocks * index,
            bias: biases.then_some(blocks * index + 1),
        });
        Self { layers: layers.collect(), layout: layout(&widths, biases), data }
    }

    /// The data.
    pub fn data(&self) -> &DataSet<R> {
        &self.data
    }

    /// The same network on other data.
    pub(super) fn on(&self, data: DataSet<R>) -> Self {
        Self { layers: self.layers.clone(), layout: self.layout.clone(), data }
    }

    /// Terms in the mean that the loss of `count` examples is.
    fn terms(&self, count: usize) -> f64 {
        match self.data.training.targets() {
            Targets::Classes { .. } => count as f64,
            Targets::Vectors(vectors) => (count * vectors.ncols()) as f64,
        }
    }

    /// Passes a batch through the network: tells `record` each lane's sum of losses and number of
    /// examples classified correctly, chunk by chunk, and writes the gradients of the mean loss.
    fn pass(
        &self,
        theta: &Lanes<R>,
        examples: &Examples<R>,
        batch: Batch<'_>,
        mut record: impl FnMut(usize, f64, usize),
        mut gradient: Option<&mut Lanes<R>>,
        workspace: &mut Workspace<R>,
    ) {
        let count = batch.len(examples.len());
        let longest = count.min(CHUNK);
        let first = self.layers[0];
        let later: usize = self.layers[1..].iter().map(|layer| layer.outputs).sum();
        let widest = self.layers.iter().map(|layer| layer.outputs).max().unwrap_or(0).max(2);
        let lane_bytes = size_of::<R>() * first.outputs * longest;
        let group = (GROUP_BYTES / lane_bytes.max(1)).clamp(1, theta.lanes().max(1));
        let [inputs, targets, group_first, lane_later, work] = workspace.take([
            first.inputs * longest,
            examples.outputs() * longest,
            group * first.outputs * longest,
            later * longest,
            widest * longest,
        ]);

        let mut labels = [0; CHUNK];
        for start in (0..count).step_by(CHUNK) {
            let rows = start..count.min(start + CHUNK);
            let chunk = Chunk::gather(examples, batch, rows, inputs, targets, &mut labels);
            let into = if start == 0 { Accum::Overwrite } else { Accum::Add };
            let per_lane = first.outputs * chunk.size;
            for lane in (0..theta.lanes()).step_by(group) {
                let lanes = lane..theta.lanes().min(lane + group);
                let group_first = &mut group_first[..lanes.len() * per_lane];
                self.first_layer(theta, lanes.clone(), &chunk, group_first);
                for (lane, first) in lanes.clone().zip(group_first.chunks_exact_mut(per_lane)) {
                    let mut pass = LanePass {
                        network: self,
                        lane,
                        first,
                        later: &mut lane_later[..later * chunk.size],
                        work,
                        size: chunk.size,
                    };
                    pass.forward(theta);
                    let scale = gradient.is_some().then(|| self.scale(count));
                    let (loss, correct) = pass.loss(&chunk, scale);
                    record(lane, loss, correct);
                    if let Some(gradient) = &mut gradient {
                        pass.backward(theta, gradient, into);
                    }
                }
                if let Some(gradient) = &mut gradient {
                    self.first_layer_gradient(gradient, lanes, &chunk, group_first, into);
                }
            }
        }
    }

    /// Derivative of the mean loss with respect to the sum that [`LanePass::loss`] differentiates.
    fn scale(&self, count: usize) -> R {
        from_f64(1.0 / self.terms(count))
    }

    /// The first layer's products with the inputs for some lanes, one after the other.
    fn first_layer(
        &self,
        theta: &Lanes<R>,
        lanes: Range<usize>,
        chunk: &Chunk<'_, R>,
        output: &mut [R],
    ) {
        let layer = self.layers[0];
        let units = lanes.len() * layer.outputs;
        let weights = theta.view(lanes.clone()).into_block(layer.weight);
        let weights = matrix(weights.to_slice().expect(CONTIGUOUS), units, layer.inputs);
        let result = matrix_mut(output, units, chunk.size);
        product(weights, chunk.inputs.t(), Accum::Overwrite, result);
    }

    /// The gradient with respect to the first layer's parameters for some lanes, from that with
    /// respect to its output.
    fn first_layer_gradient(
        &self,
        gradient: &mut Lanes<R>,
        lanes: Range<usize>,
        chunk: &Chunk<'_, R>,
        delta: &[R],
        into: Accum,
    ) {
        let layer = self.layers[0];
        let units = lanes.len() * layer.outputs;
        let mut view = gradient.view_mut(lanes.clone());
        let mut weights = view.block_mut(layer.weight);
        let weights = weights.as_slice_mut().expect(CONTIGUOUS);
        let weights = matrix_mut(weights, units, layer.inputs);
        product(matrix(delta, units, chunk.size), chunk.inputs, into, weights);
        for (lane, delta) in lanes.zip(delta.chunks_exact(layer.outputs * chunk.size)) {
            bias_gradient(gradient, lane, layer, delta, chunk.size, into);
        }
    }

    /// Adds the bias to a layer's product, and takes max(x, 0) unless the layer is the last.
    fn finish(&self, theta: &Lanes<R>, lane: usize, index: usize, output: &mut [R], size: usize) {
        let bias = self.layers[index].bias.map(|block| theta.block(block));
        let last = index + 1 == self.layers.len();
        let floor = if last { R::neg_infinity() } else { R::zero() };
        for (unit, row) in output.chunks_exact_mut(size).enumerate() {
            let bias = bias.map_or(R::zero(), |bias| bias[(lane, unit)]);
            vectorized(|| {
                for x in row {
                    // NaN stays NaN, so that overflow shows in the loss.
                    let sum = *x + bias;
                    *x = if sum < floor { floor } else { sum };
                }
            });
        }
    }
}

/// The gradient with respect to a layer's bias: the sum over the examples.
fn bias_gradient<R: Real>(
    gradient: &mut Lanes<R>,
    lane: usize,
    layer: Layer,
    delta: &[R],
    size: usize,
    into: Accum,
) {
    let Some(bias) = layer.bias else { return };
    let mut block = gradient.block_mut(bias);
    for (entry, row) in block.row_mut(lane).iter_mut().zip(delta.chunks_exact(size)) {
        let total = from_f64(sum(row, to_f64));
        *entry = if into == Accum::Add { *entry + total } else { total };
    }
}

pub(super) const CONTIGUOUS: &str = "blocks of lanes are contiguous";

pub(super) fn matrix<R>(entries: &[R], rows: usize, columns: usize) -> ArrayView2<'_, R> {
    ArrayView2::from_shape((rows, columns), entries).expect("the slice has rows × columns entries")
}

pub(super) fn matrix_mut<R>(
    entries: &mut [R],
    rows: usize,
    columns: usize,
) -> ArrayViewMut2<'_, R> {
    ArrayViewMut2::from_shape((rows, columns), entries)
        .expect("the slice has rows × columns entries")
}

impl<R: Real> Objective<R> for FeedForward<R> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn examples(&self) -> Option<usize> {
        Some(self.data.training.len())
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<R>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        workspace: &mut Workspace<R>,
    ) {
        let examples = &self.data.training;
        values.fill(0.0);
        let record = |lane: usize, loss, _| values[lane] += loss;
        self.pass(theta, examples, batch, record, Some(gradient), workspace);
        let terms = self.terms(batch.len(examples.len()));
        values.iter_mut().for_each(|value| *value /= terms);
    }

    fn evaluate(
        &self,
        theta: &Lanes<R>,
        split: Split,
        workspace: &mut Workspace<R>,
    ) -> Option<Vec<Metrics>> {
        let examples = self.data.split(split)?;
        let mut sums = vec![(0.0, 0); theta.lanes()];
        let record = |lane: usize, loss, correct| {
            sums[lane].0 += loss;
            sums[lane].1 += correct;
        };
        self.pass(theta, examples, Batch::Full, record, None, workspace);
        let count = examples.len();
        let classifies = matches!(examples.targets(), Targets::Classes { .. });
        let metrics = sums.into_iter().map(|(loss, correct)| Metrics {
            loss: loss / self.terms(count),
            accuracy: classifies.then(|| correct as f64 / count as f64),
        });
        Some(metrics.collect())
    }

    /// What turns the inputs of the first layer turns the data.
    fn absorb(
        &self,
        coordinates: &Coordinates<R>,
    ) -> Option<(Box<dyn Objective<R>>, Coordinates<R>)> {
        let (inputs, rest) = coordinates.split_inputs(self.layers[0].weight)?;
        Some((Box::new(self.on(self.data.turned(inputs.view()))), rest))
    }

    fn with_inputs(&self, inputs: Inputs) -> Option<Box<dyn Objective<R>>> {
        Some(Box::new(self.on(inputs.of(&self.data))))
    }

    fn input_moments(&self) -> Option<InputMoments> {
        Some(InputMoments::of(self.data.training.inputs()))
    }
}

#[cfg(test)]
mod tests;
