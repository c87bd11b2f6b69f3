//! Linear algebra: the one module that names a back end.
//!
//! faer (pure Rust) does products and eigendecompositions; products with a factor that stays the
//! same ([`Factor`]) and sums of outer products ([`add_lower_inner`], [`lower_outer`]) have kernels
//! that are faster for what is done here. With the cargo feature `openblas` the system's OpenBLAS takes
//! their place, as a second, independent implementation, but for sums of outer products and
//! [`transposed_times`]. Threads share large sums of outer products; all else is single-threaded, as
//! parallelism is over trials.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};

use crate::error::{Error, Result};

#[cfg(test)]
pub(crate) mod counted;
mod dense;
mod eigen;
#[cfg(not(feature = "openblas"))]
mod factor;
pub mod flops;
mod function;
mod in_blocks;
mod inner;
mod inverse_root;
mod long_rows;
mod orthonormal;
#[cfg(not(feature = "openblas"))]
mod pages;
mod real;
mod spanned;
mod tridiagonal;
mod upcoming;
#[cfg(any(test, not(feature = "openblas")))]
mod with_faer;
#[cfg(feature = "openblas")]
mod with_openblas;

pub use backend::Factor;
pub use dense::Dense;
pub use eigen::{fix_signs, symmetric_eigen};
pub use function::{function_of, function_times};
pub use in_blocks::InBlocks;
pub use inner::{INNER_REVISION, add_lower_inner, lower_outer};
pub use inverse_root::inverse_root_times;
pub use long_rows::transposed_times;
pub use orthonormal::{orthonormal_columns, orthonormalized, triangular_factor};
pub use real::{Numbers, Real, from_f64, is_single, to_f64};
pub(crate) use real::{all_finite, largest, sum_of_magnitudes, sum_of_squares};
pub use spanned::spanned;
pub use upcoming::Upcoming;
pub(crate) use upcoming::fetch;

/// Whether a product overwrites its result or adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accum {
    /// C ← A B.
    Overwrite,
    /// C ← C + A B.
    Add,
}

/// C ← A B, or C ← C + A B.
///
/// Every entry of C is the sum over the inner dimension in an order that depends on the inner
/// dimension only, so that a lane's bits do not depend on the lanes beside it, nor on whether
/// there are any (default back end).
///
/// # Panics
/// When the shapes do not fit.
pub fn product<R: Real>(
    a: ArrayView2<'_, R>,
    b: ArrayView2<'_, R>,
    into: Accum,
    c: ArrayViewMut2<'_, R>,
) {
    #[cfg(test)]
    counted::add(a.nrows(), a.ncols(), b.ncols());
    <R as Dense>::product(a, b, into, c);
}

/// A B. Both are contiguous, row-major or column-major.
///
/// # Panics
/// When the shapes do not fit.
pub fn times<R: Real>(a: ArrayView2<'_, R>, b: ArrayView2<'_, R>) -> Array2<R> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    product(a, b, Accum::Overwrite, c.view_mut());
    c
}

