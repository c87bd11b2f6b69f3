//! Changes of variables as files: saved, loaded, refused.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2};
use ndarray_npy::WriteNpyExt;

use crate::workspace::{SMALL, Workspace, endless, files};

const FILE: &str = r#"
[coordinates.reparameterized]
basis = "file"
vectors = ["out/basis/{trial}-reparameterized-all.npy"]
eigenvalues = ["out/basis/{trial}-reparameterized-all-eigenvalues.npy"]
"#;

/// The small experiment with the basis that it saved itself.
fn loading() -> String {
    let from = "[coordinates.reparameterized]\nbasis = \"egop\"\n";
    let config = SMALL.replace(from, FILE);
    assert!(config != SMALL);
    config
}

#[test]
fn a_saved_basis_is_the_same_basis() {
    let workspace = Workspace::new(SMALL);
    let output = workspace.run(&["--save-basis"]).success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for trial in 0..3 {
        for name in ["reparameterized-all", "reparameterized-all-eigenvalues", "rotated-all"] {
            let name = format!("basis/{trial}-{name}.npy");
            assert!(text.contains(&name) && workspace.path("out").join(&name).exists(), "{text}");
        }
    }
    std::fs::write(workspace.path("experiment.toml"), loading()).unwrap();
    let mut again = workspace.program("egop-run");
    again.args(["experiment.toml", "--out", "again"]).assert().success();
    // All but what the basis took to make, which was done before.
    let [before, after] = ["out", "again"].map(|folder| {
        let mut reader = csv::Reader::from_path(workspace.path(folder).join("runs.csv")).unwrap();
        let mut rows: Vec<BTreeMap<String, String>> =
            reader.deserialize().map(Result::unwrap).collect();
        for row in rows.iter_mut().filter(|row| row["coordinates"] == "reparameterized") {
            let made = ["egop_gradients", "setup_flops"].map(|column| row.remove(column).unwrap());
            // What is left is to take it into the 8 rows of the objective.
            let expected = if folder == "out" { ["16", "10880"] } else { ["0", "1024"] };
            assert_eq!(made, expected);
        }
        rows
    });
    assert_eq!(before, after);
    for table in ["curves.csv", "spectrum.csv", "theory.csv"] {
        let [before, after] = ["out", "again"]
            .map(|folder| std::fs::read_to_string(workspace.path(folder).join(table)).unwrap());
        // How eigenvectors that come from a file were computed is not known.
        let [given, unknown] = [",8,8,dense,", ",8,8,,"];
        assert_eq!(before.contains(given), table == "theory.csv");
        assert_eq!(before.replace(given, unknown), after, "{table}");
    }
    // Another file is another experiment: its results are not mixed with these.
    let [one, other] =
        [0, 1].map(|trial| workspace.path(&format!("out/basis/{trial}-reparameterized-all.npy")));
    std::fs::copy(one, other).unwrap();
    let mut mixed = workspace.program("egop-run");
    mixed.args(["experiment.toml", "--out", "again"]).assert().code(4);
}

#[test]
fn files_that_are_no_basis_are_refused() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&["--save-basis"]).success();
    let file = |name: &str| workspace.path(&format!("out/basis/0-{name}.npy"));
    let good = std::fs::read(file("reparameterized-all")).unwrap();
    let mut skewed = good.clone();
    let last = skewed.len() - 8;
    skewed[last..].copy_from_slice(&2.0_f64.to_le_bytes());
    let eigenvalues = std::fs::read(file("reparameterized-all-eigenvalues")).unwrap();
    for (contents, message) in [
        (&skewed, "not orthonormal"),
        (&good[..good.len() - 8].to_vec(), "0-reparameterized-all.npy"),
        (&b"no array".to_vec(), "0-reparameterized-all.npy"),
        (&eigenvalues, "0-reparameterized-all.npy"),
    ] {
        std::fs::write(file("reparameterized-all"), contents).unwrap();
        std::fs::write(workspace.path("experiment.toml"), loading()).unwrap();
        let mut run = workspace.program("egop-run");
        let refused = run.args(["experiment.toml", "--out", "again"]).assert().failure();
        let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(text.contains(message), "{text}");
        let _ = std::fs::remove_dir_all(workspace.path("again"));
    }
    for (from, to, message) in [
        ("all.npy\"]\neigen", "all.npy\", \"b.npy\"]\neigen", "as many files"),
        ("]\neigenvalues = [\"", ", \"", "must be 1"),
        ("{trial}-reparameterized-all.npy", "missing.npy", "missing.npy"),
    ] {
        let config = loading().replacen(from, to, 1);
        assert!(config != loading(), "{from}");
        std::fs::write(workspace.path("experiment.toml"), config).unwrap();
        let mut run = workspace.program("egop-run");
        let refused = run.args(["experiment.toml", "--out", "again"]).assert().failure();
        let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(text.contains(message), "{text}");
    }
}

