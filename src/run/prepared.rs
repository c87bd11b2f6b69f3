//! What a trial prepares in one coordinate system before anything trains.

use std::collections::HashMap;
use std::sync::Arc;

use crate::basis::Part;
use crate::coordinates::Coordinates;
use crate::record::{SpectrumRow, TheoryRow};
use crate::run::task::{Task, spectra, theory};
use crate::trial::{Precision, Problem};

/// Coordinates in the precision of the runs, and the rows that tell of them.
pub(super) struct Prepared<R> {
    pub coordinates: Coordinates<R>,
    pub spectrum: Vec<SpectrumRow>,
    pub theory: Vec<TheoryRow>,
}

impl<R: Precision> Prepared<R> {
    /// `name` is that of the coordinate system.
    pub fn new(parts: &[Part], problem: &Problem<R>, trial: usize, name: &str) -> Self {
        let (mut spectrum, mut theory) = (Vec::new(), Vec::new());
        for part in parts {
            let Some(decomposition) = &part.spectrum else { continue };
            let block = problem.objective.layout().group_name(&part.blocks);
            let label = (trial, name, &*block);
            spectrum.extend(spectra::eigenvalues(label, decomposition));
            theory.push(theory::row(label, decomposition, &*problem.objective));
        }
        Self { coordinates: problem.coordinates(parts), spectrum, theory }
    }

    fn bytes(&self) -> u64 {
        (size_of::<R>() as f64 * self.coordinates.cost().elements) as u64
    }
}

/// What is kept from pass to pass, by trial and coordinate system, so that it is computed once;
/// what there is no room for is computed again.
pub(super) struct Kept<R> {
    prepared: HashMap<(usize, usize), Arc<Prepared<R>>>,
    room: u64,
}

impl<R: Precision> Kept<R> {
    /// Keeps so many bytes.
    pub fn new(room: u64) -> Self {
        Self { prepared: HashMap::new(), room }
    }

    pub fn get(&self, task: &Task) -> Option<Arc<Prepared<R>>> {
        self.prepared.get(&(task.trial, task.coordinates)).cloned()
    }

    pub fn keep(&mut self, task: &Task, prepared: &Arc<Prepared<R>>) {
        let bytes = prepared.bytes();
        // The identity is not worth keeping.
        if bytes > 0 && bytes <= self.room {
            self.room -= bytes;
            self.prepared.insert((task.trial, task.coordinates), Arc::clone(prepared));
        }
    }
}
