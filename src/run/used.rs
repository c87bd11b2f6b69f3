//! Which finished tasks an experiment's tables are made of.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::error::Result;
use crate::run::event::Stage;
use crate::run::executor::{Executor, RowSink, Unfinished, hand_over};
use crate::run::index::TaskIndex;
use crate::run::task::Round;

/// Nobody: what is done is looked at and noted.
pub(super) struct Used<'a> {
    index: &'a TaskIndex<'a>,
    keys: RefCell<HashSet<String>>,
}

impl<'a> Used<'a> {
    pub fn new(index: &'a TaskIndex<'a>) -> Self {
        Self { index, keys: RefCell::default() }
    }

    /// The tasks that were asked for.
    pub fn finish(self) -> HashSet<String> {
        self.keys.into_inner()
    }
}

impl Executor for Used<'_> {
    fn execute(&self, _: Stage, round: &Round, sink: &mut RowSink<'_>) -> Result<Unfinished> {
        let found = self.index.look(&round.tasks)?;
        self.keys.borrow_mut().extend(round.tasks.iter().map(|task| self.index.key(task)));
        let missing: Vec<usize> = (0..found.len()).filter(|&task| found[task].is_none()).collect();
        if missing.is_empty() {
            hand_over(found, sink);
        }
        Ok(Unfinished { failures: Vec::new(), missing })
    }
}
