//! Sums of outer products of the rows of a matrix; in doubles.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView2};

use super::{as_faer, leave_wide_registers};

/// Raised when sums of outer products have other bits.
pub const INNER_REVISION: u32 = 1;

/// Rows and columns up to which a block is one thread's.
const BLOCK: usize = 640;

/// Adds the lower triangle of AᵀA, of some columns of A, to C, on all threads: the blocks that they
/// share are the same for any number of them.
///
/// # Panics
/// When C is not square with as many columns, or A is not contiguous.
pub fn add_lower_inner(a: ArrayView2<'_, f64>, columns: Range<usize>, c: &mut Array2<f64>) {
    let size = columns.len();
    assert_eq!(c.dim(), (size, size), "C's shape");
    #[cfg(test)]
    super::counted::add_lower(size, a.nrows());
    let a = as_faer(a).subcols(columns.start, size);
    let c = c.as_slice_mut().expect("an owned matrix is contiguous and row-major");
    add_lower(a, MatMut::from_row_major_slice_mut(c, size, size));
}

/// The same for all columns.
fn add_lower(a: MatRef<'_, f64>, c: MatMut<'_, f64>) {
    if c.nrows() <= BLOCK {
        let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        let transposed = a.transpose();
        triangular::matmul(c, lower, Accum::Add, transposed, whole, a, whole, 1.0, Par::Seq);
        return leave_wide_registers();
    }
    let half = c.nrows() / 2;
    let (first, second) = a.split_at_col(half);
    let (upper, _, below, lower) = c.split_at_mut(half, half);
    rayon::join(
        || add_block(second, first, below),
        || rayon::join(|| add_lower(first, upper), || add_lower(second, lower)),
    );
}

/// Adds AᵀB to C.
fn add_block(a: MatRef<'_, f64>, b: MatRef<'_, f64>, c: MatMut<'_, f64>) {
    if c.nrows().max(c.ncols()) <= BLOCK {
        matmul(c, Accum::Add, a.transpose(), b, 1.0, Par::Seq);
        return leave_wide_registers();
    }
    let ((left, right), (top, bottom)) = if c.nrows() > c.ncols() {
        let half = c.nrows() / 2;
        let (first, second) = a.split_at_col(half);
        (((first, b), (second, b)), c.split_at_row_mut(half))
    } else {
        let half = c.ncols() / 2;
        let (first, second) = b.split_at_col(half);
        (((a, first), (a, second)), c.split_at_col_mut(half))
    };
    rayon::join(|| add_block(left.0, left.1, top), || add_block(right.0, right.1, bottom));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::times;

    #[test]
    fn the_lower_triangle_is_added_to_by_any_number_of_threads_alike() {
        let entry = |(i, j): (usize, usize)| ((7 * i + 13 * j) as f64).sin();
        let on = |threads: usize, a: ArrayView2<'_, f64>| {
            let columns = a.ncols() / 3..a.ncols();
            let mut sum = Array2::ones((columns.len(), columns.len()));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| add_lower_inner(a, columns, &mut sum));
            sum
        };
        // The last has more rows than products are summed up at a time.
        let large = [(3, BLOCK), (70, 3 * BLOCK + 3), (600, BLOCK + 70)];
        for (rows, columns) in
            [(0, 3), (1, 1), (5, 0), (40, 65), (1300, 65)].into_iter().chain(large)
        {
            let a = Array2::from_shape_fn((rows, columns), entry);
            let turned = a.t().as_standard_layout().into_owned().reversed_axes();
            let found = [a.view(), turned.view()].map(|a| {
                let alone = on(1, a);
                assert_eq!(alone, on(3, a));
                alone
            });
            let some = crate::linalg::columns(a.view(), columns / 3..columns).to_owned();
            let product = times(some.t(), some.view());
            // Sums of so many products of numbers up to 1 in two orders, and of one.
            let tolerance = f64::EPSILON * (rows as f64 + 1.0).powi(2);
            for found in found {
                let wrong = |((i, j), found): ((usize, usize), &f64)| {
                    let added = if j <= i { product[[i, j]] } else { 0.0 };
                    (found - 1.0 - added).abs() > tolerance
                };
                assert!(!found.indexed_iter().any(wrong), "what is above stays as it was");
            }
        }
    }
}
