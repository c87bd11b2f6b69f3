//! Sampled gradients themselves, where there are fewer of them than parameters.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::gradients::Statistic;
use crate::linalg;

/// The gradient bundle G (M × d) over some of the parameters: one sample in each row.
#[derive(Debug)]
pub struct Bundle {
    parameters: Range<usize>,
    rows: Vec<f64>,
}

impl Bundle {
    /// Over a range of parameters, with room for so many samples.
    pub fn new(parameters: Range<usize>, samples: usize) -> Self {
        let rows = Vec::with_capacity(samples.saturating_mul(parameters.len()));
        Self { parameters, rows }
    }

    /// G.
    pub fn into_matrix(self) -> Array2<f64> {
        let columns = self.parameters.len();
        let rows = self.rows.len() / columns.max(1);
        Array2::from_shape_vec((rows, columns), self.rows).expect("whole rows were added")
    }
}

impl Statistic for Bundle {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        let block = linalg::columns(gradients, self.parameters.clone());
        let contiguous = "samples are contiguous rows";
        let entries = block.rows().into_iter().map(|row| row.to_slice().expect(contiguous));
        entries.for_each(|row| self.rows.extend_from_slice(row));
    }
}
