//! From which budget on a change of variables pays: the lowest loss so far in other coordinates
//! against that in original ones, at equal budgets, of which the set-up takes its share.
//!
//! Losses are known at the recorded points, and the lowest so far is a step function of the budget
//! that falls at such points only. A run that converged stays where it is, whatever the budget; a
//! run that came to nothing is above any other from its start on, as in every comparison of runs.

use std::collections::{BTreeMap, HashMap};

use crate::claim::{FLOOR, Records, Rule, Side};
use crate::experiment::TrainingStudy;
use crate::record::{BreakEvenRow, CostUnit, CurveRow, RunRow, Stop};

/// The rows of some runs with their curves, each run's in one piece; none where there are no original
/// coordinates.
pub(super) fn rows<'a>(
    study: &TrainingStudy,
    records: Records<'_>,
    curves: impl Iterator<Item = &'a [CurveRow]>,
) -> Vec<BreakEvenRow> {
    let Some(original) = study.original() else { return Vec::new() };
    let curves: Curves<'_> = curves.map(|points| (of_point(&points[0]), points)).collect();
    let mut rows = Vec::new();
    for algorithm in &study.algorithms {
        for coordinates in study.coordinates.iter().filter(|one| one.name != original.name) {
            for (tuned, rule) in Rule::NAMES {
                let runs = |coordinates: &str| -> BTreeMap<usize, &RunRow> {
                    let (algorithm, coordinates) = (algorithm.name.clone(), coordinates.into());
                    Side { algorithm, coordinates, tuned: rule }.runs(records)
                };
                let (originals, runs) = (runs(&original.name), runs(&coordinates.name));
                let pairs = runs.iter().filter_map(|(trial, run)| {
                    Some((
                        Recorded::of(originals.get(trial)?, &curves)?,
                        Recorded::of(run, &curves)?,
                    ))
                });
                rows.extend(pairs.flat_map(|(original, run)| {
                    CostUnit::NAMES.map(|(_, unit)| compare(&original, &run, tuned, unit))
                }));
            }
        }
    }
    // Within a trial they keep the order of the config.
    rows.sort_by_key(|row| row.trial);
    rows
}

type Name<'a> = (usize, &'a str, &'a str, u64);
type Curves<'a> = HashMap<Name<'a>, &'a [CurveRow]>;

fn of_point(point: &CurveRow) -> Name<'_> {
    (point.trial, &point.algorithm, &point.coordinates, point.learning_rate.to_bits())
}

fn of_run(run: &RunRow) -> Name<'_> {
    (run.trial, &run.algorithm, &run.coordinates, run.learning_rate.to_bits())
}

/// A run and its recorded points, of which there is one at least.
struct Recorded<'a> {
    run: &'a RunRow,
    points: &'a [CurveRow],
}

impl<'a> Recorded<'a> {
    /// A run with its curve, if that is there.
    fn of(run: &'a RunRow, curves: &Curves<'a>) -> Option<Self> {
        Some(Self { run, points: curves.get(&of_run(run))? })
    }

    /// What the run took up to each recorded point, and how low it had come.
    fn lowest(&self, unit: CostUnit) -> Vec<(u64, f64)> {
        let run = self.run;
        let mut lowest = f64::INFINITY;
        let point = |point: &CurveRow| {
            let cost = match unit {
                CostUnit::Steps => point.step,
                CostUnit::Gradients => run.egop_gradients + point.gradients,
                CostUnit::Flops => run.setup_flops + point.flops,
            };
            let height = point.suboptimality.unwrap_or(point.train_loss);
            if !run.stop.is_failure() && height.is_finite() {
                lowest = lowest.min(height);
            }
            (cost, lowest)
        };
        self.points.iter().map(point).collect()
    }

    /// Below this, losses are those of arithmetic, or of the tolerance at which the run was over.
    fn floor(&self) -> Option<f64> {
        let initial = self.run.initial_suboptimality.filter(|initial| initial.is_finite());
        let arithmetic = initial.map(|initial| FLOOR * initial);
        let reached = self.run.minimum_suboptimality.unwrap_or(self.run.minimum_loss);
        let reached = Some(reached).filter(|_| self.run.stop == Stop::Converged);
        arithmetic.into_iter().chain(reached).reduce(f64::max)
    }
}

