//! Eigendecompositions in the order and with the signs that results have.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2};

use super::{Dense, Real, finite};
use crate::error::Result;

/// Eigenvalues (descending) and orthonormal eigenvectors (columns) of a symmetric matrix, of
/// which only the lower triangle is used. Each eigenvector's largest-magnitude entry is positive
/// (the first of them at a tie), so that results do not depend on the solver's signs.
///
/// # Errors
/// When the matrix is not finite or the iteration does not converge.
pub fn symmetric_eigen<R: Real>(a: Array2<R>) -> Result<(Array1<R>, Array2<R>)> {
    finite(a.view(), "eigendecomposition")?;
    #[cfg(test)]
    super::counted::decomposition(super::flops::of_eigen(a.nrows() as f64));
    let scale = scale(a.view());
    let a = if scale == R::one() { a } else { a.mapv_into(|entry| entry * scale) };
    let (mut values, vectors) = <R as Dense>::symmetric_eigen(a)?;
    values.reverse();
    values.iter_mut().for_each(|value| *value /= scale);
    let signs: Vec<R> = vectors.columns().into_iter().rev().map(sign).collect();
    let last = vectors.ncols().saturating_sub(1);
    let sorted =
        Array2::from_shape_fn(vectors.raw_dim(), |(i, k)| signs[k] * vectors[(i, last - k)]);
    Ok((values.into(), sorted))
}

/// What a symmetric matrix is multiplied by before it is decomposed: 1, or where products of four of its
/// entries would overflow or vanish a power of two, which rounds nothing, that brings the largest to
/// about 1.
fn scale<R: Real>(a: ArrayView2<'_, R>) -> R {
    let largest = largest_below(a);
    let least = R::min_positive_value().sqrt().sqrt();
    if largest == R::zero() || (least..=least.recip()).contains(&largest) {
        return R::one();
    }
    let exponent = largest.log2().floor().to_i32().expect("finite numbers have an exponent");
    // Neither it nor its inverse overflows.
    let [least, most] = [R::min_positive_value(), R::min_positive_value().recip()];
    (R::one() + R::one()).powi(-exponent).max(least).min(most)
}

/// The largest magnitude of a lower triangle.
pub(super) fn largest_below<R: Real>(a: ArrayView2<'_, R>) -> R {
    let lower = a.rows().into_iter().enumerate().flat_map(|(i, row)| row.into_iter().take(i + 1));
    lower.fold(R::zero(), |most, entry| entry.abs().max(most))
}

/// Turns each column so that its entry of largest magnitude, the first of them at a tie, is positive. Row
/// by row, as a column of a large matrix is spread over all of its memory.
pub fn fix_signs<R: Real>(mut columns: ArrayViewMut2<'_, R>) {
    let mut largest = vec![R::zero(); columns.ncols()];
    for row in columns.rows() {
        largest.iter_mut().zip(row).for_each(|(most, &entry)| *most = larger(*most, entry));
    }
    for row in columns.rows_mut() {
        row.into_iter().zip(&largest).for_each(|(entry, most)| *entry = most.signum() * *entry);
    }
}

/// The sign of the entry of largest magnitude, the first of them at a tie.
fn sign<R: Real>(vector: ArrayView1<'_, R>) -> R {
    vector.iter().fold(R::zero(), |most, &entry| larger(most, entry)).signum()
}