/// Some consecutive columns of a matrix.
///
/// # Panics
/// When it has fewer.
pub fn columns<R>(a: ArrayView2<'_, R>, range: Range<usize>) -> ArrayView2<'_, R> {
    a.slice_axis_move(Axis(1), range.into())
}

/// The orthogonal factor Q (n × n) of a QR decomposition of a square matrix by Householder's
/// reflections: orthogonal however singular the matrix is. The signs of its columns are the
/// solver's.
///
/// # Errors
/// When an entry is not finite.
///
/// # Panics
/// When the matrix is not square.
pub fn orthogonal_factor<R: Real>(a: ArrayView2<'_, R>) -> Result<Array2<R>> {
    assert!(a.is_square(), "a square matrix has a square orthogonal factor");
    finite(a, "QR decomposition")?;
    #[cfg(test)]
    counted::decomposition(flops::of_qr(a.nrows() as f64, a.ncols() as f64));
    <R as Dense>::orthogonal_factor(a)
}

/// The thin singular value decomposition A = U diag(σ) Vᵀ of an m × n matrix: U (m × k), σ
/// (descending) and V (n × k) with k = min(m, n). The signs of each pair of vectors are the solver's.
///
/// # Errors
/// When an entry is not finite or the iteration does not converge.
pub fn svd<R: Real>(a: ArrayView2<'_, R>) -> Result<(Array2<R>, Array1<R>, Array2<R>)> {
    finite(a, "singular value decomposition")?;
    #[cfg(test)]
    {
        let (long, short) = (a.nrows().max(a.ncols()), a.nrows().min(a.ncols()));
        counted::decomposition(flops::of_thin_svd(long as f64, short as f64));
    }
    R::svd(a)
}

/// Refuses to decompose what is not finite.
fn finite<R: Real>(a: ArrayView2<'_, R>, what: &str) -> Result<()> {
    let refusal = || format!("{what} of a matrix with entries that are not finite");
    if all_finite(a.iter()) { Ok(()) } else { Err(Error::Numerical(refusal())) }
}

/// Solves A x = b for a symmetric positive definite A (lower triangle read).
///
/// # Errors
/// When A is not numerically positive definite.
pub fn solve_positive_definite(
    a: ArrayView2<'_, f64>,
    b: ArrayView1<'_, f64>,
) -> Result<Array1<f64>> {
    use faer::linalg::solvers::Solve;
    let cholesky = as_faer(a)
        .llt(faer::Side::Lower)
        .map_err(|_| Error::Numerical("the matrix is not positive definite".into()))?;
    let x = cholesky.solve(&faer::Mat::from_fn(b.len(), 1, |i, _| b[i]));
    leave_wide_registers();
    Ok((0..b.len()).map(|i| x[(i, 0)]).collect())
}

/// The largest entry of |VᵀV − I|: how far a matrix's columns are from orthonormal.
pub fn orthonormality_defect<R: Real>(v: ArrayView2<'_, R>) -> f64 {
    let mut gram = Array2::zeros((v.ncols(), v.ncols()));
    product(v.t(), v, Accum::Overwrite, gram.view_mut());
    let off = |((i, j), &x): ((usize, usize), &R)| to_f64(x) - f64::from(u8::from(i == j));
    largest(gram.indexed_iter().map(|entry| off(entry).abs()))
}

/// A matrix of faer's, row-major. Some rows at a time: its columns are contiguous, and what is read of one
/// is still in a core's cache when the next row wants it.
fn to_array<R: Real>(a: faer::MatRef<'_, R>) -> Array2<R> {
    let (rows, columns) = a.shape();
    let mut array = Array2::zeros((rows, columns));
    for start in (0..rows).step_by(TRANSPOSED) {
        for j in 0..columns {
            (start..rows.min(start + TRANSPOSED)).for_each(|i| array[(i, j)] = a[(i, j)]);
        }
    }
    array
}

/// Rows that are copied at a time: some cache lines of each column.
const TRANSPOSED: usize = 32;

fn as_faer<R>(a: ArrayView2<'_, R>) -> faer::MatRef<'_, R> {
    // ndarray's views and faer's have the same fields; faer's own checked constructors cover the
    // two contiguous layouts, which are all that this crate makes.
    let (rows, columns) = a.dim();
    if let Some(slice) = a.to_slice() {
        faer::MatRef::from_row_major_slice(slice, rows, columns)
    } else {
        let slice = a
            .reversed_axes()
            .to_slice()
            .expect("linalg takes contiguous matrices, row-major or column-major");
        faer::MatRef::from_column_major_slice(slice, rows, columns)
    }
}

/// Zeroes the upper halves of the vector registers, which faer's kernels leave in use: until that
/// is done, a call of the C library's `exp` takes 160 ns instead of 5.
fn leave_wide_registers() {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        simd.avx._mm256_zeroupper();
    }
}

#[cfg(not(feature = "openblas"))]
use with_faer as backend;
#[cfg(feature = "openblas")]
use with_openblas as backend;

use backend::Kernel;

#[cfg(test)]
#[cfg(feature = "openblas")]
mod backend_tests;
#[cfg(test)]
mod decomposition_tests;

#[cfg(all(test, not(feature = "openblas")))]
mod tests {
    use super::*;
    use ndarray::Axis;
    use proptest::prelude::*;

    #[test]
    fn no_not_a_number_is_lost() {
        assert_eq!(largest([].into_iter()), 0.0);
        assert_eq!(largest([1.0, 3.0, 2.0].into_iter()), 3.0);
        for at in 0..3 {
            let mut numbers = [1.0, f64::INFINITY, 2.0];
            numbers[at] = f64::NAN;
            assert!(largest(numbers.into_iter()).is_nan());
            let mut v = Array2::<f64>::eye(3);
            v[(at, 1)] = f64::NAN;
            assert!(orthonormality_defect(v.view()).is_nan());
        }
    }

    /// Entries that round differently when they are summed in another order.
    fn matrix<R: Real>(rows: usize, columns: usize, transposed: bool, salt: u64) -> Array2<R> {
        let shape = if transposed { (columns, rows) } else { (rows, columns) };
        let mut state = salt.wrapping_add(1);
        let matrix = Array2::from_shape_simple_fn(shape, || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            from_f64((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5)
        });
        if transposed { matrix.reversed_axes() } else { matrix }
    }

    /// The bits of every row of a product are those of the product with that row alone, in every
    /// layout and added to whatever is there.
    fn rows_do_not_depend_on_their_neighbours<R: Real>(m: usize, k: usize, n: usize, salt: u64) {
        for layout in 0..4 {
            let a = matrix::<R>(m, k, layout & 1 == 1, salt);
            let b = matrix::<R>(k, n, layout & 2 == 2, salt + 1);
            for into in [Accum::Overwrite, Accum::Add] {
                let mut c = matrix::<R>(m, n, false, salt + 2);
                let mut alone = c.clone();
                product(a.view(), b.view(), into, c.view_mut());
                for row in 0..m {
                    let a = a.row(row).insert_axis(Axis(0)).as_standard_layout().into_owned();
                    let c_row = alone.slice_axis_mut(Axis(0), (row..=row).into());
                    product(a.view(), b.view(), into, c_row);
                    assert_eq!(c.row(row), alone.row(row), "{m} × {k} × {n}, {layout}, {into:?}");
                }
            }
        }
    }

    /// The packed factor gives the products of the plain one, up to rounding, and every row by
    /// itself.
    fn a_packed_factor_is_the_matrix<R: Real>(m: usize, k: usize, n: usize, salt: u64) {
        for transposed in [false, true] {
            let a = matrix::<R>(m, k, false, salt);
            let b = matrix::<R>(k, n, transposed, salt + 1);
            let factor = Factor::new(b.view());
            let (mut expected, mut c) = (Array2::zeros((m, n)), Array2::ones((m, n)));
            product(a.view(), b.view(), Accum::Overwrite, expected.view_mut());
            let mut work = vec![R::zero(); m * k];
            factor.multiply(a.view(), c.view_mut(), &mut work);
            // Two orders of summing k terms below 1/4, each rounded.
            let tolerance = from_f64::<R>(0.5 * k as f64) * R::epsilon();
            for (c, expected) in c.iter().zip(&expected) {
                assert!((*c - *expected).abs() <= tolerance, "{m} × {k} × {n}");
            }
            // Whatever panel a column is in.
            for column in 0..n {
                let factor = Factor::new(columns(b.view(), column..column + 1).to_owned().view());
                let mut alone = Array2::zeros((m, 1));
                factor.multiply(a.view(), alone.view_mut(), &mut work);
                assert_eq!(alone.column(0), c.column(column), "{m} × {k} × {n}");
            }
            assert_eq!(factor.to_matrix(), b, "{k} × {n}");
            for row in 0..m {
                let mut alone = Array2::zeros((1, n));
                let a = a.row(row).insert_axis(Axis(0));
                factor.multiply(a, alone.view_mut(), &mut work[..k]);
                assert_eq!(alone.row(0), c.row(row), "{m} × {k} × {n}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_packed_factor_is_like_a_plain_one(
            m in 1_usize..40, k in 1_usize..300, n in 1_usize..120, salt: u64,
        ) {
            a_packed_factor_is_the_matrix::<f64>(m, k, n, salt);
            a_packed_factor_is_the_matrix::<f32>(m, k, n, salt);
        }

        #[test]
        fn a_lane_does_not_depend_on_its_neighbours(
            m in 1_usize..40, k in 1_usize..700, n in 1_usize..40, salt: u64,
        ) {
            rows_do_not_depend_on_their_neighbours::<f64>(m, k, n, salt);
            rows_do_not_depend_on_their_neighbours::<f32>(m, k, n, salt);
        }

        #[test]
        fn nor_does_it_in_small_products(
            m in 1_usize..6, k in 1_usize..1200, n in 1_usize..6, salt: u64,
        ) {
            rows_do_not_depend_on_their_neighbours::<f64>(m, k, n, salt);
            rows_do_not_depend_on_their_neighbours::<f32>(m, k, n, salt);
        }
    }
}
