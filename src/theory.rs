//! Coordinate-wise smoothness: the constants that convergence bounds for Adagrad depend on (paper,
//! eq. 1 and Theorem 3).

use ndarray::{Array2, ArrayView2};

use crate::linalg::{self, Accum};

/// A Hessian of an objective and where it is taken.
#[derive(Clone, Debug)]
pub struct Hessian {
    /// H (d × d), symmetric.
    pub matrix: Array2<f64>,
    /// In words.
    pub place: &'static str,
}

/// Bounds of the smallest Σ L_i with −diag(L) ⪯ H ⪯ diag(L) (paper, Lemma 10).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothnessBounds {
    /// sᵀHs for a sign vector s: sᵀ diag(L) s = Σ L_i. A local maximum over s; for a positive
    /// semidefinite H the best s is at most a factor π/2 below the smallest Σ L_i (Nesterov 1998).
    pub lower: f64,
    /// Σ_ij |H_ij|: L_i = Σ_j |H_ij| will do, as diag(L) − H is diagonally dominant.
    pub upper: f64,
}

impl SmoothnessBounds {
    /// For a symmetric matrix.
    pub fn of(hessian: ArrayView2<'_, f64>) -> Self {
        let starts = hessian.columns().into_iter().map(|column| column.mapv(f64::signum).to_vec());
        let lower = linalg::largest(starts.map(|signs| local_maximum(hessian, signs)));
        let upper = hessian.iter().map(|entry| entry.abs()).sum();
        // The two may be the same number, summed in another order.
        Self { lower: if lower > upper { upper } else { lower }, upper }
    }
}

/// sᵀHs after signs were flipped one at a time for as long as that raises it.
fn local_maximum(hessian: ArrayView2<'_, f64>, mut signs: Vec<f64>) -> f64 {
    let mut products = hessian.dot(&ndarray::ArrayView1::from(&signs));
    loop {
        // Flipping s_i changes sᵀHs by −4 (s_i (Hs)_i − H_ii).
        let gain = |i: usize| hessian[(i, i)] - signs[i] * products[i];
        let best = (0..signs.len()).map(|i| (gain(i), i)).max_by(|a, b| a.0.total_cmp(&b.0));
        // Smaller gains are rounding.
        let rounding = 1e-12 * products.iter().map(|x| x.abs()).sum::<f64>();
        let Some((_, i)) = best.filter(|(gain, _)| *gain > rounding) else { break };
        products.scaled_add(-2.0 * signs[i], &hessian.column(i));
        signs[i] = -signs[i];
    }
    signs.iter().zip(&products).map(|(sign, product)| sign * product).sum()
}

/// VᵀHV: the Hessian after a change of variables θ = V θ̃.
pub fn reparameterized(hessian: ArrayView2<'_, f64>, v: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut half = Array2::zeros(v.raw_dim());
    linalg::product(hessian, v, Accum::Overwrite, half.view_mut());
    let mut whole = Array2::zeros(v.raw_dim());
    linalg::product(v.t(), half.view(), Accum::Overwrite, whole.view_mut());
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Decay, orthonormal};
    use crate::rng::Streams;
    use ndarray::array;

    #[test]
    fn diagonal_matrices_are_their_own_constants() {
        let bounds = SmoothnessBounds::of(array![[3.0, 0.0], [0.0, 0.5]].view());
        assert_eq!(bounds, SmoothnessBounds { lower: 3.5, upper: 3.5 });
    }

    #[test]
    fn the_dense_rank_one_matrix_is_as_rough_as_can_be() {
        // For ssᵀ the smallest Σ L_i is d², though its largest eigenvalue is d.
        let signs = [1.0, -1.0, -1.0, 1.0, 1.0];
        let hessian = Array2::from_shape_fn((5, 5), |(i, j)| signs[i] * signs[j]);
        assert_eq!(
            SmoothnessBounds::of(hessian.view()),
            SmoothnessBounds { lower: 25.0, upper: 25.0 }
        );
    }

    #[test]
    fn the_lower_bound_is_the_best_sign_vector_of_small_matrices() {
        for seed in 0..50 {
            let q = orthonormal(8, 8, &mut Streams::new(seed, 0).rng("theory"));
            let values = Decay::Power { exponent: 1.0 }.singular_values(8);
            let hessian = (&q * &values).dot(&q.t());
            let best = (0..256_u32)
                .map(|bits| {
                    let s = ndarray::Array1::from_iter(
                        (0..8).map(|i| if bits >> i & 1 == 1 { 1.0 } else { -1.0 }),
                    );
                    s.dot(&hessian.dot(&s))
                })
                .fold(0.0, f64::max);
            let SmoothnessBounds { lower, upper } = SmoothnessBounds::of(hessian.view());
            // A local maximum from eight starts: within rounding of the best, or a little below.
            assert!((0.9 * best..=best * (1.0 + 1e-12)).contains(&lower), "{lower} of {best}");
            assert!(best <= upper * (1.0 + 1e-12));
        }
    }
}
