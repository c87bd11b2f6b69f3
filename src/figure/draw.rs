//! Drawing an experiment's figures into its results folder.

use rayon::prelude::*;

use crate::error::Result;
use crate::experiment::Experiment;
use crate::figure::{Drawing, Spec, Tables};
use crate::store::Store;

/// Draws all figures of an experiment; returns the names of the files.
///
/// # Errors
/// When a table is missing or does not hold what a figure shows, or a file cannot be written.
pub fn draw_all(store: &Store, experiment: &Experiment) -> Result<Vec<String>> {
    draw_some(store, experiment, &[])
}

/// Draws the figures with these names, or all if there are none; returns the names of the files.
///
/// # Errors
/// As for [`draw_all`].
pub fn draw_some(store: &Store, experiment: &Experiment, only: &[String]) -> Result<Vec<String>> {
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
    let drawings: Vec<Vec<Drawing>> =
        figures.par_iter().map(|figure| figure.draw(&tables)).collect::<Result<_>>()?;
    let mut files = Vec::new();
    for (figure, drawings) in figures.iter().zip(drawings) {
        for drawing in drawings {
            let name = format!("{}.{}", figure.file(), drawing.extension);
            store.write(&name, &drawing.bytes)?;
            files.push(name);
        }
    }
    Ok(files)
}
