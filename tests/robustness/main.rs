//! What happens when things go wrong: programs killed, disks full, files damaged, runs that blow
//! up, many programs in one folder.
//!
//! Every test has a short form, which runs by default, and a full one, which runs where
//! `EGOP_TORTURE` is set (`scripts/torture`); each prints what it counted.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod concurrent;
mod damage;
mod divergence;
mod failures;
mod faults;
mod folders;
mod kill;
mod lab;
mod many;
mod meanwhile;
mod memory;
#[path = "../common/program.rs"]
mod program;
mod publishing;
mod random;
mod signals;
mod studies;
mod surroundings;
