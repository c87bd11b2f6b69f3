//! `egop-run`: see [`egop::cli::RunArgs`].

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    egop::cli::run(&egop::cli::RunArgs::parse())
}
