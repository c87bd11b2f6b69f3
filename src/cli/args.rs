//! The arguments of the three programs.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::{
    Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand,
    value_parser,
};
use clap_complete::Shell;

use crate::cli::init::Template;
use crate::cluster::{REGISTRY, Scheduler};
use crate::input::words;

/// Runs an experiment from its TOML file: estimates the EGOP, tunes learning rates, trains in
/// original and in reparameterized coordinates, and writes tables, figures and verdicts.
///
/// `egop-run lsq` runs an experiment that comes with the program, `egop-run fig5` those that show a
/// figure of the paper, `egop-run mine.toml` one of your own; `egop-run --list` names them.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "egop-run",
    version,
    override_usage = "egop-run [OPTIONS] CONFIG\n       \
                      egop-run [OPTIONS] --all\n       \
                      egop-run --list\n       \
                      egop-run --explain WORD\n       \
                      egop-run --init NAME [--kind KIND]\n       \
                      egop-run --status DIR [--json]\n       \
                      egop-run --completions SHELL\n       \
                      egop-run --man"
)]
pub struct RunArgs {
    #[command(flatten)]
    pub(super) experiment: ExperimentArgs,
    /// Run everything that comes with the program, which takes hours, and write one page over it
    /// (all.html beside the results folders); what needs data that are not on this machine is skipped
    #[arg(long, conflicts_with_all = ["config", "list", "save_basis"])]
    pub(super) all: bool,
    /// Say what a key of a config, a claim, a metric, a column of a table or a term is
    #[arg(long, value_name = "WORD", exclusive = true)]
    pub(super) explain: Option<String>,
    /// Say how far the work in a folder is, whoever does it: what is done, running, failed, and the time
    /// left; of a results folder, a plan's, or one that results folders are in
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = OF_WORK,
        conflicts_with_all = ["all", "list", "strict", "save_basis", "save_instance"]
    )]
    pub(super) status: Option<PathBuf>,
    /// Write NAME.toml, a config with comments to start from: a small one, or the one of this name that
    /// comes with the program; and egop.schema.json, by which editors check it. Never over a file
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["ExperimentArgs", "all", "explain", "status", "strict", "save_basis", "save_instance"]
    )]
    pub(super) init: Option<String>,
    /// What the small config of --init is about: least squares if this is not given, a network, or
    /// gradients that were sampled elsewhere
    #[arg(
        long,
        value_name = "KIND",
        requires = "init",
        conflicts_with_all = ["ExperimentArgs", "all", "status"]
    )]
    pub(super) kind: Option<Template>,
    #[command(flatten)]
    pub(super) of_program: OfProgram,
    /// Exit with 3 unless every claim is reproduced: inconclusive or not judged will not do
    #[arg(long)]
    pub(super) strict: bool,
    /// Write the changes of variables to basis/ in the results folder, as NumPy's .npy files
    #[arg(long)]
    pub(super) save_basis: bool,
    /// Write all that the runs of this trial are made of to instance/, as .npy files: data, start, order of
    /// minibatches, sampled gradients, bases (scripts/replay.py trains on them)
    #[arg(long, value_name = "TRIAL")]
    pub(super) save_instance: Option<usize>,
}

impl RunArgs {
    /// Those that this program was called with; mistakes among them end it.
    pub fn of_this_program() -> Self {
        Self::parse()
    }
}

/// Tunes the learning rates of an experiment and prints the best ones; egop-run finds a finished
/// sweep and does not repeat it.
///
/// On a cluster: `egop-sweep CONFIG --emit-slurm DIR`, then `DIR/submit.sh`.
#[derive(Debug, Parser)]
#[command(
    name = "egop-sweep",
    version,
    args_conflicts_with_subcommands = true,
    override_usage = "egop-sweep [OPTIONS] CONFIG\n       \
                      egop-sweep --list\n       \
                      egop-sweep --completions SHELL\n       \
                      egop-sweep --man\n       \
                      egop-sweep COMMAND"
)]
pub struct SweepArgs {
    #[command(flatten)]
    pub(super) experiment: ExperimentArgs,
    #[command(flatten)]
    pub(super) plan: PlanArgs,
    #[command(flatten)]
    pub(super) of_program: OfProgram,
    #[command(subcommand)]
    pub(super) command: Option<SweepCommand>,
}

