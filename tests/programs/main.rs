//! The three programs as a user meets them: exit codes, output, files.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod accepted;
mod bases;
mod break_even;
mod counts;
mod curves;
mod divergence;
mod figures;
mod low_rank;
mod output;
mod own_data;
mod own_gradients;
mod pairs;
mod plans;
#[path = "../common/program.rs"]
mod program;
mod reestimation;
mod refusals;
mod report;
mod reproducibility;
mod resuming;
mod spectra;
mod studies;
mod timings;
mod verdicts;
mod workspace;
