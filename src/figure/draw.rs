//! Drawing an experiment's figures.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::figure::{Drawing, FORMATS, Spec, Tables};

/// What became of an experiment's figures.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Names and contents of their files.
    pub files: Vec<(String, Vec<u8>)>,
    /// Figures that could not be drawn, and why: where every learning rate diverged, say, there are
    /// no curves.
    pub missing: Vec<(String, Error)>,
}

/// The names of the files of an experiment's figures.
pub fn outputs(experiment: &Experiment) -> impl Iterator<Item = String> {
    let figures = experiment.figures.iter();
    figures.flat_map(|figure| FORMATS.map(|extension| format!("{}.{extension}", figure.file())))
}

/// Draws the figures with these names, or all if there are none, from the tables in a folder. One
/// that cannot be drawn does not keep the others from it.
///
/// # Errors
/// [`Error::Usage`] for a name that no figure has.
pub fn draw(folder: &Path, experiment: &Experiment, only: &[String]) -> Result<Drawn> {
    let known: Vec<&str> = experiment.figures.iter().map(|figure| figure.file()).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        let message = format!("there is no figure {unknown:?}; there are {}", known.join(", "));
        return Err(Error::Usage(message));
    }
    let tables = Tables::new(
        folder,
        experiment.algorithms().iter().map(|algorithm| algorithm.name.clone()).collect(),
        experiment.systems().iter().map(|system| system.name.to_owned()).collect(),
    );
    let figures: Vec<&dyn Spec> = experiment
        .figures
        .iter()
        .map(|figure| &**figure)
        .filter(|figure| only.is_empty() || only.iter().any(|name| name == figure.file()))
        .collect();
    tables.prepare(&figures.iter().flat_map(|figure| figure.tables()).copied().collect());
    let drawings: Vec<Result<Vec<Drawing>>> =
        figures.par_iter().map(|figure| guarded(|| figure.draw(&tables))).collect();
    let mut drawn = Drawn::default();
    for (figure, drawings) in figures.iter().zip(drawings) {
        match drawings {
            Ok(drawings) => drawn.files.extend(drawings.into_iter().map(|drawing| {
                (format!("{}.{}", figure.file(), drawing.extension), drawing.bytes)
            })),
            Err(error) => drawn.missing.push((figure.file().to_owned(), error)),
        }
    }
    Ok(drawn)
}

/// A panic costs one figure.
fn guarded<T>(draw: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(draw))
        .unwrap_or_else(|_| Err(Error::Drawing("the program panicked; please report it".into())))
}
