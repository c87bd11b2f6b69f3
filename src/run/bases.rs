//! Changes of variables as files for other programs: `basis/<trial>-<coordinates>-<block>.npy`.

use std::sync::Arc;

use ndarray::{ArcArray2, Array1, Array2};
use ndarray_npy::WriteNpyExt;

use crate::basis::Part;
use crate::egop::Spectrum;
use crate::error::{Error, Result};
use crate::experiment::{Experiment, Precision as Type};
use crate::objective::Context;
use crate::run::Run;
use crate::run::observer::Stage;
use crate::run::pass::{Failure, guarded};
use crate::run::task::{Task, context};
use crate::store::{self, BASES, Publication};
use crate::trial::{Control, Precision, Problem, Recording};

/// What became of changes of variables.
#[derive(Debug, Default)]
pub struct SavedBases {
    /// Names of the files.
    pub files: Vec<String>,
    /// Those that could not be formed, and why.
    pub missing: Vec<Failure>,
}

/// The names of the files that [`Run::save_bases`] may write.
pub fn basis_outputs(experiment: &Experiment) -> Vec<String> {
    let mut files = Vec::new();
    for coordinates in experiment.coordinates.iter().filter(|one| !one.basis.is_identity()) {
        let layout = experiment.objective_of(coordinates).layout();
        let groups = coordinates.basis.scope().map(|scope| scope.groups(&layout));
        for group in groups.unwrap_or_default() {
            for trial in 0..experiment.trials {
                let stem = stem(trial, &coordinates.name, &layout.group_name(&group));
                files.extend(ENDINGS.map(|ending| format!("{stem}{ending}")));
            }
        }
    }
    files
}

/// What the names of a block's files end with: its vectors', and its eigenvalues'.
const ENDINGS: [&str; 2] = [".npy", "-eigenvalues.npy"];

/// What they begin with.
fn stem(trial: usize, coordinates: &str, block: &str) -> String {
    format!("{BASES}/{trial}-{}-{}", store::file_name(coordinates), store::file_name(block))
}

impl Run<'_> {
    /// Adds V's diagonal blocks (d × d matrices of doubles, the new coordinates' axes as columns)
    /// of every trial and coordinate system but the original one, and for eigenbases beside each
    /// its eigenvalues (`…-eigenvalues.npy`), to what is published. One that cannot be formed does
    /// not keep the others from it.
    ///
    /// # Errors
    /// When a file cannot be read or written, or on interruption.
    pub fn save_bases(&self, publication: &mut Publication<'_>) -> Result<SavedBases> {
        match self.experiment.precision {
            Type::Double => self.save::<f64>(publication),
            Type::Single => self.save::<f32>(publication),
        }
    }

    fn save<R: Precision>(&self, publication: &mut Publication<'_>) -> Result<SavedBases> {
        let experiment = self.experiment;
        let mut saved = SavedBases::default();
        for trial in 0..experiment.trials {
            let context = context(experiment, self.options.data_dir.as_deref(), trial);
            let draw = || Problem::<R>::draw(&*experiment.objective, experiment.start, &context);
            let problem = experiment.trains().then(|| guarded(draw)).transpose()?.transpose();
            for (index, coordinates) in experiment.coordinates.iter().enumerate() {
                if coordinates.basis.is_identity() {
                    continue;
                }
                let vectors = match &problem {
                    Ok(problem) => {
                        guarded(|| self.vectors(trial, index, problem.as_ref(), &context))?
                    }
                    Err(message) => Err(message.clone()),
                };
                match vectors {
                    Ok(vectors) => {
                        for (block, vectors) in vectors {
                            let stem = stem(trial, &coordinates.name, &block);
                            saved.files.extend(write(publication, &stem, &vectors)?);
                        }
                    }
                    Err(message) => saved.missing.push(Failure {
                        trial,
                        coordinates: coordinates.name.clone(),
                        message,
                    }),
                }
            }
        }
        Ok(saved)
    }

    /// V's diagonal blocks with their names.
    fn vectors<R: Precision>(
        &self,
        trial: usize,
        index: usize,
        problem: Option<&Problem<R>>,
        context: &Context,
    ) -> Result<Vec<(String, Vectors)>> {
        let experiment = self.experiment;
        let coordinates = &experiment.coordinates[index];
        let progress = |units| self.observer.advance(Stage::Egop, units);
        let control = Control::new(self.observer.interrupted(), &progress);
        let Some(problem) = problem else {
            let recording = Recording::Summary;
            let task = Task { trial, coordinates: index, rates: Arc::default(), recording };
            let estimates = task.estimates::<R>(experiment, context, control)?.into_iter();
            return Ok(estimates
                .map(|(block, estimate)| (block, Vectors::eigen(estimate.whole)))
                .collect());
        };
        let layout = experiment.objective_of(coordinates).layout();
        let (distribution, sampling) = (experiment.distribution, experiment.sampling);
        let parts = problem.parts(&*coordinates.basis, distribution, sampling, control)?;
        let named = |part: Part| {
            let name = layout.group_name(&part.blocks);
            let vectors = match part.spectrum {
                Some(spectrum) => Some(Vectors::eigen(spectrum)),
                None => f64::linear_map(&*part.map).to_dense().map(Vectors::other),
            };
            let too_large = || Error::Numerical(format!("{name}: V is too large for a file"));
            Ok((name.clone(), vectors.ok_or_else(too_large)?))
        };
        parts.into_iter().map(named).collect()
    }
}

/// V, and its eigenvalues if it is an eigenbasis.
struct Vectors {
    matrix: ArcArray2<f64>,
    eigenvalues: Option<Array1<f64>>,
}

impl Vectors {
    fn eigen(spectrum: Spectrum) -> Self {
        Self { matrix: spectrum.eigenvectors, eigenvalues: Some(spectrum.eigenvalues) }
    }

    fn other(matrix: Array2<f64>) -> Self {
        Self { matrix: matrix.into(), eigenvalues: None }
    }
}

/// Adds one block's files; returns their names.
fn write(publication: &mut Publication<'_>, stem: &str, vectors: &Vectors) -> Result<Vec<String>> {
    let [whole, eigenvalues] = ENDINGS;
    let mut files = vec![(format!("{stem}{whole}"), npy(&vectors.matrix))];
    if let Some(values) = &vectors.eigenvalues {
        files.push((format!("{stem}{eigenvalues}"), npy(values)));
    }
    for (name, bytes) in &files {
        publication.write(name, bytes)?;
    }
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

/// The bytes of an .npy file.
fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("an array in memory can be written to memory");
    bytes
}
