//! The second back end: the system's OpenBLAS.

use super::{Accum, ArrayView2, ArrayViewMut2, InBlocks, Real, Upcoming};
use crate::error::Result;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2};

/// The k × n right factor B of products A B.
#[derive(Debug)]
pub struct Factor<R>(Array2<R>);

impl<R: Real> Factor<R> {
    /// Of a matrix.
    pub fn new(matrix: ArrayView2<'_, R>) -> Self {
        Self(matrix.to_owned())
    }

    /// A factor for each matrix, its numbers rounded.
    pub fn side_by_side<'a, T: Copy + 'a>(
        matrices: impl IntoIterator<Item = ArrayView2<'a, T>>,
        round: impl Fn(T) -> R,
    ) -> Vec<Self> {
        matrices.into_iter().map(|matrix| Self(matrix.mapv(&round))).collect()
    }

    /// The matrix as it was.
    pub fn to_matrix(&self) -> Array2<R> {
        self.0.clone()
    }

    /// C ← A B.
    pub fn multiply(&self, a: ArrayView2<'_, R>, c: ArrayViewMut2<'_, R>, _: &mut [R]) {
        super::product(a, self.0.view(), Accum::Overwrite, c);
    }

    /// The same for A and C in blocks of columns.
    pub fn multiply_blocks(
        &self,
        a: InBlocks<'_, &[R]>,
        mut c: InBlocks<'_, &mut [R]>,
        work: &mut [R],
    ) {
        assert_eq!((c.rows(), c.width()), (a.rows(), self.0.ncols()), "C's shape");
        let rows = work.split_at_mut(a.rows() * a.width()).0;
        a.copy_to(rows);
        let rows = ArrayView2::from_shape((a.rows(), a.width()), rows);
        let product = super::times(rows.expect("there are so many entries"), self.0.view());
        c.copy_from(product.as_slice().expect("products are row-major"));
    }

    /// The same: OpenBLAS fetches what it needs itself.
    pub fn multiply_fetching(
        &self,
        a: ArrayView2<'_, R>,
        c: ArrayViewMut2<'_, R>,
        work: &mut [R],
        _: Upcoming<'_, R>,
    ) {
        self.multiply(a, c, work);
    }
}

/// What the default back end asks of a type.
pub trait Kernel {}
impl<R> Kernel for R {}

pub fn product<R: Real>(
    a: ArrayView2<'_, R>,
    b: ArrayView2<'_, R>,
    into: Accum,
    mut c: ArrayViewMut2<'_, R>,
) {
    let beta = match into {
        Accum::Overwrite => R::zero(),
        Accum::Add => R::one(),
    };
    general_mat_mul(R::one(), &a, &b, beta, &mut c);
}

/// Eigenvalues (ascending) and eigenvectors (columns, with any signs) of a symmetric matrix (lower
/// triangle read).
pub fn symmetric_eigen<R: Real>(a: Array2<R>) -> Result<(Vec<R>, Array2<R>)> {
    // LAPACK takes no empty matrix.
    if a.is_empty() {
        return Ok((Vec::new(), a));
    }
    // A symmetric matrix: the row-major lower triangle is the column-major upper one, so the
    // matrix is completed first and either triangle may be read.
    let full = Array2::from_shape_fn(a.raw_dim(), |(i, j)| a[(i.max(j), i.min(j))]);
    drop(a);
    let (values, vectors) = R::lapack_eigen(&full)?;
    Ok((values.to_vec(), vectors))
}

/// The orthogonal factor of a QR decomposition of a square matrix.
pub fn orthogonal_factor<R: Real>(a: ArrayView2<'_, R>) -> Result<Array2<R>> {
    if a.is_empty() { Ok(a.to_owned()) } else { R::lapack_orthogonal_factor(&a.to_owned()) }
}

/// The thin singular value decomposition, with any signs.
pub fn svd<R: Real>(a: ArrayView2<'_, R>) -> Result<(Array2<R>, Array1<R>, Array2<R>)> {
    if a.is_empty() {
        let (rows, columns) = a.dim();
        return Ok((Array2::zeros((rows, 0)), Array1::zeros(0), Array2::zeros((columns, 0))));
    }
    R::lapack_svd(&a.to_owned())
}
