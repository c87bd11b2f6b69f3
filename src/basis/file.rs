//! A change of variables from files that NumPy can write and read (`.npy`).

use std::fs;
use std::path::PathBuf;

use ndarray::{Array1, Array2};
use ndarray_npy::ReadNpyExt;

use crate::basis::{Entry, Part, Scope, Spec, Vectors, parameters};
use crate::config::Reader;
use crate::egop::{Estimate, Spectrum};
use crate::error::{Error, Result};
use crate::lanes::Layout;
use crate::linalg;
use crate::rng::Streams;
use crate::store;

pub(super) const ENTRY: Entry = Entry {
    name: "file",
    summary: "orthonormal matrices from .npy files, one for each block",
    read: |reader: &mut Reader<'_>| {
        let scope = Scope::read(reader);
        let vectors = reader.texts("vectors");
        let eigenvalues = reader.texts_or("eigenvalues", &[]);
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

fn of_trial(path: &str, trial: u64) -> PathBuf {
    PathBuf::from(path.replace("{trial}", &trial.to_string()))
}

fn load<T: ReadNpyExt>(path: PathBuf) -> Result<T> {
    let bytes = fs::read(&path).map_err(Error::io(&path))?;
    T::read_npy(bytes.as_slice())
        .map_err(|error| Error::Corrupt { path, message: format!("{error} (f64 is needed)") })
}

impl FileBasis {
    /// The part for consecutive blocks of `size` parameters.
    fn part(&self, index: usize, size: usize, trial: u64) -> Result<Vectors> {
        let path = of_trial(&self.vectors[index], trial);
        let wrong = |path: PathBuf, message| Err(Error::Incompatible { path, message });
        let vectors: Array2<f64> = load(path.clone())?;
        if vectors.dim() != (size, size) {
            let (rows, columns) = vectors.dim();
            return wrong(path, format!("is {rows} × {columns} instead of {size} × {size}"));
        }
        let vectors = vectors.as_standard_layout().into_owned();
        let defect = linalg::orthonormality_defect(vectors.view());
        if defect.is_nan() || defect > TOLERANCE {
            let message = format!("columns are not orthonormal: VᵀV is off by {defect:.1e}");
            return wrong(path, message);
        }
        let Some(eigenvalues) = self.eigenvalues.get(index) else {
            return Ok(Vectors::Orthonormal(vectors));
        };
        let path = of_trial(eigenvalues, trial);
        let eigenvalues: Array1<f64> = load(path.clone())?;
        let descending = eigenvalues.windows(2).into_iter().all(|pair| pair[0] >= pair[1]);
        if eigenvalues.len() != size || !descending || !eigenvalues.iter().all(|&x| x >= 0.0) {
            let message = format!("must be {size} eigenvalues, descending, none negative");
            return wrong(path, message);
        }
        Ok(Vectors::Eigen(Spectrum { eigenvalues, eigenvectors: vectors }))
    }
}

impl Spec for FileBasis {
    fn build(&self, source: &dyn Estimate, streams: &Streams) -> Result<Vec<Part>> {
        let layout = source.layout();
        let groups = self.scope.groups(layout);
        let part = |(index, blocks)| {
            let size = parameters(layout, &blocks).len();
            Ok(Part { vectors: self.part(index, size, streams.trial())?, blocks })
        };
        groups.into_iter().take(self.vectors.len()).enumerate().map(part).collect()
    }

    fn has_spectrum(&self) -> bool {
        !self.eigenvalues.is_empty()
    }

    fn scope(&self) -> Option<&Scope> {
        Some(&self.scope)
    }

    fn problem(&self, layout: &Layout) -> Option<(&'static str, String)> {
        let (groups, files) = (self.scope.groups(layout).len(), self.vectors.len());
        let message = || format!("must be {groups}, one for each block, instead of {files}");
        (groups != files).then(|| ("vectors", message()))
    }

    fn data(&self, trials: usize) -> Result<Vec<(String, String)>> {
        let mut files = Vec::new();
        for path in self.vectors.iter().chain(&self.eigenvalues) {
            for trial in 0..trials as u64 {
                let path = of_trial(path, trial);
                let bytes = fs::read(&path).map_err(Error::io(&path))?;
                files.push((path.display().to_string(), store::sha256(&bytes)));
            }
        }
        files.dedup();
        Ok(files)
    }
}
