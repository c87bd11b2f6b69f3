//! Products with a matrix of few, very long rows, as sampled gradients are; all in doubles.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};
use ndarray::{Array2, ArrayView2, Axis};

use super::{as_faer, leave_wide_registers};

/// Columns of a matrix of long rows that are multiplied at a time: as many as stay in a core's caches.
const COLUMNS: usize = 256;

/// AᵀB for an A of long rows, and so a tall result.
///
/// # Panics
/// When the two have other numbers of rows.
pub fn transposed_times(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    #[cfg(test)]
    super::counted::add(a.ncols(), a.nrows(), b.ncols());
    let width = b.ncols();
    let (a, b) = (as_faer(a), as_faer(b));
    let mut tall = Array2::zeros((a.ncols(), width));
    // Its transpose is made a few columns at a time: no factor is packed that is as long as A's rows.
    let mut some = vec![0.0; width * COLUMNS.min(a.ncols())];
    for (index, mut rows) in tall.axis_chunks_iter_mut(Axis(0), COLUMNS).enumerate() {
        let count = rows.nrows();
        let some = &mut some[..width * count];
        let to = MatMut::from_row_major_slice_mut(&mut *some, width, count);
        let columns = a.subcols(index * COLUMNS, count);
        matmul(to, Accum::Replace, b.transpose(), columns, 1.0, Par::Seq);
        let made = ArrayView2::from_shape((width, count), &*some).expect("it has these entries");
        rows.assign(&made.t());
    }
    leave_wide_registers();
    tall
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{largest, times};

    #[test]
    fn they_are_the_plain_products() {
        let entry = |(i, j): (usize, usize)| ((7 * i + 13 * j) as f64).sin();
        for (rows, length, columns) in
            [(0, 3, 2), (1, 1, 1), (5, 0, 3), (7, 255, 4), (65, 1300, 10)]
        {
            let a = Array2::from_shape_fn((rows, length), entry);
            let b = Array2::from_shape_fn((rows, columns), entry);
            // Sums of n products of numbers up to 1 in two orders: n roundings each of up to n.
            let tolerance = f64::EPSILON * (rows.max(length) as f64).powi(2);
            let apart = |found: &Array2<f64>, expected: &Array2<f64>| {
                assert_eq!(found.dim(), expected.dim());
                largest(found.iter().zip(expected).map(|(a, b)| (a - b).abs()))
            };
            let tall = times(a.t(), b.view());
            assert!(apart(&transposed_times(a.view(), b.view()), &tall) <= tolerance);
        }
    }
}
