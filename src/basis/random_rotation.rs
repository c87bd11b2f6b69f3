//! A random rotation: the control that shows that it is the EGOP's basis that helps, not just any.

use std::ops::Range;

use crate::basis::low_rank::settings;
use crate::basis::{Complement, Entry, Material, Part, Preparation, Scope, Spec, low_rank};
use crate::config::Reader;
use crate::coordinates::{Cost, Orthonormal};
use crate::data;
use crate::error::Result;
use crate::gradients::Gradients;
use crate::lanes::Layout;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "random-rotation",
    summary: "a Haar-random orthonormal matrix, global or for each block, or some columns (a control)",
    read: |reader: &mut Reader<'_>| Some(Box::new(RandomRotation::read(reader)?)),
};

/// V = a Haar-random orthonormal matrix for each group of parameters.
#[derive(Clone, Debug)]
pub struct RandomRotation {
    /// The groups.
    pub scope: Scope,
    /// Only so many columns, and what becomes of what they do not span; `None`: all.
    pub columns: Option<(usize, Complement)>,
}

impl RandomRotation {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let scope = Scope::read(reader);
        let columns = Complement::read_columns(reader);
        Some(Self { scope: scope?, columns: columns? })
    }
}

impl Spec for RandomRotation {
    fn build(&self, source: &dyn Gradients, streams: &Streams) -> Result<Vec<Part>> {
        let layout = source.layout();
        let mut rng = streams.rng("rotation");
        let parts = self.scope.groups(layout).into_iter().map(|blocks| {
            let size = layout.parameters(&blocks).len();
            let Some((rank, complement)) = self.columns else {
                return Ok(Part::orthonormal(blocks, data::orthonormal(size, size, &mut rng)));
            };
            let vectors = data::orthonormal(size, rank.min(size), &mut rng).into();
            complement.part(blocks, &vectors, source, streams)
        });
        parts.collect()
    }

    fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        self.scope.groups(layout)
    }

    fn cost(&self, layout: &Layout, _: usize) -> Cost {
        let cost = |size| match self.columns {
            None => Orthonormal::cost(size),
            Some((rank, complement)) => complement.cost(size, rank.min(size)),
        };
        self.sizes(layout).into_iter().map(cost).sum()
    }

    fn preparation(&self, layout: &Layout, _: Material<'_>) -> Preparation {
        let of = |size: usize| match self.columns {
            None => Preparation::of_qr(size as f64, size as f64),
            Some((rank, complement)) => {
                let k = rank.min(size);
                Preparation::of_qr(size as f64, k as f64) + complement.preparation(size, k)
            }
        };
        self.sizes(layout).into_iter().map(of).sum()
    }

    fn revision(&self) -> u32 {
        self.columns.map_or(0, |(_, complement)| complement.revision())
    }

    fn smaller(&self, _: &Layout, columns: usize) -> Option<(String, Box<dyn Spec>)> {
        let (asked, complement) = self.columns.unwrap_or((columns, Complement::Reflector));
        let columns = asked.min(columns);
        let (complement, stated) = complement.smaller();
        let others: Vec<&str> = stated.into_iter().collect();
        let basis = Self { scope: self.scope.clone(), columns: Some((columns, complement)) };
        Some((settings(&format!("columns = {columns}"), &others), Box::new(basis)))
    }

    fn is_linear(&self) -> bool {
        self.columns.is_none_or(|(_, complement)| complement.is_linear())
    }

    fn problem(&self, layout: &Layout) -> Option<(&'static str, String)> {
        if let Some(problem) = self.scope.problem(layout) {
            return Some(("blocks", problem));
        }
        let (columns, groups) = (self.columns?.0, self.groups(layout));
        let size = |group: &Range<usize>| layout.parameters(group).len();
        let largest = groups.iter().max_by_key(|group| size(group))?;
        let most = size(largest);
        let problem = || low_rank::more_than(columns, "columns", most, largest, layout);
        (columns > most).then(|| ("columns", problem()))
    }
}