fn compare(
    original: &Recorded<'_>,
    run: &Recorded<'_>,
    tuned: &str,
    unit: CostUnit,
) -> BreakEvenRow {
    let floors = [original.floor(), run.floor()];
    let floor = floors.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max);
    let [mut there, mut here] = [original, run].map(|one| one.lowest(unit));
    let budget = common([(original.run, &there), (run.run, &here)]);
    let loss = at(&here, budget);
    let lowest = there.iter_mut().chain(&mut here).map(|(_, lowest)| lowest);
    lowest.for_each(|lowest| *lowest = lowest.max(floor));
    let found = break_even(&there, &here, budget);
    let failed = match [original, run].map(|one| one.run.stop.is_failure()) {
        [false, false] => "",
        [true, false] => "original",
        [false, true] => "coordinates",
        [true, true] => "both",
    };
    let [from, to] = [&there, &here].map(|curve| at(curve, budget));
    let ratio = match [from, to].map(f64::is_infinite) {
        [true, true] => None,
        [false, false] if from < 0.0 || to < 0.0 || from == 0.0 && to == 0.0 => None,
        [true, false] => Some(f64::INFINITY),
        [false, true] => Some(0.0),
        [false, false] => Some(from / to),
    };
    BreakEvenRow {
        trial: run.run.trial,
        algorithm: run.run.algorithm.clone(),
        coordinates: run.run.coordinates.clone(),
        tuned: tuned.into(),
        learning_rate: run.run.learning_rate,
        original_rate: original.run.learning_rate,
        unit,
        break_even: found.map(|(budget, _)| budget),
        resolution: found.map(|(_, resolution)| resolution),
        budget,
        ratio,
        loss,
        floor: run.floor(),
        failed: failed.into(),
    }
}

/// The greatest budget that both runs are known at: to the end of the shorter one that used up its
/// own, and else to where the last one was over.
fn common(runs: [(&RunRow, &Vec<(u64, f64)>); 2]) -> u64 {
    let end = |curve: &[(u64, f64)]| curve.last().map_or(0, |&(cost, _)| cost);
    let used_up = runs.iter().filter(|(run, _)| run.stop == Stop::Budget);
    let shortest = used_up.map(|(_, curve)| end(curve)).min();
    shortest.unwrap_or_else(|| runs.map(|(_, curve)| end(curve)).into_iter().max().unwrap_or(0))
}

/// The lowest loss within a budget.
fn at(curve: &[(u64, f64)], budget: u64) -> f64 {
    let within = curve.partition_point(|&(cost, _)| cost <= budget);
    within.checked_sub(1).map_or(f64::INFINITY, |last| curve[last].1)
}

/// The least budget from which on, to the end of a common one, the second curve is at or below the
/// first, and how far before it the second curve has another point. The second one has begun then:
/// before its first point there is nothing to be compared, nor where it came to nothing.
fn break_even(first: &[(u64, f64)], second: &[(u64, f64)], budget: u64) -> Option<(u64, u64)> {
    let (start, _) = *second.first()?;
    let mut costs: Vec<u64> = first.iter().chain(second).map(|&(cost, _)| cost).collect();
    costs.sort_unstable();
    costs.dedup();
    let mut since = None;
    let [mut i, mut j] = [0, 0];
    let [mut theirs, mut ours] = [f64::INFINITY; 2];
    for cost in costs.into_iter().take_while(|&cost| cost <= budget) {
        while let Some(&(_, lowest)) = first.get(i).filter(|&&(other, _)| other <= cost) {
            (theirs, i) = (lowest, i + 1);
        }
        let before = j;
        while let Some(&(_, lowest)) = second.get(j).filter(|&&(other, _)| other <= cost) {
            (ours, j) = (lowest, j + 1);
        }
        if cost < start || ours > theirs || ours.is_infinite() {
            since = None;
        } else if since.is_none() {
            let previous = before.checked_sub(1).map_or(cost, |index| second[index].0);
            since = Some((cost, cost - previous));
        }
    }
    since
}

#[cfg(test)]
mod tests;
