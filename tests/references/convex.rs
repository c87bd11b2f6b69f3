//! Objectives, optimizers and bases against trajectories and gradients computed by independent
//! libraries (JAX and Optax, PyTorch): `tests/data/convex.json`.

use egop::coordinates::{Coordinates, Orthonormal};
use egop::lanes::{Lanes, Layout, Workspace};
use egop::objective::{Batch, Composite, LeastSquares, LogSumExp, Logistic, Objective};
use egop::optimizer::{Adagrad, Adam, Build, Momentum, Optimizer, Sgd};
use egop::trial::Precision;
use ndarray::Array1;
use serde_json::Value;

use crate::values::{matrix, vector};

/// Both sides are doubles whose operations differ in order only.
const TOLERANCE: f64 = 1e-12;

/// Relative to the larger of the vector's norm and 1e-3: late iterates come close to zero.
fn assert_close(found: &Array1<f64>, expected: &Array1<f64>, what: &str) {
    let scale = expected.iter().fold(1e-3_f64, |scale, x| scale.max(x.abs()));
    for (x, y) in found.iter().zip(expected) {
        assert!((x - y).abs() <= TOLERANCE * scale, "{what}: {x:e} instead of {y:e}");
    }
}

fn objective(name: &str, reference: &Value) -> Box<dyn Objective<f64>> {
    let a = matrix(&reference["A"]);
    // y_lin is Aθ* plus noise, for both least squares and log-sum-exp.
    let y = vector(&reference["y_lin"]);
    match name {
        "lsq" => Box::new(Composite::new(a.view(), LeastSquares::new(&y))),
        "lse" => Box::new(Composite::new(a.view(), LogSumExp::new(&y))),
        "logistic" => {
            Box::new(Composite::new(a.view(), Logistic::new(&vector(&reference["y_logistic"]))))
        }
        other => panic!("no objective {other}"),
    }
}

fn optimizer(name: &str, layout: &Layout) -> Box<dyn Optimizer<f64>> {
    match name {
        "sgd" => Sgd.build(layout, 2),
        "momentum" => Momentum { momentum: 0.9 }.build(layout, 2),
        "adagrad_optax" => Adagrad::OPTAX.build(layout, 2),
        "adagrad_torch" => Adagrad::PYTORCH.build(layout, 2),
        "adam" => Adam::default().build(layout, 2),
        other => panic!("no optimizer {other}"),
    }
}

#[test]
fn every_objective_and_optimizer_follows_the_reference_in_both_coordinate_systems() {
    let reference: Value = serde_json::from_str(include_str!("../data/convex.json")).unwrap();
    let mut compared = 0;
    for case in reference["cases"].as_array().unwrap() {
        let name = case["objective"].as_str().unwrap();
        let objective = objective(name, &reference);
        let layout = objective.layout().clone();
        let rotation = case["rotated"].as_bool().unwrap().then(|| {
            let rotation = Orthonormal(matrix(&reference["R"]).into());
            (0..1, f64::linear_map(&rotation))
        });
        let coordinates = Coordinates::new(&layout, rotation);
        for run in case["runs"].as_array().unwrap() {
            let algorithm = run["alg"].as_str().unwrap();
            let rate = run["lr"].as_f64().unwrap();
            let what = format!("{name}, {algorithm}, rotated: {}", case["rotated"]);
            let mut theta = Lanes::broadcast(&layout, 2, vector(&case["theta0"]).view());
            let mut original = theta.clone();
            let (mut gradient, mut direction) = (theta.clone(), theta.clone());
            let mut workspace = Workspace::new();
            let mut values = [0.0; 2];
            let mut optimizer = optimizer(algorithm, &layout);
            for step in 0..=50 {
                coordinates.to_original(&theta, &mut original, &mut workspace);
                objective.value_and_gradient(
                    &original,
                    Batch::Full,
                    &mut values,
                    &mut gradient,
                    &mut workspace,
                );
                // The reference's logistic regression is the mean over the rows, ours the sum.
                if name == "logistic" {
                    let rows = reference["A"].as_array().unwrap().len() as f64;
                    values.iter_mut().for_each(|value| *value /= rows);
                    gradient.as_mut_slice().iter_mut().for_each(|entry| *entry /= rows);
                }
                coordinates.pull_back(&gradient, &mut direction, &mut workspace);
                if step == 0 {
                    let (f0, g0) = (case["f0"].as_f64().unwrap(), vector(&case["grad0"]));
                    assert_close(&direction.lane(1), &g0, &format!("{what}: first gradient"));
                    assert!((values[0] - f0).abs() <= TOLERANCE * f0.abs(), "{what}: first value");
                } else if let Some(expected) = run["steps"].get(step.to_string()) {
                    let at = format!("{what}, step {step}");
                    assert_close(&theta.lane(0), &vector(&expected["theta"]), &at);
                    let loss = expected["loss"].as_f64().unwrap();
                    let scale = loss.abs().max(1e-3);
                    assert!((values[1] - loss).abs() <= TOLERANCE * scale, "{at}: {values:?}");
                    compared += 1;
                }
                optimizer.step(theta.view_mut(0..2), direction.view(0..2), &[rate, rate]).unwrap();
            }
        }
    }
    assert_eq!(compared, 6 * 5 * 5, "cases × runs × steps");
}
