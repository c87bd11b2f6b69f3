//! Absurd learning rates: a recorded result, never a crash, never the best.

use egop::config::{self, Entry, Overlay, Reader, Source};
use egop::{basis, objective, optimizer};

use crate::workspace::Workspace;

/// The objectives that need no files.
pub fn in_configs_alone() -> impl Iterator<Item = &'static Entry<dyn objective::Spec>> {
    objective::REGISTRY.iter().filter(|entry| entry.name != "gradients")
}

/// Settings of a small objective of each such kind, beside `kind`.
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

/// Settings with which an optimizer is itself on small objectives, of which some have one column.
fn own(optimizer: &str) -> &'static str {
    match optimizer {
        "vector-adam" => "vectors = [\"whole\"]\n",
        "galore" => "ranks = [1]\nside = \"left\"\n",
        _ => "",
    }
}

/// Optimizers and coordinate systems that go together: some optimizers need weights to be matrices.
struct Group {
    optimizers: Vec<&'static str>,
    /// Names, and settings.
    systems: Vec<(String, String)>,
}

fn groups() -> [Group; 2] {
    let needs = |entry: &Entry<dyn optimizer::Spec>| {
        settings(&format!("kind = \"{}\"", entry.name), optimizer::read).needs_matrices()
    };
    [false, true].map(|matrices| Group {
        optimizers: (optimizer::REGISTRY.iter())
            .filter(|entry| needs(entry) == matrices)
            .map(|entry| entry.name)
            .collect(),
        systems: (systems().into_iter())
            .filter(|(_, basis)| !matrices || settings(basis, basis::read).keeps_matrices())
            .collect(),
    })
}

fn settings<T>(text: &str, read: impl Fn(&mut Reader<'_>) -> Option<T>) -> T {
    let source = Source::parse("settings", text.as_bytes()).unwrap();
    config::read(&source, &Overlay::default(), read).unwrap().value
}

/// Every registered basis that needs no files, in every scope.
fn systems() -> Vec<(String, String)> {
    let mut systems = Vec::new();
    for entry in basis::REGISTRY.iter().filter(|entry| entry.name != "file") {
        let name = entry.name;
        let scopes: &[&str] = match name {
            "identity" | "input" | "kronecker" => &[""],
            _ => &["global", "block"],
        };
        for scope in scopes {
            let mut settings = format!("basis = \"{name}\"\n");
            if !scope.is_empty() {
                settings += &format!("scope = \"{scope}\"\n");
            }
            systems.push((format!("{name}-{scope}"), settings));
        }
    }
    systems
}

impl Group {
    fn pairs(&self) -> usize {
        self.optimizers.len() * self.systems.len()
    }

    /// Every optimizer at these learning rates in every coordinate system.
    fn config(&self, kind: &str, precision: &str, rates: &str) -> String {
        let training = if kind.ends_with("-net") { "epochs = 2\nbatch = 32" } else { "steps = 50" };
        let mut config = format!(
            "name = \"absurd\"\ntitle = \"Absurd learning rates\"\nseed = 1\ntrials = 2\n\
             precision = \"{precision}\"\n[objective]\nkind = \"{kind}\"\n{}\n\
             [distribution]\nkind = \"gaussian\"\n\
             [training]\n{training}\n[sweep]\nmetric = \"final_loss\"\n\
             tune = [\"identity-\"]\n",
            objective(kind)
        );
        for (name, settings) in &self.systems {
            config += &format!("[coordinates.{name}]\n{settings}");
        }
        for name in &self.optimizers {
            config += &format!(
                "[algorithms.{name}]\nkind = \"{name}\"\n{}learning_rates = {rates}\n",
                own(name)
            );
        }
        config
    }
}

#[test]
fn a_learning_rate_of_1e10_diverges_and_is_never_selected() {
    for (group, entry) in groups()
        .iter()
        .flat_map(|group| in_configs_alone().map(move |entry| (group, entry)))
        // A linear function, whose gradients do not grow.
        .filter(|(_, entry)| entry.name != "gradients")
    {
        let pairs = group.pairs();
        for precision in ["f64", "f32"] {
            let what = format!("{}, {precision}", entry.name);
            let workspace = Workspace::new(&group.config(entry.name, precision, "[1e-3, 1e10]"));
            workspace.run(&[]).success();
            let runs = workspace.rows("runs.csv");
            assert_eq!(runs.len(), 2 * 2 * pairs, "{what}");
            for run in &runs {
                let diverged = run["stop"] == "diverged";
                assert_eq!(diverged, run["learning_rate"] == "10000000000.0", "{what}: {run:?}");
                assert!(!run["final_loss"].contains("-inf"), "{what}: {run:?}");
            }
            let rates = workspace.rows("learning_rates.csv");
            assert_eq!(rates.len(), 2 * pairs, "{what}");
            for rate in rates {
                let absurd = rate["learning_rate"] == "10000000000.0";
                assert_eq!(rate["diverged"], if absurd { "2" } else { "0" }, "{what}: {rate:?}");
                assert_eq!(rate["selected"].is_empty(), absurd, "{what}: {rate:?}");
                assert_eq!(rate["median"] == "inf", absurd, "{what}: {rate:?}");
            }
        }
    }
}

#[test]
fn where_every_rate_diverges_none_is_selected() {
    for group in groups() {
        let workspace = Workspace::new(&group.config("least-squares", "f64", "[1e10, 1e300]"));
        workspace.run(&[]).success();
        let rates = workspace.rows("learning_rates.csv");
        assert!(rates.iter().all(|rate| rate["selected"].is_empty()));
        assert!(workspace.rows("runs.csv").iter().all(|run| run["stop"] == "diverged"));
        assert!(!workspace.path("out/curves.csv").exists());
    }
}

#[test]
fn a_sweep_that_begins_too_high_comes_down() {
    for group in groups() {
        let swept = group.config("least-squares", "f64", "[1.0]");
        let workspace = Workspace::new(&swept.replace("learning_rates = [1.0]", "").replace(
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
        assert!(selected + both >= group.optimizers.len());
    }
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
