//! Gradients that were sampled elsewhere: spectra and bases of every kind, and what is refused.

use std::path::Path;

use ndarray::Array2;
use ndarray_npy::{ReadNpyExt, WriteNpyExt};

use crate::workspace::Workspace;

const OBJECTIVE: &str = r#"
name = "gradients"
title = "Sampled gradients"
seed = 0
trials = 1
[objective]
kind = "gradients"
gradients = ["gradients.npy"]
rows = 40
blocks = [{ name = "w", shape = [3, 4] }, { name = "b", shape = [3], role = "bias" }]
[distribution]
kind = "gaussian"
[egop]
samples = 40
batch = 1
order = "fixed"
"#;

const COORDINATES: &str = r#"
[coordinates.original]
basis = "identity"
[coordinates.all]
basis = "egop"
[coordinates.low]
basis = "egop"
scope = "block"
rank = 2
[coordinates.kronecker]
basis = "kronecker"
[coordinates.input]
basis = "input"
samples = 40
[algorithms.sgd]
kind = "sgd"
learning_rates = [1e-6]
[training]
steps = 1
[sweep]
metric = "final_loss"
"#;

fn gradients() -> Array2<f64> {
    let entry =
        |(i, j): (usize, usize)| ((5 * i + 11 * j + i * i * j) as f64).sin() / (1 + j) as f64;
    Array2::from_shape_fn((40, 15), entry)
}

fn workspace(config: &str) -> Workspace {
    let workspace = Workspace::new(config);
    let file = std::fs::File::create(workspace.path("gradients.npy")).unwrap();
    gradients().mapv(|g| g as f32).write_npy(file).unwrap();
    workspace
}

fn array(path: &Path) -> Array2<f64> {
    Array2::read_npy(std::fs::File::open(path).unwrap()).unwrap()
}

/// The first rows and columns.
fn leading(matrix: &Array2<f64>, size: usize) -> Array2<f64> {
    Array2::from_shape_fn((size, size), |at| matrix[at])
}

/// V diagonalizes a second moment: what is beside the diagonal, of the largest entry.
fn off_diagonal(v: &Array2<f64>, moment: &Array2<f64>) -> f64 {
    let turned = v.t().dot(moment).dot(v);
    let beside = turned.indexed_iter().filter(|((i, j), _)| i != j);
    beside.map(|(_, entry)| entry.abs()).fold(0.0, f64::max) / turned[(0, 0)]
}

#[test]
fn every_kind_of_basis_is_made_of_them() {
    let workspace = workspace(&format!("{OBJECTIVE}{COORDINATES}"));
    workspace.run(&["--save-basis"]).success();
    let basis = |name: &str| array(&workspace.path(&format!("out/basis/0-{name}.npy")));
    let g = gradients().mapv(|g| f64::from(g as f32));
    let all = g.t().dot(&g);
    // Eigenvectors to the rounding of an eigendecomposition.
    assert!(off_diagonal(&basis("all-all"), &all) < 1e-13);
    assert_eq!(basis("low-w").dim(), (12, 2));
    assert!(off_diagonal(&basis("low-w"), &leading(&all, 12)) < 1e-13);
    let (mut left, mut right) = (Array2::zeros((3, 3)), Array2::zeros((4, 4)));
    for row in g.rows() {
        let matrix = Array2::from_shape_fn((3, 4), |(i, j)| row[4 * i + j]);
        left += &matrix.dot(&matrix.t());
        right += &matrix.t().dot(&matrix);
    }
    assert!(off_diagonal(&basis("kronecker-w-outputs"), &left) < 1e-13);
    assert!(off_diagonal(&basis("kronecker-w-inputs"), &right) < 1e-13);
    assert!(off_diagonal(&basis("input-w-inputs"), &right) < 1e-13);
}

#[test]
fn spectra_and_measures_are_taken_of_them() {
    let workspace = workspace(&format!("{OBJECTIVE}[spectra.egop]\n"));
    workspace.run(&[]).success();
    let eigenvalues: Vec<f64> = workspace
        .rows("spectrum.csv")
        .iter()
        .map(|row| row["eigenvalue"].parse().unwrap())
        .collect();
    let trace = gradients().mapv(|g| f64::from(g as f32).powi(2)).sum() / 40.0;
    assert_eq!(eigenvalues.len(), 15);
    assert!((eigenvalues.iter().sum::<f64>() / trace - 1.0).abs() < 1e-12);
    let measures = workspace.rows("measures.csv");
    assert!(measures.iter().any(|row| row["measure"] == "stable-rank"), "{measures:?}");
}

