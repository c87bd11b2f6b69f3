//! Data sets: examples with their splits, shipped (digits) or found (Fashion-MNIST).

pub mod digits;
mod examples;
pub mod fashion_mnist;
mod files;
mod split;

pub use examples::{DataSet, Examples, Targets};
pub use split::stratified;
