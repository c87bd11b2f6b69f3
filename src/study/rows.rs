//! The rows of `study.csv`: what the results of a point come to.

use std::collections::HashSet;

use super::{Point, Study};
use crate::claim::{Evidence, Records, Rule, Side, ratio, theory_quantities};
use crate::experiment::{Experiment, TrainingStudy};
use crate::record::{ClaimRow, StudyRow, TheoryRow};
use crate::run::Report;

/// The rows of a point: its claims, the ratios of the metric and the numbers of the theory.
pub fn rows(
    study: &Study,
    point: &Point,
    experiment: &Experiment,
    report: &Report,
) -> Vec<StudyRow> {
    let planned = experiment.trials;
    let mut rows: Vec<StudyRow> = report.claims.iter().map(of_claim).collect();
    let training = experiment.training().into_iter();
    rows.extend(training.flat_map(|training| ratios(study, training, report, planned)));
    rows.extend(of_theory(&report.theory, planned));
    for row in &mut rows {
        row.base.clone_from(&point.base);
        row.axis.clone_from(&point.axis);
        row.value.clone_from(&point.value);
    }
    rows
}

fn of_claim(claim: &ClaimRow) -> StudyRow {
    StudyRow {
        quantity: claim.id.clone(),
        median: claim.median,
        lower: claim.lower,
        upper: claim.upper,
        verdict: claim.verdict.clone(),
        statement: claim.statement.clone(),
        pairs: claim.pairs,
        planned: claim.planned,
        ..StudyRow::default()
    }
}

/// The median and its interval of some values.
fn measured(evidence: &Evidence, planned: usize) -> StudyRow {
    let interval = evidence.interval();
    StudyRow {
        median: interval.map(|interval| interval.median),
        lower: interval.map(|interval| interval.lower),
        upper: interval.map(|interval| interval.upper),
        pairs: evidence.len(),
        planned,
        ..StudyRow::default()
    }
}

/// The ratios of each algorithm between original and all other coordinates, at the rate that is best in
/// the former and each at its own, where there are such rates.
fn ratios(
    study: &Study,
    training: &TrainingStudy,
    report: &Report,
    planned: usize,
) -> Vec<StudyRow> {
    let Some(original) = training.original() else { return Vec::new() };
    let records =
        Records { runs: &report.runs, rates: &report.rates, planned, ..Records::default() };
    let epochs = training.training.recorded_epochs();
    let mut rows = Vec::new();
    for algorithm in &training.algorithms {
        // A row of nothing, where nothing came of runs: they were wanted.
        let others = training.coordinates.iter().filter(|one| {
            let names = [&one.name, &original.name];
            one.name != original.name && names.iter().all(|name| algorithm.trains_in(name))
        });
        let each = others.flat_map(|other| Rule::NAMES.map(|tuned| (other, tuned)));
        for (other, (name, tuned)) in each {
            let side = |coordinates: &str| Side {
                algorithm: algorithm.name.clone(),
                coordinates: coordinates.to_owned(),
                tuned,
            };
            let [from, to] = [&original.name, &other.name].map(|one| side(one).runs(records));
            rows.extend(study.metrics.iter().map(|metric| {
                let pairs = from.iter().filter_map(|(trial, from)| Some((from, to.get(trial)?)));
                let ratios = pairs.map(|(from, to)| ratio(metric, epochs, from, to));
                StudyRow {
                    quantity: metric.to_string(),
                    algorithm: algorithm.name.clone(),
                    coordinates: other.name.clone(),
                    tuned: name.into(),
                    ..measured(&Evidence::new(ratios, planned), planned)
                }
            }));
        }
    }
    rows
}

/// The numbers of the theory, of each coordinate system and block.
fn of_theory(theory: &[TheoryRow], planned: usize) -> Vec<StudyRow> {
    let mut labels: Vec<(&str, &str)> = Vec::new();
    for row in theory {
        if !labels.contains(&(&*row.coordinates, &*row.block)) {
            labels.push((&row.coordinates, &row.block));
        }
    }
    let mut rows = Vec::new();
    for (coordinates, block) in labels {
        for (name, get) in theory_quantities() {
            // A trial has a row for each algorithm, with the same numbers.
            let mut seen = HashSet::new();
            let of =
                theory.iter().filter(|row| row.coordinates == coordinates && row.block == block);
            let values = of.filter(|row| seen.insert(row.trial)).filter_map(get).map(Ok);
            let evidence = Evidence::new(values, planned);
            if evidence.len() == 0 {
                continue;
            }
            rows.push(StudyRow {
                quantity: name.into(),
                coordinates: coordinates.into(),
                block: block.into(),
                ..measured(&evidence, planned)
            });
        }
    }
    rows
}
