//! Objectives, optimizers and bases against what independent programs computed.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod adam_variants;
mod comparators;
mod convex;
mod network;
mod values;
