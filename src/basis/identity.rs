//! Original coordinates: V = I.

use crate::basis::{Entry, Part, Scope, Spec};
use crate::config::Reader;
use crate::error::Result;
use crate::gradients::Gradients;
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

    fn scope(&self) -> Option<&Scope> {
        None
    }

    fn keeps_matrices(&self) -> bool {
        true
    }
}
