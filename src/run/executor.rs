//! Who does the tasks of a round: the threads of this program ([`crate::run::threads`]), or
//! programs elsewhere of whose work only the results are seen ([`crate::run::distributed`]).

use crate::error::Result;
use crate::run::event::Stage;
use crate::run::index::Found;
use crate::run::task::{Failure, Round, Rows};

/// Takes the rows of a round's tasks, each with the position of its task: in no particular order,
/// one after the other.
pub(super) type RowSink<'a> = dyn FnMut(usize, Rows) + Send + 'a;

/// The tasks of a round that yielded no rows.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    /// Those that failed, or were given up: the sweep goes on without them.
    pub failures: Vec<Failure>,
    /// The positions of those that are still to be done.
    pub missing: Vec<usize>,
}

/// Does the tasks of a round, or has them done.
pub(super) trait Executor {
    /// Hands over the rows of all tasks that are not unfinished afterwards, as they come: none are
    /// kept here. While tasks are missing none are handed over.
    ///
    /// # Errors
    /// On interruption, when too many tasks fail, and when the store cannot be read or written.
    fn execute(&self, stage: Stage, round: &Round, sink: &mut RowSink<'_>) -> Result<Unfinished>;
}

/// Hands over what was found of a round of which nothing is missing.
pub(super) fn hand_over(found: Vec<Option<Found>>, sink: &mut RowSink<'_>) {
    for (index, found) in found.into_iter().enumerate() {
        if let Some(found) = found {
            sink(index, found.rows);
        }
    }
}
