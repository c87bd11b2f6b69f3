//! The EGOP eigenbasis (paper, Algorithm 1; blockwise: section 5, eq. 5).

use crate::basis::{Entry, Part, Scope, Spec, Vectors, parameters};
use crate::config::Reader;
use crate::egop::{Estimate, Spectrum};
use crate::error::Result;
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
    fn build(&self, source: &dyn Estimate, _: &Streams) -> Result<Vec<Part>> {
        let layout = source.layout();
        let groups = self.0.groups(layout);
        let ranges: Vec<_> = groups.iter().map(|blocks| parameters(layout, blocks)).collect();
        let egops = source.egop(&ranges)?;
        groups
            .into_iter()
            .zip(egops)
            .map(|(blocks, egop)| Ok(Part { blocks, vectors: Vectors::Eigen(Spectrum::of(egop)?) }))
            .collect()
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
