//! Sweeps planned for Slurm, with a `sbatch` and a `scontrol` of our own first in the PATH. A real
//! Slurm is met in `scripts/test-slurm`.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod array_tasks;
mod lab;
mod schedulers;
mod submitting;