/// Planning for a cluster.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub(super) target: Target,
    /// Plan anew in a folder that has a plan, only what is not done
    #[arg(long, requires = EMIT)]
    pub(super) only_missing: bool,
    /// About how long an array task takes at least, in minutes [default: 5]
    #[arg(
        long,
        alias = "element-minutes",
        value_name = "MINUTES",
        requires = EMIT,
        value_parser = words::minutes
    )]
    pub(super) array_task_minutes: Option<f64>,
}

/// Any of the flags that ask for a plan.
const EMIT: &str = "emit";

/// What a plan is written for: the two flags of each scheduler.
#[derive(Debug, Default)]
pub struct Target {
    /// The scheduler, and the plan's folder.
    pub(super) emit: Option<(&'static dyn Scheduler, PathBuf)>,
    /// The scheduler's options.
    pub(super) options: Vec<String>,
}

impl Args for Target {
    fn augment_args(command: Command) -> Command {
        let emit = REGISTRY.iter().map(|scheduler| scheduler.emit_flag());
        let command = command.group(ArgGroup::new(EMIT).args(emit));
        REGISTRY.iter().fold(command, |command, scheduler| {
            let emit = Arg::new(scheduler.emit_flag())
                .long(scheduler.emit_flag())
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .conflicts_with_all(["dry_run", "force", "json", "list"])
                .help(format!(
                    "Run nothing; plan the next round for {} and write plan, scripts and program \
                     to a folder",
                    scheduler.title()
                ));
            let check = |option: &str| scheduler.check(option).map(|()| option.to_owned());
            let options = Arg::new(scheduler.name())
                .long(scheduler.name())
                .value_name("KEY=VALUE")
                .num_args(1..)
                .action(ArgAction::Append)
                .requires(scheduler.emit_flag())
                .value_parser(check)
                .help(scheduler.options_help());
            command.arg(emit).arg(options)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Target {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let asked = |&scheduler: &&'static dyn Scheduler| {
            Some((scheduler, matches.get_one::<PathBuf>(scheduler.emit_flag())?.clone()))
        };
        let Some(emit) = REGISTRY.iter().find_map(asked) else { return Ok(Self::default()) };
        let options = matches.get_many::<String>(emit.0.name()).unwrap_or_default();
        Ok(Self { options: options.cloned().collect(), emit: Some(emit) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What is done with a plan's folder.
#[derive(Debug, Subcommand)]
pub enum SweepCommand {
    /// Does one array task of a plan; what is done already is not repeated
    RunTask {
        /// The plan's folder
        dir: PathBuf,
        /// The array task
        #[arg(long, value_name = "N")]
        index: usize,
        /// Threads [default: $SLURM_CPUS_PER_TASK, or all processors]
        #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        threads: Option<u16>,
        /// Print no progress
        #[arg(long, short)]
        quiet: bool,
    },
    /// Writes the tables when all is done; plans the next round when that is what comes next; lists
    /// what is missing, and exits with 3, when something is
    Merge {
        /// The plan's folder
        dir: PathBuf,
        /// Give up what is missing: write tables that say n=9/10 and go on to the next round
        #[arg(long)]
        allow_partial: bool,
        /// Print no tables
        #[arg(long, short)]
        quiet: bool,
    },
    /// Says how far a plan is; needs no Slurm
    Status {
        /// The plan's folder
        dir: PathBuf,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Redraws the figures of a results folder, and its report, from its tables alone.
///
/// With --figure and --out, it puts one figure of each of several folders side by side instead:
/// `egop-plot results/log-sum-exp results/logistic results/lsq --figure fig5 --out fig5.png`;
/// with --report, all of several folders on one page: `egop-plot results/* --report all.html`;
/// with --compare, it says in what two folders differ.
#[derive(Debug, Parser)]
#[command(
    name = "egop-plot",
    version,
    override_usage = "egop-plot [OPTIONS] DIR\n       \
                      egop-plot DIR... --figure NAME --out FILE\n       \
                      egop-plot DIR... --report FILE\n       \
                      egop-plot DIR DIR --compare [--out FILE]\n       \
                      egop-plot DIR... --clean\n       \
                      egop-plot --completions SHELL\n       \
                      egop-plot --man",
    group = ArgGroup::new("mode").args(["only", "figure", "report", "compare", "clean"]),
    group = ArgGroup::new("written").args(["figure", "compare"]).multiple(true)
)]
pub struct PlotArgs {
    /// The results folder, such as results/lsq; several with --figure, --report or --clean, two with --compare
    #[arg(required_unless_present_any = ["completions", "man"], value_name = "DIR")]
    pub(super) results: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) of_program: OfProgram,
    /// Only these figures (the names of their files, without the extension)
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// Put this figure of each folder on one page: the one of this name, or the only one whose name
    /// begins with it (fig5 means fig5a, fig5b or fig5c)
    #[arg(long, value_name = "NAME", requires = "out")]
    pub(super) figure: Option<String>,
    /// Put all that the folders hold on this one page (HTML)
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Say in what two folders differ: settings, learning rates, verdicts
    #[arg(long)]
    pub(super) compare: bool,
    /// Remove finished tasks that no table of the folders is made of, such as those of other trials or
    /// learning rates
    #[arg(long)]
    pub(super) clean: bool,
    /// The picture of --figure, PNG or SVG by its extension, or the page of --compare (HTML);
    /// FILE.sha256 beside it has its checksum, and a file that is not as egop-plot wrote it is not
    /// written over
    #[arg(long, value_name = "FILE", requires = "written")]
    pub(super) out: Option<PathBuf>,
    /// Print the comparison as JSON
    #[arg(long, requires = "compare")]
    pub(super) json: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What every program says of itself.
#[derive(Clone, Debug, Default, Args)]
pub struct OfProgram {
    /// Print completions for a shell, to be saved where it looks for them (bash:
    /// ~/.local/share/bash-completion/completions/PROGRAM)
    #[arg(long, value_name = "SHELL", exclusive = true)]
    pub(super) completions: Option<Shell>,
    /// Print the manual page, for `man -l -`
    #[arg(long, exclusive = true)]
    pub(super) man: bool,
}

/// The arguments that say which work is done, and how.
const OF_WORK: [&str; 13] = [
    "config",
    "set",
    "profile",
    "out",
    "data_dir",
    "threads",
    "memory",
    "dry_run",
    "force",
    "replace",
    "fail_fast",
    "max_failures",
    "quiet",
];

/// What egop-run and egop-sweep share.
#[derive(Clone, Debug, Default, Args)]
pub struct ExperimentArgs {
    /// The experiment: one that comes with the program by its name, such as lsq, or a file
    pub(super) config: Option<PathBuf>,
    /// Override a key of the config, such as training.steps=100 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// A profile of the config: quick, default or paper
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// The results folder [default: results/<name>, with -<profile> for another than the default]; of
    /// several experiments the folder that these are in
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Where data sets are kept, if not at the usual places
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Threads [default: $SLURM_CPUS_PER_TASK, or all processors]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Memory that may be used, with its unit, such as 8GB: so many trials are worked on at a time as fit
    /// [default: $SLURM_MEM_PER_NODE, or what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = words::size)]
    pub(super) memory: Option<ByteSize>,
    /// Say what would run, what is done already and what it costs; run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Forget the finished tasks of the results folder and do everything again
    #[arg(long)]
    pub(super) force: bool,
    /// Remove what another experiment left in the results folder: its finished tasks, tables and
    /// figures
    #[arg(long)]
    pub(super) replace: bool,
    /// Abort at the first task that fails (a run that diverges is a result, not a failure)
    #[arg(long, conflicts_with = "max_failures")]
    pub(super) fail_fast: bool,
    /// Abort once this many tasks have failed [default: go on with the others]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_failures: Option<u32>,
    /// List experiments with the time they take, objectives, optimizers, bases, figures, claim tests
    /// and metrics
    #[arg(long, conflicts_with_all = OF_WORK, conflicts_with = "json")]
    pub(super) list: bool,
    /// Print no progress and no tables
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Print results as JSON; with --dry-run, what would run
    #[arg(long)]
    pub(super) json: bool,
}
