//! Changes of variables as files for other programs: `basis/<trial>-<coordinates>-<block>.npy`.

use std::sync::Arc;

use ndarray_npy::WriteNpyExt;

use crate::basis::Vectors;
use crate::error::Result;
use crate::experiment::Precision as Type;
use crate::run::Run;
use crate::run::observer::Stage;
use crate::run::task::{Task, block_name, context};
use crate::store::{self, BASES, Publication};
use crate::trial::{Control, Precision, Problem, Recording};

impl Run<'_> {
    /// Adds V's diagonal blocks (d × d matrices of doubles, the new coordinates' axes as columns)
    /// of every trial and coordinate system but the original one, and for eigenbases beside each
    /// its eigenvalues (`…-eigenvalues.npy`), to what is published. Returns the names of the files.
    ///
    /// # Errors
    /// When an EGOP cannot be estimated, a file cannot be written, or on interruption.
    pub fn save_bases(&self, publication: &mut Publication<'_>) -> Result<Vec<String>> {
        match self.experiment.precision {
            Type::Double => self.save::<f64>(publication),
            Type::Single => self.save::<f32>(publication),
        }
    }

    fn save<R: Precision>(&self, publication: &mut Publication<'_>) -> Result<Vec<String>> {
        let experiment = self.experiment;
        let mut files = Vec::new();
        for trial in 0..experiment.trials {
            let context = context(experiment, self.options.data_dir.as_deref(), trial);
            let draw = || Problem::<R>::draw(&*experiment.objective, experiment.start, &context);
            let problem = if experiment.trains() { Some(draw()?) } else { None };
            for (index, coordinates) in experiment.coordinates.iter().enumerate() {
                if coordinates.basis.is_identity() {
                    continue;
                }
                let task = Task {
                    trial,
                    coordinates: index,
                    rates: Arc::default(),
                    recording: Recording::Summary,
                };
                let layout = experiment.objective_of(coordinates).layout();
                let progress = |units| self.observer.advance(Stage::Egop, units);
                let control = Control::new(self.observer.interrupted(), &progress);
                let named: Vec<_> = match &problem {
                    Some(problem) => problem
                        .parts(
                            &*coordinates.basis,
                            experiment.distribution,
                            experiment.sampling,
                            control,
                        )?
                        .into_iter()
                        .map(|part| (block_name(&layout, &part.blocks), part.vectors))
                        .collect(),
                    None => {
                        let estimates = task.estimates::<R>(experiment, &context, control)?;
                        estimates
                            .into_iter()
                            .map(|(block, estimate)| (block, Vectors::Eigen(estimate.whole)))
                            .collect()
                    }
                };
                for (block, vectors) in named {
                    let name = store::file_name(&coordinates.name);
                    let stem = format!("{BASES}/{trial}-{name}-{}", store::file_name(&block));
                    let mut made = vec![(format!("{stem}.npy"), npy(vectors.matrix()))];
                    if let Vectors::Eigen(spectrum) = &vectors {
                        let name = format!("{stem}-eigenvalues.npy");
                        made.push((name, npy(&spectrum.eigenvalues)));
                    }
                    for (name, bytes) in made {
                        publication.write(&name, &bytes)?;
                        files.push(name);
                    }
                }
            }
        }
        Ok(files)
    }
}

/// The bytes of an .npy file.
fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("an array in memory can be written to memory");
    bytes
}
