//! What writes the files by which a plan is submitted.

use std::fmt::Debug;

/// A file that a scheduler needs in the folder of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub text: String,
    /// Whether it is a program.
    pub executable: bool,
}

/// A scheduler of a cluster. To add one: a file with it, and a line in [`crate::cluster::REGISTRY`]; egop-sweep then
/// has its two flags.
pub trait Scheduler: Debug + Sync {
    /// Its name, and the flag that takes its options (`--slurm KEY=VALUE ...`).
    fn name(&self) -> &'static str;

    /// Its name as people write it.
    fn title(&self) -> &'static str;

    /// The flag that asks for a plan (`--emit-slurm DIR`).
    fn emit_flag(&self) -> &'static str;

    /// What its options are: one line of help.
    fn options_help(&self) -> &'static str;

    /// Checks an option.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&self, option: &str) -> Result<(), String>;

    /// The threads that an array task gets with these options.
    fn threads(&self, options: &[String]) -> usize;

    /// The files by which the jobs of an experiment of this name are submitted. Each line of
    /// `plan.jsonl` is an array task, done by `./bin/egop-sweep run-task . --index N`; when all have
    /// ended, `./bin/egop-sweep merge .` writes the tables or plans the next round, which is
    /// submitted in turn.
    fn scripts(&self, name: &str, options: &[String]) -> Vec<Script>;

    /// The name of the script that a person starts.
    fn submit(&self) -> &'static str;

    /// The environment variable that tells a job how many threads it has.
    fn threads_variable(&self) -> &'static str;

    /// The environment variable that tells a job how many MiB of memory it has (0: all).
    fn memory_variable(&self) -> &'static str;
}
