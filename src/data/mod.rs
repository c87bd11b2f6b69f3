//! Data: synthetic matrices with prescribed singular values.

mod synthetic;

pub use synthetic::{Decay, gaussian_vector, orthonormal, spectral_matrix};
