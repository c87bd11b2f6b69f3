//! What the symmetry of hidden units says of a network's EGOP (`docs/symmetry.md`).
//!
//! A network computes the same when the hidden units of a layer change places, and the distributions
//! over parameters draw all units of a layer alike. The EGOP is therefore the same when the units of
//! any hidden layer are permuted: entry (p, q) depends on the *kinds* of the two parameters (which
//! block, and which input or output where that is no hidden unit) and on which of their hidden units
//! are the same ones. The symmetric part of an estimate is its mean over all permutations: of all
//! entries with the same kinds and the same coincidences, the mean.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2};

use crate::error::Result;
use crate::lanes::{Layout, Role};
use crate::linalg;

/// No hidden unit: an input, an output, or the one column of a bias.
const NONE: usize = usize::MAX;
/// Ways in which the two hidden units of a parameter are those of another one, or not.
const COINCIDENCES: usize = 4;

/// How permutations of hidden units act on some parameters of a feed-forward network.
#[derive(Clone, Debug)]
pub struct Symmetry {
    /// Units of each hidden layer.
    widths: Vec<usize>,
    /// The hidden layers, if any, that rows and columns of the parameters of each kind belong to.
    kinds: Vec<[Option<usize>; 2]>,
    parameters: Vec<Parameter>,
}

/// A parameter: its kind, and the hidden units of its row and its column, numbered through all
/// layers.
#[derive(Clone, Copy, Debug)]
struct Parameter {
    kind: usize,
    units: [usize; 2],
}

/// The mean of an EGOP estimate over all permutations of hidden units, and how far the estimate is
/// from it.
#[derive(Clone, Debug)]
pub struct SymmetricPart {
    /// ‖EGOP − mean‖/‖EGOP‖ ∈ [0, 1], Frobenius norms.
    pub distance: f64,
    /// The mean's eigenvalues λ₁ ≥ λ₂ ≥ …, each as often as it is there; rounding's negative values
    /// are raised to 0.
    pub eigenvalues: Array1<f64>,
}

