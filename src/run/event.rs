//! What a run tells the outside while it works.

use std::fmt;
use std::sync::atomic::AtomicBool;

use bytesize::ByteSize;
use serde::Serialize;

use crate::provenance::BuildInfo;
use crate::run::task::Failure;
use crate::sweep::written;

/// A stage of a run, each with its own progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Sampling gradients for EGOP estimates; in gradient samples.
    Egop,
    /// Trying learning rates; in runs × epochs.
    Sweep,
    /// The selected learning rates once more, with their curves; in runs × epochs.
    Curves,
    /// The same, each alone; in runs × epochs.
    Timing,
}

impl Stage {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Egop => "EGOP samples",
            Self::Sweep => "sweep",
            Self::Curves => "curves",
            Self::Timing => "timing",
        }
    }
}

/// Something that happens in a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// More work has come up in a stage.
    Started {
        /// The stage.
        stage: Stage,
        /// How much.
        units: u64,
    },
    /// Work is done.
    Advanced {
        /// The stage.
        stage: Stage,
        /// How much.
        units: u64,
    },
    /// A sweep's grid was extended by a decade beyond an edge.
    Extended(GridEdge),
    /// Something that a person should know, and perhaps do something about.
    Warning(Warning),
    /// A task failed; the others go on.
    Failed(Failure),
    /// The work is over.
    Finished {
        /// Tasks that were done.
        done: usize,
        /// Tasks that were cached, from an earlier run or by another program.
        cached: usize,
    },
}

/// So many classes are named.
const NAMED: usize = 6;

/// Something that a person should know. Its text says what can be done about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Warning {
    /// A stored task is not as it was written.
    DamagedTask {
        /// Its folder.
        task: String,
        /// What is wrong.
        problem: String,
    },
    /// Results of different programs or processors are mixed.
    MixedBuilds {
        /// What made them.
        builds: Vec<BuildInfo>,
    },
    /// The best learning rate may lie beyond the limit of a sweep.
    AtLimit(GridEdge),
    /// Tasks failed.
    FailedTasks {
        /// How many.
        number: usize,
    },
    /// Runs of a task ended early, as their method could not go on.
    Stuck(Stuck),
    /// A figure could not be drawn.
    FigureMissing {
        /// The name of its file, without the extension.
        figure: String,
        /// Why.
        problem: String,
    },
    /// A change of variables could not be written.
    BasisMissing(Failure),
    /// Data of the user's own have rows that no set has.
    UnusedRows {
        /// The rows that the sets have.
        used: usize,
        /// The rows that there are.
        rows: usize,
    },
    /// Classes of the user's own data are not trained.
    MissingClasses {
        /// Those without a training example, ascending.
        classes: Vec<usize>,
    },
    /// No run of an algorithm had anything to do: all converged where they start.
    AtMinimum {
        /// Name of the algorithm.
        algorithm: String,
        /// Name of the coordinate system.
        coordinates: String,
    },
    /// Changes of variables were to be written, and there is none.
    NoBasis,
    /// However little is worked on at a time, it takes more memory than is allowed.
    Memory {
        /// Bytes that it takes, about.
        needed: u64,
        /// Bytes that are allowed.
        allowed: u64,
    },
}

/// Runs that ended early, as their method could not go on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stuck {
    /// Number of the trial.
    pub trial: usize,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// Their learning rates, ascending.
    pub learning_rates: Vec<f64>,
    /// What one of them could not go on with.
    pub problem: String,
}

/// An edge of a sweep's grid that a best learning rate lies on, or must lie beyond.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GridEdge {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// The learning rate there, as a power of ten.
    pub exponent: i32,
    /// How the best learning rate is known to lie there.
    pub reason: EdgeReason,
}

/// How a best learning rate is known to lie on an edge of a grid or beyond.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeReason {
    /// It is the best of those tried.
    Best,
    /// All that were tried are too large.
    Diverges,
}

