//! A change of variables from files that NumPy can write and read (`.npy`).

use std::ops::Range;
use std::path::PathBuf;

use ndarray::Array2;

use crate::basis::stored::{defect, eigenvalues, orthonormal, shaped};
use crate::basis::{Complement, DataFile, Entry, Material, Part, Preparation, Scope, Spec, side};
use crate::config::{Reader, key};
use crate::coordinates::{Cost, Kronecker, Orthonormal};
use crate::egop::Spectrum;
use crate::error::{Error, Result};
use crate::gradients::Gradients;
use crate::input::{corrupt, npy};
use crate::lanes::Layout;
use crate::linalg::INNER_REVISION;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "file",
    summary: "orthonormal matrices from .npy files, for each block",
    read: |reader: &mut Reader<'_>| Some(Box::new(FileBasis::read(reader)?)),
};

/// Raised when the same files make another V: see [`Spec::revision`].
const REVISION: u32 = 1 + INNER_REVISION;

/// What the files hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FileForm {
    /// V of each block: a square matrix.
    Matrix,
    /// So many of V's columns, and what becomes of what they do not span.
    Columns(usize, Complement),
    /// U_out and U_in of each weight block.
    Kronecker,
}

/// A key, and its files.
pub type Files = (&'static str, Vec<String>);

/// V from files; `{trial}` in their names stands for the number of the trial.
#[derive(Clone, Debug)]
pub struct FileBasis {
    /// Which parameters V mixes.
    pub scope: Scope,
    /// What the files hold.
    pub form: FileForm,
    /// Matrices with orthonormal columns by their keys, for each block that is mixed, in the blocks'
    /// order: `vectors`, or `output_vectors` and `input_vectors`, of which one may be missing.
    pub matrices: Vec<Files>,
    /// The eigenvalues that go with square matrices, descending; none: V is not taken for an
    /// eigenbasis.
    pub eigenvalues: Vec<String>,
}

const VECTORS: &str = "vectors";
const OUTPUTS: &str = "output_vectors";
const INPUTS: &str = "input_vectors";
const EIGENVALUES: &str = "eigenvalues";

/// What stands for the number of the trial.
const TRIAL: &str = "{trial}";

fn of_trial(path: &str, trial: u64) -> PathBuf {
    PathBuf::from(path.replace(TRIAL, &trial.to_string()))
}

/// An error of a file, with the key that names it.
fn of_key(error: Error, table: &str, key: &str) -> Error {
    match error {
        Error::Corrupt { path, message } => corrupt(&path, format!("{message} ({table}.{key})")),
        error => error,
    }
}

impl FileBasis {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let scope = Scope::read(reader);
        let columns = Complement::read_columns(reader);
        let form = key("form", "what the files hold: V, or its Kronecker factors");
        let kronecker = [("matrix", false), ("kronecker", true)];
        let kronecker = reader.choice_or(form, "matrix", &kronecker)?;
        // Results depend on what is in the files, which is checked by itself, not on where they lie.
        let files = reader.presentation(|reader| match kronecker {
            true => Self::factors(reader),
            false => Self::vectors(reader),
        });
        let (scope, columns, (matrices, eigenvalues)) = (scope?, columns?, files?);
        let form = match columns {
            None if kronecker => FileForm::Kronecker,
            None => FileForm::Matrix,
            Some((columns, complement)) => FileForm::Columns(columns, complement),
        };
        let problem = match () {
            () if kronecker && columns.is_some() => {
                ("columns", "factors have all: remove this key")
            }
            () if kronecker && scope == Scope::Global => {
                ("scope", "must be \"block\": factors are of weight blocks")
            }
            () if columns.is_some() && !eigenvalues.is_empty() => {
                (EIGENVALUES, "go with all columns: remove this key")
            }
            () => return Some(Self { scope, form, matrices, eigenvalues }),
        };
        reader.problem(problem.0, problem.1);
        None
    }

    /// The files of factors.
    fn factors(reader: &mut Reader<'_>) -> Option<(Vec<Files>, Vec<String>)> {
        let outputs =
            key(OUTPUTS, "a .npy file for each block: U_out; {trial} is the trial's number");
        let inputs = key(INPUTS, "the same for U_in; at least one of the two is needed");
        let (outputs, inputs) = (reader.files_or_none(outputs), reader.files_or_none(inputs));
        let matrices = [(OUTPUTS, outputs?), (INPUTS, inputs?)];
        let given: Vec<Files> =
            matrices.into_iter().filter(|(_, paths)| !paths.is_empty()).collect();
        if given.is_empty() {
            reader.problem(INPUTS, "is missing, and so is `output_vectors`: state one of them");
            return None;
        }
        Some((given, Vec::new()))
    }

    /// The files of V and of eigenvalues.
    fn vectors(reader: &mut Reader<'_>) -> Option<(Vec<Files>, Vec<String>)> {
        let vectors = key(VECTORS, "a .npy file for each block: V; {trial} is the trial's number");
        let values = key(EIGENVALUES, "a .npy file of eigenvalues for each; none: no eigenbasis");
        let (vectors, eigenvalues) = (reader.files(vectors), reader.files_or_none(values));
        let (vectors, eigenvalues) = (vectors?, eigenvalues?);
        if !eigenvalues.is_empty() && eigenvalues.len() != vectors.len() {
            reader.problem(EIGENVALUES, "must be as many files as `vectors`, or none");
            return None;
        }
        Some((vec![(VECTORS, vectors)], eigenvalues))
    }

    /// The shape of a matrix for a group of blocks.
    fn shape(&self, key: &str, layout: &Layout, group: &Range<usize>) -> [usize; 2] {
        let (outputs, inputs) = layout.blocks()[group.start].matrix();
        let size = layout.parameters(group).len();
        match (self.form, key) {
            (FileForm::Columns(columns, _), _) => [size, columns],
            (_, OUTPUTS) => [outputs; 2],
            (_, INPUTS) => [inputs; 2],
            _ => [size; 2],
        }
    }

    /// The matrix of a key for the group with this position, if there is one.
    fn matrix(
        &self,
        wanted: &str,
        (index, group): (usize, &Range<usize>),
        layout: &Layout,
        trial: u64,
    ) -> Result<Option<Array2<f64>>> {
        let Some((key, paths)) = self.matrices.iter().find(|(key, _)| *key == wanted) else {
            return Ok(None);
        };
        let path = of_trial(&paths[index], trial);
        let shape = self.shape(key, layout, group);
        orthonormal(&path, shaped(npy::read(&path, &shape)?.array)).map(Some)
    }

    /// The part for a group of consecutive blocks, from the files with its position.
    fn part(
        &self,
        (index, group): (usize, Range<usize>),
        source: &dyn Gradients,
        streams: &Streams,
    ) -> Result<Part> {
        let layout = source.layout();
        let matrix = |key| self.matrix(key, (index, &group), layout, streams.trial());
        let vectors =
            || -> Result<Array2<f64>> { Ok(matrix(VECTORS)?.expect("there are files of vectors")) };
        match self.form {
            FileForm::Kronecker => {
                let [outputs, inputs] = [matrix(OUTPUTS)?, matrix(INPUTS)?];
                let [outputs, inputs] = [outputs, inputs].map(|side| side.map(Into::into));
                let shape = layout.blocks()[group.start].matrix();
                Ok(Part::new(group, Kronecker { shape, outputs, inputs }))
            }
            FileForm::Columns(_, complement) => {
                let vectors = vectors()?.into();
                complement.part(group, &vectors, source, streams)
            }
            FileForm::Matrix => {
                let eigenvectors = vectors()?;
                let Some(path) = self.eigenvalues.get(index) else {
                    return Ok(Part::orthonormal(group, eigenvectors));
                };
                let path = of_trial(path, streams.trial());
                let values = npy::read(&path, &[eigenvectors.nrows()])?.array;
                let eigenvalues = eigenvalues(&path, shaped(values))?;
                let eigenvectors = eigenvectors.into();
                let spectrum = Spectrum { eigenvalues, complete: true, eigenvectors };
                Ok(Part::eigenbasis(group, spectrum))
            }
        }
    }

    /// Numbers in the matrices for a group of blocks.
    fn elements(&self, layout: &Layout, group: &Range<usize>) -> usize {
        let size = |(key, _): &Files| self.shape(key, layout, group).iter().product::<usize>();
        self.matrices.iter().map(size).sum()
    }

    fn key_of_paths(&self) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
        let matrices = self.matrices.iter().map(|(key, paths)| (*key, paths));
        matrices.chain([(EIGENVALUES, &self.eigenvalues)])
    }
}

