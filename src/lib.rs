//! EGOP reparameterization.

pub mod basis;
pub mod claim;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod data;
pub mod distribution;
pub mod egop;
pub mod error;
pub mod experiment;
pub mod figure;
pub mod lanes;
pub mod linalg;
pub mod minibatch;
pub mod objective;
pub mod optimizer;
pub mod provenance;
pub mod record;
pub mod rng;
pub mod run;
pub mod schedule;
pub mod store;
pub mod sweep;
pub mod trial;

pub use error::{Error, Result};
