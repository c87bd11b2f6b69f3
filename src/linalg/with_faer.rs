//! The default back end.

use super::{Accum, ArrayView2, ArrayViewMut2, Real, as_faer, leave_wide_registers, to_array};
use crate::error::{Error, Result};
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum as Faers, MatMut, Par};
use ndarray::{Array1, Array2, Axis, CowArray, Ix2, ShapeBuilder, Slice};

fn as_faer_mut<R>(a: ArrayViewMut2<'_, R>) -> faer::MatMut<'_, R> {
    let (rows, columns) = a.dim();
    let slice = a.into_slice().expect("a product's result is contiguous and row-major");
    faer::MatMut::from_row_major_slice_mut(slice, rows, columns)
}

impl From<Accum> for Faers {
    fn from(into: Accum) -> Self {
        match into {
            Accum::Overwrite => Self::Replace,
            Accum::Add => Self::Add,
        }
    }
}

#[cfg(not(feature = "openblas"))]
pub use super::factor::{Factor, Kernel};

pub fn product<R: Real>(
    a: ArrayView2<'_, R>,
    b: ArrayView2<'_, R>,
    into: Accum,
    mut c: ArrayViewMut2<'_, R>,
) {
    let (rows, columns) = padded(a.nrows(), a.ncols(), b.ncols());
    if (rows, columns) == c.dim() {
        let (into, one) = (into.into(), num_traits::one());
        matmul(as_faer_mut(c), into, as_faer(a), as_faer(b), one, Par::Seq);
        return leave_wide_registers();
    }
    let (a, b) = (with_zeros(a, Axis(0), rows), with_zeros(b, Axis(1), columns));
    let mut larger = Array2::zeros((rows, columns));
    if into == Accum::Add {
        c.indexed_iter().for_each(|(index, &c)| larger[index] = c);
    }
    product(a.view(), b.view(), into, larger.view_mut());
    c.indexed_iter_mut().for_each(|(index, c)| *c = larger[index]);
}

/// The rows and columns to which an m × k by k × n product is padded with zeros so that it is
/// summed like every other one: term by term within each 512. faer 0.24 sums differently (in
/// 64s, or all in one) when the result has a single row or column, and in products of at most
/// 4096 terms, which shows when k exceeds 64.
fn padded(m: usize, k: usize, n: usize) -> (usize, usize) {
    const SMALL: usize = 16 * 16 * 16;
    if m * n == 0 || k < 2 {
        return (m, n);
    }
    let (rows, columns) = (m.max(2), n.max(2));
    if k > 64 && rows * k * columns <= SMALL {
        return (SMALL / (k * columns) + 1, columns);
    }
    (rows, columns)
}

/// The matrix with zeros appended to it along an axis, up to a length.
fn with_zeros<R: Real>(a: ArrayView2<'_, R>, axis: Axis, length: usize) -> CowArray<'_, R, Ix2> {
    if a.len_of(axis) == length {
        return a.into();
    }
    let mut shape = a.raw_dim();
    shape[axis.index()] = length;
    let mut larger = Array2::zeros(shape);
    larger.slice_axis_mut(axis, Slice::from(..a.len_of(axis))).assign(&a);
    larger.into()
}

/// Eigenvalues (ascending) and eigenvectors (columns, with any signs) of a symmetric matrix (lower
/// triangle read).
pub fn symmetric_eigen<R: Real>(a: Array2<R>) -> Result<(Vec<R>, Array2<R>)> {
    let n = a.nrows();
    let (mut values, mut vectors) = (vec![R::zero(); n], vec![R::zero(); n * n]);
    let workspace =
        self_adjoint_evd_scratch::<R>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    let done = self_adjoint_evd(
        as_faer(a.view()),
        DiagMut::from_slice_mut(&mut values),
        Some(MatMut::from_column_major_slice_mut(&mut vectors, n, n)),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(workspace)),
        Default::default(),
    );
    leave_wide_registers();
    done.map_err(|_| Error::Numerical("the eigendecomposition did not converge".into()))?;
    let vectors = Array2::from_shape_vec((n, n).f(), vectors).expect("n × n entries as made above");
    Ok((values, vectors))
}

/// The orthogonal factor of a QR decomposition of a square matrix.
pub fn orthogonal_factor<R: Real>(a: ArrayView2<'_, R>) -> Result<Array2<R>> {
    let q = as_faer(a).qr().compute_Q();
    leave_wide_registers();
    Ok(to_array(q.as_ref()))
}

/// The thin singular value decomposition, with any signs.
pub fn svd<R: Real>(a: ArrayView2<'_, R>) -> Result<(Array2<R>, Array1<R>, Array2<R>)> {
    let svd = as_faer(a).thin_svd();
    leave_wide_registers();
    let failed = |_| Error::Numerical("the singular value decomposition did not converge".into());
    let svd = svd.map_err(failed)?;
    let values = svd.S().column_vector().iter().copied().collect();
    Ok((to_array(svd.U()), values, to_array(svd.V())))
}
