//! The observed speed-ups, beside what the theory says.

use std::collections::BTreeMap;

use crate::claim::{Records, Rule, Side};
use crate::experiment::Experiment;
use crate::record::TheoryRow;
use crate::sweep::Metric;

/// The rows of each change of variables once for each algorithm, with its observed speed-ups.
pub(super) fn observed(
    rows: &[TheoryRow],
    experiment: &Experiment,
    records: Records<'_>,
) -> Vec<TheoryRow> {
    let original = experiment.coordinates.iter().find(|one| one.basis.is_identity());
    let mut all = Vec::new();
    for algorithm in &experiment.algorithms {
        let values = |coordinates: &str, tuned: Rule| -> BTreeMap<usize, f64> {
            let (algorithm, coordinates) = (algorithm.name.clone(), coordinates.into());
            Side { algorithm, coordinates, tuned }.values(records, &Metric::TO_TARGET)
        };
        for row in rows {
            let speedup = |tuned| {
                let steps = |coordinates| values(coordinates, tuned).get(&row.trial).copied();
                let ratio = steps(&original?.name)? / steps(&row.coordinates)?;
                // Two runs that never reach the target are not comparable.
                (!ratio.is_nan()).then_some(ratio)
            };
            all.push(TheoryRow {
                algorithm: algorithm.name.clone(),
                observed_same_rate: speedup(Rule::Original),
                observed_own_rate: speedup(Rule::Own),
                ..row.clone()
            });
        }
    }
    all
}
