//! Faster adaptive optimization by expected-gradient-outer-product (EGOP) reparameterization: the
//! experiments of the paper, and a library to go past them.
//!
//! The idea: estimate EGOP(f) = E_{θ~ρ}[∇f(θ)∇f(θ)ᵀ], take its orthonormal eigenbasis V, and
//! optimize f̃(θ̃) = f(Vθ̃) from θ̃₀ = Vᵀθ₀. Gradient descent and momentum do not care about V;
//! Adagrad and Adam do.
//!
//! Data flow one way. A config file is read into checked settings ([`config`], [`experiment`]),
//! other numbers from outside come in by one door ([`input`]).
//! The settings are planned as tasks and run in rounds ([`run`]): a *trial* draws a random instance
//! (an [`objective`] on [`data`], a start from a [`distribution`]), samples [`gradients`] for its
//! [`egop`], forms the [`coordinates`] that are trained ([`basis`]) and trains all its runs at once
//! ([`trial`]) as *lanes*, the rows of one matrix ([`lanes`]), each with an [`optimizer`] at a
//! learning rate. Their records ([`record`]) go to the [`store`]. Pure functions on records choose the next learning rates and
//! the best ones ([`mod@sweep`]) and judge the paper's claims ([`claim`]); a [`figure`] is drawn
//! from the stored tables alone, with a kit that knows nothing of experiments ([`drawing`]), and
//! what is printed, or put on a page ([`report`]), is summed up first ([`summary`]). Nothing below
//! knows of TOML, files or the terminal ([`cli`]).
//!
//! Every random number is a function of the seed, the trial and its purpose ([`rng`]), a lane's
//! bits do not depend on the lanes beside it ([`linalg`]), and trials run in parallel with
//! arithmetic that no number of threads changes: results are the same bytes for any number of
//! threads and any interruption.

pub mod basis;
pub mod claim;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod coordinates;
pub mod data;
pub mod distribution;
pub mod drawing;
pub mod egop;
pub mod error;
pub mod experiment;
mod exponential;
pub mod figure;
pub mod gradients;
pub mod input;
pub mod lanes;
pub mod linalg;
pub mod manual;
pub mod minibatch;
pub mod need;
pub mod objective;
pub mod optimizer;
pub mod provenance;
pub mod record;
pub mod report;
pub mod rng;
pub mod run;
pub mod schedule;
pub mod shipped;
mod simd;
pub mod store;
pub mod study;
pub mod summary;
pub mod sweep;
pub mod theory;
pub mod trial;

pub use error::{Error, Result};
