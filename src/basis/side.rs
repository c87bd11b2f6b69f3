//! One side of a weight matrix: its inputs or its outputs.

use std::ops::Range;

use ndarray::Array2;

use crate::basis::Preparation;
use crate::coordinates::{Kronecker, Reflector};
use crate::error::{Error, Result};
use crate::lanes::Layout;
use crate::linalg::{self, flops};

/// What the eigenvectors of a side take, of so many gradients with so many entries on the other one.
pub(super) fn preparation(samples: usize, side: usize, other: usize) -> Preparation {
    let [samples, side, other] = [samples, side, other].map(|number| number as f64);
    Preparation {
        products: samples * other * side * (side + 1.0),
        decompositions: flops::of_eigen(side),
        elements: 5.0 * side.powi(2),
        ..Preparation::default()
    }
}

/// Floating-point operations, there and back, of turning the inputs of the first layer, if it is among
/// these groups.
pub(super) fn input_flops(groups: &[Range<usize>], layout: &Layout) -> f64 {
    let first = groups.iter().find(|group| group.start == 0);
    let shape = first.map(|_| layout.blocks()[0].matrix());
    shape.map_or(0.0, |shape| Kronecker::cost(shape, false, true).flops)
}

/// An orthonormal basis whose first vectors are the eigenvectors of a second moment (symmetric,
/// positive semidefinite; lower triangle read), the largest eigenvalues first. Where that has less
/// than full rank, the basis is completed near the coordinate axes, by a reflector, instead of by
/// eigenvectors of 0, which are arbitrary.
pub(super) fn eigenbasis(moment: Array2<f64>) -> Result<Array2<f64>> {
    let size = moment.nrows();
    let (eigenvalues, eigenvectors) = linalg::symmetric_eigen(moment)?;
    let largest = eigenvalues.first().copied().unwrap_or(0.0);
    if largest <= 0.0 {
        let message = "all sampled gradients, or all inputs, are 0: there are no directions";
        return Err(Error::NoDirections(message));
    }
    let floor = largest * f64::EPSILON * size as f64;
    let rank = eigenvalues.iter().take_while(|&&value| value > floor).count();
    if rank == size {
        return Ok(eigenvectors);
    }
    let leading = linalg::columns(eigenvectors.view(), 0..rank).to_owned();
    Ok(Reflector::new(leading.view())?.to_matrix())
}
