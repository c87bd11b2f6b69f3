//! Products with a matrix of few, very long rows, as sampled gradients are, which may be held in singles;
//! all in doubles.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView2, Axis};

use super::{Real, as_faer, leave_wide_registers, to_f64};
use crate::simd::vectorized;

/// Columns of a matrix of long rows that are multiplied at a time: as many as stay in a core's caches.
const COLUMNS: usize = 256;
/// Columns whose products are summed up at a time: of fewer, more time would be spent on the sums.
const SUMMED: usize = 1024;

/// The columns of a matrix of long rows in doubles, some at a time.
struct InDoubles {
    width: usize,
    entries: Vec<f64>,
}

impl InDoubles {
    /// Of as many rows, so many columns at a time.
    fn new(rows: usize, columns: usize, width: usize) -> Self {
        let width = width.min(columns);
        Self { width, entries: vec![0.0; rows * width] }
    }

    /// The columns from number `start` on.
    fn read<R: Real>(&mut self, a: ArrayView2<'_, R>, start: usize) -> ArrayView2<'_, f64> {
        let count = self.width.min(a.ncols() - start);
        let entries = &mut self.entries[..a.nrows() * count];
        for (to, row) in entries.chunks_exact_mut(count).zip(a.rows()) {
            let from = &row.to_slice().expect("long rows are contiguous")[start..start + count];
            vectorized(|| to.iter_mut().zip(from).for_each(|(to, &from)| *to = to_f64(from)));
        }
        ArrayView2::from_shape((a.nrows(), count), entries).expect("it has these entries")
    }
}

/// AB for an A of long rows, and so a tall B.
///
/// # Panics
/// When A has other columns than B rows, or its rows are not contiguous.
pub fn long_times<R: Real>(a: ArrayView2<'_, R>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    assert_eq!(a.ncols(), b.nrows(), "terms of the sums");
    let mut sum = Array2::zeros((a.nrows(), b.ncols()));
    let mut some = InDoubles::new(a.nrows(), a.ncols(), SUMMED);
    for (index, rows) in b.axis_chunks_iter(Axis(0), SUMMED).enumerate() {
        let columns = some.read(a, index * SUMMED);
        super::product(columns, rows, super::Accum::Add, sum.view_mut());
    }
    sum
}

/// AᵀB for an A of long rows, and so a tall result.
///
/// # Panics
/// When the two have other numbers of rows, or A's are not contiguous.
pub fn transposed_times<R: Real>(a: ArrayView2<'_, R>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    assert_eq!(a.nrows(), b.nrows(), "terms of the sums");
    #[cfg(test)]
    super::counted::add(a.ncols(), a.nrows(), b.ncols());
    let width = b.ncols();
    let b: MatRef<'_, f64> = as_faer(b);
    let mut tall = Array2::zeros((a.ncols(), width));
    let mut some = InDoubles::new(a.nrows(), a.ncols(), COLUMNS);
    // Its transpose is made a few columns at a time: no factor is packed that is as long as A's rows.
    let mut made = vec![0.0; width * some.width];
    for (index, mut rows) in tall.axis_chunks_iter_mut(Axis(0), COLUMNS).enumerate() {
        let count = rows.nrows();
        let made = &mut made[..width * count];
        let to = MatMut::from_row_major_slice_mut(&mut *made, width, count);
        let columns = as_faer(some.read(a, index * COLUMNS));
        matmul(to, Accum::Replace, b.transpose(), columns, 1.0, Par::Seq);
        let made = ArrayView2::from_shape((width, count), &*made).expect("it has these entries");
        rows.assign(&made.t());
    }
    leave_wide_registers();
    tall
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{largest, lower_outer, times};

    #[test]
    fn they_are_the_plain_products() {
        let entry = |(i, j): (usize, usize)| ((7 * i + 13 * j) as f64).sin();
        for (rows, length, columns) in
            [(0, 3, 2), (1, 1, 1), (5, 0, 3), (7, 255, 4), (65, 1300, 10)]
        {
            let single = Array2::from_shape_fn((rows, length), |at| entry(at) as f32);
            let a = single.mapv(f64::from);
            // Sums of n products of numbers up to 1 in two orders: n roundings each of up to n.
            let tolerance = f64::EPSILON * (rows.max(length) as f64).powi(2);
            let check = |found: [Array2<f64>; 2], expected: &Array2<f64>| {
                assert_eq!(found[0], found[1], "singles are exact in doubles");
                assert_eq!(found[0].dim(), expected.dim());
                let apart = found[0].iter().zip(expected).map(|(a, b)| (a - b).abs());
                assert!(largest(apart) <= tolerance);
            };
            let (few, tall) =
                [rows, length].map(|n| Array2::from_shape_fn((n, columns), entry)).into();
            check(
                [
                    transposed_times(single.view(), few.view()),
                    transposed_times(a.view(), few.view()),
                ],
                &times(a.t(), few.view()),
            );
            check(
                [long_times(single.view(), tall.view()), long_times(a.view(), tall.view())],
                &times(a.view(), tall.view()),
            );
            let mut outer = times(a.view(), a.t());
            outer
                .indexed_iter_mut()
                .filter(|((i, j), _)| j > i)
                .for_each(|(_, entry)| *entry = 0.0);
            check([lower_outer(single.view()), lower_outer(a.view())], &outer);
        }
    }
}
