//! EGOP reparameterization.

pub mod basis;
pub mod config;
pub mod data;
pub mod error;
pub mod lanes;
pub mod linalg;
pub mod objective;
pub mod optimizer;
pub mod record;

pub use error::{Error, Result};
