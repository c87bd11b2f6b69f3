//! Gradients, operations and bytes of runs, by hand.

use std::collections::BTreeMap;

use crate::workspace::{SMALL, Workspace};

type Row = BTreeMap<String, String>;

fn count(row: &Row, column: &str) -> u64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is {}", row[column]))
}

/// The triangular factor of the data is 8 × 8, and takes a basis in.
#[test]
fn what_least_squares_take() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&[]).success();
    let step = |row: &Row| match &*row["algorithm"] {
        "adam" => 14 * 8,
        "adagrad" => 6 * 8,
        "momentum" => 4 * 8,
        "sgd" => 2 * 8,
        other => panic!("{other}"),
    };
    let absorbing = 8 * 2 * 64;
    let runs = workspace.rows("runs.csv");
    for run in &runs {
        // 16 samples for 8 parameters; the lower triangle of GᵀG; a decomposition; a QR decomposition.
        let (gradients, flops, bytes) = match &*run["coordinates"] {
            "original" => (0, 0, 0),
            "reparameterized" => (16, 16 * 256 + 16 * 72 + 9 * 512 + absorbing, 2 * 64 * 8),
            "rotated" => (0, 1365 + absorbing, 2 * 64 * 8),
            other => panic!("{other}"),
        };
        assert_eq!(run["training_gradients"], run["steps"]);
        assert_eq!(count(run, "training_flops"), count(run, "steps") * (256 + step(run)));
        assert_eq!(count(run, "egop_gradients"), gradients);
        assert_eq!(count(run, "setup_flops"), flops);
        assert_eq!(count(run, "basis_bytes"), bytes);
    }
    assert!(runs.iter().any(|run| run["stop"] == "converged" || run["stop"] == "diverged"));
    for point in workspace.rows("curves.csv") {
        assert_eq!(point["gradients"], point["step"]);
        assert_eq!(count(&point, "flops"), count(&point, "step") * (256 + step(&point)));
    }
}

const NETWORK: &str = r#"
name = "network"
title = "A network"
seed = 1
trials = 1
precision = "f32"

[objective]
kind = "linear-net"
widths = [3, 4, 2]
training = 50
validation = 10
test = 10
decay = { kind = "power", exponent = 1.0 }

[distribution]
kind = "gaussian"

[coordinates.original]
basis = "identity"
[coordinates.block]
basis = "egop"
scope = "block"

[algorithms.adam]
kind = "adam"
learning_rates = [0.01, 1e30]

[training]
epochs = 3
batch = 20

[sweep]
metric = "final_loss"
"#;

/// Minibatches of 20, 20 and 10 rows; blocks of 12 and 8 weights.
#[test]
fn what_minibatches_of_a_linear_network_take() {
    let workspace = Workspace::new(NETWORK);
    workspace.run(&[]).success();
    let gradient = |rows: u64| 4 * rows * 6 + 6 * 3 * 8;
    let runs = workspace.rows("runs.csv");
    let maps = |row: &Row| if row["coordinates"] == "block" { 4 * (144 + 64) } else { 0 };
    let pass = |row: &Row| 2 * gradient(20) + gradient(10) + 3 * (maps(row) + 14 * 20);
    for run in &runs {
        let block = run["coordinates"] == "block";
        let setup = 40 * gradient(50) + 40 * (12 * 13 + 8 * 9) + 9 * (12 * 12 * 12 + 512);
        assert_eq!(count(run, "setup_flops"), if block { setup } else { 0 });
        assert_eq!(count(run, "egop_gradients"), if block { 40 } else { 0 });
        assert_eq!(count(run, "basis_bytes"), if block { 2 * (144 + 64) * 4 } else { 0 });
        if run["stop"] == "budget" {
            assert_eq!(count(run, "training_gradients"), 9);
            assert_eq!(count(run, "training_flops"), 3 * pass(run));
        } else {
            // It diverged in the midst of the first epoch.
            let steps = count(run, "steps");
            assert!(steps < 3, "{run:?}");
            let each = gradient(20) + maps(run) + 14 * 20;
            assert_eq!(count(run, "training_flops"), steps * each);
        }
    }
    let stops = |stop| runs.iter().filter(|run| run["stop"] == stop).count();
    assert_eq!((stops("budget"), stops("diverged")), (2, 2));
    let curves = workspace.rows("curves.csv");
    assert_eq!(curves.len(), 2 * 4);
    for point in curves {
        assert_eq!(count(&point, "gradients"), 3 * count(&point, "step"));
        assert_eq!(count(&point, "flops"), pass(&point) * count(&point, "step"));
    }
}
