//! Data: random matrices with prescribed singular values, and data sets with their splits.

pub mod digits;
mod examples;
pub mod fashion_mnist;
mod files;
mod inputs;
mod split;
mod synthetic;
mod user_examples;
mod user_files;

pub use examples::{DataSet, Examples, Targets};
pub use inputs::{InputMoments, Inputs};
pub use split::{Split, stratified};
pub use synthetic::{Decay, Svd, gaussian_vector, orthonormal, spectral_matrix};
pub use user_examples::{Division, USER_KEYS, UserExamples};
pub use user_files::{UserFiles, UserRows, WithSums, out_of_range};
