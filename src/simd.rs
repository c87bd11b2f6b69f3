//! Loops compiled for the vector instructions that the machine has, found at run time.

use crate::linalg::{Real, to_f64};

/// Runs a loop with the widest vector instructions of this machine. The results are those of the
/// plain loop: rounding does not depend on the width.
///
/// Only what is inlined into `work` is compiled so.
#[inline(always)]
pub(crate) fn vectorized<T>(work: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(work)
}

/// Σ x² in doubles, with eight partial sums so that it vectorizes; the order is fixed.
pub(crate) fn sum_of_squares<R: Real>(entries: &[R]) -> f64 {
    vectorized(|| {
        let mut sums = [0.0; 8];
        let chunks = entries.chunks_exact(8);
        let rest: f64 = chunks.remainder().iter().map(|&x| to_f64(x).powi(2)).sum();
        for chunk in chunks {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                *sum += to_f64(x).powi(2);
            }
        }
        sums.iter().sum::<f64>() + rest
    })
}
