//! Original coordinates: V = I.

use crate::basis::{Basis, Entry, Part, Scope, Spec};
use crate::config::Reader;
use crate::egop::Estimate;
use crate::error::Result;
use crate::lanes::Lanes;
use crate::linalg::Real;
use crate::objective::Scratch;
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
    fn build(&self, _: &dyn Estimate, _: &Streams) -> Result<Vec<Part>> {
        Ok(Vec::new())
    }

    fn scope(&self) -> Option<&Scope> {
        None
    }
}

impl<R: Real> Basis<R> for Identity {
    fn to_original(&self, from: &Lanes<R>, to: &mut Lanes<R>, _: &mut Scratch<R>) {
        to.as_mut_slice().copy_from_slice(from.as_slice());
    }

    fn to_reparameterized(&self, from: &Lanes<R>, to: &mut Lanes<R>, _: &mut Scratch<R>) {
        to.as_mut_slice().copy_from_slice(from.as_slice());
    }

    fn is_identity(&self) -> bool {
        true
    }
}
