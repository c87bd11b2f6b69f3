//! What a user can look up: every key of a config, from the functions that read it, as a page, as a
//! schema for editors, and one at a time; what claims, metrics and columns are.

use crate::config::{KeyDescription, describe};
use crate::experiment::Experiment;
use crate::study::Study;

mod columns;
mod explain;
mod markdown;
mod schema;
mod terms;
mod words;

pub use columns::{Column, columns};
pub use explain::{Explanation, explain, words};
pub use markdown::markdown;
pub use schema::schema;

/// The keys of an experiment's config, and those of a study's.
struct Keys {
    experiment: Vec<KeyDescription>,
    study: Vec<KeyDescription>,
}

impl Keys {
    fn all() -> Self {
        Self { experiment: describe(Experiment::read), study: describe(Study::read) }
    }

    /// Those of an experiment, and then those that only a study has.
    fn merged(&self) -> Vec<&KeyDescription> {
        let only = self.study.iter().filter(|key| !self.experiment.contains(key));
        self.experiment.iter().chain(only).collect()
    }
}
