//! AdamW and AMSGrad against trajectories computed by PyTorch on a convex function and on a ReLU
//! network: `tests/data/adam_variants.json`, and `tests/data/mlp.json` for the network.

use egop::data::{DataSet, Examples, Targets};
use egop::lanes::{Lanes, Workspace};
use egop::objective::{Batch, Composite, FeedForward, LogSumExp, Objective};
use egop::optimizer::{Adam, Build};
use ndarray::Array1;
use serde_json::Value;

use crate::values::{matrix, numbers};

/// log Σ exp((⟨a_i, θ⟩ − y_i)²), and where it starts.
fn log_sum_exp(convex: &Value) -> (Box<dyn Objective<f64>>, Array1<f64>) {
    let outer = LogSumExp::new(&numbers(&convex["y"]).into());
    let function = Composite::new(matrix(&convex["A"]).view(), outer);
    (Box::new(function), numbers(&convex["theta0"]).into())
}

/// 4 → 3 → 2, and its parameters in the order of the layout.
fn network(reference: &Value) -> (Box<dyn Objective<f64>>, Array1<f64>) {
    let labels = numbers(&reference["y"]).into_iter().map(|y| y as usize).collect();
    let targets = Targets::Classes { labels, classes: 2 };
    let training = Examples::new(matrix(&reference["X"]), targets);
    let data = DataSet { training, validation: None, test: None };
    let weights = |name: &str| matrix(&reference[name]).into_flat().to_vec();
    let bias = |name: &str| numbers(&reference[name]);
    let start = [weights("W1"), bias("b1"), weights("W2"), bias("b2")].concat();
    (Box::new(FeedForward::new(&[3], true, data)), start.into())
}

#[test]
fn adamw_and_amsgrad_follow_the_reference() {
    let reference: Value =
        serde_json::from_str(include_str!("../data/adam_variants.json")).unwrap();
    let layers: Value = serde_json::from_str(include_str!("../data/mlp.json")).unwrap();
    let runs = reference["runs"].as_array().unwrap();
    let mut compared = 0;
    for run in runs {
        let (method, problem) = (run["method"].as_str().unwrap(), run["problem"].as_str().unwrap());
        let (objective, start) = match problem {
            "lse" => log_sum_exp(&reference["convex"]),
            _ => network(&layers),
        };
        let adam = match method {
            "amsgrad" => Adam { amsgrad: true, ..Adam::default() },
            _ => {
                let weight_decay = run["settings"]["weight_decay"].as_f64().unwrap();
                Adam { weight_decay, ..Adam::default() }
            }
        };
        // What a second implementation of the reference reached, times ten, but for doubles whose
        // operations differ in order over forty steps.
        let tolerance = |of: &str| (10.0 * run["agreement"][of].as_f64().unwrap()).max(1e-12);
        let (rate, losses) = (run["lr"].as_f64().unwrap(), numbers(&run["losses"]));
        let mut optimizer = Build::<f64>::build(&adam, objective.layout(), 1);
        let mut theta = Lanes::broadcast(objective.layout(), 1, start.view());
        let (mut gradient, mut values) = (theta.clone(), [0.0]);
        for (step, &loss) in losses.iter().enumerate() {
            let what = format!("{method}, {problem}, step {step}");
            if let Some(expected) = run["theta"].get(step.to_string()) {
                for (x, y) in theta.lane(0).iter().zip(numbers(expected)) {
                    assert!((x - y).abs() <= tolerance("theta"), "{what}: {x:e}, not {y:e}");
                }
                compared += 1;
            }
            let workspace = &mut Workspace::new();
            objective.value_and_gradient(
                &theta,
                Batch::Full,
                &mut values,
                &mut gradient,
                workspace,
            );
            let error = (values[0] - loss).abs();
            assert!(error <= tolerance("loss") * loss.abs(), "{what}: {values:?}, not {loss:e}");
            optimizer.step(theta.view_mut(0..1), gradient.view(0..1), &[rate]).unwrap();
        }
        assert_eq!(losses.len(), 41);
    }
    assert_eq!((runs.len(), compared), (4, 4 * 6));
}
