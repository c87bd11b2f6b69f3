//! Changes of variables as files: saved, loaded, refused.

use crate::workspace::{SMALL, Workspace};

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
    for table in ["runs.csv", "curves.csv", "spectrum.csv", "theory.csv"] {
        let [before, after] = ["out", "again"]
            .map(|folder| std::fs::read_to_string(workspace.path(folder).join(table)).unwrap());
        assert_eq!(before, after, "{table}");
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
