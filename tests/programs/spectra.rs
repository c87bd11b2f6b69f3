//! Experiments that train nothing, and the theory beside those that do.

use std::collections::BTreeMap;

use crate::workspace::{SMALL, Workspace, files};

/// Two EGOPs of digits networks so small that this takes a second.
const SPECTRA: &str = r#"
name = "spectra"
title = "Two spectra"
seed = 2025
trials = 5
precision = "f32"

[objective]
kind = "relu-net"
data = "digits"
hidden = [2]

[distribution]
kind = "gaussian"

[egop]
samples = 60
batch = 20

[spectra.global]
scope = "global"
eigenvectors = 2

[spectra.blocks]
scope = "block"
objective = { kind = "relu-net", data = "digits", hidden = [3] }
distribution = { kind = "xavier-normal" }
egop = { samples = 40, batch = 10 }

[[figures]]
kind = "spectrum"
file = "eigenvalues"
title = "Eigenvalues"

[[figures]]
kind = "density"
file = "densities"
title = "Densities"
coordinates = "global"
vectors = [1, 2]

[[claims]]
id = "dense"
statement = "The leading eigenvector is dense"
source = "ours"
test = "measure"
of = { spectrum = "global", measure = "density", at = 1 }
lowest = 0.08
highest = 0.95

[[claims]]
id = "alike"
statement = "Nothing has no stable rank"
source = "ours"
test = "measure"
of = { spectrum = "global", measure = "stable-rank" }
over = { spectrum = "blocks", block = "layer1.weight", measure = "stable-rank" }
lowest = 100
"#;

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

#[test]
fn spectra_measures_and_verdicts_are_written() {
    let workspace = Workspace::new(SPECTRA);
    let output = workspace.run(&[]).success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.contains("stable rank") && text.contains("layer1.weight"), "{text}");

    // 64·2 + 2 + 2·10 + 10 parameters, and 64·3 and 3·10 weights.
    let spectrum = workspace.rows("spectrum.csv");
    for (block, size) in [("all", 160), ("layer1.weight", 192), ("layer2.weight", 30)] {
        let of = spectrum.iter().filter(|row| row["block"] == block && row["trial"] == "1");
        let values: Vec<f64> = of.map(|row| number(row, "eigenvalue")).collect();
        assert_eq!(values.len(), size);
        assert!(values.windows(2).all(|pair| pair[0] >= pair[1]) && values[0] > 0.0);
    }
    assert_eq!(workspace.rows("eigenvectors.csv").len(), 5 * 2 * 160);
    let densities = workspace.rows("measures.csv");
    let densities = densities.iter().filter(|row| row["measure"] == "density");
    for row in densities.filter(|row| row["block"] == "all") {
        let same = spectrum.iter().find(|other| {
            other["block"] == "all"
                && other["trial"] == row["trial"]
                && number(other, "k") == number(row, "at")
        });
        assert_eq!(row["value"], same.unwrap()["density"]);
        assert!(number(row, "lower") <= number(row, "value"));
        assert!(number(row, "value") <= number(row, "upper"));
    }
    let verdicts: Vec<String> =
        workspace.rows("claims.csv").iter().map(|row| row["verdict"].clone()).collect();
    assert_eq!(verdicts, ["reproduced", "not reproduced"]);
    assert!(!workspace.path("out/runs.csv").exists());
}