impl Spec for FileBasis {
    fn revision(&self) -> u32 {
        let FileForm::Columns(_, complement) = self.form else { return REVISION };
        REVISION + complement.revision()
    }

    fn build(&self, source: &dyn Gradients, streams: &Streams) -> Result<Vec<Part>> {
        let groups = self.scope.groups(source.layout()).into_iter().enumerate();
        groups.map(|group| self.part(group, source, streams)).collect()
    }

    fn has_spectrum(&self) -> bool {
        !self.eigenvalues.is_empty()
    }

    fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        self.scope.groups(layout)
    }

    fn input_flops(&self, layout: &Layout) -> f64 {
        let turned = self.matrices.iter().any(|(key, _)| *key == INPUTS);
        if turned { side::input_flops(&self.groups(layout), layout) } else { 0.0 }
    }

    fn keeps_matrices(&self) -> bool {
        self.form == FileForm::Kronecker
    }

    fn cost(&self, layout: &Layout, _: usize) -> Cost {
        let has = |wanted| self.matrices.iter().any(|(key, _)| *key == wanted);
        let cost = |group: &Range<usize>| {
            let size = layout.parameters(group).len();
            match self.form {
                FileForm::Matrix => Orthonormal::cost(size),
                FileForm::Columns(columns, complement) => complement.cost(size, columns),
                FileForm::Kronecker => {
                    let shape = layout.blocks()[group.start].matrix();
                    Kronecker::cost(shape, has(OUTPUTS), has(INPUTS))
                }
            }
        };
        self.groups(layout).iter().map(cost).sum()
    }

    /// It was made elsewhere, but for what becomes of what its columns do not span.
    fn preparation(&self, layout: &Layout, _: Material<'_>) -> Preparation {
        let of = |group: &Range<usize>| {
            // The matrix, its own products, and what makes it orthonormal.
            let elements = 5.0 * self.elements(layout, group) as f64;
            let read = Preparation { elements, ..Preparation::default() };
            let FileForm::Columns(columns, complement) = self.form else { return read };
            read + complement.preparation(layout.parameters(group).len(), columns)
        };
        self.groups(layout).iter().map(of).sum()
    }

    fn is_linear(&self) -> bool {
        match self.form {
            FileForm::Matrix | FileForm::Kronecker => true,
            FileForm::Columns(_, complement) => complement.is_linear(),
        }
    }

    fn problem(&self, layout: &Layout) -> Option<(&'static str, String)> {
        if let Some(problem) = self.scope.problem(layout) {
            return Some(("blocks", problem));
        }
        let groups = self.scope.groups(layout);
        let wrong = |(_, paths): &&Files| paths.len() != groups.len();
        if let Some((key, files)) = self.matrices.iter().find(wrong) {
            let (groups, files) = (groups.len(), files.len());
            let problem = format!("must be {groups}, one for each block, instead of {files}");
            return Some((key, problem));
        }
        let FileForm::Columns(columns, _) = self.form else { return None };
        let smallest = self.sizes(layout).into_iter().min()?;
        let problem =
            || ("columns", format!("must be at most the {smallest} parameters of a block"));
        (columns > smallest).then(problem)
    }

    fn data(&self, table: &str, layout: &Layout, trials: usize) -> Result<Vec<DataFile>> {
        let groups = self.scope.groups(layout);
        let mut files = Vec::new();
        for (key, paths) in self.key_of_paths() {
            for (index, (path, group)) in paths.iter().zip(&groups).enumerate() {
                let [rows, columns] = self.shape(key, layout, group);
                let shape = if key == EIGENVALUES { vec![rows] } else { vec![rows, columns] };
                let differ = path.contains(TRIAL);
                for trial in 0..if differ { trials } else { 1 } {
                    let path = of_trial(path, trial as u64);
                    let read = || {
                        let npy::Npy { array, sha256 } = npy::read(&path, &shape)?;
                        match key {
                            EIGENVALUES => drop(eigenvalues(&path, shaped(array))?),
                            _ => drop(defect(&path, &shaped(array))?),
                        }
                        Ok(sha256)
                    };
                    let sha256 = read().map_err(|error| of_key(error, table, key))?;
                    let (name, trial) = (format!("{key}.{index}"), differ.then_some(trial));
                    files.push(DataFile { name, trial, sha256 });
                }
            }
        }
        Ok(files)
    }
}
