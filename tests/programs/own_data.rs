//! Data of the user's own: read, refused, part of what results are told apart by; and instances.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayD};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};

use crate::workspace::{SMALL, Workspace, endless, files};

const DECAY: &str = "decay = { kind = \"power\", exponent = 1.0 }\n";
const FILES: &str = "matrix = [\"../A.npy\"]\ntargets = [\"../y.csv\"]\n";

/// A config in `sub/` on A and y beside it.
fn user(config: &str) -> Workspace {
    let workspace = Workspace::new("");
    std::fs::create_dir(workspace.path("sub")).unwrap();
    let config = config.replace(DECAY, FILES);
    assert!(config.contains(FILES));
    std::fs::write(workspace.path("sub/own.toml"), config).unwrap();
    let entry = |(i, j): (usize, usize)| ((7 * i + 3 * j + i * j) as f64).sin();
    npy(&workspace.path("A.npy"), &Array2::from_shape_fn((20, 8), entry));
    let y: String = (0..20).map(|i| format!("{}\n", f64::from(i).cos())).collect();
    std::fs::write(workspace.path("y.csv"), y).unwrap();
    workspace
}

fn npy(path: &Path, array: &impl WriteNpyExt) {
    array.write_npy(std::fs::File::create(path).unwrap()).unwrap();
}

fn array(path: &Path) -> ArrayD<f64> {
    ArrayD::read_npy(std::fs::File::open(path).unwrap()).unwrap()
}

fn run(workspace: &Workspace, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut program = workspace.program("egop-run");
    program.args(["sub/own.toml", "--out", "out"]).args(arguments).assert()
}

fn stderr(of: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(of.get_output().stderr.clone()).unwrap()
}

#[test]
fn least_squares_on_own_data_has_their_minimum_and_is_told_apart_by_what_is_in_the_files() {
    let workspace = user(SMALL);
    run(&workspace, &["--save-instance", "1"]).success();
    let instance = |name: &str| array(&workspace.path(&format!("out/instance/1-{name}.npy")));
    let a: Array2<f64> = instance("A").into_dimensionality().unwrap();
    assert_eq!(a.into_dyn(), array(&workspace.path("A.npy")));
    let a: Array2<f64> = instance("A").into_dimensionality().unwrap();
    let y: Array1<f64> = instance("y").into_dimensionality().unwrap();
    let [minimizer, start]: [Array1<f64>; 2] =
        ["minimizer", "start"].map(|name| instance(name).into_dimensionality().unwrap());
    let loss = |theta: &Array1<f64>| 0.5 * (a.dot(theta) - &y).mapv(|r| r * r).sum();
    let minimum = instance("minimum").into_raw_vec_and_offset().0[0];
    // Sums of twenty squares below 2, and a gradient that vanishes at the minimizer.
    assert!((loss(&minimizer) - minimum).abs() < 1e-13);
    assert!(a.t().dot(&(a.dot(&minimizer) - &y)).iter().all(|g| g.abs() < 1e-12));
    for row in workspace.rows("runs.csv").iter().filter(|row| row["trial"] == "1") {
        let initial: f64 = row["initial_loss"].parse().unwrap();
        assert!((initial / loss(&start) - 1.0).abs() < 1e-12, "{row:?}");
    }
    // As they were sampled: 2 d gradients, whose second moment has the eigenvalues that are saved.
    let gradients: Array2<f64> =
        instance("reparameterized-gradients").into_dimensionality().unwrap();
    assert_eq!(gradients.dim(), (16, 8));
    let eigenvalues: Array1<f64> =
        instance("reparameterized-all-eigenvalues").into_dimensionality().unwrap();
    let trace = gradients.mapv(|g| g * g).sum() / 16.0;
    assert!((eigenvalues.sum() / trace - 1.0).abs() < 1e-12);
    let names: Vec<_> = files(&workspace.path("out/instance")).into_keys().collect();
    assert!(names.iter().all(|name| name.to_str().unwrap().starts_with("1-")), "{names:?}");

    // The same files elsewhere are the same experiment, other ones are another.
    std::fs::create_dir(workspace.path("moved")).unwrap();
    for file in ["A.npy", "y.csv"] {
        std::fs::rename(workspace.path(file), workspace.path("moved").join(file)).unwrap();
    }
    let config = std::fs::read_to_string(workspace.path("sub/own.toml")).unwrap();
    let moved = config.replace("\"../", "\"../moved/");
    std::fs::write(workspace.path("sub/own.toml"), moved).unwrap();
    let again = run(&workspace, &[]).success();
    assert!(stderr(&again).contains("tasks: 0 done"), "{}", stderr(&again));
    std::fs::write(workspace.path("moved/y.csv"), "1\n".repeat(20)).unwrap();
    let refused = run(&workspace, &[]).code(4);
    assert!(stderr(&refused).contains("objective.targets.0"), "{}", stderr(&refused));
    // Figures and reports need no data.
    std::fs::remove_dir_all(workspace.path("moved")).unwrap();
    workspace.program("egop-plot").arg("out").assert().success();
}