fn larger<R: Real>(most: R, entry: R) -> R {
    if entry.abs() > most.abs() { entry } else { most }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Accum, from_f64, orthonormality_defect, product, to_f64};
    use ndarray::{arr1, arr2};

    #[test]
    fn the_first_of_the_largest_entries_has_its_sign() {
        let cases: [(&[f64], f64); 6] = [
            (&[], 1.0),
            (&[-2.0], -1.0),
            (&[1.0, -2.0], -1.0),
            (&[-1.0, 2.0], 1.0),
            (&[0.0, -2.0, 2.0, 1.0], -1.0),
            (&[1.0, 2.0, -2.0, -2.0], 1.0),
        ];
        for (vector, expected) in cases {
            assert_eq!(sign(arr1(vector).view()), expected, "{vector:?}");
        }
        let mut columns = arr2(&[[-1.0, 0.0, 2.0], [-3.0, 0.0, -2.0], [2.0, 0.0, 1.0]]);
        fix_signs(columns.view_mut());
        assert_eq!(columns, arr2(&[[1.0, 0.0, 2.0], [3.0, 0.0, -2.0], [-2.0, 0.0, 1.0]]));
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for wrong in [f64::NAN, f64::INFINITY] {
            let mut a = Array2::eye(3);
            a[(2, 1)] = wrong;
            assert!(symmetric_eigen(a).is_err());
        }
    }

    /// Decomposes the symmetric matrix with these entries below the diagonal and others above.
    fn check<R: Real>(n: usize, entry: impl Fn(usize, usize) -> f64) {
        let full = Array2::from_shape_fn((n, n), |(i, j)| from_f64::<R>(entry(i.max(j), i.min(j))));
        let lower =
            Array2::from_shape_fn((n, n), |(i, j)| if j <= i { full[(i, j)] } else { R::one() });
        let norm = full.iter().map(|&x| to_f64(x).powi(2)).sum::<f64>().sqrt();
        // Roundings of n reflections add up like a random walk.
        let tolerance = 30.0 * (n as f64).sqrt() * to_f64(R::epsilon());

        let (values, vectors) = symmetric_eigen(lower.clone()).unwrap();
        assert!(values.iter().rev().is_sorted());
        assert!(vectors.is_standard_layout());
        assert!(vectors.columns().into_iter().all(|vector| sign(vector) == R::one()));
        assert!(orthonormality_defect(vectors.view()) <= tolerance, "{n}");
        let mut image = Array2::zeros((n, n));
        product(full.view(), vectors.view(), Accum::Overwrite, image.view_mut());
        for ((i, k), &found) in image.indexed_iter() {
            let error = to_f64(found - values[k] * vectors[(i, k)]).abs();
            assert!(error <= tolerance * norm, "entry {i} of vector {k} of {n}: {error:e}");
        }

        // The same matrix in the other memory order.
        let by_columns = lower.reversed_axes().as_standard_layout().into_owned().reversed_axes();
        assert_eq!(symmetric_eigen(by_columns).unwrap(), (values, vectors));
    }

    /// Sizes around those of blocks, vectors and faer's switch to divide and conquer.
    const SIZES: [usize; 18] = [0, 1, 2, 3, 4, 5, 8, 17, 31, 32, 33, 34, 64, 65, 66, 127, 128, 200];

    fn check_sizes(entry: impl Fn(usize, usize) -> f64) {
        for n in SIZES {
            check::<f64>(n, &entry);
            check::<f32>(n, &entry);
        }
    }

    #[test]
    fn eigenvectors_of_arbitrary_matrices() {
        let noise = |i: usize, j: usize| ((i * i + 3 * i * j + 7 * j + 1) as f64).sin();
        check_sizes(noise);
        check_sizes(|i, j| noise(i, j) / ((i + 1) * (j + 1)) as f64);
    }

    #[test]
    fn eigenvectors_of_matrices_that_need_no_or_few_reflections() {
        check_sizes(|_, _| 0.0);
        check_sizes(|_, _| 1.0);
        check_sizes(|i, j| f64::from(u8::from(i == j)));
        check_sizes(|i, j| if i == j { (i % 3) as f64 } else { 0.0 });
        check_sizes(|i, j| f64::from(u8::from(i - j <= 1)));
        check_sizes(|i, j| f64::from(u8::from(i / 40 == j / 40)));
    }

    #[test]
    fn eigenvectors_of_matrices_of_small_and_of_large_entries() {
        let noise = |i: usize, j: usize| ((i * i + 3 * i * j + 7 * j + 1) as f64).sin();
        for n in [3, 33, 150] {
            for sign in [-1, 1] {
                check::<f64>(n, |i, j| noise(i, j) * 2.0_f64.powi(sign * 400));
                check::<f32>(n, |i, j| noise(i, j) * 2.0_f64.powi(sign * 60));
            }
        }
    }

    #[test]
    fn the_smallest_and_the_largest_entries() {
        for largest in [f64::MIN_POSITIVE / 4.0, f64::MAX / 4.0] {
            let (values, vectors) = symmetric_eigen(Array2::<f64>::eye(3) * largest).unwrap();
            assert_eq!(values.to_vec(), [largest; 3]);
            assert!(orthonormality_defect(vectors.view()) <= f64::EPSILON);
        }
    }
}
