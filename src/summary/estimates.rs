//! The measures of EGOP estimates that sum them up.

use serde::Serialize;

use crate::record::MeasureRow;

/// One EGOP estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EstimateSummary<'a> {
    /// Number of the random instance, from 0.
    pub trial: usize,
    /// Name of the spectrum.
    pub spectrum: &'a str,
    /// Parameter block, or `all` for a global EGOP.
    pub block: &'a str,
    /// Stable rank Σ√λ_k/√λ₁.
    pub stable_rank: Option<MeasuredValue>,
    /// Intrinsic dimension Σλ_k/λ₁.
    pub intrinsic_dimension: Option<MeasuredValue>,
    /// Density β₁ of the leading eigenvector.
    pub density: Option<MeasuredValue>,
    /// Where the largest gaps between eigenvalues are, ascending.
    pub shelves: Vec<ShelfSummary>,
}

/// A measure of the estimate from all samples, and from the two halves of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasuredValue {
    /// From all samples.
    pub value: f64,
    /// The lowest of this and those from the halves.
    pub lower: f64,
    /// The highest of them.
    pub upper: f64,
}

/// Eigenvalues up to a large gap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShelfSummary {
    /// The index k of the last of them, from 1.
    pub end: f64,
    /// Distance between the subspaces of the leading k eigenvectors that the halves of the samples
    /// give; 1 is unrelated.
    pub subspace_distance: Option<f64>,
}

impl<'a> EstimateSummary<'a> {
    /// Sums up the rows of `measures.csv`, in any order: a summary for each spectrum and block of
    /// each trial.
    pub fn all(rows: &'a [MeasureRow]) -> Vec<Self> {
        let label = |row: &'a MeasureRow| (row.trial, &*row.coordinates, &*row.block);
        let mut labels: Vec<(usize, &str, &str)> = Vec::new();
        for row in rows {
            if !labels.contains(&label(row)) {
                labels.push(label(row));
            }
        }
        let summary = |of| {
            Self::of(of, &rows.iter().filter(|row| label(row) == of).collect::<Vec<&MeasureRow>>())
        };
        labels.into_iter().map(summary).collect()
    }

    fn of((trial, spectrum, block): (usize, &'a str, &'a str), rows: &[&MeasureRow]) -> Self {
        let named = |measure: &'static str| rows.iter().filter(move |row| row.measure == measure);
        // Of the densities, the first is that of the leading eigenvector.
        let first = |measure| {
            let row = named(measure).next()?;
            Some(MeasuredValue { value: row.value, lower: row.lower, upper: row.upper })
        };
        let shelf = |end: f64| {
            let distance = named("subspace-distance").find(|row| row.at == Some(end));
            ShelfSummary { end, subspace_distance: distance.map(|row| row.value) }
        };
        Self {
            trial,
            spectrum,
            block,
            stable_rank: first("stable-rank"),
            intrinsic_dimension: first("intrinsic-dimension"),
            density: first("density"),
            shelves: named("shelf-end").map(|row| shelf(row.value)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(coordinates: &str, measure: &str, at: Option<f64>, value: f64) -> MeasureRow {
        MeasureRow {
            trial: 0,
            coordinates: coordinates.into(),
            block: "all".into(),
            measure: measure.into(),
            at,
            value,
            lower: value - 1.0,
            upper: value + 1.0,
        }
    }

    #[test]
    fn shelves_are_joined_with_the_distances_at_their_ends() {
        let rows = [
            row("normal", "stable-rank", None, 45.0),
            row("normal", "shelf-end", Some(1.0), 3.0),
            row("normal", "shelf-end", Some(2.0), 40.0),
            row("normal", "density", Some(1.0), 0.7),
            row("normal", "density", Some(2.0), 0.5),
            row("xavier", "subspace-distance", Some(40.0), 0.1),
            row("normal", "subspace-distance", Some(2.0), 0.2),
            row("normal", "subspace-distance", Some(3.0), 0.3),
        ];
        let all = EstimateSummary::all(&rows);
        let [normal, xavier] = &all[..] else { panic!("{all:?}") };
        assert_eq!((normal.spectrum, xavier.spectrum), ("normal", "xavier"));
        let wanted = MeasuredValue { value: 45.0, lower: 44.0, upper: 46.0 };
        assert_eq!(normal.stable_rank, Some(wanted));
        assert_eq!(normal.intrinsic_dimension, None);
        assert_eq!(normal.density.map(|density| density.value), Some(0.7));
        assert_eq!(
            normal.shelves,
            [
                ShelfSummary { end: 3.0, subspace_distance: Some(0.3) },
                ShelfSummary { end: 40.0, subspace_distance: None },
            ]
        );
        assert!(xavier.shelves.is_empty());
    }
}