#[test]
fn bad_data_are_input_errors_before_any_work() {
    let workspace = user(&endless());
    let ragged = "1\n".repeat(6) + "1,2\n" + &"1\n".repeat(13);
    for (file, contents, message) in [
        ("y.csv", ragged, "y.csv: line 7 has 2 fields; expected 1 (objective.targets)"),
        ("y.csv", "1\n".repeat(19), "y.csv: has 19 rows; expected 20, one for each of objective.m"),
        ("y.csv", "nan\n".repeat(20), "y.csv: line 1, field 1 is \"nan\"; expected a finite"),
        ("A.npy", "1,2,3,4,5,6,7,8\n".repeat(20), "A.npy: is no .npy file; write it with np.save"),
        ("A.npy", "PK".into(), "torch.save"),
    ] {
        let good = std::fs::read(workspace.path(file)).unwrap();
        std::fs::write(workspace.path(file), contents).unwrap();
        let before = files(&workspace.path(""));
        let refused = run(&workspace, &[]).code(5);
        assert!(stderr(&refused).contains(message), "{}", stderr(&refused));
        assert!(files(&workspace.path("")) == before, "nothing was done");
        std::fs::write(workspace.path(file), good).unwrap();
    }
    std::fs::remove_file(workspace.path("A.npy")).unwrap();
    let refused = run(&workspace, &[]).code(5);
    let missing =
        "A.npy: cannot be read: No such file or directory (os error 2) (objective.matrix)";
    assert!(stderr(&refused).contains(missing), "{}", stderr(&refused));
    for (set, message) in [
        ("objective.decay.kind='power'", "give either"),
        ("objective.rows=0", "expected a whole number from 1"),
        ("objective.matrix=[]", "at least one file is needed"),
    ] {
        let refused = run(&workspace, &["--set", set]).code(2);
        assert!(
            stderr(&refused).contains(message) || set.contains("decay"),
            "{}",
            stderr(&refused)
        );
    }
    let identity = Array2::from_shape_fn((20, 8), |(i, j)| f64::from(u8::from(i == j)));
    npy(&workspace.path("A.npy"), &identity);
    let refused = run(&workspace, &["--save-instance", "3"]).code(2);
    assert!(stderr(&refused).contains("no trial 3: the last is 2"), "{}", stderr(&refused));
}

