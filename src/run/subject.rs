//! What is run, and how.

use std::path::PathBuf;

use serde_json::Value;

use crate::experiment::Experiment;
use crate::run::identity::Data;
use crate::store;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// It as a document, for the results folder.
    pub document: &'a str,
    /// The part of that on which results depend.
    pub identity: &'a Dependencies,
}

/// The part of a config on which results depend, the learning rates and the contents of data files
/// aside.
#[derive(Clone, Debug, Default)]
pub struct Dependencies(pub(super) Value);

impl From<&toml::Table> for Dependencies {
    fn from(table: &toml::Table) -> Self {
        Self(store::json_object(table))
    }
}

/// How to run, apart from what.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the user keeps data sets, if not at the usual places.
    pub data_dir: Option<PathBuf>,
    /// Checksums of the data used: part of the identity of every task.
    pub data: Data,
    /// Begin no further task once so many have failed; `None`: go on with the others.
    pub max_failures: Option<usize>,
    /// Bytes that may be used; see [`crate::run::of_this_machine`].
    pub memory: u64,
    /// Threads that the work is done on.
    pub threads: usize,
}
