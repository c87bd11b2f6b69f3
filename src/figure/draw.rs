//! Drawing an experiment's figures into its results folder.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::figure::{Drawing, Spec, Tables};
use crate::store::Store;

/// What became of an experiment's figures.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Names of the files that were written.
    pub files: Vec<String>,
    /// Figures for which the tables do not suffice, and what is missing: where every learning rate
    /// diverged, say, there are no curves.
    pub missing: Vec<(String, Error)>,
}

/// Draws all figures of an experiment.
///
/// # Errors
/// When a table cannot be read, or a file cannot be written.
pub fn draw_all(store: &Store, experiment: &Experiment) -> Result<Drawn> {
    draw_some(store, experiment, &[])
}

/// Draws the figures with these names, or all if there are none.
///
/// # Errors
/// As for [`draw_all`]; [`Error::Usage`] for a name that no figure has.
pub fn draw_some(store: &Store, experiment: &Experiment, only: &[String]) -> Result<Drawn> {
    let known: Vec<&str> = experiment.figures.iter().map(|figure| figure.file()).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        let message = format!("there is no figure {unknown:?}; there are {}", known.join(", "));
        return Err(Error::Usage(message));
    }
    let names = |all: Vec<&String>| all.into_iter().cloned().collect();
    let tables = Tables::new(
        store.root(),
        names(experiment.algorithms.iter().map(|algorithm| &algorithm.name).collect()),
        names(experiment.coordinates.iter().map(|coordinates| &coordinates.name).collect()),
    );
    let figures: Vec<&dyn Spec> = experiment
        .figures
        .iter()
        .map(|figure| &**figure)
        .filter(|figure| only.is_empty() || only.iter().any(|name| name == figure.file()))
        .collect();
    tables.prepare(&figures.iter().flat_map(|figure| figure.tables()).copied().collect());
    let drawings: Vec<Result<Vec<Drawing>>> =
        figures.par_iter().map(|figure| figure.draw(&tables)).collect();
    let mut drawn = Drawn::default();
    for (figure, drawings) in figures.iter().zip(drawings) {
        let drawings = match drawings {
            Ok(drawings) => drawings,
            Err(error @ Error::Incompatible { .. }) => {
                drawn.missing.push((figure.file().to_owned(), error));
                continue;
            }
            Err(error) => return Err(error),
        };
        for drawing in drawings {
            let name = format!("{}.{}", figure.file(), drawing.extension);
            store.write(&name, &drawing.bytes)?;
            drawn.files.push(name);
        }
    }
    Ok(drawn)
}
