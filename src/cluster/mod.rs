//! Experiments on more than one machine: a folder that holds a frozen plan, what is needed to work on it
//! elsewhere, and the scripts that submit it.
//!
//! An experiment has rounds: which learning rates come next depends on the results of those before,
//! and of which curves are recorded. A plan therefore holds the tasks of one round, and merging plans
//! the next, or publishes all after the last. The tasks are those of a run on one machine, stored under
//! the same keys: what is published comes out the same to the byte.
//!
//! ```text
//! experiment.toml               the experiment, resolved
//! cluster.json                  where results go and data lies, the scheduler and its options
//! plan.jsonl                    one line per array task: the round under way
//! plan-1.jsonl …                earlier plans
//! bin/egop-sweep                the program that planned it
//! submit.sh, ...                what the scheduler needs
//! logs/                         what they print
//! ```

mod array;
mod folder;
mod registry;
mod scheduler;
mod slurm;

pub use array::{ArrayTask, array_tasks};
pub use folder::{DEFAULT_MINUTES, Folder, Settings};
pub use registry::{REGISTRY, scheduler};
pub use scheduler::{Scheduler, Script};
