//! Products with a matrix of few, very long rows, as sampled gradients are, which may be held in singles.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};
use ndarray::{Array2, ArrayView2, Axis};

use super::{Real, as_faer, from_f64, leave_wide_registers, to_f64};
use crate::simd::vectorized;

/// Bytes of each row, in B's precision, that are multiplied at a time: those of all rows stay in a core's
/// caches.
const BYTES: usize = 1152;

/// AᵀB for an A of long rows, and so a tall result; multiplied and summed up in B's precision.
///
/// # Panics
/// When the two have other numbers of rows, or A's are not contiguous.
pub fn transposed_times<R: Real, P: Real>(
    a: ArrayView2<'_, R>,
    b: ArrayView2<'_, P>,
) -> Array2<f64> {
    assert_eq!(a.nrows(), b.nrows(), "terms of the sums");
    #[cfg(test)]
    super::counted::add(a.ncols(), a.nrows(), b.ncols());
    let at_a_time = BYTES / size_of::<P>();
    let (terms, width, most) = (a.nrows(), b.ncols(), at_a_time.min(a.ncols()));
    let b = as_faer(b);
    let mut tall = Array2::zeros((a.ncols(), width));
    // Its transpose is made a few columns at a time: no factor is packed that is as long as A's rows.
    let (mut some, mut made) = (vec![P::zero(); terms * most], vec![P::zero(); width * most]);
    for (index, mut rows) in tall.axis_chunks_iter_mut(Axis(0), at_a_time).enumerate() {
        let (start, count) = (index * at_a_time, rows.nrows());
        let some = &mut some[..terms * count];
        for (to, row) in some.chunks_exact_mut(count).zip(a.rows()) {
            let from = &row.to_slice().expect("long rows are contiguous")[start..start + count];
            let pairs = to.iter_mut().zip(from);
            vectorized(|| pairs.for_each(|(to, &from)| *to = from_f64(to_f64(from))));
        }
        let columns = ArrayView2::from_shape((terms, count), &*some).expect("it has these entries");
        let made = &mut made[..width * count];
        let to = MatMut::from_row_major_slice_mut(&mut *made, width, count);
        matmul(to, Accum::Replace, b.transpose(), as_faer(columns), P::one(), Par::Seq);
        let made = ArrayView2::from_shape((width, count), &*made).expect("it has these entries");
        rows.zip_mut_with(&made.t(), |to, &from| *to = to_f64(from));
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
        const MOST: usize = BYTES / size_of::<f64>();
        const OF_SINGLES: usize = BYTES / size_of::<f32>();
        let entry = |(i, j): (usize, usize)| ((7 * i + 13 * j) as f64).sin();
        for (rows, length, columns) in [
            (0, 3, 2),
            (1, 1, 1),
            (5, 0, 3),
            (7, MOST - 1, 4),
            (70, MOST, 9),
            (65, 13 * MOST + 1, 10),
            (9, OF_SINGLES - 1, 3),
            (9, OF_SINGLES, 3),
            (9, OF_SINGLES + 1, 3),
        ] {
            let singles = Array2::from_shape_fn((rows, length), |at| entry(at) as f32);
            let doubles = singles.mapv(f64::from);
            let b = Array2::from_shape_fn((rows, columns), entry);
            // Sums of n products of numbers up to 1 in two orders: n roundings each of up to n.
            let tolerance = f64::EPSILON * (rows.max(length) as f64).powi(2);
            let apart = |found: &Array2<f64>, expected: &Array2<f64>| {
                assert_eq!(found.dim(), expected.dim());
                largest(found.iter().zip(expected).map(|(a, b)| (a - b).abs()))
            };
            let tall = transposed_times(doubles.view(), b.view());
            assert!(apart(&tall, &times(doubles.t(), b.view())) <= tolerance);
            assert_eq!(transposed_times(singles.view(), b.view()), tall);
            let rounded = transposed_times(singles.view(), b.mapv(|x| x as f32).view());
            // The same of as many terms as there are rows, and B is rounded.
            let in_singles = f64::from(f32::EPSILON) * (rows as f64 + 1.0).powi(2);
            assert!(apart(&rounded, &tall) <= in_singles);
            let mut lower = times(doubles.view(), doubles.t());
            let above = lower.indexed_iter_mut().filter(|((i, j), _)| j > i);
            above.for_each(|(_, entry)| *entry = 0.0);
            let outer = lower_outer(doubles.view());
            assert!(apart(&outer, &lower) <= tolerance);
            assert_eq!(lower_outer(singles.view()), outer);
        }
    }
}
