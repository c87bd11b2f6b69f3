//! (A + εI)^(−1/2) b without the eigenvectors of A.
//!
//! A = Q T Qᵀ with a tridiagonal T, and x^(−1/2) ≈ Σ w/(x + s) with a few dozen poles −s, to
//! rounding: the integral (2/π) ∫ dt/(t² + x) by the midpoint rule after the change of variables of
//! Hale, Higham & Trefethen (SIAM J. Numer. Anal. 46, 2008, method 3), t = √m sc(u), which makes
//! the rule converge like exp(−2π²N/(log(M/m) + 3)) for all x in [m, M]. Each pole takes a
//! tridiagonal system, and some poles are solved for side by side. At d = 50 that is a quarter of
//! the time of an eigendecomposition.

use std::f64::consts::PI;
use std::iter::successors;

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::function::function_times;
use super::tridiagonal::Tridiagonal;
use super::{Real, finite, from_f64, to_f64};
use crate::error::Result;
use crate::simd::vectorized;

/// Poles whose systems are solved side by side.
const ABREAST: usize = 16;
/// How many roundings of A's trace ε must exceed: eigenvalues of A below 0, which are rounding
/// errors, would come near the poles.
const CLEAR: f64 = 1000.0;

/// (A + εI)^(−1/2) b for a symmetric A without negative eigenvalues; those that rounding makes count
/// as 0.
///
/// # Errors
/// When an entry of A is not finite or an iteration does not converge.
pub fn inverse_root_times<R: Real>(
    a: ArrayView2<'_, R>,
    eps: R,
    b: ArrayView1<'_, R>,
) -> Result<Array1<R>> {
    finite(a, "root")?;
    let (trace, rounding) = (to_f64(a.diag().sum()), to_f64(R::epsilon()));
    if to_f64(eps) < CLEAR * rounding * trace {
        let root = |value: R| (value.max(R::zero()) + eps).sqrt().recip();
        return function_times(a, root, b);
    }
    let terms = Terms::new(to_f64(eps), trace + to_f64(eps), rounding);
    let tridiagonal = Tridiagonal::of(a, R::one());
    let mut vector = b.to_vec();
    tridiagonal.turn(&mut vector, false);
    vectorized(|| terms.add_up(&tridiagonal.diagonal, eps, &tridiagonal.beside, &mut vector));
    tridiagonal.turn(&mut vector, true);
    Ok(vector.into())
}

/// The poles and weights of Σ w/(x + s), some at a time.
struct Terms<R>(Vec<[[R; ABREAST]; 2]>);

impl<R: Real> Terms<R> {
    /// For x from m to M, with errors below a rounding.
    fn new(lowest: f64, highest: f64, rounding: f64) -> Self {
        let wanted = (1.0 - rounding.ln()) * ((highest / lowest).ln() + 3.0) / (2.0 * PI * PI);
        let groups = (wanted / ABREAST as f64).ceil() as usize;
        let count = groups * ABREAST;
        // Arithmetic and geometric means, whose limit gives the elliptic integral, and Landen's
        // transformations from the trigonometric functions up to Jacobi's.
        let next =
            |&(a, g): &(f64, f64)| (a - g > 1e-8 * a).then(|| (0.5 * (a + g), (a * g).sqrt()));
        let means: Vec<_> = successors(Some((1.0, (lowest / highest).sqrt())), next).collect();
        let limit = means.last().map_or(1.0, |(a, g)| 0.5 * (a + g));
        let term = |index: usize| {
            let angle = PI * (index as f64 + 0.5) / (2 * count) as f64;
            let (mut ratio, mut delta) = (angle.tan().recip(), 1.0);
            let mut cs = limit * ratio;
            for (a, g) in means.iter().rev() {
                ratio *= cs;
                cs *= delta;
                delta = (g + ratio) / (a + ratio);
                ratio = cs / a;
            }
            let pole = lowest / (cs * cs);
            let weight = lowest.sqrt() / (limit * count as f64) * delta * (1.0 + (cs * cs).recip());
            [pole, weight]
        };
        let group = |group: usize| {
            let terms: [[f64; 2]; ABREAST] =
                std::array::from_fn(|index| term(group * ABREAST + index));
            [0, 1].map(|which| terms.map(|term| from_f64(term[which])))
        };
        Self((0..groups).map(group).collect())
    }

