//! The expected gradient outer product EGOP(f; ρ) = E_{θ~ρ}[∇f(θ)∇f(θ)ᵀ] (paper, section 2),
//! estimated by GᵀG/M from M sampled gradients.

use std::ops::Range;

use ndarray::Array2;

use crate::error::Result;
use crate::gradients::{At, Gradients, Statistic};

mod bundle;
mod gram;
mod leading;
mod measure;
mod moments;
mod spectrum;
mod symmetry;

pub use bundle::Bundle;
pub use gram::Gram;
pub use leading::{Count, Solver, Wanted, leading};
pub use measure::{Measure, measured_subspaces, subspace_distance};
pub use moments::Moments;
pub use spectrum::Spectrum;
pub use symmetry::{SymmetricPart, Symmetry};

/// The estimates GᵀG/m (lower triangles) for ranges of parameters, from m of the M samples.
///
/// # Errors
/// As for [`Gradients::stream`].
pub fn egop(
    source: &dyn Gradients,
    samples: Range<usize>,
    ranges: &[Range<usize>],
) -> Result<Vec<Array2<f64>>> {
    let mut sums: Vec<Gram> = ranges.iter().cloned().map(Gram::new).collect();
    let mut statistics: Vec<&mut dyn Statistic> =
        sums.iter_mut().map(|sum| sum as &mut dyn Statistic).collect();
    source.stream(At::Distribution, samples, &mut statistics)?;
    Ok(sums.into_iter().map(Gram::mean).collect())
}
