//! A basis that a span decides.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{largest, orthonormal_columns, times};

/// A row is chosen if the square of its length is this part of the largest one's: no simple fraction,
/// as those of two rows may be, between which rounding would decide.
const PART: f64 = 0.61;

/// The orthonormal basis of the span of some orthonormal columns that depends on the span alone, to
/// rounding, whichever orthonormal basis of it these are: with as many rows, each in turn the first that is
/// not much shorter than the longest, of what those before it leave of them, they are lower triangular
/// with a positive diagonal.
pub fn spanned(basis: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut rest = basis.to_owned();
    let mut rows = Vec::with_capacity(basis.ncols());
    for _ in 0..basis.ncols() {
        let lengths: Vec<f64> = rest.rows().into_iter().map(|row| row.dot(&row)).collect();
        let least = PART * largest(lengths.iter().copied());
        let Some(chosen) = lengths.iter().position(|&length| length >= least) else { break };
        rows.push(chosen);
        let direction: Array1<f64> = &rest.row(chosen) / lengths[chosen].sqrt();
        for mut row in rest.rows_mut() {
            let along = row.dot(&direction);
            row.scaled_add(-along, &direction);
        }
    }
    let chosen = basis.select(Axis(0), &rows);
    times(basis.to_owned().view(), orthonormal_columns(chosen.t()).view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::orthonormal;
    use crate::linalg::orthonormality_defect;
    use crate::rng::Streams;

    #[test]
    fn every_basis_of_a_span_leads_to_the_same() {
        let mut rng = Streams::new(3, 0).rng("span");
        for (size, dimension) in [(1, 1), (5, 2), (40, 7), (64, 64), (30, 0)] {
            let mut basis = orthonormal(size, dimension, &mut rng);
            if size == 5 {
                // Of two axes, and rows that are alike.
                basis = Array2::zeros((5, 2));
                basis[(3, 0)] = 1.0;
                (1..3).for_each(|row| basis[(row, 1)] = 0.5_f64.sqrt());
            }
            let first = spanned(basis.view());
            // Sums of a few products of numbers below 1, and 1/√64 of it at a pivot, at the least.
            assert!(orthonormality_defect(first.view()) <= 1e-13);
            let inside = basis.dot(&basis.t().dot(&first));
            assert!(largest((&inside - &first).iter().map(|entry| entry.abs())) <= 1e-13);
            for _ in 0..5 {
                let turned = basis.dot(&orthonormal(dimension, dimension, &mut rng));
                let again = spanned(turned.view());
                let apart = largest((&again - &first).iter().map(|entry| entry.abs()));
                assert!(apart <= 1e-12, "{size} × {dimension}: {apart}");
            }
        }
    }

    #[test]
    fn axes_are_a_basis_of_their_own() {
        let mut axes = Array2::zeros((4, 2));
        (axes[(2, 0)], axes[(1, 1)]) = (-1.0, 1.0);
        let basis = spanned(axes.view());
        let mut expected = Array2::<f64>::zeros((4, 2));
        (expected[(1, 0)], expected[(2, 1)]) = (1.0, 1.0);
        assert_eq!(basis, expected);
    }
}
