//! A basis of the inputs of the first layer: W = W̃ U_inᵀ, so that f̃(W̃; x) = f(W̃; U_inᵀx). On data
//! that can be rotated it is applied to them once, and costs nothing in a step.
//!
//! For hidden units that are drawn alike, the EGOP of the first layer's weights commutes with
//! permutations of the units, and I ⊗ U_in, with the eigenvectors of E[GᵀG], is a basis of its
//! eigenspaces, but for one vector of each (docs/symmetry.md).

use std::ops::Range;

use ndarray::{Array2, Axis};

use crate::basis::side::{self, eigenbasis};
use crate::basis::{
    Complement, Entry, Followed, KroneckerBasis, Material, Part, Preparation, Scope, Sides, Spec,
};
use crate::config::{Reader, key};
use crate::coordinates::{Cost, Kronecker, Reflector};
use crate::data::{self, InputMoments};
use crate::egop::Moments;
use crate::error::{Error, Result};
use crate::gradients::{At, Gradients, Sampling};
use crate::lanes::{Block, Layout, Role};
use crate::linalg::INNER_REVISION;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "input",
    summary: "a rotation of the first layer's inputs, applied to the data once",
    read: |reader: &mut Reader<'_>| Some(Box::new(InputBasis(InputSource::read(reader)?))),
};

/// What U_in is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// The eigenvectors of `E[GᵀG]`, G being the gradient of the first layer's weights.
    Gradients {
        /// Number of sampled gradients.
        samples: usize,
        /// Where they are sampled.
        at: At,
    },
    /// The eigenvectors of the inputs' second moments XᵀX/N, not centred; of h(Aθ), those of AᵀA.
    Inputs,
    /// One reflection, which sends the first axis to the mean of the inputs.
    Mean,
    /// A Haar-random rotation (a control).
    Random,
}

impl InputSource {
    /// Reads `source` and, for gradients, `samples` and `at`.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let source = key("source", "what the rotation of the inputs is made of");
        let gradients = Self::Gradients { samples: 8, at: At::Distribution };
        let sources = [
            ("gradients", gradients),
            ("inputs", Self::Inputs),
            ("mean", Self::Mean),
            ("random", Self::Random),
        ];
        let chosen = reader.choice_or(source, "gradients", &sources)?;
        let Self::Gradients { samples, .. } = chosen else { return Some(chosen) };
        let number = key("samples", "number of gradients sampled for it");
        let samples = reader.count_or(number, samples, 1..=100_000_000);
        let at = key("at", "where they are sampled: from the distribution, or all at the start");
        let at = reader.choice_or(at, "distribution", &At::NAMES);
        Some(Self::Gradients { samples: samples?, at: at? })
    }
}

/// V = I ⊗ U_in on the weights of the first layer.
#[derive(Clone, Copy, Debug)]
pub struct InputBasis(pub InputSource);

/// The weights of the first layer.
fn first_layer(layout: &Layout) -> Option<(usize, &Block)> {
    layout.blocks().iter().enumerate().find(|(_, block)| block.role == Role::Weight)
}

impl InputBasis {
    fn inputs(
        &self,
        block: &Block,
        source: &dyn Gradients,
        streams: &Streams,
    ) -> Result<Array2<f64>> {
        match self.0 {
            InputSource::Gradients { samples, at } => {
                let mut moments = Moments::new(block, false, true);
                source.stream(at, 0..samples, &mut [&mut moments])?;
                let [_, inputs] = moments.means();
                eigenbasis(inputs.expect("the moments of the inputs are wanted"))
            }
            InputSource::Inputs => eigenbasis(moments(source)?.second),
            InputSource::Mean => {
                let InputMoments { second, mean } = moments(source)?;
                let length = mean.dot(&mean).sqrt();
                // Against the inputs' root mean square: less is rounding of a mean of 0.
                if length <= 1e-12 * second.diag().sum().sqrt() {
                    let message = "the mean of the inputs is 0: it has no direction";
                    return Err(Error::Numerical(message.into()));
                }
                let direction = (mean / length).insert_axis(Axis(1));
                Ok(Reflector::new(direction.view())?.to_matrix())
            }
            InputSource::Random => {
                let size = block.matrix().1;
                Ok(data::orthonormal(size, size, &mut streams.rng("input rotation")))
            }
        }
    }
}

