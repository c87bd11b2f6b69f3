//! What samples are given to, some at a time.

use std::ops::Range;

use ndarray::ArrayView2;

use crate::linalg::{Numbers, Real};

/// Samples that a statistic is given at a time, at most.
const PORTION: usize = 256;
/// Numbers that it is given at a time, 32 megabytes of doubles, or those of a sample for each piece.
const NUMBERS: usize = 1 << 22;
/// Pieces of a portion, which threads share.
pub(super) const PIECES: usize = 16;

/// Samples of so many parameters that a statistic is given at a time; bounds the memory.
pub fn portion(dimension: usize) -> usize {
    PIECES * (NUMBERS / (PIECES * dimension.max(1))).clamp(1, PORTION / PIECES)
}

/// Samples, as many at a time as a statistic is given.
pub(crate) fn portions(
    samples: Range<usize>,
    dimension: usize,
) -> impl Iterator<Item = Range<usize>> {
    let (end, most) = (samples.end, portion(dimension));
    samples.step_by(most).map(move |start| start..end.min(start + most))
}

/// What is accumulated of sampled gradients.
pub trait Statistic: Send {
    /// Adds the gradients of further samples: m × d, one in each contiguous row, all finite. It is given
    /// the same rows in the same portions for any number of threads.
    fn add(&mut self, gradients: ArrayView2<'_, f64>);

    /// The same of gradients in singles, as runs in singles have them. By default they are converted, and
    /// given to [`Self::add`]; another way is to have the same result.
    fn add_singles(&mut self, gradients: ArrayView2<'_, f32>) {
        self.add(gradients.mapv(f64::from).view());
    }
}

/// Gives some samples of so many parameters, one after the other, to statistics.
pub(crate) fn give<R: Real>(samples: &[R], shape: (usize, usize), into: &mut [&mut dyn Statistic]) {
    match R::numbers(samples) {
        Numbers::Singles(samples) => {
            let rows = ArrayView2::from_shape(shape, samples).expect("samples are whole");
            into.iter_mut().for_each(|statistic| statistic.add_singles(rows));
        }
        Numbers::Doubles(samples) => {
            let rows = ArrayView2::from_shape(shape, samples).expect("samples are whole");
            into.iter_mut().for_each(|statistic| statistic.add(rows));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_of_bounded_memory_and_whole_pieces() {
        for (dimension, samples) in
            [(0, 256), (2410, 256), (1 << 14, 256), (79_510, 48), (200_000, 16), (1 << 40, 16)]
        {
            assert_eq!(portion(dimension), samples, "{dimension}");
        }
    }
}
