//! The EGOP eigenbasis (paper, Algorithm 1; blockwise: section 5, eq. 5).

use crate::basis::{Entry, Part, Preparation, Scope, Spec};
use crate::config::Reader;
use crate::egop::{Spectrum, egop};
use crate::error::Result;
use crate::gradients::Gradients;
use crate::lanes::Layout;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "egop",
    summary: "the eigenbasis of the EGOP matrix, global or for each block",
    read: |reader: &mut Reader<'_>| Some(Box::new(EgopBasis(Scope::read(reader)?))),
};

/// V = the eigenvectors of the estimated EGOP matrix of each group of parameters.
#[derive(Clone, Debug)]
pub struct EgopBasis(pub Scope);

impl Spec for EgopBasis {
    fn build(&self, source: &dyn Gradients, _: &Streams) -> Result<Vec<Part>> {
        let layout = source.layout();
        let groups = self.0.groups(layout);
        let ranges: Vec<_> = groups.iter().map(|blocks| layout.parameters(blocks)).collect();
        let egops = egop(source, 0..source.samples(), &ranges)?;
        let parts = groups.into_iter().zip(egops);
        parts.map(|(blocks, egop)| Ok(Part::eigenbasis(blocks, Spectrum::of(egop)?))).collect()
    }

    fn preparation(&self, layout: &Layout, samples: f64, decompositions: f64) -> Preparation {
        Preparation::of_matrices(&self.sizes(layout), samples, decompositions)
    }

    fn has_spectrum(&self) -> bool {
        true
    }

    fn samples_gradients(&self) -> bool {
        true
    }

    fn scope(&self) -> Option<&Scope> {
        Some(&self.0)
    }
}
