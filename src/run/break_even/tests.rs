use super::*;
use crate::record::Levels;

/// A power of two, so that ratios are exact.
const TINY: f64 = 1.0 / (1 << 30) as f64;

const SLOW: [(u64, f64); 5] = [(0, 8.0), (10, 4.0), (20, 2.0), (30, 1.0), (40, 0.5)];

#[test]
fn curves_break_even_where_they_cross_for_the_last_time() {
    // A set-up of 15, then faster.
    let late = [(15, 8.0), (25, 2.0), (32, 0.5), (42, 0.1)];
    assert_eq!(break_even(&SLOW, &late, 40), Some((32, 7)));
    // There and back: what counts is the last time, from which it stays so.
    let twice = [(0, 9.0), (5, 3.0), (25, 1.5), (38, 1.2), (39, 0.4)];
    assert_eq!(break_even(&SLOW, &twice, 19), Some((5, 5)));
    assert_eq!(break_even(&SLOW, &twice, 29), Some((25, 20)));
    assert_eq!(break_even(&SLOW, &twice, 35), None);
    assert_eq!(break_even(&SLOW, &twice, 40), Some((39, 1)));
    // Never, as what comes later is not within the common budget.
    assert_eq!(break_even(&SLOW, &[(50, 8.0), (60, 0.0)], 40), None);
    assert_eq!(break_even(&SLOW, &[(15, 8.0), (60, 0.0)], 40), None);
}

#[test]
fn a_tie_is_at_or_below() {
    assert_eq!(break_even(&SLOW, &SLOW, 40), Some((0, 0)));
    let shifted = SLOW.map(|(cost, loss)| (cost + 1, loss));
    assert_eq!(break_even(&SLOW, &shifted, 40), None);
    let from_20 = [(0, 9.0), (20, 2.0), (30, 1.0), (40, 0.5)];
    assert_eq!(break_even(&SLOW, &from_20, 40), Some((20, 20)));
}

#[test]
fn at_once_is_where_the_set_up_is_over() {
    assert_eq!(break_even(&SLOW, &[(3, 1e-3)], 40), Some((3, 0)));
    // Against a run that came to nothing there is nothing before that either.
    let nothing = SLOW.map(|(cost, _)| (cost, f64::INFINITY));
    assert_eq!(break_even(&nothing, &[(15, 8.0), (25, 2.0)], 25), Some((15, 0)));
    assert_eq!(break_even(&SLOW, &nothing, 40), None);
    assert_eq!(break_even(&SLOW, &[], 40), None);
}

fn run(stop: Stop, setup: u64, points: &[(u64, f64)]) -> (RunRow, Vec<CurveRow>) {
    let (coordinates, last) =
        (if setup == 0 { "original" } else { "turned" }, points[points.len() - 1]);
    let lowest = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let row = RunRow {
        trial: 3,
        algorithm: "adam".into(),
        coordinates: coordinates.into(),
        learning_rate: 0.1,
        stop,
        steps: last.0,
        initial_loss: points[0].1,
        final_loss: last.1,
        minimum_loss: lowest,
        initial_suboptimality: Some(points[0].1),
        final_suboptimality: Some(last.1),
        minimum_suboptimality: Some(lowest),
        reached_target: None,
        levels: Levels::default(),
        level_flops: Levels::default(),
        gradient_norm: 0.0,
        mean_gradient_l1: 0.0,
        best_validation_loss: None,
        final_validation_loss: None,
        best_validation_accuracy: None,
        final_validation_accuracy: None,
        test_loss: None,
        test_accuracy: None,
        path_ratio: None,
        training_gradients: last.0,
        egop_gradients: setup,
        training_flops: 7 * last.0,
        setup_flops: 100 * setup,
        basis_bytes: 0,
    };
    let point = |&(step, loss): &(u64, f64)| CurveRow {
        trial: row.trial,
        algorithm: row.algorithm.clone(),
        coordinates: row.coordinates.clone(),
        learning_rate: row.learning_rate,
        step,
        train_loss: loss,
        suboptimality: Some(loss),
        validation_loss: None,
        validation_accuracy: None,
        gradient_norm: 0.0,
        gradient_l1: 0.0,
        gradients: step,
        flops: 7 * step,
    };
    let curve = points.iter().map(point).collect();
    (row, curve)
}

fn compared(
    (original, there): &(RunRow, Vec<CurveRow>),
    (row, here): &(RunRow, Vec<CurveRow>),
    unit: CostUnit,
) -> (Option<u64>, u64, Option<f64>, String) {
    let [original, run] = [(original, there), (row, here)]
        .map(|(run, points)| Recorded { run, points: points.as_slice() });
    let row = compare(&original, &run, "own", unit);
    (row.break_even, row.budget, row.ratio, row.failed)
}

#[test]
fn budgets_have_the_set_up_in_them() {
    let original = run(Stop::Budget, 0, &SLOW);
    let turned = run(Stop::Budget, 5, &[(0, 8.0), (10, 1.0), (40, 0.25)]);
    let in_unit = |unit| compared(&original, &turned, unit);
    assert_eq!(in_unit(CostUnit::Steps), (Some(0), 40, Some(2.0), String::new()));
    // Within 40 gradients it has made the 10 steps, no more; within 280 operations not one.
    assert_eq!(in_unit(CostUnit::Gradients), (None, 40, Some(0.5), String::new()));
    assert_eq!(in_unit(CostUnit::Flops), (None, 280, Some(0.0), String::new()));
    // A loss that rises again does not undo what was reached.
    let spiky = run(Stop::Budget, 12, &[(0, 8.0), (4, 0.5), (10, 9.0), (40, 9.0)]);
    assert_eq!(compared(&original, &spiky, CostUnit::Gradients).0, Some(16));
}

#[test]
fn a_run_that_is_over_stays_where_it_is() {
    let original = run(Stop::Budget, 0, &SLOW);
    let quick = run(Stop::Converged, 5, &[(0, 8.0), (10, TINY)]);
    let found = compared(&original, &quick, CostUnit::Gradients);
    assert_eq!(found, (Some(15), 40, Some(0.5 / TINY), String::new()));
    // Two that converged: it is their tolerance that decides which ends lower.
    let ended = run(Stop::Converged, 0, &[(0, 8.0), (90, 1e-10)]);
    let (break_even, budget, ratio, _) = compared(&ended, &quick, CostUnit::Gradients);
    assert_eq!((break_even, budget, ratio), (Some(5), 90, Some(1.0)));
    // At the numerical floor rounding decides.
    let [low, lower] = [(0, 1e-14), (5, 1e-16)]
        .map(|(setup, end)| run(Stop::Budget, setup, &[(0, 8.0), (10, end)]));
    assert_eq!(compared(&lower, &low, CostUnit::Steps).0, Some(0));
}

#[test]
fn a_run_that_came_to_nothing_is_above_all_others() {
    let good = |setup| run(Stop::Budget, setup, &SLOW);
    let lost = |setup| run(Stop::Diverged, setup, &[(0, 8.0), (10, 1e-9), (20, f64::INFINITY)]);
    let gradients = |original, turned| compared(&original, &turned, CostUnit::Gradients);
    let inf = f64::INFINITY;
    assert_eq!(gradients(lost(0), good(5)), (Some(5), 45, Some(inf), "original".into()));
    assert_eq!(gradients(good(0), lost(5)), (None, 40, Some(0.0), "coordinates".into()));
    let (break_even, _, ratio, failed) = gradients(lost(0), lost(5));
    assert_eq!((break_even, ratio, &*failed), (None, None, "both"));
}
