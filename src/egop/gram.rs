//! GᵀG, summed up from sampled gradients.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::gradients::Statistic;
use crate::linalg::{self, Real, to_f64};

/// Samples that are summed up at a time, in whatever portions they come: another number makes other bits.
const SUMMED: usize = 256;

/// The sum of outer products g gᵀ over some of the parameters: its lower triangle.
#[derive(Debug)]
pub struct Gram {
    parameters: Range<usize>,
    sum: Array2<f64>,
    samples: usize,
    /// The last samples, where there are fewer than are summed up at a time.
    waiting: Vec<f64>,
}

impl Gram {
    /// Over a range of parameters; of no samples yet.
    pub fn new(parameters: Range<usize>) -> Self {
        let size = parameters.len();
        Self { parameters, sum: Array2::zeros((size, size)), samples: 0, waiting: Vec::new() }
    }

    /// Floating-point operations of a sample, over so many parameters.
    pub fn flops(size: usize) -> f64 {
        size as f64 * (size as f64 + 1.0)
    }

    /// Numbers of samples that wait at most, of so many over so many parameters.
    pub fn waiting(samples: usize, size: usize) -> f64 {
        samples.min(SUMMED) as f64 * size as f64
    }

    /// The lower triangle of the mean, GᵀG/M, with 0 above it.
    pub fn mean(mut self) -> Array2<f64> {
        self.add_waiting();
        let (scale, mut mean) = (1.0 / self.samples as f64, self.sum);
        for (last, mut row) in mean.rows_mut().into_iter().enumerate() {
            row.iter_mut().take(last + 1).for_each(|entry| *entry *= scale);
        }
        mean
    }

    fn add_all<R: Real>(&mut self, gradients: ArrayView2<'_, R>) {
        self.samples += gradients.nrows();
        if self.waiting.is_empty() && gradients.nrows() == SUMMED {
            return linalg::add_lower_inner(gradients, self.parameters.clone(), &mut self.sum);
        }
        for sample in linalg::columns(gradients, self.parameters.clone()).rows() {
            self.waiting.extend(sample.iter().map(|&entry| to_f64(entry)));
            if self.waiting.len() == SUMMED * self.parameters.len() {
                self.add_waiting();
            }
        }
    }

    fn add_waiting(&mut self) {
        let size = self.parameters.len();
        let samples = self.waiting.len() / size.max(1);
        let rows = ArrayView2::from_shape((samples, size), &self.waiting);
        let rows = rows.expect("whole samples wait");
        linalg::add_lower_inner(rows, 0..size, &mut self.sum);
        self.waiting.clear();
    }
}

impl Statistic for Gram {
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

    #[test]
    fn portions_do_not_change_a_bit() {
        let gradients = Array2::from_shape_fn((2 * SUMMED + 40, 7), |(sample, k)| {
            ((13 * sample + 5 * k) as f64).sin()
        });
        let of = |portion: usize| {
            let mut gram = Gram::new(2..6);
            for some in gradients.axis_chunks_iter(ndarray::Axis(0), portion) {
                gram.add(some);
            }
            gram.mean()
        };
        let whole = of(SUMMED);
        let scale = 1.0 / gradients.nrows() as f64;
        let mut expected = Array2::zeros((4, 4));
        for part in gradients.axis_chunks_iter(ndarray::Axis(0), SUMMED) {
            linalg::add_lower_inner(part, 2..6, &mut expected);
        }
        assert_eq!(whole, expected * scale);
        for portion in [1, 16, 48, 300, 1000] {
            assert_eq!(of(portion), whole, "{portion}");
        }
        let (singles, mut from_singles) = (gradients.mapv(|entry| entry as f32), Gram::new(2..6));
        let mut from_doubles = Gram::new(2..6);
        for some in singles.axis_chunks_iter(ndarray::Axis(0), SUMMED) {
            from_singles.add_singles(some);
            from_doubles.add(some.mapv(f64::from).view());
        }
        assert_eq!(from_singles.mean(), from_doubles.mean());
    }
}
