//! The arrays of a change of variables as files hold them: checked, and rid of their rounding.

use std::path::Path;

use ndarray::{Array, Array1, Array2, ArrayD, Dimension};

use crate::error::Result;
use crate::input::corrupt;
use crate::linalg;

/// How far VᵀV may be from the identity: what single precision makes of an orthonormal matrix of
/// thousands of rows.
const TOLERANCE: f64 = 1e-4;

/// How far it is where double precision was kept, so that a basis that was saved is read as it was. Otherwise
/// the columns are orthonormalized: with another V the objective would be another function, where a data
/// matrix is multiplied with it.
const EXACT: f64 = 1e-11;

/// Rounding makes eigenvalues that are 0 negative, by so small a part of the largest, in single
/// precision too.
const ROUNDING: f64 = 1e-6;

/// An array that was read as one of so many dimensions.
pub(super) fn shaped<D: Dimension>(array: ArrayD<f64>) -> Array<f64, D> {
    array.into_dimensionality().expect("an array has the dimensions that were asked for")
}

/// Eigenvalues in descending order, none negative but by rounding, which becomes 0.
pub(super) fn eigenvalues(path: &Path, mut values: Array1<f64>) -> Result<Array1<f64>> {
    let refuse = |message: String| Err(corrupt(path, message));
    let largest = values.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return refuse("has no eigenvalue above 0".into());
    }
    for (index, value) in values.iter_mut().enumerate() {
        if *value < -ROUNDING * largest {
            return refuse(format!("entry [{index}] is {value}; no eigenvalue may be negative"));
        }
        *value = value.max(0.0);
    }
    let pairs = || values.windows(2).into_iter();
    if let Some(index) = pairs().position(|pair| pair[0] < pair[1]) {
        let hint = if pairs().all(|pair| pair[0] <= pair[1]) {
            "they ascend, as np.linalg.eigh has them: save w[::-1] and V[:, ::-1]"
        } else {
            "sort them, and the columns of V with them"
        };
        return refuse(format!(
            "entry [{}] is {}, above the one before it, {}; eigenvalues must descend: {hint}",
            index + 1,
            values[index + 1],
            values[index],
        ));
    }
    Ok(values)
}

/// How far columns are from orthonormal ones, if that may be.
pub(super) fn defect(path: &Path, vectors: &Array2<f64>) -> Result<f64> {
    let defect = linalg::orthonormality_defect(vectors.view());
    if defect.is_nan() || defect > TOLERANCE {
        return Err(corrupt(
            path,
            format!(
                "columns are not orthonormal: VᵀV is off by {defect:.1e}; at most {TOLERANCE:.0e} \
                 is allowed"
            ),
        ));
    }
    Ok(defect)
}

/// The matrix with orthonormal columns that a file holds, up to the rounding of its precision.
pub(super) fn orthonormal(path: &Path, vectors: Array2<f64>) -> Result<Array2<f64>> {
    if defect(path, &vectors)? <= EXACT {
        return Ok(vectors);
    }
    let is_row_major = vectors.is_standard_layout();
    let rows = if is_row_major { vectors } else { vectors.as_standard_layout().into_owned() };
    Ok(linalg::orthonormalized(rows.into()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    #[test]
    fn columns_that_were_saved_in_singles_are_orthonormalized() {
        let exact = crate::data::orthonormal(60, 40, &mut Streams::new(7, 0).rng("columns"));
        let read = |vectors: Array2<f64>| orthonormal(Path::new("v.npy"), vectors);
        assert_eq!(read(exact.clone()).unwrap(), exact);
        let singles = exact.mapv(|entry| f64::from(entry as f32));
        for rounded in [singles.clone(), singles.t().as_standard_layout().t().to_owned()] {
            assert!(linalg::orthonormality_defect(rounded.view()) > 1e-9);
            let found = read(rounded).unwrap();
            assert!(linalg::orthonormality_defect(found.view()) <= 1e-14);
            // Entries below 1 that were rounded to 24 bits, in sums of 40.
            let apart = found.iter().zip(&exact).map(|(a, b)| (a - b).abs());
            assert!(linalg::largest(apart) <= 1e-6);
        }
        assert!(read(&exact * 1.001).unwrap_err().to_string().contains("VᵀV is off by 2.0e-3"));
    }

    #[test]
    fn eigenvalues_descend_and_are_negative_by_rounding_only() {
        let check = |values: &[f64]| {
            eigenvalues(Path::new("w.npy"), Array1::from(values.to_vec()))
                .map(|values| values.to_vec())
                .map_err(|error| error.to_string())
        };
        assert_eq!(check(&[2.0, 1.0, 1e-18, -1e-18]).unwrap(), [2.0, 1.0, 1e-18, 0.0]);
        // What eigh makes of a matrix in single precision.
        assert_eq!(check(&[1e4, 1.0, -9e-4]).unwrap(), [1e4, 1.0, 0.0]);
        for (values, message) in [
            (&[1.0, 0.5, -0.01][..], "w.npy: entry [2] is -0.01; no eigenvalue may be negative"),
            (&[-1.0, -2.0], "no eigenvalue above 0"),
            (&[0.0, 0.0], "no eigenvalue above 0"),
            (&[0.0, 1.0, 2.0], "save w[::-1] and V[:, ::-1]"),
            (&[1.0, 3.0, 2.0], "entry [1] is 3, above the one before it, 1"),
        ] {
            let found = check(values).unwrap_err();
            assert!(found.contains(message), "{found}");
        }
    }
}
