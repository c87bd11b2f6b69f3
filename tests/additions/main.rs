//! What CONTRIBUTING says can be added in one file, added from outside: each file here is one
//! addition with the tests that it passes.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod linear_map;
mod matrix_state;
mod statistic;