/// Numbers that are not computed with, in the run's precision, and files that are meant to be others.
#[test]
fn sizes_that_would_overflow_or_say_nothing_are_refused() {
    let workspace = user(&endless());
    let entry =
        |scale: f64| move |(i, j): (usize, usize)| scale * ((7 * i + 3 * j + i * j) as f64).sin();
    for (scale, precision, message) in [
        (0.0, "f64", "A.npy: holds nothing but 0 (objective.matrix)"),
        (1e80, "f64", "expected one from 1e-70 to 1e70, with precision = \"f64\": scale the data"),
        (1e-80, "f64", "(objective.matrix)"),
        (1e300, "f64", "A.npy: the largest number is"),
        (1e12, "f32", "expected one from 1e-9 to 1e9, with precision = \"f32\""),
    ] {
        npy(&workspace.path("A.npy"), &Array2::from_shape_fn((20, 8), entry(scale)));
        let refused = run(&workspace, &["--set", &format!("precision={precision}")]).code(5);
        assert!(stderr(&refused).contains(message), "{scale}: {}", stderr(&refused));
        assert!(!workspace.path("out").exists());
    }
    npy(&workspace.path("A.npy"), &Array2::from_shape_fn((20, 8), entry(1e12)));
    run(&workspace, &["--dry-run"]).success();
    let twice = "objective.matrix=['A.npy', 'A.npy']";
    let refused = run(&workspace, &["--set", twice]).code(2);
    assert!(stderr(&refused).contains("A.npy\" twice"), "{}", stderr(&refused));
}

/// As `cat a.gz b.gz` makes them, and some programs that compress in parallel.
#[test]
fn compressed_files_are_read_to_their_end() {
    let workspace = user(SMALL);
    let member = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let members = [member(&"1\n2\n".repeat(5)), member(&"3\n4\n".repeat(5))].concat();
    std::fs::write(workspace.path("y.csv"), &members).unwrap();
    run(&workspace, &["--dry-run"]).success();
    std::fs::write(workspace.path("y.csv"), [&members[..], b"more"].concat()).unwrap();
    let refused = run(&workspace, &["--dry-run"]).code(5);
    assert!(stderr(&refused).contains("y.csv: cannot be decompressed"), "{}", stderr(&refused));
}

#[test]
fn other_functions_of_own_data_train_too() {
    for (kind, y) in [("logistic", "0\n1\n1\n0\n"), ("log-sum-exp", "0.5\n-1\n2\n0\n")] {
        let small = SMALL.replace("least-squares", kind);
        let workspace = user(&small.replace("rows = 20", "rows = 60"));
        let entry = |(i, j): (usize, usize)| ((7 * i + 3 * j + i * j) as f64).sin();
        npy(&workspace.path("A.npy"), &Array2::from_shape_fn((60, 8), entry));
        std::fs::write(workspace.path("y.csv"), y.repeat(15)).unwrap();
        run(&workspace, &[]).success();
        let rows = workspace.rows("runs.csv");
        assert!(rows.iter().all(|row| !row["initial_suboptimality"].starts_with('-')));
    }
    // All on one side of a plane: the minimum is nowhere.
    let workspace = user(&SMALL.replace("least-squares", "logistic"));
    let positive = |(i, j): (usize, usize)| 2.0 + ((7 * i + 3 * j + i * j) as f64).sin();
    npy(&workspace.path("A.npy"), &Array2::from_shape_fn((20, 8), positive));
    std::fs::write(workspace.path("y.csv"), "1\n".repeat(20)).unwrap();
    let refused = run(&workspace, &[]).code(5);
    assert!(stderr(&refused).contains("y.csv: logistic regression"), "{}", stderr(&refused));
    std::fs::write(workspace.path("y.csv"), "0\n2\n".repeat(10)).unwrap();
    let refused = run(&workspace, &[]).code(5);
    let expected =
        "line 2 has the label 2; expected a whole number from 0 to 1 (objective.targets)";
    assert!(stderr(&refused).contains(expected), "{}", stderr(&refused));
}

