//! The observed speed-ups, beside what the theory says.

use crate::claim::{Compared, Records, Rule, Side, ratio};
use crate::experiment::{System, TrainingStudy};
use crate::record::TheoryRow;
use crate::run::task::Rows;
use crate::sweep::Metric;

/// Completes the rows of a task in a coordinate system: how many eigenvectors were found, and how.
pub(super) fn computed(system: &System<'_>, rows: &mut Rows) {
    let layout = system.objective.layout();
    let groups = system.basis.groups(&layout).into_iter();
    let solvers = system.basis.eigenvectors(&layout, system.sampling.count(&layout));
    let solvers: Vec<(String, &str)> = groups
        .zip(solvers)
        .map(|(group, (_, solver))| (layout.group_name(&group), solver.name()))
        .collect();
    for row in &mut rows.theory {
        let found = rows.spectrum.iter().filter(|one| one.block == row.block);
        row.rank = found.filter(|one| one.density.is_some()).count();
        let solver = solvers.iter().find(|(block, _)| *block == row.block);
        row.solver = solver.map_or_else(String::new, |(_, name)| (*name).to_owned());
    }
}

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
