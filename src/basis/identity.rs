//! Original coordinates: V = I.

use std::ops::Range;

use crate::basis::{Entry, Part, Spec};
use crate::config::Reader;
use crate::error::Result;
use crate::gradients::Gradients;
use crate::lanes::Layout;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "identity",
    summary: "original coordinates: V = I",
    read: |_: &mut Reader<'_>| Some(Box::new(Identity)),
};

/// V = I.
#[derive(Clone, Copy, Debug)]
pub struct Identity;

impl Spec for Identity {
    fn build(&self, _: &dyn Gradients, _: &Streams) -> Result<Vec<Part>> {
        Ok(Vec::new())
    }

    fn groups(&self, _: &Layout) -> Vec<Range<usize>> {
        Vec::new()
    }

    fn is_identity(&self) -> bool {
        true
    }

    fn keeps_matrices(&self) -> bool {
        true
    }
}
