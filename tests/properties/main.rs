//! What must hold of everything that is registered: objectives, bases, EGOP estimates.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod absorbed;
mod bases;
mod composed;
mod egop;
mod equivariance;
mod instances;
mod lemmas;
mod maps;
mod objectives;
mod reestimation;
mod rotated_data;
mod sampling;
mod symmetry;
mod wrapped;
