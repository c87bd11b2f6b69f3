//! Eigenbases of either side of each weight matrix: W = U_out W̃ U_inᵀ, with the eigenvectors of
//! E[GGᵀ] and of E[GᵀG], the factors that SOAP keeps running averages of (Vyas et al. 2024).

use std::ops::Range;

use crate::basis::side::{self, eigenbasis};
use crate::basis::{Entry, Followed, Material, Part, Preparation, Scope, Spec};
use crate::config::{Reader, key};
use crate::coordinates::{Cost, Kronecker, Reflector};
use crate::egop::Moments;
use crate::error::Result;
use crate::gradients::{At, Gradients, Statistic};
use crate::lanes::{Block, Layout, Role};
use crate::linalg::INNER_REVISION;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "kronecker",
    summary: "eigenbases of either side of each weight matrix's gradient",
    read: |reader: &mut Reader<'_>| {
        let weights = key("weights", "names of the weight blocks that are rotated; none: all");
        let scope = reader.strings_or(weights, &[]).map(Scope::Block);
        let sides = key("sides", "which sides of the weight matrices are rotated");
        let sides = reader.choice_or(sides, "both", &Sides::NAMES);
        Some(Box::new(KroneckerBasis { scope: scope?, sides: sides? }))
    },
};

/// Which sides of weight matrices are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// U_out ⊗ U_in.
    Both,
    /// I ⊗ U_in.
    Inputs,
    /// U_out ⊗ I.
    Outputs,
}

impl Sides {
    /// The names used in configs.
    const NAMES: [(&'static str, Self); 3] =
        [("both", Self::Both), ("inputs", Self::Inputs), ("outputs", Self::Outputs)];

    pub(super) fn outputs(self) -> bool {
        self != Self::Inputs
    }

    pub(super) fn inputs(self) -> bool {
        self != Self::Outputs
    }
}

/// V = U_out ⊗ U_in on each weight block.
#[derive(Clone, Debug, PartialEq)]
pub struct KroneckerBasis {
    /// Weight blocks.
    pub scope: Scope,
    /// Sides.
    pub sides: Sides,
}

impl KroneckerBasis {
    fn blocks<'a>(&self, layout: &'a Layout) -> impl Iterator<Item = &'a Block> {
        self.scope.groups(layout).into_iter().map(|group| &layout.blocks()[group.start])
    }
}

impl Spec for KroneckerBasis {
    fn build(&self, source: &dyn Gradients, _: &Streams) -> Result<Vec<Part>> {
        let layout = source.layout();
        let (outputs, inputs) = (self.sides.outputs(), self.sides.inputs());
        let mut moments: Vec<Moments> =
            self.blocks(layout).map(|block| Moments::new(block, outputs, inputs)).collect();
        let mut statistics: Vec<&mut dyn Statistic> =
            moments.iter_mut().map(|moments| moments as &mut dyn Statistic).collect();
        source.stream(At::Distribution, 0..source.samples(), &mut statistics)?;
        let groups = self.scope.groups(layout).into_iter();
        let part = |(group, moments): (Range<usize>, Moments)| {
            let [outputs, inputs] = moments.means().map(|mean| mean.map(eigenbasis).transpose());
            let shape = layout.blocks()[group.start].matrix();
            let [outputs, inputs] = [outputs?, inputs?].map(|basis| basis.map(Into::into));
            Ok(Part::new(group, Kronecker { shape, outputs, inputs }))
        };
        groups.zip(moments).map(part).collect()
    }

    fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        self.scope.groups(layout)
    }

    /// As moments may have less than full rank, and are completed then.
    fn revision(&self) -> u32 {
        Reflector::REVISION + INNER_REVISION
    }

    fn keeps_matrices(&self) -> bool {
        true
    }

    fn cost(&self, layout: &Layout, _: usize) -> Cost {
        let (outputs, inputs) = (self.sides.outputs(), self.sides.inputs());
        self.blocks(layout).map(|block| Kronecker::cost(block.matrix(), outputs, inputs)).sum()
    }

    fn input_flops(&self, layout: &Layout) -> f64 {
        if self.sides.inputs() { side::input_flops(&self.groups(layout), layout) } else { 0.0 }
    }

    fn preparation(&self, layout: &Layout, Material { samples, .. }: Material<'_>) -> Preparation {
        let sides = self.blocks(layout).flat_map(|block| {
            let (outputs, inputs) = block.matrix();
            let of_outputs =
                self.sides.outputs().then(|| side::preparation(samples, outputs, inputs));
            let of_inputs =
                self.sides.inputs().then(|| side::preparation(samples, inputs, outputs));
            [of_outputs, of_inputs].into_iter().flatten()
        });
        sides.sum()
    }

    fn followed(&self, _: &Layout) -> std::result::Result<Followed, String> {
        Ok(Followed::Kronecker(self.clone()))
    }

    fn sampled(&self, samples: usize) -> usize {
        samples
    }

    fn problem(&self, layout: &Layout) -> Option<(&'static str, String)> {
        if let Some(problem) = self.scope.problem(layout) {
            return Some(("weights", problem));
        }
        if let Some(bias) = self.blocks(layout).find(|block| block.role != Role::Weight) {
            return Some(("weights", format!("\"{}\" is no weight matrix", bias.name)));
        }
        // A vector is a matrix of one output, or of one input.
        let turns_nothing = |block: &Block| match (self.sides, block.matrix()) {
            (Sides::Outputs, (1, _)) | (Sides::Inputs, (_, 1)) => true,
            (_, (outputs, inputs)) => outputs * inputs == 1,
        };
        let idle = self.blocks(layout).find(|block| turns_nothing(block))?;
        Some((
            "sides",
            format!("\"{}\" has a single number on that side: nothing is rotated", idle.name),
        ))
    }
}
