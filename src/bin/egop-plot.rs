//! `egop-plot`: see [`egop::cli::PlotArgs`].

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    egop::cli::plot(&egop::cli::PlotArgs::parse())
}
