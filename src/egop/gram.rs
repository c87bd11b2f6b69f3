//! GᵀG, summed up from sampled gradients.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, Slice, Zip};
use rayon::prelude::*;

use crate::gradients::Statistic;
use crate::linalg;

/// Rows of the estimate that one thread updates.
const STRIP: usize = 256;

/// The rows of each strip of a lower triangle, which has as many columns as its last row.
fn strips(size: usize, height: usize) -> impl Iterator<Item = Range<usize>> {
    (0..size).step_by(height).map(move |start| start..size.min(start + height))
}

/// Numbers in all these strips: about half the square of the size.
fn entries(size: usize, height: usize) -> f64 {
    strips(size, height).map(|rows| (rows.len() * rows.end) as f64).sum()
}

/// The sum of outer products g gᵀ over some of the parameters, held as strips of the lower triangle
/// that threads update apart.
#[derive(Debug)]
pub struct Gram {
    parameters: Range<usize>,
    strips: Vec<Array2<f64>>,
    samples: usize,
}

impl Gram {
    /// Over a range of parameters; of no samples yet.
    pub fn new(parameters: Range<usize>) -> Self {
        let strips = strips(parameters.len(), STRIP);
        let strips = strips.map(|rows| Array2::zeros((rows.len(), rows.end))).collect();
        Self { parameters, strips, samples: 0 }
    }

    /// Floating-point operations of a sample, over so many parameters: about the square of their
    /// number, as only the strips of the lower triangle are summed up.
    pub fn flops(size: usize) -> f64 {
        2.0 * entries(size, STRIP)
    }

    /// The lower triangle of the mean, GᵀG/M.
    pub fn mean(self) -> Array2<f64> {
        let (scale, size) = (1.0 / self.samples as f64, self.parameters.len());
        let mut mean = Array2::zeros((size, size));
        for (index, strip) in self.strips.into_iter().enumerate() {
            let start = index * STRIP;
            let rows = Slice::from(start..start + strip.nrows());
            let mut part = mean.slice_axis_mut(Axis(0), rows);
            let part = part.slice_axis_mut(Axis(1), (..strip.ncols()).into());
            Zip::from(part).and(&strip).for_each(|mean, sum| *mean = sum * scale);
        }
        mean
    }
}

impl Statistic for Gram {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.samples += gradients.nrows();
        let first = self.parameters.start;
        let columns = |start, end| first + start..first + end;
        self.strips.par_iter_mut().enumerate().for_each(|(index, strip)| {
            let start = index * STRIP;
            let end = start + strip.nrows();
            linalg::add_gram(gradients, columns(start, end), columns(0, end), strip.view_mut());
        });
    }
}
