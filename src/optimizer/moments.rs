//! Averages of gradients and of their squares.

use ndarray::{Array2, ArrayView2};

use crate::linalg::{Real, from_f64};
use crate::simd::vectorized;

/// a ← β a + (1−β) x. `a` is contiguous and row-major.
pub(super) fn average<R: Real>(a: &mut Array2<R>, beta: f64, x: ArrayView2<'_, R>) {
    blend(a, beta, x, |x| x);
}

/// a ← β a + (1−β) x².
pub(super) fn average_squares<R: Real>(a: &mut Array2<R>, beta: f64, x: ArrayView2<'_, R>) {
    blend(a, beta, x, |x| x * x);
}

#[inline(always)]
fn blend<R: Real>(a: &mut Array2<R>, beta: f64, x: ArrayView2<'_, R>, of: impl Fn(R) -> R) {
    let (beta, rest): (R, R) = (from_f64(beta), from_f64(1.0 - beta));
    let x = x.as_standard_layout();
    let x = x.as_slice().expect("made row-major above");
    let a = a.as_slice_mut().expect("averages are row-major");
    vectorized(|| a.iter_mut().zip(x).for_each(|(a, &x)| *a = beta * *a + rest * of(x)));
}

/// Adam's corrections of averages that began at 0: 1/(1 − βᵗ).
pub(super) fn correction(beta: f64, step: i32) -> f64 {
    1.0 / (1.0 - beta.powi(step))
}

/// ‖A‖, the root of the sum of the squares of its entries.
pub(super) fn norm<R: Real>(a: &Array2<R>) -> R {
    a.iter().map(|&x| x * x).sum::<R>().sqrt()
}