impl Symmetry {
    /// The symmetry of consecutive blocks of the layout of a feed-forward network.
    pub fn of(layout: &Layout, blocks: &Range<usize>) -> Self {
        let all = layout.blocks();
        let weights: Vec<_> = all.iter().filter(|block| block.role == Role::Weight).collect();
        let hidden = weights.len().saturating_sub(1);
        let widths: Vec<usize> = weights[..hidden].iter().map(|block| block.shape.0).collect();
        let starts: Vec<usize> = (0..hidden).map(|layer| widths[..layer].iter().sum()).collect();
        let unit = |layer: Option<usize>, index| layer.map_or(NONE, |layer| starts[layer] + index);

        let mut kinds = Vec::new();
        let mut parameters = Vec::new();
        let mut layers = 0;
        for (number, block) in all.iter().enumerate() {
            layers += usize::from(block.role == Role::Weight);
            if !blocks.contains(&number) {
                continue;
            }
            // Rows are the outputs of a layer, columns of weights its inputs.
            let of_row = layers.checked_sub(1).filter(|&layer| layer < hidden);
            let of_column = layers.checked_sub(2).filter(|_| block.role == Role::Weight);
            let mut known = BTreeMap::new();
            let (rows, columns) = block.shape;
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
                let fixed = [of_row.map_or(row, |_| 0), of_column.map_or(column, |_| 0)];
                let kind = *known.entry(fixed).or_insert_with(|| {
                    kinds.push([of_row, of_column]);
                    kinds.len() - 1
                });
                let units = [unit(of_row, row), unit(of_column, column)];
                parameters.push(Parameter { kind, units });
            }
        }
        Self { widths, kinds, parameters }
    }

    /// The symmetric part of an EGOP estimate (lower triangle read).
    ///
    /// # Errors
    /// As for [`linalg::symmetric_eigen`].
    ///
    /// # Panics
    /// When the estimate is not of as many parameters as there are.
    pub fn part(&self, egop: ArrayView2<'_, f64>) -> Result<SymmetricPart> {
        let d = self.parameters.len();
        assert_eq!(egop.dim(), (d, d), "an estimate for all parameters");
        let means = self.means(egop);
        let (mut outside, mut whole) = (0.0, 0.0);
        self.each_pair(|p, q, orbit| {
            let weight = if p == q { 1.0 } else { 2.0 };
            outside += weight * (egop[(p, q)] - means[orbit]).powi(2);
            whole += weight * egop[(p, q)].powi(2);
        });
        let distance = if whole > 0.0 { (outside / whole).sqrt().min(1.0) } else { 0.0 };
        Ok(SymmetricPart { distance, eigenvalues: self.eigenvalues(&means)? })
    }

    /// Calls a function with each pair p ≥ q of parameters and the number of its orbit.
    fn each_pair(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for (p, of) in self.parameters.iter().enumerate() {
            let same =
                |unit: usize, units: [usize; 2]| usize::from(unit != NONE && units.contains(&unit));
            for (q, other) in self.parameters[..=p].iter().enumerate() {
                // Of two blocks, p is in the later one, whose kinds have the larger numbers; within
                // one, rows go with rows and columns with columns. So the order does not matter.
                let coincidence =
                    2 * same(of.units[0], other.units) + same(of.units[1], other.units);
                visit(p, q, self.orbit(of.kind, other.kind, coincidence));
            }
        }
    }

    /// The number of the orbit of pairs of parameters of two kinds.
    fn orbit(&self, one: usize, other: usize, coincidence: usize) -> usize {
        let (later, earlier) = (one.max(other), one.min(other));
        COINCIDENCES * (later * (later + 1) / 2 + earlier) + coincidence
    }

    /// The mean over each orbit; 0 of those that are empty.
    fn means(&self, egop: ArrayView2<'_, f64>) -> Vec<f64> {
        let orbits = self.orbit(self.kinds.len(), 0, 0);
        let (mut sums, mut counts) = (vec![0.0; orbits], vec![0_usize; orbits]);
        self.each_pair(|p, q, orbit| {
            sums[orbit] += egop[(p, q)];
            counts[orbit] += 1;
        });
        sums.iter().zip(counts).map(|(sum, count)| sum / count.max(1) as f64).collect()
    }

    /// The symmetric part's eigenvalues, from one small matrix for each irreducible representation
    /// that occurs: for a set of at most two hidden layers, the vectors that sum to 0 over the units
    /// of these layers and are constant over those of all others.
    fn eigenvalues(&self, means: &[f64]) -> Result<Array1<f64>> {
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        for layers in &self.kinds {
            let layers: Vec<usize> = layers.iter().copied().flatten().collect();
            sets.extend(layers.iter().map(|&layer| vec![layer]));
            sets.push(layers);
        }
        sets.iter_mut().for_each(|set| set.sort_unstable());
        sets.sort_unstable();
        sets.dedup();

        let mut all = Vec::with_capacity(self.parameters.len());
        for set in sets {
            let multiplicity: usize = set.iter().map(|&layer| self.widths[layer] - 1).product();
            let covers =
                |layers: &[Option<usize>; 2]| set.iter().all(|l| layers.contains(&Some(*l)));
            let members: Vec<usize> =
                (0..self.kinds.len()).filter(|&kind| covers(&self.kinds[kind])).collect();
            if multiplicity == 0 || members.is_empty() {
                continue;
            }
            let size = members.len();
            let reduced = Array2::from_shape_fn((size, size), |(i, j)| {
                if i < j { 0.0 } else { self.reduced(members[i], members[j], &set, means) }
            });
            let (eigenvalues, _) = linalg::symmetric_eigen(reduced)?;
            for value in eigenvalues {
                all.extend(std::iter::repeat_n(value.max(0.0), multiplicity));
            }
        }
        all.sort_by(|a, b| b.total_cmp(a));
        Ok(all.into())
    }

    /// What the symmetric part does from one kind of parameters to a later one or the same, on
    /// vectors that sum to 0 over the units of some layers and are constant, of norm 1, over those of
    /// the others.
    fn reduced(&self, later: usize, earlier: usize, set: &[usize], means: &[f64]) -> f64 {
        let (here, there) = (self.kinds[later], self.kinds[earlier]);
        let alone = there.iter().flatten().filter(|layer| !here.contains(&Some(**layer)));
        let constant: f64 = alone.map(|&layer| (self.widths[layer] as f64).sqrt()).product();
        // The factor of a layer of the later kind: over the units that are not the same one, those of
        // a vector that sums to 0 are minus the one that is; and over a constant, all are one.
        let factor = |layer: Option<usize>, same: bool| match layer {
            None => f64::from(u8::from(!same)),
            Some(layer) if !there.contains(&Some(layer)) => {
                if same {
                    0.0
                } else {
                    (self.widths[layer] as f64).sqrt()
                }
            }
            Some(_) if same => 1.0,
            Some(layer) if set.contains(&layer) => -1.0,
            Some(layer) => self.widths[layer] as f64 - 1.0,
        };
        let terms = (0..COINCIDENCES).map(|coincidence| {
            let factors =
                factor(here[0], coincidence & 2 > 0) * factor(here[1], coincidence & 1 > 0);
            factors * means[self.orbit(later, earlier, coincidence)]
        });
        constant * terms.sum::<f64>()
    }
}

#[cfg(test)]
mod tests;