impl GridEdge {
    /// That the grid was extended beyond it.
    pub fn extended(&self) -> String {
        format!("{self}: extended by a decade")
    }
}

impl fmt::Display for GridEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, coordinates, exponent, reason } = self;
        match reason {
            EdgeReason::Best => write!(
                f,
                "{algorithm}: the best coarse learning rate in {coordinates} coordinates, \
                 1e{exponent}, is on the edge of the grid"
            ),
            EdgeReason::Diverges => write!(
                f,
                "{algorithm}: most trials diverged or failed in {coordinates} coordinates, down to \
                 1e{exponent}, which is on the edge of the grid"
            ),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DamagedTask { task, problem } => write!(f, "{task}: {problem}; done again"),
            Self::MixedBuilds { builds } => {
                let names: Vec<String> = builds.iter().map(BuildInfo::to_string).collect();
                write!(
                    f,
                    "these results mix what different programs or processors made, which may round \
                     differently: {}; with --force this one makes all of them",
                    names.join("; ")
                )
            }
            Self::AtLimit(edge) => write!(
                f,
                "{edge}, at the limit of the sweep; limits of algorithms.{} or of the sweep that \
                 are wider let it go on",
                edge.algorithm
            ),
            Self::FailedTasks { number } => write!(
                f,
                "{number} failed tasks are not in the results; run the same command to try them \
                 again"
            ),
            Self::Stuck(stuck) => {
                let rates = stuck.learning_rates.iter().map(|&rate| written(rate));
                write!(
                    f,
                    "{} could not go on in {} coordinates in trial {}, at η = {}: {}",
                    stuck.algorithm,
                    stuck.coordinates,
                    stuck.trial,
                    rates.collect::<Vec<_>>().join(", "),
                    stuck.problem,
                )
            }
            Self::FigureMissing { figure, problem } => write!(
                f,
                "figure {figure} was not drawn: {problem}; once that is mended, egop-plot draws it \
                 from the tables"
            ),
            Self::BasisMissing(failure) => {
                write!(f, "no basis was written: {failure}; run the same command to try it again")
            }
            Self::UnusedRows { used, rows } => write!(
                f,
                "{} of {rows} rows of objective.inputs are in no set: training, validation and test have \
                 {used} together",
                rows - used
            ),
            Self::MissingClasses { classes } => {
                let named: Vec<String> = classes.iter().take(NAMED).map(usize::to_string).collect();
                let more = match classes.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let hint = if classes.contains(&0) { ": labels begin at 0" } else { "" };
                write!(f, "no training example has a label of {}{more}{hint}", named.join(", "))
            }
            Self::AtMinimum { algorithm, coordinates } => write!(
                f,
                "{algorithm}: every run in {coordinates} coordinates converged at its start, where the \
                 gradient is below training.gradient_tolerance already: lower that, or scale the \
                 objective"
            ),
            Self::NoBasis => write!(
                f,
                "no basis was written: original coordinates have none, and one that is re-estimated \
                 is of a run"
            ),
            Self::Memory { needed, allowed } => write!(
                f,
                "this takes about {:#} of memory, with as few trials at a time as may be, and {:#} are \
                 allowed: choose smaller sizes, thinned curves or fewer threads, or allow more with \
                 --memory",
                ByteSize(*needed).display().si(),
                ByteSize(*allowed).display().si(),
            ),
        }
    }
}

/// Told what happens; asked whether to stop.
pub trait Observer: Sync {
    /// Something happens.
    fn event(&self, event: &Event);

    /// Becomes true when the user asks to stop.
    fn interrupted(&self) -> &AtomicBool;
}

/// Tells nobody, never stops.
#[derive(Debug, Default)]
pub struct Silent(AtomicBool);

impl Observer for Silent {
    fn event(&self, _: &Event) {}

    fn interrupted(&self) -> &AtomicBool {
        &self.0
    }
}