/// A workspace with a long experiment in `sub/` that takes its basis from files beside it, so that
/// what is not refused before any work is noticed.
fn filed(vectors: &str, eigenvalues: &str) -> Workspace {
    let basis = format!(
        "[coordinates.reparameterized]\nbasis = \"file\"\nvectors = [\"{vectors}\"]\n\
         eigenvalues = [\"{eigenvalues}\"]\n"
    );
    let from = "[coordinates.reparameterized]\nbasis = \"egop\"\n";
    let workspace = Workspace::new("");
    std::fs::create_dir(workspace.path("sub")).unwrap();
    std::fs::write(workspace.path("sub/filed.toml"), endless().replace(from, &basis)).unwrap();
    workspace
}

fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    bytes
}

#[test]
fn bad_files_are_input_errors_before_any_work() {
    let workspace = filed("V.npy", "w.npy");
    let (good, descending) = (npy(&Array2::<f64>::eye(8)), Array1::linspace(7.0, 0.0, 8));
    let mut spoilt = Array2::<f64>::eye(8);
    spoilt[(0, 0)] = f64::NAN;
    let promising =
        [&good[..10], b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }"]
            .concat();
    let promising: Vec<u8> =
        [&promising[..], &vec![b' '; 128 - promising.len() - 1], b"\n"].concat();
    for (vectors, eigenvalues, message) in [
        (npy(&spoilt), npy(&descending), "V.npy: entry [0, 0] is NaN"),
        (npy(&Array2::<i32>::eye(8)), npy(&descending), "V.npy: holds integers"),
        (npy(&Array2::<f64>::eye(7)), npy(&descending), "V.npy: is 7 × 7 instead of 8 × 8"),
        (promising, npy(&descending), "promises 100000 × 100000 numbers"),
        (b"PK\x03\x04".to_vec(), npy(&descending), "torch.save"),
        (good.clone(), npy(&-&descending), "w.npy: has no eigenvalue above 0"),
        (good.clone(), npy(&descending.mapv(|x| x - 1.0)), "w.npy: entry [7] is -1"),
        (good, npy(&Array1::<f64>::ones(9)), "w.npy: is a vector of 9 instead of a vector of 8"),
    ] {
        std::fs::write(workspace.path("sub/V.npy"), vectors).unwrap();
        std::fs::write(workspace.path("sub/w.npy"), eigenvalues).unwrap();
        let before = files(&workspace.path(""));
        let refused = workspace.program("egop-run").arg("sub/filed.toml").assert().code(5);
        let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(text.contains(message), "{text}");
        assert!(files(&workspace.path("")) == before, "nothing was done");
    }
}

#[test]
fn paths_are_relative_to_the_config_and_results_say_where_the_files_are() {
    let workspace = filed("V.npy", "w.npy");
    let single = npy(&Array2::<f32>::eye(8));
    std::fs::write(workspace.path("sub/V.npy"), single).unwrap();
    let mut eigenvalues = Array1::linspace(7.0, 0.0, 8);
    eigenvalues[7] = -1e-18;
    std::fs::write(workspace.path("sub/w.npy"), npy(&eigenvalues)).unwrap();
    let short = ["--set", "training.steps=5", "--out", "out"];
    workspace.program("egop-run").arg("sub/filed.toml").args(short).assert().success();
    let theory = workspace.rows("theory.csv");
    assert!(theory.iter().all(|row| row["predicted"].parse::<f64>().unwrap().is_finite()));

    // From another folder, by the experiment that the results hold.
    std::fs::create_dir(workspace.path("elsewhere")).unwrap();
    let mut again = workspace.program("egop-run");
    again.current_dir(workspace.path("elsewhere")).args([
        "../out/experiment.toml",
        "--out",
        "../out",
    ]);
    let again = again.assert().success();
    let messages = String::from_utf8(again.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("tasks: 0 done"), "{messages}");

    // Array tasks of a plan start in the plan's folder.
    let plan = ["--set", "training.steps=5", "--out", "planned", "--emit-slurm", "plan"];
    workspace.program("egop-sweep").arg("sub/filed.toml").args(plan).assert().success();
    let mut task = workspace.program("egop-sweep");
    task.current_dir(workspace.path("plan")).args(["run-task", ".", "--index", "0"]);
    task.assert().success();
}
