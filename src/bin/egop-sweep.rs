//! `egop-sweep`: see [`egop::cli::SweepArgs`].

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    egop::cli::sweep(&egop::cli::SweepArgs::parse())
}