/// A network of this kind on ten inputs, 60 rows.
fn network(objective: &str, answers: &str) -> String {
    format!(
        "name = \"net\"\ntitle = \"Own images\"\nseed = 1\ntrials = 1\n\
         [objective]\n{objective}\ntraining = 40\nvalidation = 12\ntest = 8\n\
         inputs = [\"../a.csv\", \"../b.npy\"]\n{answers}\ninput_scale = 0.1\n\
         [distribution]\nkind = \"uniform-fan-in\"\n\
         [coordinates.original]\nbasis = \"identity\"\n\
         [coordinates.egop]\nbasis = \"egop\"\nscope = \"block\"\n\
         [algorithms.adam]\nkind = \"adam\"\nlearning_rates = [0.01]\n\
         [training]\nepochs = 3\nbatch = 16\n[sweep]\nmetric = \"final_validation_loss\"\n"
    )
}

#[test]
fn networks_learn_own_labels_and_targets() {
    let relu = "kind = \"relu-net\"\ndata = \"files\"\ncolumns = 10\nhidden = [5]\noutputs = 3";
    let labels = "labels = [\"../labels.npy\"]\nsplit = \"stratified\"";
    let targets = "targets = [\"../targets.csv\"]\nsplit = \"shuffled\"\nsplit_seed = 4";
    let linear = "kind = \"linear-net\"\nwidths = [10, 5, 3]";
    for (objective, answers) in
        [(relu, labels), (relu, targets), (linear, targets), (linear, labels)]
    {
        let workspace = Workspace::new("");
        std::fs::create_dir(workspace.path("sub")).unwrap();
        std::fs::write(workspace.path("sub/own.toml"), network(objective, answers)).unwrap();
        let row = |i: usize| (0..10).map(|j| ((i * j) % 7).to_string()).collect::<Vec<_>>();
        let rows: String = (0..25).map(|i| row(i).join(",") + "\n").collect();
        std::fs::write(workspace.path("a.csv"), rows).unwrap();
        let entry = |(i, j): (usize, usize)| (((25 + i) * j) % 7) as u8;
        npy(&workspace.path("b.npy"), &Array2::from_shape_fn((35, 10), entry));
        npy(&workspace.path("labels.npy"), &Array1::from_shape_fn(60, |i| (i % 3) as i64));
        let vectors: String = (0..60).map(|i| format!("{i},{},1\n", 60 - i)).collect();
        std::fs::write(workspace.path("targets.csv"), vectors).unwrap();
        let all = run(&workspace, &["--save-instance", "0"]).success();
        assert!(!stderr(&all).contains("warning"), "{}", stderr(&all));
        let rows = workspace.rows("runs.csv");
        let classifies = answers.starts_with("labels");
        assert!(
            rows.len() == 2 && rows.iter().all(|row| row["test_accuracy"].is_empty() != classifies)
        );
        let passes = workspace.path("out/instance/0-minibatches.npy");
        let passes = Array2::<i64>::read_npy(std::fs::File::open(passes).unwrap()).unwrap();
        assert_eq!(passes.dim(), (3, 40));
        assert_eq!(array(&workspace.path("out/instance/0-test-inputs.npy")).shape(), [8, 10]);
        for more in [&["--dry-run"][..], &[]] {
            let fewer = ["--replace", "--set", "objective.training=30"];
            let some = run(&workspace, &[&fewer, more].concat()).success();
            let wanted = "warning: 10 of 60 rows of objective.inputs are in no set";
            assert!(stderr(&some).matches(wanted).count() == 1, "{}", stderr(&some));
        }
        if classifies {
            npy(&workspace.path("labels.npy"), &Array1::from_shape_fn(60, |i| (i % 2) as i64));
            let missing = run(&workspace, &["--dry-run", "--replace"]).success();
            let message = "warning: no training example has a label of 2";
            assert!(stderr(&missing).contains(message), "{}", stderr(&missing));
        }
        let refused = run(&workspace, &["--set", "objective.training=50"]).code(5);
        let expected = "b.npy: has 60 rows; expected at least 70, those of training, validation";
        assert!(stderr(&refused).contains(expected), "{}", stderr(&refused));
    }
}
