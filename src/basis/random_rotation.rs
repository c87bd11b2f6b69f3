//! A random rotation: the control that shows that it is the EGOP's basis that helps, not just any.

use std::ops::Range;

use crate::basis::{Entry, Part, Preparation, Scope, Spec};
use crate::config::Reader;
use crate::data;
use crate::error::Result;
use crate::gradients::Gradients;
use crate::lanes::Layout;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "random-rotation",
    summary: "a Haar-random orthonormal matrix, global or for each block (a control)",
    read: |reader: &mut Reader<'_>| Some(Box::new(RandomRotation(Scope::read(reader)?))),
};

/// V = a Haar-random orthonormal matrix for each group of parameters.
#[derive(Clone, Debug)]
pub struct RandomRotation(pub Scope);

impl Spec for RandomRotation {
    fn build(&self, source: &dyn Gradients, streams: &Streams) -> Result<Vec<Part>> {
        let layout = source.layout();
        let mut rng = streams.rng("rotation");
        let parts = self.0.groups(layout).into_iter().map(|blocks| {
            let size = layout.parameters(&blocks).len();
            Part::orthonormal(blocks, data::orthonormal(size, size, &mut rng))
        });
        Ok(parts.collect())
    }

    /// A QR decomposition of n × n, 4/3 n³, and its Q, as much again.
    fn preparation(&self, layout: &Layout, _: usize, _: f64) -> Preparation {
        let sizes = self.sizes(layout);
        let flops = sizes.iter().map(|&size| 8.0 / 3.0 * (size as f64).powi(3)).sum();
        Preparation { flops, ..Preparation::of_matrices(&sizes, 0.0, 1.0) }
    }

    fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        self.0.groups(layout)
    }

    fn problem(&self, layout: &Layout) -> Option<(&'static str, String)> {
        self.0.problem(layout)
    }
}
