//! One side of a weight matrix: its inputs or its outputs.

use std::ops::Range;

use ndarray::{Array2, Axis};

use crate::basis::Preparation;
use crate::coordinates::Kronecker;
use crate::error::{Error, Result};
use crate::lanes::Layout;
use crate::linalg::{self, flops};

/// What the eigenvectors of a side take, of so many gradients with so many entries on the other one.
pub(super) fn preparation(samples: usize, side: usize, other: usize) -> Preparation {
    let [samples, side, other] = [samples, side, other].map(|number| number as f64);
    Preparation {
        products: 2.0 * samples * other * side.powi(2),
        decompositions: flops::of_eigen(side),
        elements: 5.0 * side.powi(2),
    }
}

/// Floating-point operations, there and back, of turning the inputs of the first layer, if it is among
/// these groups.
pub(super) fn input_flops(groups: &[Range<usize>], layout: &Layout) -> f64 {
    let first = groups.iter().find(|group| group.start == 0);
    let shape = first.map(|_| layout.blocks()[0].matrix());
    shape.map_or(0.0, |shape| Kronecker::cost(shape, false, true).flops)
}

/// Raised when the same moments have another basis: what was trained so before is not mixed with what is
/// trained after.
pub(super) const REVISION: u32 = 2;

/// An orthonormal basis whose first vectors are the eigenvectors of a second moment (symmetric,
/// positive semidefinite), the largest eigenvalues first. Where that has less than full rank, the
/// eigenvectors of 0 are arbitrary, and the basis is completed by vectors which their span alone decides:
/// the coordinate axes, where these are what the moment vanishes at (pixels that are always dark).
pub(super) fn eigenbasis(moment: Array2<f64>) -> Result<Array2<f64>> {
    let size = moment.nrows();
    let (eigenvalues, mut eigenvectors) = linalg::symmetric_eigen(moment)?;
    let largest = eigenvalues.first().copied().unwrap_or(0.0);
    if largest <= 0.0 {
        let message = "all sampled gradients, or all inputs, are 0: there are no directions";
        return Err(Error::Numerical(message.into()));
    }
    let floor = largest * f64::EPSILON * size as f64;
    let rank = eigenvalues.iter().take_while(|&&value| value > floor).count();
    let (_, mut null) = eigenvectors.view_mut().split_at(Axis(1), rank);
    let settled = linalg::spanned(null.view());
    null.assign(&settled);
    Ok(eigenvectors)
}
