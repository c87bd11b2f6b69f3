//! Sampled gradients themselves, where there are fewer of them than parameters.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::gradients::Statistic;
use crate::linalg::{self, Real, from_f64, to_f64};
use crate::simd::vectorized;

/// The gradient bundle G (M × d) over some of the parameters: one sample in each row, in the precision
/// of the gradients.
#[derive(Debug)]
pub struct Bundle<R> {
    parameters: Range<usize>,
    rows: Vec<R>,
}

impl<R: Real> Bundle<R> {
    /// Over a range of parameters, with room for so many samples.
    pub fn new(parameters: Range<usize>, samples: usize) -> Self {
        let rows = Vec::with_capacity(samples.saturating_mul(parameters.len()));
        Self { parameters, rows }
    }

    /// G.
    pub fn into_matrix(self) -> Array2<R> {
        let columns = self.parameters.len();
        let rows = self.rows.len() / columns.max(1);
        Array2::from_shape_vec((rows, columns), self.rows).expect("whole rows were added")
    }

    fn add_all<T: Real>(&mut self, gradients: ArrayView2<'_, T>) {
        for row in linalg::columns(gradients, self.parameters.clone()).rows() {
            let entries = row.to_slice().expect("samples are contiguous rows");
            let entries = entries.iter().map(|&entry| from_f64::<R>(to_f64(entry)));
            vectorized(|| self.rows.extend(entries));
        }
    }
}

impl<R: Real> Statistic for Bundle<R> {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.add_all(gradients);
    }

    fn add_singles(&mut self, gradients: ArrayView2<'_, f32>) {
        self.add_all(gradients);
    }
}
