//! Eigendecompositions by the default back end: faer's, but for the reduction to tridiagonal form.

use faer::diag::{DiagMut, DiagRef};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{
    ComputeEigenvectors, self_adjoint_evd_scratch, tridiagonal_self_adjoint_evd,
};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj, upgrade_householder_factor,
};
use faer::linalg::qr::no_pivoting::factor::recommended_block_size;
use faer::{Conj, Mat, MatMut, MatRef, Par};
use ndarray::Array2;

use super::transposed::lower_by_columns;
use super::tridiagonal::{Tridiagonal, tridiagonalize};
use super::{Eigen, Real, leave_wide_registers};
use crate::error::{Error, Result};

/// The eigenvalues and eigenvectors of a symmetric matrix (lower triangle read).
pub(super) fn symmetric_eigen<R: Real>(a: Array2<R>) -> Result<Eigen<R>> {
    let n = a.nrows();
    if n < 2 {
        let values = a.into_iter().collect();
        return Ok(Eigen { values, vectors: Array2::eye(n), room: Vec::new() });
    }
    let mut a = lower_by_columns(a);
    let tridiagonal = tridiagonalize(&mut a, n);
    let (mut values, mut vectors) = (vec![R::zero(); n], vec![R::zero(); n * n]);
    let converged = tridiagonal_eigen(&tridiagonal, &mut values, &mut vectors);
    if converged {
        reflect(&a, &tridiagonal.tau, &mut vectors);
    }
    leave_wide_registers();
    if !converged {
        return Err(Error::Numerical("the eigendecomposition did not converge".into()));
    }
    let vectors = Array2::from_shape_vec((n, n), vectors).expect("n × n entries by construction");
    Ok(Eigen { values, vectors, room: a })
}

/// Overwrites `vectors` by the eigenvectors of a tridiagonal matrix, one after the other; returns
/// whether the iteration converged.
fn tridiagonal_eigen<R: Real>(
    matrix: &Tridiagonal<R>,
    values: &mut [R],
    vectors: &mut [R],
) -> bool {
    let n = values.len();
    // faer has no function for what this step alone needs; of the rest no page is touched.
    let workspace =
        self_adjoint_evd_scratch::<R>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    tridiagonal_self_adjoint_evd(
        DiagRef::from_slice(&matrix.diagonal),
        DiagRef::from_slice(&matrix.below),
        DiagMut::from_slice_mut(values),
        Some(MatMut::from_column_major_slice_mut(vectors, n, n)),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(workspace)),
        Default::default(),
    )
    .is_ok()
}

/// Applies the reflections of a reduction to each vector, which makes eigenvectors of the
/// tridiagonal matrix those of the matrix that was reduced.
fn reflect<R: Real>(reduced: &[R], tau: &[R], vectors: &mut [R]) {
    let (n, reflections) = (tau.len() + 1, tau.len());
    let basis = MatRef::from_column_major_slice(reduced, n, n);
    let basis = basis.submatrix(1, 0, reflections, reflections);
    let block = recommended_block_size::<R>(n, n).min(reflections);
    let mut factors = Mat::zeros(block, reflections);
    for start in (0..reflections).step_by(block) {
        let size = block.min(reflections - start);
        let mut factor = factors.as_mut().submatrix_mut(0, start, size, size);
        for k in 0..size {
            factor[(k, k)] = tau[start + k];
        }
        let basis = basis.submatrix(start, start, reflections - start, size);
        upgrade_householder_factor(factor, basis, size, 1, Par::Seq);
    }
    let workspace =
        apply_block_householder_sequence_on_the_left_in_place_scratch::<R>(reflections, block, n);
    apply_block_householder_sequence_on_the_left_in_place_with_conj(
        basis,
        factors.as_ref(),
        Conj::No,
        MatMut::from_column_major_slice_mut(vectors, n, n).subrows_mut(1, reflections),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(workspace)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Accum, from_f64, orthonormality_defect, product, to_f64};

    /// Decomposes the symmetric matrix with these entries below the diagonal and others above.
    fn check<R: Real>(n: usize, entry: impl Fn(usize, usize) -> f64) {
        let full = Array2::from_shape_fn((n, n), |(i, j)| from_f64::<R>(entry(i.max(j), i.min(j))));
        let lower =
            Array2::from_shape_fn((n, n), |(i, j)| if j <= i { full[(i, j)] } else { R::one() });
        let norm = full.iter().map(|&x| to_f64(x).powi(2)).sum::<f64>().sqrt();
        // Roundings of n reflections add up like a random walk.
        let tolerance = 30.0 * (n as f64).sqrt() * to_f64(R::epsilon());

        let Eigen { values, vectors, .. } = symmetric_eigen(lower.clone()).unwrap();
        assert!(values.iter().is_sorted());
        assert!(orthonormality_defect(vectors.t()) <= tolerance, "{n}");
        let mut image = Array2::zeros((n, n));
        product(vectors.view(), full.view(), Accum::Overwrite, image.view_mut());
        for ((k, i), &found) in image.indexed_iter() {
            let error = to_f64(found - values[k] * vectors[(k, i)]).abs();
            assert!(error <= tolerance * norm, "entry {i} of vector {k} of {n}: {error:e}");
        }

        // The same matrix in the other memory order.
        let by_columns = lower.reversed_axes().as_standard_layout().into_owned().reversed_axes();
        let same = symmetric_eigen(by_columns).unwrap();
        assert_eq!((same.values, same.vectors), (values, vectors));
    }

    /// Sizes around those of panels, tiles, vectors and faer's switch to divide and conquer.
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
}
