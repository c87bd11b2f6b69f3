//! The second moments of a weight block's gradient as a matrix: E[GᵀG] and E[GGᵀ].

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::gradients::Statistic;
use crate::lanes::Block;
use crate::linalg::{self, Real};

/// Sums of GᵀG (inputs × inputs) and GGᵀ (outputs × outputs) over gradients G (outputs × inputs) of a
/// weight block, as far as they are wanted.
#[derive(Debug)]
pub struct Moments {
    parameters: Range<usize>,
    shape: (usize, usize),
    outputs: Option<Array2<f64>>,
    inputs: Option<Array2<f64>>,
    samples: usize,
}

impl Moments {
    /// Of a weight block; of no samples yet.
    pub fn new(block: &Block, outputs: bool, inputs: bool) -> Self {
        let shape = block.matrix();
        let zeros = |wanted: bool, size| wanted.then(|| Array2::zeros((size, size)));
        Self {
            parameters: block.range.clone(),
            shape,
            outputs: zeros(outputs, shape.0),
            inputs: zeros(inputs, shape.1),
            samples: 0,
        }
    }

    /// `E[GGᵀ]` and `E[GᵀG]`: their lower triangles, with 0 above them.
    pub fn means(self) -> [Option<Array2<f64>>; 2] {
        let scale = 1.0 / self.samples as f64;
        [self.outputs, self.inputs].map(|sum| Some(sum? * scale))
    }

    fn add_all<R: Real>(&mut self, gradients: ArrayView2<'_, R>) {
        self.samples += gradients.nrows();
        let (rows, columns) = self.shape;
        for gradient in linalg::columns(gradients, self.parameters.clone()).rows() {
            let entries = gradient.to_slice().expect("samples are contiguous rows");
            let matrix = ArrayView2::from_shape(self.shape, entries)
                .expect("a block has outputs × inputs entries");
            if let Some(inputs) = &mut self.inputs {
                linalg::add_lower_inner(matrix, 0..columns, inputs);
            }
            if let Some(outputs) = &mut self.outputs {
                linalg::add_lower_inner(matrix.t(), 0..rows, outputs);
            }
        }
    }
}

impl Statistic for Moments {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.add_all(gradients);
    }

    fn add_singles(&mut self, gradients: ArrayView2<'_, f32>) {
        self.add_all(gradients);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Axis;

    use crate::lanes::{Layout, Role};

    #[test]
    fn both_sides_are_the_means_of_products() {
        let layout = Layout::new([
            ("bias".into(), (2, 1), Role::Bias, (3, 2)),
            ("weight".into(), (2, 3), Role::Weight, (3, 2)),
        ]);
        let entry = |sample: usize, k: usize| ((7 * sample + 3 * k) % 11) as f64 - 5.0;
        let gradients = Array2::from_shape_fn((4, 8), |(sample, k)| entry(sample, k));
        let mut moments = Moments::new(&layout.blocks()[1], true, true);
        let (first, rest) = gradients.view().split_at(Axis(0), 3);
        moments.add(first);
        moments.add_singles(rest.mapv(|entry| entry as f32).view());
        let [outputs, inputs] = moments.means().map(Option::unwrap);
        // Small whole numbers: exact but for the division by 4, a power of two.
        let g = |sample, row, column| entry(sample, 2 + 3 * row + column);
        for (i, j) in [(0, 0), (1, 0), (1, 1)] {
            let sum: f64 = (0..4).flat_map(|m| (0..3).map(move |k| g(m, i, k) * g(m, j, k))).sum();
            assert_eq!(outputs[(i, j)], sum / 4.0);
        }
        assert_eq!((outputs[(0, 1)], inputs[(1, 2)]), (0.0, 0.0), "they are above the diagonal");
        for (i, j) in [(0, 0), (2, 1), (2, 2)] {
            let sum: f64 = (0..4).flat_map(|m| (0..2).map(move |k| g(m, k, i) * g(m, k, j))).sum();
            assert_eq!(inputs[(i, j)], sum / 4.0);
        }
    }

    #[test]
    fn a_vector_is_one_row_of_inputs() {
        let moments = Moments::new(&Layout::vector(5).blocks()[0], false, true);
        assert_eq!(moments.means()[1].as_ref().unwrap().dim(), (5, 5));
    }
}
