//! A ReLU network, its optimizers and a blockwise change of variables against training runs
//! computed by independent libraries (NumPy and PyTorch): `tests/data/mlp.json`.

use egop::coordinates::{Coordinates, Orthonormal};
use egop::data::{DataSet, Examples, Targets};
use egop::lanes::{Lanes, Layout, Workspace};
use egop::objective::{Batch, FeedForward, Objective};
use egop::optimizer::{Adagrad, Adam, Build, Momentum, Optimizer, Sgd};
use egop::trial::Precision;
use ndarray::Array1;
use serde_json::Value;

use crate::values::{matrix, numbers};

fn network(reference: &Value) -> FeedForward<f64> {
    let labels = numbers(&reference["y"]).into_iter().map(|y| y as usize).collect();
    let targets = Targets::Classes { labels, classes: 2 };
    let training = Examples::new(matrix(&reference["X"]), targets);
    FeedForward::new(&[3], true, DataSet { training, validation: None, test: None })
}

/// Parameters or their gradient, in the order of the network's layout.
fn parameters(value: &Value) -> Array1<f64> {
    let weights = |name: &str| matrix(&value[name]).into_flat().to_vec();
    let bias = |name: &str| numbers(&value[name]);
    [weights("W1"), bias("b1"), weights("W2"), bias("b2")].concat().into()
}

fn optimizer(name: &str, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<f64>> {
    match name {
        "sgd" => Sgd.build(layout, lanes),
        "mom" => Momentum { momentum: 0.9 }.build(layout, lanes),
        "adagrad" => Adagrad::PYTORCH.build(layout, lanes),
        "adam" => Adam::default().build(layout, lanes),
        other => panic!("no optimizer {other}"),
    }
}

/// Both sides are doubles whose operations differ in order only.
fn assert_close(found: f64, expected: f64, what: &str) {
    let tolerance = 1e-12 * expected.abs().max(1e-3);
    assert!((found - expected).abs() <= tolerance, "{what}: {found:e} instead of {expected:e}");
}

#[test]
fn loss_and_gradient_are_those_of_the_reference() {
    let reference: Value = serde_json::from_str(include_str!("../data/mlp.json")).unwrap();
    let network = network(&reference);
    for lanes in [1, 3] {
        let theta = Lanes::broadcast(network.layout(), lanes, parameters(&reference).view());
        let mut gradient = theta.clone();
        let mut values = vec![0.0; lanes];
        let mut workspace = Workspace::new();
        network.value_and_gradient(&theta, Batch::Full, &mut values, &mut gradient, &mut workspace);
        for (lane, &value) in values.iter().enumerate() {
            assert_close(value, reference["loss"].as_f64().unwrap(), "loss");
            for (&found, expected) in gradient.lane(lane).iter().zip(parameters(&reference["grad"]))
            {
                assert_close(found, expected, "gradient");
            }
        }
    }
}

#[test]
fn every_optimizer_follows_the_reference_in_both_coordinate_systems() {
    const LANES: usize = 2;
    let reference: Value = serde_json::from_str(include_str!("../data/mlp.json")).unwrap();
    let network = network(&reference);
    let layout = network.layout();
    let rotation = |blocks, name: &str| {
        (blocks, f64::linear_map(&Orthonormal(matrix(&reference[name]).into())))
    };
    // Only the weights are rotated: blocks 0 and 2.
    let rotations = [rotation(0..1, "Q1"), rotation(2..3, "Q2")];
    let runs = reference["runs"].as_array().unwrap();
    for run in runs {
        let rotated = run["rotated"].as_bool().unwrap();
        let rotations = rotations.iter().filter(|_| rotated).cloned();
        let coordinates = Coordinates::new(layout, rotations);
        let (name, rate) = (run["algo"].as_str().unwrap(), run["lr"].as_f64().unwrap());
        let mut optimizer = optimizer(name, layout, LANES);
        let mut original = Lanes::broadcast(layout, LANES, parameters(&reference).view());
        let mut theta = original.clone();
        let (mut gradient, mut direction) = (theta.clone(), theta.clone());
        let mut values = [0.0; LANES];
        let mut workspace = Workspace::new();
        coordinates.start(&original, &mut theta, &mut workspace);
        let losses = numbers(&run["losses"]);
        assert_eq!(losses.len(), 21);
        for (step, &loss) in losses.iter().enumerate() {
            coordinates.to_original(&theta, &mut original, &mut workspace);
            network.value_and_gradient(
                &original,
                Batch::Full,
                &mut values,
                &mut gradient,
                &mut workspace,
            );
            for value in values {
                assert_close(value, loss, &format!("{name}, rotated: {rotated}, step {step}"));
            }
            coordinates.pull_back(&gradient, &mut direction, &mut workspace);
            optimizer
                .step(theta.view_mut(0..LANES), direction.view(0..LANES), &[rate; LANES])
                .unwrap();
        }
    }
    assert_eq!(runs.len(), 8);
}
