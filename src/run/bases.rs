//! Changes of variables as files for other programs: `basis/<trial>-<coordinates>-<block>.npy`.

use std::ops::Range;

use ndarray::{ArcArray2, Array1};
use ndarray_npy::WriteNpyExt;

use crate::basis::Part;
use crate::egop::Spectrum;
use crate::error::Result;
use crate::experiment::{Experiment, FloatType, System};
use crate::objective::Context;
use crate::run::Run;
use crate::run::event::{Event, Stage};
use crate::run::task::{Failure, context, guarded, spectra};
use crate::store::{self, BASES, Publication};
use crate::trial::{Control, Precision, Problem};

/// What became of changes of variables.
#[derive(Debug, Default)]
pub struct SavedBases {
    /// Names of the files.
    pub files: Vec<String>,
    /// Those that could not be formed, and why.
    pub missing: Vec<Failure>,
}

impl SavedBases {
    /// Adds what became of others.
    pub fn extend(&mut self, others: Self) {
        self.files.extend(others.files);
        for failure in others.missing {
            if !self.missing.contains(&failure) {
                self.missing.push(failure);
            }
        }
    }
}

/// The names of the files that [`Run::save_bases`] may write.
pub fn basis_outputs(experiment: &Experiment) -> Vec<String> {
    outputs(experiment, BASES, 0..experiment.trials)
}

/// The same in some folder, of some trials.
pub(super) fn outputs(experiment: &Experiment, folder: &str, trials: Range<usize>) -> Vec<String> {
    let mut files = Vec::new();
    for system in experiment.systems().iter().filter(|one| !one.basis.is_identity()) {
        let layout = system.objective.layout();
        for group in system.basis.groups(&layout) {
            for trial in trials.clone() {
                let stem = stem(folder, trial, system.name, &layout.group_name(&group));
                files.extend(ENDINGS.map(|ending| format!("{stem}{ending}")));
            }
        }
    }
    files
}

/// What the names of a block's files may end with: its vectors' or factors', and its eigenvalues'.
const ENDINGS: [&str; 4] = [".npy", "-outputs.npy", "-inputs.npy", "-eigenvalues.npy"];
const EIGENVALUES: &str = "-eigenvalues";

/// What they begin with.
pub(super) fn stem(folder: &str, trial: usize, coordinates: &str, block: &str) -> String {
    format!("{folder}/{trial}-{}-{}", store::file_name(coordinates), store::file_name(block))
}

impl Run<'_> {
    /// Adds what the maps of every trial and coordinate system are made of to what is published, in
    /// doubles: V's diagonal blocks, the new coordinates' axes as columns, or its leading columns; of
    /// Kronecker products the factors (`…-outputs.npy`, `…-inputs.npy`); and beside eigenvectors their
    /// eigenvalues (`…-eigenvalues.npy`). One that cannot be formed does
    /// not keep the others from it.
    ///
    /// # Errors
    /// When a file cannot be read or written, or on interruption.
    pub fn save_bases(&self, publication: &mut Publication<'_>) -> Result<SavedBases> {
        match self.index.experiment().precision {
            FloatType::Double => self.save::<f64>(publication),
            FloatType::Single => self.save::<f32>(publication),
        }
    }

    fn save<R: Precision>(&self, publication: &mut Publication<'_>) -> Result<SavedBases> {
        let experiment = self.index.experiment();
        let mut saved = SavedBases::default();
        for trial in 0..experiment.trials {
            let context = context(experiment, self.index.options.data_dir.as_deref(), trial);
            let draw = || Problem::<R>::draw(&*experiment.objective, experiment.start, &context);
            let problem = experiment.training().map(|_| guarded(draw)).transpose()?.transpose();
            for system in &experiment.systems() {
                if system.basis.is_identity() {
                    continue;
                }
                let vectors = match &problem {
                    Ok(problem) => guarded(|| self.vectors(system, problem.as_ref(), &context))?,
                    Err(message) => Err(message.clone()),
                };
                match vectors {
                    Ok(vectors) => {
                        for (block, vectors) in vectors {
                            let stem = stem(BASES, trial, system.name, &block);
                            for (name, bytes) in write(&stem, &vectors) {
                                publication.write(&name, &bytes)?;
                                saved.files.push(name);
                            }
                        }
                    }
                    Err(message) => saved.missing.push(Failure {
                        trial,
                        coordinates: system.name.to_owned(),
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
        system: &System<'_>,
        problem: Option<&Problem<R>>,
        context: &Context,
    ) -> Result<Vec<(String, Matrices)>> {
        let observer = self.index.observer;
        let progress = |units| observer.event(&Event::Advanced { stage: Stage::Egop, units });
        let control = Control::new(observer.interrupted(), &progress);
        let Some(problem) = problem else {
            let estimates = spectra::estimates::<R>(system, context, control)?.into_iter();
            return Ok(estimates
                .map(|(block, estimate)| (block, Matrices::of_spectrum(estimate.whole)))
                .collect());
        };
        let layout = system.objective.layout();
        let changed = problem.with_inputs(system.inputs)?;
        let problem = changed.as_ref().unwrap_or(problem);
        let parts = problem.parts(system.basis, system.distribution, system.sampling, control)?;
        let named = |part: Part| {
            let name = layout.group_name(&part.blocks);
            (name, Matrices::of(part))
        };
        Ok(parts.into_iter().map(named).collect())
    }
}

/// What a map is made of, with what the names of the files end with, and its eigenvalues if it has any.
pub(super) struct Matrices {
    vectors: Vec<(&'static str, ArcArray2<f64>)>,
    eigenvalues: Option<Array1<f64>>,
}

impl Matrices {
    /// Of a part.
    pub(super) fn of(part: Part) -> Self {
        let eigenvalues = part.spectrum.map(|spectrum| spectrum.eigenvalues);
        Self { vectors: part.map.matrices(), eigenvalues }
    }

    fn of_spectrum(spectrum: Spectrum) -> Self {
        let Spectrum { eigenvalues, eigenvectors, .. } = spectrum;
        Self { vectors: vec![("", eigenvectors)], eigenvalues: Some(eigenvalues) }
    }
}

/// The names of one block's files, and what is in them.
pub(super) fn write(stem: &str, all: &Matrices) -> Vec<(String, Vec<u8>)> {
    let vectors = all.vectors.iter().map(|(ending, matrix)| (*ending, npy(matrix)));
    let eigenvalues = all.eigenvalues.iter().map(|values| (EIGENVALUES, npy(values)));
    let named = |(ending, bytes)| (format!("{stem}{ending}.npy"), bytes);
    vectors.chain(eigenvalues).map(named).collect()
}

/// The bytes of an .npy file.
pub(super) fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("an array in memory can be written to memory");
    bytes
}