    /// b ← Σ w (T + (ε + s)I)⁻¹ b, by elimination from the first row to the last.
    #[inline(always)]
    fn add_up(&self, diagonal: &[R], eps: R, beside: &[R], b: &mut [R]) {
        let n = diagonal.len();
        let zeros = [R::zero(); ABREAST];
        let (mut inverses, mut reduced) = (vec![zeros; n], vec![zeros; n]);
        let mut sums = vec![zeros; n];
        for [poles, weights] in &self.0 {
            let (mut inverse, mut above, mut beside_above) = (zeros, zeros, R::zero());
            for i in 0..n {
                for k in 0..ABREAST {
                    let factor = beside_above * inverse[k];
                    above[k] = b[i] - factor * above[k];
                    inverse[k] = (diagonal[i] + eps + poles[k] - factor * beside_above).recip();
                }
                (inverses[i], reduced[i]) = (inverse, above);
                beside_above = beside[i];
            }
            let mut below = zeros;
            for i in (0..n).rev() {
                let beside = beside[i];
                for k in 0..ABREAST {
                    below[k] = (reduced[i][k] - beside * below[k]) * inverses[i][k];
                    sums[i][k] += weights[k] * below[k];
                }
            }
        }
        b.iter_mut().zip(&sums).for_each(|(b, sums)| *b = sums.iter().copied().sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::function::tests::{by_eigenvectors, symmetric};

    #[test]
    fn the_terms_sum_to_the_inverse_root() {
        for range in [1.0, 1.0 + 1e-9, 10.0, 1e4, 1e8, 1e12] {
            let (lowest, highest) = (1e-4, 1e-4 * range);
            let Terms(groups) = Terms::<f64>::new(lowest, highest, f64::EPSILON);
            for x in [0.0, 0.1, 0.5, 0.9, 1.0].map(|power| lowest * range.powf(power)) {
                let terms = groups.iter().flat_map(|[poles, weights]| poles.iter().zip(weights));
                let sum: f64 = terms.map(|(pole, weight)| weight / (x + pole)).sum();
                // Some roundings of each of up to 64 terms, which are all positive.
                let error = sum * x.sqrt() - 1.0;
                assert!(error.abs() < 64.0 * f64::EPSILON, "{range:e} at {x:e}: {error:e}");
            }
        }
    }

    fn agrees_with_eigenvectors<R: Real>(scales: &[f64]) {
        for n in [1, 2, 3, 4, 7, 20, 50, 70] {
            for (rank, &scale) in
                [0, 1, n / 2, n].into_iter().flat_map(|r| scales.iter().map(move |s| (r, s)))
            {
                let (a, eps) = (symmetric::<R>(n, rank, scale), from_f64::<R>(1e-2));
                let b = Array1::from_shape_fn(n, |i| from_f64::<R>((i as f64 + 0.3).cos()));
                let root = |value: R| (value.max(R::zero()) + eps).sqrt().recip();
                let expected = by_eigenvectors(a.clone(), root, b.view());
                let found = inverse_root_times(a.view(), eps, b.view()).unwrap();
                // Both move eigenvalues by some roundings of A, which matter against ε.
                let size = to_f64(a.diag().sum()) + 1e-2;
                let tolerance = 10.0 * to_f64(R::epsilon()) * size / 1e-2;
                let most = b.dot(&b).sqrt() * root(R::zero());
                for (&found, &expected) in found.iter().zip(&expected) {
                    let error = to_f64((found - expected).abs() / most);
                    assert!(error <= tolerance, "{n}, {rank}, {scale}: {error:e}");
                }
            }
        }
    }

    #[test]
    fn it_is_what_eigenvectors_give() {
        agrees_with_eigenvectors::<f64>(&[1e-3, 1.0, 1e6, 1e20]);
        agrees_with_eigenvectors::<f32>(&[1e-3, 1.0, 1e6]);
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let mut a = symmetric::<f64>(5, 5, 1.0);
        a[(2, 2)] = f64::INFINITY;
        assert!(inverse_root_times(a.view(), 1e-4, a.row(0)).is_err());
    }
}
