//! What a back end does, for each type.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2};

use super::{Accum, backend};
use crate::error::Result;

/// Products and decompositions by the back end, compiled here for both types: what is generic is compiled
/// by every program that uses it, and of a decomposition of faer's that is as much as of hundreds of
/// functions.
pub trait Dense: Sized {
    /// As [`super::product`].
    fn product(
        a: ArrayView2<'_, Self>,
        b: ArrayView2<'_, Self>,
        into: Accum,
        c: ArrayViewMut2<'_, Self>,
    );

    /// Eigenvalues (ascending) and eigenvectors (columns, with any signs) of a symmetric matrix, of
    /// which only the lower triangle is used.
    ///
    /// # Errors
    /// When the iteration does not converge.
    fn symmetric_eigen(a: Array2<Self>) -> Result<(Vec<Self>, Array2<Self>)>;

    /// As [`super::orthogonal_factor`], of a matrix that is finite.
    ///
    /// # Errors
    /// When the decomposition fails.
    fn orthogonal_factor(a: ArrayView2<'_, Self>) -> Result<Array2<Self>>;

    /// As [`super::svd`], of a matrix that is finite.
    ///
    /// # Errors
    /// When the iteration does not converge.
    fn svd(a: ArrayView2<'_, Self>) -> Result<(Array2<Self>, Array1<Self>, Array2<Self>)>;
}

macro_rules! dense {
    ($real:ty) => {
        impl Dense for $real {
            fn product(
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                into: Accum,
                c: ArrayViewMut2<'_, Self>,
            ) {
                backend::product(a, b, into, c);
            }

            fn symmetric_eigen(a: Array2<Self>) -> Result<(Vec<Self>, Array2<Self>)> {
                backend::symmetric_eigen(a)
            }

            fn orthogonal_factor(a: ArrayView2<'_, Self>) -> Result<Array2<Self>> {
                backend::orthogonal_factor(a)
            }

            fn svd(a: ArrayView2<'_, Self>) -> Result<(Array2<Self>, Array1<Self>, Array2<Self>)> {
                backend::svd(a)
            }
        }
    };
}
dense!(f64);
dense!(f32);
