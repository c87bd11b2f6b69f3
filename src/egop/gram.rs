//! GᵀG, summed up from sampled gradients.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::gradients::Statistic;
use crate::linalg;

/// The sum of outer products g gᵀ over some of the parameters: its lower triangle.
#[derive(Debug)]
pub struct Gram {
    parameters: Range<usize>,
    sum: Array2<f64>,
    samples: usize,
}

impl Gram {
    /// Over a range of parameters; of no samples yet.
    pub fn new(parameters: Range<usize>) -> Self {
        let size = parameters.len();
        Self { parameters, sum: Array2::zeros((size, size)), samples: 0 }
    }

    /// Floating-point operations of a sample, over so many parameters.
    pub fn flops(size: usize) -> f64 {
        size as f64 * (size as f64 + 1.0)
    }

    /// The lower triangle of the mean, GᵀG/M, with 0 above it.
    pub fn mean(self) -> Array2<f64> {
        let (scale, mut mean) = (1.0 / self.samples as f64, self.sum);
        for (last, mut row) in mean.rows_mut().into_iter().enumerate() {
            row.iter_mut().take(last + 1).for_each(|entry| *entry *= scale);
        }
        mean
    }
}

impl Statistic for Gram {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.samples += gradients.nrows();
        linalg::add_lower_inner(gradients, self.parameters.clone(), &mut self.sum);
    }
}
