//! Data: random matrices with prescribed singular values, and data sets with their splits.

pub mod digits;
mod examples;
pub mod fashion_mnist;
mod files;
mod inputs;
mod split;
mod synthetic;

pub use examples::{DataSet, Examples, Targets};
pub use inputs::{InputMoments, Inputs};
pub use split::{Split, stratified};
pub use synthetic::{Decay, Svd, gaussian_vector, orthonormal, spectral_matrix};
