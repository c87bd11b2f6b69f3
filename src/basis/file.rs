//! A change of variables from files that NumPy can write and read (`.npy`).

use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, ArrayD, Dimension};

use crate::basis::{DataFile, Entry, Part, Preparation, Scope, Spec};
use crate::config::{Reader, key};
use crate::egop::Spectrum;
use crate::error::Result;
use crate::gradients::Gradients;
use crate::input::{corrupt, npy};
use crate::lanes::Layout;
use crate::linalg;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "file",
    summary: "orthonormal matrices from .npy files, one for each block",
    read: |reader: &mut Reader<'_>| {
        let scope = Scope::read(reader);
        // Results depend on what is in the files, which is checked by itself, not on where they lie.
        let (vectors, eigenvalues) = reader.presentation(|reader| {
            let vectors =
                key("vectors", "a .npy file for each block: V; {trial} is the trial's number");
            let values =
                key("eigenvalues", "a .npy file of eigenvalues for each; none: no eigenbasis");
            (reader.files(vectors), reader.files_or_none(values))
        });
        let (vectors, eigenvalues) = (vectors?, eigenvalues?);
        if !eigenvalues.is_empty() && eigenvalues.len() != vectors.len() {
            reader.problem("eigenvalues", "must be as many files as `vectors`, or none");
            return None;
        }
        Some(Box::new(FileBasis { scope: scope?, vectors, eigenvalues }))
    },
};

/// How far VᵀV may be from the identity: what single precision makes of an orthonormal matrix of
/// thousands of rows.
const TOLERANCE: f64 = 1e-4;

/// Rounding makes eigenvalues that are 0 negative, by so small a part of the largest, in single
/// precision too.
const ROUNDING: f64 = 1e-6;

/// V from files; `{trial}` in their names stands for the number of the trial.
#[derive(Clone, Debug)]
pub struct FileBasis {
    /// Which parameters V mixes.
    pub scope: Scope,
    /// A square matrix for each block that is mixed, columns orthonormal, in the blocks' order.
    pub vectors: Vec<String>,
    /// The eigenvalues that go with each, descending; none: V is not taken for an eigenbasis.
    pub eigenvalues: Vec<String>,
}

/// What stands for the number of the trial.
const TRIAL: &str = "{trial}";

fn of_trial(path: &str, trial: u64) -> PathBuf {
    PathBuf::from(path.replace(TRIAL, &trial.to_string()))
}

/// An array that was read as one of so many dimensions.
fn shaped<D: Dimension>(array: ArrayD<f64>) -> ndarray::Array<f64, D> {
    array.into_dimensionality().expect("an array has the dimensions that were asked for")
}

/// Eigenvalues in descending order, none negative but by rounding, which becomes 0.
fn checked(path: &Path, mut eigenvalues: Array1<f64>) -> Result<Array1<f64>> {
    let refuse = |message: String| Err(corrupt(path, message));
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return refuse("has no eigenvalue above 0".into());
    }
    for (index, value) in eigenvalues.iter_mut().enumerate() {
        if *value < -ROUNDING * largest {
            return refuse(format!("entry [{index}] is {value}; no eigenvalue may be negative"));
        }
        *value = value.max(0.0);
    }
    let pairs = || eigenvalues.windows(2).into_iter();
    if let Some(index) = pairs().position(|pair| pair[0] < pair[1]) {
        let hint = if pairs().all(|pair| pair[0] <= pair[1]) {
            "they ascend, as np.linalg.eigh has them: save w[::-1] and V[:, ::-1]"
        } else {
            "sort them, and the columns of V with them"
        };
        return refuse(format!(
            "entry [{}] is {}, above the one before it, {}; eigenvalues must descend: {hint}",
            index + 1,
            eigenvalues[index + 1],
            eigenvalues[index],
        ));
    }
    Ok(eigenvalues)
}

/// A matrix whose columns are orthonormal.
fn orthonormal(path: &Path, vectors: Array2<f64>) -> Result<Array2<f64>> {
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
    Ok(vectors)
}

impl FileBasis {
    /// The part for consecutive blocks, from the files with this position.
    fn part(&self, index: usize, blocks: Range<usize>, size: usize, trial: u64) -> Result<Part> {
        let path = of_trial(&self.vectors[index], trial);
        let vectors = orthonormal(&path, shaped(npy::read(&path, &[size, size])?.array))?;
        let Some(eigenvalues) = self.eigenvalues.get(index) else {
            return Ok(Part::orthonormal(blocks, vectors));
        };
        let path = of_trial(eigenvalues, trial);
        let eigenvalues = checked(&path, shaped(npy::read(&path, &[size])?.array))?;
        let spectrum = Spectrum { eigenvalues, eigenvectors: vectors.into() };
        Ok(Part::eigenbasis(blocks, spectrum))
    }
}

impl Spec for FileBasis {
    fn build(&self, source: &dyn Gradients, streams: &Streams) -> Result<Vec<Part>> {
        let layout = source.layout();
        let groups = self.scope.groups(layout);
        let part = |(index, blocks)| {
            let size = layout.parameters(&blocks).len();
            self.part(index, blocks, size, streams.trial())
        };
        groups.into_iter().take(self.vectors.len()).enumerate().map(part).collect()
    }

    fn has_spectrum(&self) -> bool {
        !self.eigenvalues.is_empty()
    }

    /// It was made elsewhere.
    fn preparation(&self, layout: &Layout, _samples: f64, _decompositions: f64) -> Preparation {
        Preparation { flops: 0.0, ..Preparation::of_matrices(&self.sizes(layout), 0.0, 1.0) }
    }

    fn scope(&self) -> Option<&Scope> {
        Some(&self.scope)
    }

    fn problem(&self, layout: &Layout) -> Option<(&'static str, String)> {
        let (groups, files) = (self.scope.groups(layout).len(), self.vectors.len());
        let message = || format!("must be {groups}, one for each block, instead of {files}");
        (groups != files).then(|| ("vectors", message()))
    }

    fn data(&self, layout: &Layout, trials: usize) -> Result<Vec<DataFile>> {
        let sizes = self.sizes(layout);
        let mut files = Vec::new();
        for (key, paths) in [("vectors", &self.vectors), ("eigenvalues", &self.eigenvalues)] {
            for (index, (path, &size)) in paths.iter().zip(&sizes).enumerate() {
                let shape: &[usize] = if key == "vectors" { &[size, size] } else { &[size] };
                let differ = path.contains(TRIAL);
                for trial in 0..if differ { trials } else { 1 } {
                    let path = of_trial(path, trial as u64);
                    let npy::Npy { array, sha256 } = npy::read(&path, shape)?;
                    match key {
                        "vectors" => drop(orthonormal(&path, shaped(array))?),
                        _ => drop(checked(&path, shaped(array))?),
                    }
                    let (name, trial) = (format!("{key}.{index}"), differ.then_some(trial));
                    files.push(DataFile { name, trial, sha256 });
                }
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_descend_and_are_negative_by_rounding_only() {
        let check = |values: &[f64]| {
            checked(Path::new("w.npy"), Array1::from(values.to_vec()))
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
