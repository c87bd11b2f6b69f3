//! What a trial prepares in one coordinate system before anything trains.

use std::collections::HashMap;
use std::sync::Arc;

use crate::basis::Part;
use crate::coordinates::Coordinates;
use crate::record::{SpectrumRow, TheoryRow};
use crate::run::task::{spectra, theory};
use crate::trial::{Precision, Problem};

/// Coordinates in the precision of the runs, and the rows that tell of them.
pub(super) struct TrialBasis<R> {
    pub coordinates: Coordinates<R>,
    /// Leading eigenvectors of each part; 0: it has none.
    pub ranks: Vec<usize>,
    pub spectrum: Vec<SpectrumRow>,
    pub theory: Vec<TheoryRow>,
}

impl<R: Precision> TrialBasis<R> {
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
        let rank = |part: &Part| part.spectrum.as_ref().map_or(0, |of| of.eigenvectors.ncols());
        let ranks = parts.iter().map(rank).collect();
        Self { coordinates: problem.coordinates(parts), ranks, spectrum, theory }
    }

    /// Bytes that the maps hold.
    pub fn bytes(&self) -> u64 {
        (size_of::<R>() as f64 * self.coordinates.cost().elements) as u64
    }
}

/// What is kept from round to round, by trial and coordinate system, so that it is computed once;
/// what there is no room for is computed again.
pub(super) struct BasisCache<R> {
    prepared: HashMap<(usize, usize), Arc<TrialBasis<R>>>,
    room: u64,
}

impl<R: Precision> BasisCache<R> {
    /// Keeps so many bytes.
    pub fn new(room: u64) -> Self {
        Self { prepared: HashMap::new(), room }
    }

    pub fn get(&self, key: (usize, usize)) -> Option<Arc<TrialBasis<R>>> {
        self.prepared.get(&key).cloned()
    }

    pub fn keep(&mut self, key: (usize, usize), prepared: &Arc<TrialBasis<R>>) {
        let bytes = prepared.bytes();
        // The identity is not worth keeping.
        if bytes > 0 && bytes <= self.room {
            self.room -= bytes;
            self.prepared.insert(key, Arc::clone(prepared));
        }
    }
}
