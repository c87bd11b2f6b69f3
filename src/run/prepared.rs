//! What a trial prepares in one coordinate system before anything trains.

use std::collections::HashMap;
use std::sync::Arc;

use crate::basis::block_name;
use crate::basis::{self, Basis, Part, Rotation, Vectors};
use crate::linalg::Real;
use crate::objective::Objective;
use crate::record::{SpectrumRow, TheoryRow};
use crate::run::task::{spectra, theory};

/// A change of variables in the precision of the runs, and the rows that tell of it; half the size
/// of what it was made from, or less.
pub(super) struct Prepared<R> {
    rotations: Vec<Rotation<R>>,
    pub spectrum: Vec<SpectrumRow>,
    pub theory: Vec<TheoryRow>,
}

impl<R: Real> Prepared<R> {
    /// `coordinates` is the name of the coordinate system.
    pub fn new(
        parts: &[Part],
        objective: &dyn Objective<R>,
        trial: usize,
        coordinates: &str,
    ) -> Self {
        let (mut spectrum, mut theory) = (Vec::new(), Vec::new());
        for part in parts {
            let Vectors::Eigen(decomposition) = &part.vectors else { continue };
            let block = block_name(objective.layout(), &part.blocks);
            let label = (trial, coordinates, &*block);
            spectrum.extend(spectra::eigenvalues(label, decomposition));
            theory.push(theory::row(label, decomposition, objective));
        }
        Self { rotations: parts.iter().map(Rotation::of).collect(), spectrum, theory }
    }

    /// The change of variables; without parts, the identity.
    pub fn basis(&self, objective: &dyn Objective<R>) -> Box<dyn Basis<R>> {
        basis::assemble(objective.layout(), self.rotations.iter().cloned())
    }

    fn bytes(&self) -> u64 {
        self.rotations.iter().map(Rotation::bytes).sum::<usize>() as u64
    }
}

/// What is kept from round to round, by trial and coordinate system, so that it is computed once;
/// what there is no room for is computed again.
pub(super) struct BasisCache<R> {
    prepared: HashMap<(usize, usize), Arc<Prepared<R>>>,
    room: u64,
}

impl<R: Real> BasisCache<R> {
    /// Keeps so many bytes.
    pub fn new(room: u64) -> Self {
        Self { prepared: HashMap::new(), room }
    }

    pub fn get(&self, key: (usize, usize)) -> Option<Arc<Prepared<R>>> {
        self.prepared.get(&key).cloned()
    }

    pub fn keep(&mut self, key: (usize, usize), prepared: &Arc<Prepared<R>>) {
        let bytes = prepared.bytes();
        // The identity is not worth keeping.
        if bytes > 0 && bytes <= self.room {
            self.room -= bytes;
            self.prepared.insert(key, Arc::clone(prepared));
        }
    }
}
