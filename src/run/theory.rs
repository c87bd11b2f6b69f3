//! The observed speed-ups, beside what the theory says.

use crate::claim::{Compared, Records, Rule, Side, ratio};
use crate::experiment::TrainingStudy;
use crate::record::TheoryRow;
use crate::sweep::Metric;

/// The rows of each change of variables once for each algorithm, with its observed speed-ups.
pub(super) fn observed(
    rows: &[TheoryRow],
    study: &TrainingStudy,
    records: Records<'_>,
) -> Vec<TheoryRow> {
    let original = study.original();
    let mut all = Vec::new();
    for algorithm in &study.algorithms {
        let runs = |coordinates: &str, tuned: Rule| {
            let (algorithm, coordinates) = (algorithm.name.clone(), coordinates.into());
            Side { algorithm, coordinates, tuned }.runs(records)
        };
        for row in rows.iter().filter(|row| algorithm.trains_in(&row.coordinates)) {
            // As a claim has it: two runs that come nowhere are not comparable.
            let gain = |metric: Metric, tuned| {
                let run = |coordinates| runs(coordinates, tuned).get(&row.trial).copied();
                let (from, to) = (run(&*original?.name)?, run(&*row.coordinates)?);
                ratio(&Compared::as_recorded(metric), records.epochs, from, to).ok()
            };
            all.push(TheoryRow {
                algorithm: algorithm.name.clone(),
                observed_same_rate: gain(Metric::TO_COMMON_LEVEL, Rule::Original),
                observed_own_rate: gain(Metric::TO_COMMON_LEVEL, Rule::Own),
                gradient_same_rate: gain(Metric::MEAN_GRADIENT, Rule::Original),
                gradient_own_rate: gain(Metric::MEAN_GRADIENT, Rule::Own),
                ..row.clone()
            });
        }
    }
    all
}
