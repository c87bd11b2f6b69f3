//! Whole jobs, timed against peers by `scripts/compare/run`:
//! `cargo bench --bench jobs -- JOB [--lanes N,…] [--runs R] [--data DIR] [--quick]`.
//!
//! Every job first writes its problem to `DIR/JOB/`, from which the peers read it, and then prints
//! one JSON line for each repetition, with its seconds and the losses that peers must reproduce.
//! Only the work itself is timed, never drawing the problem.

mod comparators;
mod estimation;
mod least_squares;
mod networks;
mod output;
mod preparation;
mod reflector;
mod timed_products;
mod wide_network;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Anything that can go wrong ends the program with its text.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The root seed of all jobs: that of the configs.
const SEED: u64 = 2025;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Job {
    /// (a) Least squares: all algorithms, both coordinate systems, 15 rates, 5 trials.
    A,
    /// (b) Linear network in the basis of the global EGOP, Adam.
    B,
    /// (c) ReLU network on digits in the block EGOP's basis, Adam.
    C,
    /// (d) Sampling gradients, Gram matrix, eigenbases.
    D,
    /// (g) Steps of the methods that the paper's are compared with.
    G,
    /// (h) Network of 784-100-10 on Fashion-MNIST in original and in input coordinates, Adam.
    H,
    /// (i) A reflector of 78,400 × 100, both ways.
    I,
    /// (j) Set-up of low-rank and of input coordinates for the network of (h).
    J,
}

/// Times whole jobs.
#[derive(Debug, Parser)]
struct Args {
    /// Which one.
    job: Option<Job>,
    /// Numbers of learning rates trained at once (jobs b, c, g, h and i).
    #[arg(long, value_delimiter = ',')]
    lanes: Option<Vec<usize>>,
    /// Repetitions.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Where the problem is written.
    #[arg(long, default_value = "target/compare")]
    data: PathBuf,
    /// A short form, to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Cargo passes this.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let Some(job) = args.job else {
        eprintln!(
            "jobs: a plain `cargo bench` runs none of them; name one of a, b, c, d, g, h, i, j"
        );
        return Ok(());
    };
    match job {
        Job::A => least_squares::run(&args),
        Job::B => networks::linear(&args),
        Job::C => networks::digits(&args),
        Job::D => estimation::run(&args),
        Job::G => comparators::run(&args),
        Job::H => wide_network::run(&args),
        Job::I => reflector::run(&args),
        Job::J => preparation::run(&args),
    }
}
