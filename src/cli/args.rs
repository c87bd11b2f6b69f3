//! The arguments of the three programs.

use std::path::PathBuf;

use clap::{Args, Parser};

/// Runs an experiment from its TOML file: estimates the EGOP, tunes learning rates, trains in
/// original and in reparameterized coordinates, and writes tables, figures and verdicts.
#[derive(Debug, Parser)]
#[command(name = "egop-run", version)]
pub struct RunArgs {
    #[command(flatten)]
    pub(super) experiment: ExperimentArgs,
    /// Exit with 3 when a claim is not reproduced
    #[arg(long)]
    pub(super) strict: bool,
}

/// Tunes the learning rates of an experiment and prints the best ones; egop-run finds a finished
/// sweep and does not repeat it.
#[derive(Debug, Parser)]
#[command(name = "egop-sweep", version)]
pub struct SweepArgs {
    #[command(flatten)]
    pub(super) experiment: ExperimentArgs,
}

/// Redraws the figures of a results folder from its tables alone.
#[derive(Debug, Parser)]
#[command(name = "egop-plot", version)]
pub struct PlotArgs {
    /// The results folder, such as results/lsq
    pub(super) results: PathBuf,
    /// Only these figures (the names of their files, without the extension)
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// Print nothing but errors
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What egop-run and egop-sweep share.
#[derive(Debug, Args)]
pub struct ExperimentArgs {
    /// The experiment, such as configs/lsq.toml
    #[arg(required_unless_present = "list")]
    pub(super) config: Option<PathBuf>,
    /// Override a key of the config, such as training.steps=100 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// A profile of the config: quick, default or paper
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// The results folder [default: results/<name>, with -<profile> for another than the default]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Where data sets are kept, if not at the usual places
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Threads [default: all processors]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Say what would run, what is done already and what it costs; run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Forget the finished tasks of the results folder and do everything again
    #[arg(long)]
    pub(super) force: bool,
    /// List objectives, optimizers, bases, figures, claim tests and metrics
    #[arg(long)]
    pub(super) list: bool,
    /// Print no progress and no tables
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Print results as JSON
    #[arg(long)]
    pub(super) json: bool,
}
