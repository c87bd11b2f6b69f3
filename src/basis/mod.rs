//! Bases: changes of variables θ = V θ̃ (paper, section 2), orthonormal but for some low-rank ones.
//!
//! To add one: a file with its settings and its [`Entry`], and a line in [`REGISTRY`].

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;

use crate::config::{Entry, Reader, key};
use crate::coordinates::{Cost, Form, Orthonormal};
use crate::egop::{Count, Solver, Spectrum};
use crate::error::Result;
use crate::gradients::{Gradients, Sampling};
use crate::lanes::Layout;
use crate::rng::Streams;

mod egop;
mod file;
mod followed;
mod identity;
mod input;
mod kronecker;
mod low_rank;
mod preparation;
mod random_rotation;
mod scope;
mod side;
mod stored;

pub use egop::EgopBasis;
pub use file::FileBasis;
pub use followed::Followed;
pub use identity::Identity;
pub use input::{InputBasis, InputSource};
pub use kronecker::{KroneckerBasis, Sides};
pub use low_rank::{Complement, LowRank, Rank};
pub use preparation::{Material, Preparation};
pub use random_rotation::RandomRotation;
pub use scope::Scope;

/// A file that a basis reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// What it is for: its key in the config.
    pub name: String,
    /// The trial that it is for; `None`: all.
    pub trial: Option<usize>,
    /// Its SHA-256.
    pub sha256: String,
}

/// The change of variables of a group of parameters.
#[derive(Clone, Debug)]
pub struct Part {
    /// The consecutive parameter blocks that it mixes.
    pub blocks: Range<usize>,
    /// θ = V θ̃.
    pub map: Arc<dyn Form>,
    /// What V was made of, if it is an eigenbasis or begins with one.
    pub spectrum: Option<Spectrum>,
}

impl Part {
    /// V = the eigenvectors of an EGOP matrix.
    pub fn eigenbasis(blocks: Range<usize>, spectrum: Spectrum) -> Self {
        let map = Arc::new(Orthonormal(spectrum.eigenvectors.clone()));
        Self { blocks, map, spectrum: Some(spectrum) }
    }

    /// V = any other orthonormal matrix.
    pub fn orthonormal(blocks: Range<usize>, vectors: Array2<f64>) -> Self {
        Self::new(blocks, Orthonormal(vectors.into()))
    }

    /// Any map.
    pub fn new(blocks: Range<usize>, map: impl Form + 'static) -> Self {
        Self { blocks, map: Arc::new(map), spectrum: None }
    }
}

/// How V is obtained for a trial.
pub trait Spec: Debug + Send + Sync {
    /// V's diagonal blocks; parameters that none of them covers stay in original coordinates.
    ///
    /// # Errors
    /// When the EGOP cannot be estimated or decomposed.
    fn build(&self, source: &dyn Gradients, streams: &Streams) -> Result<Vec<Part>>;

    /// The groups of consecutive blocks that V mixes, one for each part.
    fn groups(&self, layout: &Layout) -> Vec<Range<usize>>;

    /// Raised when the same settings give other bits in this basis alone; where they do so everywhere,
    /// [`crate::record::SCHEMA`] is.
    fn revision(&self) -> u32 {
        0
    }

    /// Whether V is the identity: no change of variables.
    fn is_identity(&self) -> bool {
        false
    }

    /// Whether a weight matrix is one in the trained variables too, W ↦ U_L W U_Rᵀ, so that methods
    /// that act on matrices make sense there.
    fn keeps_matrices(&self) -> bool {
        false
    }

    /// The numbers of parameters of the groups for a model.
    fn sizes(&self, layout: &Layout) -> Vec<usize> {
        let groups = self.groups(layout);
        groups.iter().map(|blocks| layout.parameters(blocks).len()).collect()
    }

    /// What the maps take that it makes for a model, where `[egop]` asks for so many samples.
    fn cost(&self, layout: &Layout, _samples: usize) -> Cost {
        self.sizes(layout).into_iter().map(Orthonormal::cost).sum()
    }

    /// Whether its maps are linear; what is not is not taken into data.
    fn is_linear(&self) -> bool {
        true
    }

    /// The floating-point operations among them that take the inputs of the first layer there and back:
    /// none, where the data are rotated instead.
    fn input_flops(&self, _layout: &Layout) -> f64 {
        0.0
    }

    /// What making them takes.
    fn preparation(&self, layout: &Layout, _of: Material<'_>) -> Preparation {
        Preparation::of_matrices(&self.sizes(layout), 0.0, 1.0)
    }

    /// A key and what is wrong with it for a model, if anything is.
    fn problem(&self, _: &Layout) -> Option<(&'static str, String)> {
        None
    }

    /// A key and what is wrong with it where gradients are sampled like this, if anything is.
    fn unfit(&self, _: &Layout, _: &Sampling) -> Option<(&'static str, String)> {
        None
    }

    /// The key that asks for a mean of examples, if one does: one that is not 0.
    fn needs_examples(&self) -> Option<&'static str> {
        None
    }

    /// The key that asks for moments of inputs, if one does.
    fn needs_inputs(&self) -> Option<&'static str> {
        None
    }

    /// The files that it reads in so many trials of a model. `table` is the key of the table that names them,
    /// for messages.
    ///
    /// # Errors
    /// When a file cannot be read or does not fit.
    fn data(&self, _table: &str, _layout: &Layout, _trials: usize) -> Result<Vec<DataFile>> {
        Ok(Vec::new())
    }

    /// Whether all eigenvalues and eigenvectors come with V.
    fn has_spectrum(&self) -> bool {
        false
    }

    /// The same basis of all gradients that it is given, where it can be made again and again while a run
    /// trains; or what is wrong with that.
    ///
    /// # Errors
    /// When it cannot.
    fn followed(&self, _layout: &Layout) -> std::result::Result<Followed, String> {
        Err("this basis is not made of gradients: nothing can be estimated anew".into())
    }

    /// How many eigenvectors V begins with, of each group, and how they are computed from so many samples:
    /// of no group, unless they are.
    fn eigenvectors(&self, _layout: &Layout, _samples: usize) -> Vec<(Count, Solver)> {
        Vec::new()
    }

    /// A basis of the same kind that has no more than so many columns of its own and takes less memory,
    /// with the settings that lead to it.
    fn smaller(&self, _layout: &Layout, _columns: usize) -> Option<(String, Box<dyn Spec>)> {
        None
    }

    /// How many gradients building V samples, where `[egop]` asks for so many.
    fn sampled(&self, _samples: usize) -> usize {
        0
    }
}

/// All bases.
pub const REGISTRY: &[Entry<dyn Spec>] = &[
    identity::ENTRY,
    egop::ENTRY,
    input::ENTRY,
    kronecker::ENTRY,
    random_rotation::ENTRY,
    file::ENTRY,
];

/// Reads `basis` and the keys that go with it.
pub fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    reader.registered(key("basis", "how the change of variables V is obtained"), REGISTRY)
}