/// Two estimates have files of their own under the same key: neither may change in a folder.
#[test]
fn gradients_of_each_estimate_are_told_apart() {
    let own = OBJECTIVE.split("[objective]\n").nth(1).unwrap().split("[distribution]").next();
    let own = own.unwrap().replace("gradients.npy", "others.npy");
    let config = format!("{OBJECTIVE}[spectra.one]\n[spectra.other]\n[spectra.other.objective]\n");
    let workspace = workspace(&(config + &own));
    let write = |factor: f32| {
        let file = std::fs::File::create(workspace.path("others.npy")).unwrap();
        gradients().mapv(|g| factor * g as f32).write_npy(file).unwrap();
    };
    write(2.0);
    workspace.run(&["--save-basis"]).success();
    write(3.0);
    let refused = workspace.run(&[]).code(4);
    let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    let changed = "spectra.other.objective.gradients.0 was another file";
    assert!(text.contains(changed), "{text}");
    write(2.0);
    workspace.run(&[]).success();
}

#[test]
fn what_would_not_be_these_gradients_is_refused() {
    let workspace = workspace(&format!("{OBJECTIVE}{COORDINATES}"));
    for (set, code, message) in [
        ("egop.batch=2", 2, "sampled gradients are taken one by one"),
        ("egop.order='reshuffled'", 2, "sampled gradients are taken one by one"),
        ("egop.samples=41", 2, "asks for 41 samples; there are 40 gradients"),
        ("objective.rows=41", 5, "gradients.npy: has 40 rows; expected 41, as objective.rows says"),
        (
            "objective.blocks=[{name='w', shape=[3, 4]}]",
            5,
            "gradients.npy: is 40 × 15: 15 in each row; expected 12 (objective.gradients)",
        ),
        ("objective.blocks=[{name='w', shape=[3, 4, 1]}]", 2, "must be one or two numbers"),
        ("objective.blocks=[]", 2, "at least one is needed"),
    ] {
        let refused = workspace.run(&["--set", set]).code(code);
        let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(text.contains(message), "{set}: {text}");
    }
}

#[test]
fn sizes_whose_products_are_no_numbers_are_refused_and_all_others_give_the_same_basis() {
    let workspace = workspace(&format!("{OBJECTIVE}{COORDINATES}"));
    let write = |gradients: Array2<f64>| {
        let file = std::fs::File::create(workspace.path("gradients.npy")).unwrap();
        gradients.write_npy(file).unwrap();
    };
    let spoilt = |factor: f64| {
        let mut gradients = gradients();
        gradients.columns_mut().into_iter().skip(12).for_each(|mut column| column *= factor);
        gradients
    };
    let without_weights = || {
        let mut gradients = gradients();
        gradients.columns_mut().into_iter().take(12).for_each(|mut column| column.fill(0.0));
        gradients
    };
    for (gradients, message) in [
        (gradients() * 1e-170, "the largest entry of the block \"w\" is 9.99"),
        (gradients() * 1e160, "expected one from 1e-30 to 1e30, whose products can be added up"),
        (spoilt(1e-170), "the largest entry of the block \"b\""),
        (gradients() * 0.0, "gradients.npy: holds zeros only"),
        (without_weights(), "all entries of the block \"w\" are 0"),
    ] {
        write(gradients);
        let refused = workspace.run(&["--set", "precision='f32'"]).code(5);
        let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(text.contains(message) && text.contains("(objective.gradients)"), "{text}");
        assert!(!text.contains("distribution"), "{text}");
    }
    // A power of two changes no digit; biases without gradients are left as they are.
    let basis = || array(&workspace.path("out/basis/0-low-w.npy"));
    write(gradients());
    workspace.run(&["--save-basis"]).success();
    let wanted = basis();
    for gradients in [gradients() * 2f64.powi(-90), gradients() * 2f64.powi(90), spoilt(0.0)] {
        write(gradients);
        workspace.run(&["--save-basis", "--replace"]).success();
        assert_eq!(basis(), wanted);
    }
}

/// The examples, as they are: 512 gradients of two layers.
#[test]
fn the_examples_can_be_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entry =
        |(i, j): (usize, usize)| ((5 * i + 11 * j + i * i * j) as f64).sin() / (1 + j) as f64;
    for (name, file, rows) in [
        ("gradients", "basis/0-egop-2.weight.npy", "spectrum.csv"),
        ("gradients-spectrum", "spectrum.svg", "measures.csv"),
    ] {
        let config = std::fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        let workspace = Workspace::new(&config);
        let file_of_gradients = std::fs::File::create(workspace.path("gradients.npy")).unwrap();
        Array2::from_shape_fn((512, 387), entry).write_npy(file_of_gradients).unwrap();
        workspace.run(&["--save-basis"]).success();
        assert!(workspace.path(&format!("out/{file}")).is_file(), "{file}");
        assert!(!workspace.rows(rows).is_empty());
    }
}
