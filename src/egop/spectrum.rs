//! Spectra of EGOP matrices and the measures that the paper's theory uses.

use ndarray::{ArcArray2, Array1, Array2};

use crate::error::{Error, Result};
use crate::linalg;

/// The eigendecomposition of an EGOP matrix.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// λ₁ ≥ λ₂ ≥ …; rounding's negative values are raised to 0.
    pub eigenvalues: Array1<f64>,
    /// Whether those that are not listed are 0; otherwise they are not known.
    pub complete: bool,
    /// Orthonormal eigenvectors v₁, v₂, … as columns, signs fixed, perhaps of the leading eigenvalues
    /// only; shared by clones.
    pub eigenvectors: ArcArray2<f64>,
}

impl Spectrum {
    /// Decomposes an EGOP matrix (lower triangle read).
    ///
    /// # Errors
    /// As for [`linalg::symmetric_eigen`], and when no eigenvalue is above 0.
    pub fn of(egop: Array2<f64>) -> Result<Self> {
        let (eigenvalues, eigenvectors) = linalg::symmetric_eigen(egop)?;
        if eigenvalues.first().is_none_or(|&largest| largest <= 0.0) {
            return Err(Error::NoDirections(
                "EGOP estimation: all sampled gradients are 0 here, so there are no eigenvectors to \
                 prefer",
            ));
        }
        let eigenvalues = eigenvalues.mapv_into(|value| value.max(0.0));
        Ok(Self { eigenvalues, complete: true, eigenvectors: eigenvectors.into() })
    }

    /// Σ_k √λ_k / √λ₁ ∈ [1, d]: the nuclear over the spectral norm of the gradient bundle
    /// (paper, eq. 3, whose roots are reconstructed). `None`: not all of them are known.
    pub fn stable_rank(&self) -> Option<f64> {
        let sum = || self.eigenvalues.iter().map(|value| value.sqrt()).sum::<f64>();
        self.complete.then(|| sum() / self.eigenvalues[0].sqrt())
    }

    /// Σ_k λ_k / λ₁ ∈ [1, d]. `None`: not all of them are known.
    pub fn intrinsic_dimension(&self) -> Option<f64> {
        self.complete.then(|| self.eigenvalues.sum() / self.eigenvalues[0])
    }

    /// β_k = ‖v_k‖₁/√d ∈ [1/√d, 1] for the eigenvector with index `k` from 0 (paper, Theorem 3).
    pub fn density(&self, k: usize) -> f64 {
        let vector = self.eigenvectors.column(k);
        vector.iter().map(|entry| entry.abs()).sum::<f64>() / (vector.len() as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::orthonormal;
    use crate::rng::Streams;

    /// Paper, section 4.1: random unit vectors are dense with high probability. ‖v‖₁/√d has mean √(2/π)
    /// and deviation √((1 − 2/π)/d), as of independent entries: 0.011 here, and five of it for all ten.
    #[test]
    fn random_unit_vectors_are_dense() {
        let (size, count) = (3000, 10);
        let eigenvectors = orthonormal(size, count, &mut Streams::new(5, 0).rng("dense"));
        let eigenvalues = Array1::ones(count);
        let spectrum = Spectrum { eigenvalues, complete: false, eigenvectors: eigenvectors.into() };
        for k in 0..count {
            let off = spectrum.density(k) - std::f64::consts::FRAC_2_PI.sqrt();
            assert!(off.abs() < 0.055, "{k}: {off}");
        }
    }
}
