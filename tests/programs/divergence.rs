//! Absurd learning rates: a recorded result, never a crash, never the best.

use egop::config::Entry;
use egop::{basis, objective, optimizer};

use crate::workspace::Workspace;

/// Settings of a small objective of each kind, beside `kind`.
pub fn objective(kind: &str) -> &'static str {
    match kind {
        "log-sum-exp" | "least-squares" => {
            "rows = 20\ncolumns = 6\ndecay = { kind = \"power\", exponent = 1.0 }"
        }
        "logistic" => "rows = 60\ncolumns = 4\ndecay = { kind = \"power\", exponent = 1.0 }",
        "linear-net" => {
            "widths = [4, 6, 3]\ntraining = 40\nvalidation = 9\ntest = 7\n\
             decay = { kind = \"power\", exponent = 2.0 }"
        }
        "relu-net" => "data = \"digits\"\nhidden = [2]",
        other => panic!("{other} has no small instance here"),
    }
}

/// Every registered optimizer at these learning rates, in every registered basis and scope.
fn config(kind: &str, precision: &str, rates: &str) -> String {
    let training = if kind.ends_with("-net") { "epochs = 4\nbatch = 16" } else { "steps = 100" };
    let mut config = format!(
        "name = \"absurd\"\ntitle = \"Absurd learning rates\"\nseed = 1\ntrials = 3\n\
         precision = \"{precision}\"\n[objective]\nkind = \"{kind}\"\n{}\n\
         [distribution]\nkind = \"gaussian\"\n\
         [training]\n{training}\n[sweep]\nmetric = \"final_loss\"\n\
         tune = [\"identity-\"]\n",
        objective(kind)
    );
    for entry in bases() {
        let scopes: &[&str] = if entry.name == "identity" { &[""] } else { &["global", "block"] };
        for scope in scopes {
            let name = entry.name;
            config += &format!("[coordinates.{name}-{scope}]\nbasis = \"{name}\"\n");
            if !scope.is_empty() {
                config += &format!("scope = \"{scope}\"\n");
            }
        }
    }
    for entry in optimizer::REGISTRY {
        let name = entry.name;
        config += &format!("[algorithms.{name}]\nkind = \"{name}\"\nlearning_rates = {rates}\n");
    }
    config
}

/// Those that need no files.
fn bases() -> impl Iterator<Item = &'static Entry<dyn basis::Spec>> {
    basis::REGISTRY.iter().filter(|entry| entry.name != "file")
}

#[test]
fn a_learning_rate_of_1e10_diverges_and_is_never_selected() {
    let pairs = optimizer::REGISTRY.len() * (2 * bases().count() - 1);
    for entry in objective::REGISTRY {
        for precision in ["f64", "f32"] {
            let what = format!("{}, {precision}", entry.name);
            let workspace = Workspace::new(&config(entry.name, precision, "[1e-3, 1e10]"));
            workspace.run(&[]).success();
            let runs = workspace.rows("runs.csv");
            assert_eq!(runs.len(), 3 * 2 * pairs, "{what}");
            for run in &runs {
                let diverged = run["stop"] == "diverged";
                assert_eq!(diverged, run["learning_rate"] == "10000000000.0", "{what}: {run:?}");
                assert!(!run["final_loss"].contains("-inf"), "{what}: {run:?}");
            }
            let rates = workspace.rows("learning_rates.csv");
            assert_eq!(rates.len(), 2 * pairs, "{what}");
            for rate in rates {
                let absurd = rate["learning_rate"] == "10000000000.0";
                assert_eq!(rate["diverged"], if absurd { "3" } else { "0" }, "{what}: {rate:?}");
                assert_eq!(rate["selected"].is_empty(), absurd, "{what}: {rate:?}");
                assert_eq!(rate["median"] == "inf", absurd, "{what}: {rate:?}");
            }
        }
    }
}

#[test]
fn where_every_rate_diverges_none_is_selected() {
    let workspace = Workspace::new(&config("least-squares", "f64", "[1e10, 1e300]"));
    workspace.run(&[]).success();
    assert!(workspace.rows("learning_rates.csv").iter().all(|rate| rate["selected"].is_empty()));
    assert!(workspace.rows("runs.csv").iter().all(|run| run["stop"] == "diverged"));
    assert!(!workspace.path("out/curves.csv").exists());
}

#[test]
fn a_sweep_that_begins_too_high_comes_down() {
    let swept = config("least-squares", "f64", "[1.0]").replace("learning_rates = [1.0]", "");
    let workspace = Workspace::new(&swept.replace(
        "metric = \"final_loss\"",
        "metric = \"final_loss\"\ncoarse = [1e8, 1e10]\nlimits = [1e-4, 1e10]",
    ));
    workspace.run(&[]).success();
    let rates = workspace.rows("learning_rates.csv");
    for rate in rates.iter().filter(|rate| !rate["selected"].is_empty()) {
        let eta: f64 = rate["learning_rate"].parse().unwrap();
        assert!((1e-4..1e3).contains(&eta), "{rate:?}");
    }
    let selected = rates.iter().filter(|rate| rate["selected"].contains("original")).count();
    let both = rates.iter().filter(|rate| rate["selected"] == "both").count();
    assert!(selected + both >= optimizer::REGISTRY.len());
}

#[test]
fn the_largest_numbers_are_drawn_in_no_time() {
    let figures = r#"
[[figures]]
kind = "curves"
file = "curves"
title = "Control \u0000\u001b[31m characters & <markup>"
metric = "suboptimality"
tuned = "original"
[[figures]]
kind = "learning-rates"
file = "rates"
title = "T"
"#;
    let config = crate::workspace::SMALL
        .replace(
            "[algorithms.sgd]\nkind = \"sgd\"",
            "[algorithms.sgd]\nkind = \"sgd\"\nlearning_rates = [100.0]",
        )
        .replace("steps = 100", "steps = 74\ndivergence = 1e308");
    let workspace = Workspace::new(&format!("{config}{figures}"));
    let start = std::time::Instant::now();
    workspace.run(&[]).success();
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
    for figure in ["curves", "rates"] {
        let svg = std::fs::read_to_string(workspace.path(&format!("out/{figure}.svg"))).unwrap();
        roxmltree::Document::parse(&svg).unwrap();
    }
}
