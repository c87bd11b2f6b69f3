//! The floating-point types, and what is asked of many numbers.

use ndarray::NdFloat;
#[cfg(feature = "openblas")]
use ndarray::{Array1, Array2};
use num_traits::ToPrimitive;

use super::{Dense, Kernel};
#[cfg(feature = "openblas")]
use crate::error::{Error, Result};
use crate::exponential::Exponential;
use crate::simd::vectorized;

/// The floating-point types in which experiments run: `f64` and `f32`.
pub trait Real:
    NdFloat
    + num_traits::FromPrimitive
    + faer::traits::RealField
    + std::iter::Sum
    + Kernel
    + Dense
    + Exponential
{
    /// The same numbers with their type named, for what differs between the two.
    fn numbers(numbers: &[Self]) -> Numbers<'_>;

    /// Eigenvalues (ascending) and eigenvectors of a symmetric matrix, by LAPACK. It is here
    /// because LAPACK's own trait, as a bound, would make `abs`, `sqrt` and others ambiguous.
    #[cfg(feature = "openblas")]
    #[doc(hidden)]
    fn lapack_eigen(matrix: &Array2<Self>) -> Result<(Array1<Self>, Array2<Self>)>;

    /// The orthogonal factor of a QR decomposition of a square matrix, by LAPACK.
    #[cfg(feature = "openblas")]
    #[doc(hidden)]
    fn lapack_orthogonal_factor(matrix: &Array2<Self>) -> Result<Array2<Self>>;

    /// The thin singular value decomposition, U, σ (descending) and V, by LAPACK.
    #[cfg(feature = "openblas")]
    #[doc(hidden)]
    fn lapack_svd(matrix: &Array2<Self>) -> Result<(Array2<Self>, Array1<Self>, Array2<Self>)>;
}

/// Numbers of either type.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// In singles.
    Singles(&'a [f32]),
    /// In doubles.
    Doubles(&'a [f64]),
}

macro_rules! real {
    ($real:ty, $numbers:ident) => {
        impl Real for $real {
            fn numbers(numbers: &[Self]) -> Numbers<'_> {
                Numbers::$numbers(numbers)
            }

            #[cfg(feature = "openblas")]
            fn lapack_eigen(matrix: &Array2<Self>) -> Result<(Array1<Self>, Array2<Self>)> {
                use ndarray_linalg::{Eigh, UPLO};
                matrix.eigh(UPLO::Lower).map_err(|error| Error::Numerical(error.to_string()))
            }

            #[cfg(feature = "openblas")]
            fn lapack_orthogonal_factor(matrix: &Array2<Self>) -> Result<Array2<Self>> {
                use ndarray_linalg::QR;
                let qr = matrix.qr().map_err(|error| Error::Numerical(error.to_string()));
                qr.map(|(q, _)| q.as_standard_layout().into_owned())
            }

            #[cfg(feature = "openblas")]
            fn lapack_svd(
                matrix: &Array2<Self>,
            ) -> Result<(Array2<Self>, Array1<Self>, Array2<Self>)> {
                use ndarray_linalg::{JobSvd, SVDDC};
                let svd = matrix.svddc(JobSvd::Some);
                match svd.map_err(|error| Error::Numerical(error.to_string()))? {
                    (Some(u), values, Some(vt)) => Ok((
                        u.as_standard_layout().into_owned(),
                        values,
                        vt.reversed_axes().as_standard_layout().into_owned(),
                    )),
                    _ => Err(Error::Numerical("LAPACK returned no singular vectors".into())),
                }
            }
        }
    };
}
real!(f64, Doubles);
real!(f32, Singles);

/// Whether `R` is `f32`.
pub fn is_single<R: Real>() -> bool {
    size_of::<R>() == size_of::<f32>()
}

/// Converts a double to `R` (rounding to nearest).
pub fn from_f64<R: Real>(value: f64) -> R {
    R::from_f64(value).expect("f32 and f64 take every f64, rounding")
}

/// Converts an `R` to a double, exactly.
pub fn to_f64<R: Real>(value: R) -> f64 {
    ToPrimitive::to_f64(&value).expect("f32 and f64 convert to f64 exactly")
}

/// Whether no entry is infinite or NaN. There is no early end, so that the loop can take many
/// entries at a time.
pub(crate) fn all_finite<'a, R: Real>(entries: impl Iterator<Item = &'a R>) -> bool {
    vectorized(|| entries.fold(true, |all, entry| all & entry.is_finite()))
}

/// The largest of some numbers that are not negative, 0 of none; NaN if one of them is NaN, which
/// `f64::max` would drop.
pub(crate) fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |largest, x| if x > largest || x.is_nan() { x } else { largest })
}

/// Σ x² in doubles.
pub(crate) fn sum_of_squares<R: Real>(entries: &[R]) -> f64 {
    sum(entries, |x| x.powi(2))
}

/// Σ |x| in doubles.
pub(crate) fn sum_of_magnitudes<R: Real>(entries: &[R]) -> f64 {
    sum(entries, f64::abs)
}

/// A sum in doubles, with eight partial sums so that it vectorizes; the order is fixed.
fn sum<R: Real>(entries: &[R], term: impl Fn(f64) -> f64) -> f64 {
    vectorized(|| {
        let mut sums = [0.0; 8];
        let chunks = entries.chunks_exact(8);
        let rest: f64 = chunks.remainder().iter().map(|&x| term(to_f64(x))).sum();
        for chunk in chunks {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                *sum += term(to_f64(x));
            }
        }
        sums.iter().sum::<f64>() + rest
    })
}
