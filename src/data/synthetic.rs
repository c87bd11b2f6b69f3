//! Random matrices with prescribed singular values.

use std::fmt;

use ndarray::{Array1, Array2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::Rng;
use ndarray_rand::rand_distr::StandardNormal;

use crate::config::{Allowed, Reader, key};
use crate::linalg::{self, Accum};

/// How singular values decay with their index k = 1, 2, …
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// s_k = k^(−exponent).
    Power {
        /// α.
        exponent: f64,
    },
    /// s_k = exp(−rate · (k − 1)).
    Exponential {
        /// Decay per index.
        rate: f64,
    },
}

impl Decay {
    /// Reads `kind` and `exponent` or `rate`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let kind = key("kind", "how singular values s_k decay with their index k = 1, 2, …");
        if reader.choice(kind, &[("power", true), ("exponential", false)])? {
            let exponent = key("exponent", "α of s_k = k^(−α)");
            let exponent = reader.number(exponent, Allowed::at_least(0.0))?;
            Some(Self::Power { exponent })
        } else {
            let rate = key("rate", "r of s_k = exp(−r (k − 1))");
            Some(Self::Exponential { rate: reader.number(rate, Allowed::at_least(0.0))? })
        }
    }

    /// The first `count` singular values, descending from 1.
    pub fn singular_values(self, count: usize) -> Array1<f64> {
        (0..count)
            .map(|k| match self {
                Self::Power { exponent } => ((k + 1) as f64).powf(-exponent),
                Self::Exponential { rate } => (-rate * k as f64).exp(),
            })
            .collect()
    }
}

/// A digit, raised; there is no raised point.
fn superscript(digit: char) -> Option<char> {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    DIGITS.get(usize::try_from(digit.to_digit(10)?).ok()?).copied()
}

impl fmt::Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Power { exponent } => {
                let power: Option<String> = exponent.to_string().chars().map(superscript).collect();
                match power {
                    Some(power) => write!(f, "singular values k⁻{power}"),
                    None => write!(f, "singular values k^(−{exponent})"),
                }
            }
            Self::Exponential { rate } => write!(f, "singular values exp(−{rate} (k − 1))"),
        }
    }
}

/// A vector of independent standard Gaussians.
pub fn gaussian_vector(length: usize, rng: &mut impl Rng) -> Array1<f64> {
    Array1::random_using(length, StandardNormal, rng)
}

/// A Haar-random matrix with orthonormal columns (`columns` ≤ `rows`): the orthonormal factor of
/// a Gaussian matrix, signs fixed.
pub fn orthonormal(rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f64> {
    let gaussian = Array2::random_using((rows, columns), StandardNormal, rng);
    linalg::orthonormal_columns(gaussian.view())
}

/// A matrix A = U diag(s) Wᵀ by its singular value decomposition.
#[derive(Clone, Debug)]
pub struct Svd {
    /// U, rows × rank, orthonormal columns.
    pub left: Array2<f64>,
    /// s, descending.
    pub singular_values: Array1<f64>,
    /// W, columns × rank, orthonormal columns.
    pub right: Array2<f64>,
}

impl Svd {
    /// A.
    pub fn matrix(&self) -> Array2<f64> {
        let mut matrix = Array2::zeros((self.left.nrows(), self.right.nrows()));
        let left = &self.left * &self.singular_values;
        linalg::product(left.view(), self.right.t(), Accum::Overwrite, matrix.view_mut());
        matrix
    }

    /// The shortest x with Ax = Uc, where a singular value of 0 lets x be 0.
    pub fn solve(&self, c: &Array1<f64>) -> Array1<f64> {
        let quotients = c.iter().zip(&self.singular_values);
        let quotients = quotients.map(|(&c, &s)| if s > 0.0 { c / s } else { 0.0 });
        self.right.dot(&quotients.collect::<Array1<f64>>())
    }
}

/// A `rows` × `columns` matrix U diag(s) Wᵀ with singular values that decay as `decay` says and
/// Haar-random singular vectors (spec: paper, D.5).
pub fn spectral_matrix(
    rows: usize,
    columns: usize,
    decay: Decay,
    rng: &mut impl Rng,
) -> Array2<f64> {
    let rank = rows.min(columns);
    let left = orthonormal(rows, rank, rng);
    let right = orthonormal(columns, rank, rng);
    Svd { left, singular_values: decay.singular_values(rank), right }.matrix()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    #[test]
    fn the_matrix_has_the_prescribed_singular_values() {
        for (rows, columns) in [(30, 7), (7, 30), (9, 9)] {
            for decay in [Decay::Power { exponent: 1.5 }, Decay::Exponential { rate: 0.7 }] {
                let a = spectral_matrix(rows, columns, decay, &mut Streams::new(3, 0).rng("data"));
                let (eigenvalues, _) = linalg::symmetric_eigen(a.t().dot(&a)).unwrap();
                for (k, s) in decay.singular_values(7).iter().enumerate() {
                    // Squared singular values of a matrix of norm 1, to the solver's accuracy.
                    assert!((eigenvalues[k] - s * s).abs() < 1e-13, "{rows} × {columns}, {k}");
                }
            }
        }
    }

    #[test]
    fn haar_matrices_are_orthonormal() {
        let q = orthonormal(40, 12, &mut Streams::new(3, 0).rng("data"));
        // Rounding of 40-term sums of numbers below 1.
        assert!(linalg::orthonormality_defect(q.view()) < 1e-14);
    }
}
