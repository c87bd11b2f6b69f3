//! Objectives that take a change of variables into themselves; what is recorded changes no result.

use egop::coordinates::Coordinates;
use egop::lanes::{Lanes, Workspace};
use egop::objective::{Batch, Objective};
use egop::trial::{Control, Method, Outcome, Recording, Training, train};
use ndarray::Array1;

use crate::bases::{bases, parts, whole};
use crate::instances::{objectives, optimizers};
use crate::wrapped::Reparameterized;

/// Values and gradients at lanes.
fn evaluate(f: &dyn Objective<f64>, theta: &Lanes<f64>) -> (Vec<f64>, Vec<Array1<f64>>) {
    let (mut values, mut gradient) = (vec![f64::NAN; theta.lanes()], theta.clone());
    f.value_and_gradient(theta, Batch::Full, &mut values, &mut gradient, &mut Workspace::new());
    (values, (0..theta.lanes()).map(|lane| gradient.lane(lane)).collect())
}

/// The largest entry of |a − b|.
fn distance(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    (a - b).iter().fold(0.0, |largest, x| x.abs().max(largest))
}

/// (AV)θ̃ against A(Vθ̃): sums of at most 13 products of numbers up to 10, so that their rounding is
/// below 1e-13; h has second derivatives below 1e3 of its values, and gradients are such sums again.
#[test]
fn a_composed_objective_is_the_one_between_products() {
    let mut compared = 0;
    for (index, instance) in objectives().iter().enumerate() {
        let problem = whole(index, 0);
        // What networks take in is in absorbed.rs.
        if problem.objective.minimizer().is_none() {
            continue;
        }
        for (name, spec) in bases(&problem).iter().filter(|(_, spec)| !spec.is_identity()) {
            let basis = problem.coordinates(&parts(&problem, &**spec));
            let Some((composed, remaining)) = problem.objective.absorb(&basis) else { continue };
            assert!(remaining.is_original());
            let between = Reparameterized { inner: &*problem.objective, coordinates: &basis };
            let mut theta = Lanes::broadcast(composed.layout(), 3, problem.start.view());
            theta.set_lane(1, (&problem.start * -0.1).view());
            theta.set_lane(2, problem.start.mapv(f64::cos).view());
            let (values, gradients) = evaluate(&*composed, &theta);
            let (expected, steepest) = evaluate(&between, &theta);
            for lane in 0..3 {
                let what = format!("{}, {name}, lane {lane}", instance.kind);
                let tolerance = 1e-12 * expected[lane].abs().max(1.0);
                assert!((values[lane] - expected[lane]).abs() <= tolerance, "{what}: value");
                assert!(distance(&gradients[lane], &steepest[lane]) <= tolerance, "{what}");
            }
            assert_eq!(composed.minimum(), problem.objective.minimum());
            assert_eq!(composed.numerical_floor(), problem.objective.numerical_floor());
            let minimizer = |f: &dyn Objective<f64>| f.minimizer().unwrap().to_owned();
            let moved = moved_back(&basis, &*composed, &minimizer(&*composed));
            assert!(distance(&moved, &minimizer(&*problem.objective)) <= 1e-13, "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 5, "every convex objective composes");
}

/// Vθ̃.
fn moved_back(
    basis: &Coordinates<f64>,
    objective: &dyn Objective<f64>,
    point: &Array1<f64>,
) -> Array1<f64> {
    let from = Lanes::broadcast(objective.layout(), 1, point.view());
    let mut to = from.clone();
    basis.to_original(&from, &mut to, &mut Workspace::new());
    to.lane(0)
}

/// Without what is recorded beside the summary.
fn summary(mut run: Outcome) -> Outcome {
    run.curve.clear();
    run.trajectory.clear();
    run.path_ratio = None;
    run
}

/// Every digit; a diverged run may have ended in NaN, which is not equal to itself.
fn bits(runs: &[Outcome]) -> String {
    format!("{runs:?}")
}

#[test]
fn neither_what_is_recorded_nor_company_changes_a_bit() {
    let training = Training { gradient_tolerance: 0.0, ..Training::full_batch(15) };
    for (index, instance) in objectives().iter().enumerate() {
        let problem = whole(index, 1);
        for (name, spec) in bases(&problem) {
            let basis = problem.coordinates(&parts(&problem, &*spec));
            let run = |recording, methods: &[Method<'_>]| {
                train(&problem, &basis, methods, &training, recording, Control::none()).unwrap()
            };
            let all = optimizers();
            // The third diverges on some objectives, and its lane is dropped.
            let rates = [instance.stable_rate, instance.stable_rate / 3.0, 1e3];
            let methods: Vec<_> = all
                .iter()
                .map(|(_, optimizer)| Method { optimizer: &**optimizer, learning_rates: &rates })
                .collect();
            let expected = run(Recording::Summary, &methods);
            for recording in [Recording::Curve, Recording::Trajectory] {
                let recorded = run(recording, &methods);
                assert!(recorded.iter().all(|run| run.curve.len() as u64 == run.steps + 1));
                let recorded: Vec<_> = recorded.into_iter().map(summary).collect();
                assert_eq!(bits(&recorded), bits(&expected), "{}, {name}", instance.kind);
            }
            let alone = methods.iter().flat_map(|method| {
                rates.iter().flat_map(|rate| {
                    let learning_rates = std::slice::from_ref(rate);
                    run(Recording::Summary, &[Method { learning_rates, ..*method }])
                })
            });
            let alone: Vec<_> = alone.collect();
            assert_eq!(bits(&alone), bits(&expected), "{}, {name}", instance.kind);
        }
    }
}

#[test]
fn trajectories_are_in_original_coordinates() {
    let training = Training { gradient_tolerance: 0.0, ..Training::full_batch(10) };
    for (index, instance) in objectives().iter().enumerate() {
        let problem = whole(index, 2);
        for (name, spec) in bases(&problem) {
            let basis = problem.coordinates(&parts(&problem, &*spec));
            let (_, adam) = optimizers().into_iter().find(|(name, _)| *name == "adam").unwrap();
            let methods = [Method { optimizer: &*adam, learning_rates: &[0.01] }];
            let recording = Recording::Trajectory;
            let runs =
                train(&problem, &basis, &methods, &training, recording, Control::none()).unwrap();
            for (iterate, point) in runs[0].trajectory.iter().zip(&runs[0].curve) {
                let theta = Lanes::broadcast(problem.objective.layout(), 1, iterate.theta.view());
                let (values, _) = evaluate(&*problem.objective, &theta);
                // The same function in other coordinates: rounding, as above.
                let tolerance = 1e-12 * values[0].abs().max(1.0);
                let difference = (values[0] - point.train_loss).abs();
                assert!(difference <= tolerance, "{}, {name}: {difference:e}", instance.kind);
            }
        }
    }
}