fn moments(source: &dyn Gradients) -> Result<InputMoments> {
    let none = || Error::Numerical("the objective has no inputs whose moments are known".into());
    source.input_moments().ok_or_else(none)
}

impl Spec for InputBasis {
    fn build(&self, source: &dyn Gradients, streams: &Streams) -> Result<Vec<Part>> {
        let Some((index, block)) = first_layer(source.layout()) else { return Ok(Vec::new()) };
        let inputs = Some(self.inputs(block, source, streams)?.into());
        let map = Kronecker { shape: block.matrix(), outputs: None, inputs };
        Ok(vec![Part::new(index..index + 1, map)])
    }

    fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        first_layer(layout).map(|(index, _)| index..index + 1).into_iter().collect()
    }

    fn keeps_matrices(&self) -> bool {
        true
    }

    fn cost(&self, layout: &Layout, _: usize) -> Cost {
        let cost = |(_, block): (usize, &Block)| Kronecker::cost(block.matrix(), false, true);
        first_layer(layout).map(cost).unwrap_or_default()
    }

    fn input_flops(&self, layout: &Layout) -> f64 {
        self.cost(layout, 0).flops
    }

    fn revision(&self) -> u32 {
        if self.0 == InputSource::Random { 0 } else { Reflector::REVISION + INNER_REVISION }
    }

    fn preparation(&self, layout: &Layout, of: Material<'_>) -> Preparation {
        let (outputs, inputs) = first_layer(layout).map_or((0, 0), |(_, block)| block.matrix());
        match self.0 {
            InputSource::Gradients { samples, .. } => side::preparation(samples, inputs, outputs),
            InputSource::Inputs => side::preparation(of.rows, inputs, 1),
            InputSource::Mean => {
                // It comes with the second moments, and its reflector is written down.
                let square = (inputs as f64).powi(2);
                let moments = of.rows as f64 * (square + inputs as f64);
                let written = Preparation {
                    products: moments + 4.0 * square,
                    elements: 3.0 * square,
                    ..Preparation::default()
                };
                written + Complement::Reflector.preparation(inputs, 1)
            }
            InputSource::Random => Preparation::of_qr(inputs as f64, inputs as f64),
        }
    }

    /// On weights, as the data cannot be rotated again for each run.
    fn followed(&self, layout: &Layout) -> std::result::Result<Followed, String> {
        let names = first_layer(layout).map(|(_, block)| block.name.clone()).into_iter();
        let scope = Scope::Block(names.collect());
        Ok(Followed::Kronecker(KroneckerBasis { scope, sides: Sides::Inputs }))
    }

    fn unfit(&self, _: &Layout, sampling: &Sampling) -> Option<(&'static str, String)> {
        let InputSource::Gradients { samples, at: At::Start } = self.0 else { return None };
        let problem = || {
            format!(
                "all {samples} gradients at the start are the same without minibatches: state \
                 egop.batch, or samples = 1"
            )
        };
        (samples > 1 && sampling.minibatch.is_none()).then(|| ("at", problem()))
    }

    fn needs_examples(&self) -> Option<&'static str> {
        (self.0 == InputSource::Mean).then_some("source")
    }

    fn needs_inputs(&self) -> Option<&'static str> {
        (self.0 == InputSource::Inputs).then_some("source")
    }

    fn sampled(&self, _: usize) -> usize {
        match self.0 {
            InputSource::Gradients { samples, .. } => samples,
            InputSource::Inputs | InputSource::Mean | InputSource::Random => 0,
        }
    }
}
