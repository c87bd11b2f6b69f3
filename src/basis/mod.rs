//! Bases: orthonormal changes of variables θ = V θ̃ (paper, section 2).
//!
//! To add one: a file with its settings and its [`Entry`], and a line in [`REGISTRY`].

use std::fmt::Debug;
use std::ops::Range;

use ndarray::Array2;

use crate::config::{Entry, Reader, key};
use crate::egop::{Estimate, Spectrum};
use crate::error::Result;
use crate::lanes::{Lanes, Layout};
use crate::linalg::Real;
use crate::objective::Scratch;
use crate::rng::Streams;

mod block_diagonal;
mod egop;
mod file;
mod identity;
mod random_rotation;
mod scope;

pub use block_diagonal::{BlockDiagonal, Rotation};
pub use egop::EgopBasis;
pub use file::FileBasis;
pub use identity::Identity;
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

/// An orthonormal change of variables θ = V θ̃.
pub trait Basis<R: Real>: Send + Sync {
    /// θ = V θ̃ for each lane.
    fn to_original(&self, from: &Lanes<R>, to: &mut Lanes<R>, scratch: &mut Scratch<R>);

    /// θ̃ = Vᵀ θ for each lane; the same map takes gradients to reparameterized coordinates.
    fn to_reparameterized(&self, from: &Lanes<R>, to: &mut Lanes<R>, scratch: &mut Scratch<R>);

    /// Whether V = I, so that there is nothing to do.
    fn is_identity(&self) -> bool {
        false
    }
}

/// The change of variables with these diagonal blocks; without any, the identity.
///
/// # Panics
/// As for [`BlockDiagonal::of`].
pub fn assemble<R: Real>(
    layout: &Layout,
    rotations: impl ExactSizeIterator<Item = Rotation<R>>,
) -> Box<dyn Basis<R>> {
    match rotations.len() {
        0 => Box::new(Identity),
        _ => Box::new(BlockDiagonal::of(layout, rotations)),
    }
}

/// One diagonal block of a change of variables.
#[derive(Clone, Debug)]
pub struct Part {
    /// The consecutive parameter blocks that it mixes.
    pub blocks: Range<usize>,
    /// V's diagonal block, and the eigenvalues that come with it if it is an eigenbasis.
    pub vectors: Vectors,
}

/// An orthonormal matrix, with or without eigenvalues.
#[derive(Clone, Debug)]
pub enum Vectors {
    /// Eigenvectors of an EGOP matrix.
    Eigen(Spectrum),
    /// Any other orthonormal matrix.
    Orthonormal(Array2<f64>),
}

impl Vectors {
    /// The matrix, without what else is known of it.
    pub fn matrix(&self) -> &Array2<f64> {
        match self {
            Self::Eigen(spectrum) => &spectrum.eigenvectors,
            Self::Orthonormal(vectors) => vectors,
        }
    }
}

/// How V is obtained for a trial.
pub trait Spec: Debug + Send + Sync {
    /// V's diagonal blocks; parameters that none of them covers stay in original coordinates.
    ///
    /// # Errors
    /// When the EGOP cannot be estimated or decomposed.
    fn build(&self, source: &dyn Estimate, streams: &Streams) -> Result<Vec<Part>>;

    /// Which parameters V mixes; `None`: V is the identity, original coordinates.
    fn scope(&self) -> Option<&Scope>;

    /// Whether V is the identity: original coordinates.
    fn is_identity(&self) -> bool {
        self.scope().is_none()
    }

    /// The sizes of V's diagonal blocks for a model.
    fn sizes(&self, layout: &Layout) -> Vec<usize> {
        let groups = self.scope().map(|scope| scope.groups(layout)).unwrap_or_default();
        groups.iter().map(|blocks| parameters(layout, blocks).len()).collect()
    }

    /// A key and what is wrong with it for a model, if anything is.
    fn problem(&self, _: &Layout) -> Option<(&'static str, String)> {
        None
    }

    /// The files that it reads in so many trials of a model.
    ///
    /// # Errors
    /// When a file cannot be read or does not fit.
    fn data(&self, _layout: &Layout, _trials: usize) -> Result<Vec<DataFile>> {
        Ok(Vec::new())
    }

    /// Whether eigenvalues come with V.
    fn has_spectrum(&self) -> bool {
        false
    }

    /// Whether building V samples gradients.
    fn samples_gradients(&self) -> bool {
        false
    }
}

/// All bases.
pub const REGISTRY: &[Entry<dyn Spec>] =
    &[identity::ENTRY, egop::ENTRY, random_rotation::ENTRY, file::ENTRY];

/// Reads `basis` and the keys that go with it.
pub fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    reader.registered(key("basis", "how the change of variables V is obtained"), REGISTRY)
}

/// The name of consecutive parameter blocks: that of a single one among others, or `all`.
pub(crate) fn block_name(layout: &Layout, group: &Range<usize>) -> String {
    let blocks = layout.blocks();
    match &blocks[group.clone()] {
        [one] if blocks.len() > 1 => one.name.clone(),
        _ => "all".into(),
    }
}

/// The parameters that some consecutive blocks cover.
pub(crate) fn parameters(layout: &Layout, blocks: &Range<usize>) -> Range<usize> {
    let covered = &layout.blocks()[blocks.clone()];
    match (covered.first(), covered.last()) {
        (Some(first), Some(last)) => first.range.start..last.range.end,
        _ => 0..0,
    }
}