#[test]
fn spectra_are_resumed_redrawn_and_not_swept() {
    let workspace = Workspace::new(SPECTRA);
    workspace.run(&["--threads", "1"]).success();
    let tables = workspace.tables();
    assert_eq!(workspace.tasks().len(), 10);
    let before = files(&workspace.path("out"));
    std::fs::remove_dir_all(&workspace.tasks()[0]).unwrap();
    workspace.run(&["--threads", "2"]).success();
    assert_eq!(workspace.tables(), tables, "the same bits, whatever was done again on how many");
    let after = files(&workspace.path("out"));
    let again = before
        .iter()
        .filter(|(path, file)| path.ends_with("task.json") && after.get(*path) != Some(*file));
    assert_eq!(again.count(), 1, "only the missing task was done again");

    let drawn = std::fs::read(workspace.path("out/eigenvalues.svg")).unwrap();
    std::fs::remove_file(workspace.path("out/eigenvalues.svg")).unwrap();
    workspace.program("egop-plot").arg("out").assert().success();
    assert_eq!(std::fs::read(workspace.path("out/eigenvalues.svg")).unwrap(), drawn);

    let refused = workspace.program("egop-sweep").arg("experiment.toml").assert().code(2);
    let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(text.contains("trains nothing"), "{text}");
    let plan = workspace.run(&["--dry-run"]).success();
    let text = String::from_utf8(plan.get_output().stdout.clone()).unwrap();
    assert!(text.contains("spectra"), "{text}");
}

#[test]
fn spectra_that_do_not_fit_are_refused() {
    for (from, to, message) in [
        ("spectrum = \"blocks\"", "spectrum = \"block\"", "no spectrum \"block\""),
        ("measure = \"stable-rank\" }\nover", "measure = \"rank\" }\nover", "stable-rank"),
        ("egop = { samples = 40, batch = 10 }", "egop = { batch = 5000 }", "3823 training rows"),
        ("[egop]", "[training]\nsteps = 3\n[egop]", "training"),
        ("[spectra.global]", "[spectra.global]\nblocks = [\"x\"]", "blocks"),
    ] {
        let config = SPECTRA.replacen(from, to, 1);
        assert!(config != SPECTRA, "{from}");
        let output = Workspace::new(&config).run(&[]).code(2);
        let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn the_theory_stands_beside_what_was_observed() {
    let workspace = Workspace::new(SMALL);
    let output = workspace.run(&[]).success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.contains("β₁²d/sr") && text.contains("everywhere"), "{text}");
    let (theory, runs) = (workspace.rows("theory.csv"), workspace.rows("runs.csv"));
    // Three trials, four algorithms; only one coordinate system is an EGOP eigenbasis.
    assert_eq!(theory.len(), 3 * 4);
    let mut compared = 0;
    for row in &theory {
        assert_eq!(row["coordinates"], "reparameterized");
        let predicted = number(row, "density").powi(2) * 8.0 / number(row, "stable_rank");
        assert!((predicted / number(row, "predicted") - 1.0).abs() < 1e-14);
        for (lower, upper) in [
            ("smoothness_lower", "smoothness_upper"),
            ("reparameterized_lower", "reparameterized_upper"),
        ] {
            // The trace is a lower bound too, and the same in all coordinates: Σ 1/k² to k = 8.
            assert!(
                number(row, lower) >= 1.5274 - 1e-3 && number(row, lower) <= number(row, upper)
            );
        }
        if row["observed_own_rate"].is_empty() {
            continue;
        }
        let rates = workspace.rows("learning_rates.csv");
        let steps = |coordinates: &str| {
            let rate = rates.iter().find(|rate| {
                rate["algorithm"] == row["algorithm"]
                    && rate["coordinates"] == coordinates
                    && ["own", "both"].contains(&&*rate["selected"])
            });
            let rate = &rate.unwrap()["learning_rate"];
            let run = runs.iter().find(|run| {
                run["trial"] == row["trial"]
                    && run["algorithm"] == row["algorithm"]
                    && run["coordinates"] == coordinates
                    && run["learning_rate"] == *rate
            });
            let levels = run.unwrap()["levels"].split_whitespace();
            levels.map(|step| step.parse().unwrap()).collect::<Vec<f64>>()
        };
        // At the lowest level that both reach.
        let [from, to] = ["original", "reparameterized"].map(steps);
        let Some(lowest) = from.len().min(to.len()).checked_sub(1) else { continue };
        assert_eq!(number(row, "observed_own_rate"), from[lowest] / to[lowest]);
        compared += 1;
    }
    assert!(compared > 0, "some runs come down");
}
