//! One side of a weight matrix: its inputs or its outputs.

use ndarray::Array2;

use crate::coordinates::Reflector;
use crate::error::{Error, Result};
use crate::linalg;

/// An orthonormal basis whose first vectors are the eigenvectors of a second moment (symmetric,
/// positive semidefinite), the largest eigenvalues first. Where that has less than full rank, the
/// basis is completed near the coordinate axes, by a reflector, instead of by eigenvectors of 0,
/// which are arbitrary.
pub(super) fn eigenbasis(moment: Array2<f64>) -> Result<Array2<f64>> {
    let size = moment.nrows();
    let (eigenvalues, eigenvectors) = linalg::symmetric_eigen(moment)?;
    let largest = eigenvalues.first().copied().unwrap_or(0.0);
    if largest <= 0.0 {
        let message = "all sampled gradients, or all inputs, are 0: there are no directions";
        return Err(Error::Numerical(message.into()));
    }
    let floor = largest * f64::EPSILON * size as f64;
    let rank = eigenvalues.iter().take_while(|&&value| value > floor).count();
    if rank == size {
        return Ok(eigenvectors);
    }
    let leading = linalg::columns(eigenvectors.view(), 0..rank).to_owned();
    Ok(Reflector::new(leading.view())?.to_matrix())
}
