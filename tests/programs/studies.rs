//! Studies: points that are experiments, in one folder.

use std::collections::BTreeMap;
use std::path::Path;

use crate::workspace::{SMALL, Workspace, files};

/// Two axes on the small experiment, with a claim of it; their points share tasks.
const STUDY: &str = r#"
name = "decays"
title = "Small least squares by decay and target"
about = "study"

[study]
bases = ["experiment.toml"]
metrics = ["common_level", "final_suboptimality"]

[study.set]
trials = 2
claims = [{ id = "gain", statement = "S", source = "here", metric = "common_level", left = { algorithm = "adam", coordinates = "original" }, right = { algorithm = "adam", coordinates = "reparameterized" }, relation = "at-least", factor = 1.0 }]

[[study.axes]]
keys = ["objective.decay.exponent"]
values = [0.5, 1.0]

[[study.axes]]
keys = ["sweep.floor"]
values = [1e-8, 1e-4]

[[figures]]
kind = "study"
file = "gains"
title = "Gains"
theory = ["stable-rank", "predicted"]

[profiles.quick]
study = { set = { trials = 1 } }
"#;

/// With the small experiment as `experiment.toml` and the study as `study.toml`.
fn workspace(study: &str) -> Workspace {
    let workspace = Workspace::new(SMALL);
    std::fs::write(workspace.path("study.toml"), study).unwrap();
    workspace
}

/// `egop-run study.toml --out OUT` with further arguments, which succeeds.
fn run(workspace: &Workspace, out: &str, arguments: &[&str]) {
    let mut command = workspace.program("egop-run");
    command.args(["study.toml", "--quiet", "--out", out]).args(arguments).assert().success();
}

/// The files of a folder that are always the same bytes, tasks and locks aside.
fn published(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut published = BTreeMap::new();
    for (path, file) in files(folder) {
        let name = path.to_str().unwrap().to_owned();
        let last = name.rsplit('/').next().unwrap().to_owned();
        let aside = ["tasks/", "locks/"].iter().any(|aside| name.contains(aside));
        let timed = ["SHA256SUMS", "provenance.json", "timings.csv", "report.html", "log.jsonl"]
            .contains(&&*last);
        if !aside && !timed {
            published.insert(name, file.bytes);
        }
    }
    published
}

fn rows(folder: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join("study.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

const POINT: &str = "points/experiment-objective.decay.exponent-0.5";

#[test]
fn a_point_is_the_experiment_that_the_same_settings_make() {
    let workspace = workspace(STUDY);
    run(&workspace, "out", &["--threads", "2"]);
    let out = workspace.path("out");
    let claims = STUDY.lines().find(|line| line.starts_with("claims = ")).unwrap();
    let claims = claims.replacen(" = ", "=", 1);
    let arguments = [
        "experiment.toml",
        "--quiet",
        "--out",
        "alone",
        "--set",
        "trials=2",
        "--set",
        &claims,
        "--set",
        "objective.decay.exponent=0.5",
    ];
    workspace.program("egop-run").args(arguments).assert().success();
    let alone = published(&workspace.path("alone"));
    let mut point = published(&out.join(POINT));
    for (name, bytes) in alone {
        if name != "store.json" {
            assert_eq!(point.remove(&name).as_ref(), Some(&bytes), "{name}");
        }
    }
    assert!(point.is_empty(), "{:?}", point.keys());

    let rows = rows(&out);
    let of = |value: &str, quantity: &str| {
        let of =
            |row: &&BTreeMap<String, String>| row["value"] == value && row["quantity"] == quantity;
        rows.iter().filter(of).collect::<Vec<_>>()
    };
    let [claim] = &of("0.5", "gain")[..] else { panic!("{rows:?}") };
    assert_eq!((&*claim["base"], &*claim["axis"]), ("experiment", "objective.decay.exponent"));
    assert_eq!(claim["verdict"], "inconclusive", "of two trials");
    // The ratio that the claim is about, at the original's rate.
    let ratio = of("0.5", "common_level").into_iter().find(|row| {
        row["algorithm"] == "adam"
            && row["coordinates"] == "reparameterized"
            && row["tuned"] == "original"
    });
    assert_eq!(ratio.unwrap()["median"], claim["median"]);
    assert_eq!(of("0.5", "predicted").len(), 1);
    // The value of the base is on the other axis too: what is trained for it, is trained once.
    let floors: Vec<_> = ["1e-8", "0.0001"].iter().map(|one| of(one, "common_level")).collect();
    assert_eq!(floors[0].len(), floors[1].len());
}

#[test]
fn a_study_has_the_same_bytes_for_any_number_of_threads_and_however_it_came_about() {
    let workspace = workspace(STUDY);
    run(&workspace, "two", &["--threads", "2"]);
    run(&workspace, "one", &["--threads", "1", "--set", "study.axes.0.values=[1.0]"]);
    let before = files(&workspace.path("one")).len();
    // More values take over what is done.
    run(&workspace, "one", &["--threads", "1"]);
    assert!(files(&workspace.path("one")).len() > before);
    let (mut one, two) = (published(&workspace.path("one")), published(&workspace.path("two")));
    assert_eq!(one, two);
    assert!(two.contains_key("gains.png") && two.contains_key(&format!("{POINT}/runs.csv")));

    // Fewer leave nothing of the others.
    run(&workspace, "two", &["--set", "study.axes.0.values=[1.0]"]);
    assert!(!workspace.path("two").join(POINT).exists());
    // The figures come from the table alone.
    std::fs::remove_file(workspace.path("experiment.toml")).unwrap();
    workspace.program("egop-plot").args(["one", "--quiet"]).assert().success();
    assert_eq!(published(&workspace.path("one")), one);
    let drawn = one.remove("gains.svg").unwrap();
    assert!(String::from_utf8(drawn).unwrap().contains("stable rank"));
}

#[test]
fn a_folder_holds_one_study() {
    let workspace = workspace(STUDY);
    run(&workspace, "out", &[]);
    let other = ["study.toml", "--out", "out", "--set", "study.set.training.steps=50"];
    let refused = workspace.program("egop-run").args(other).assert().code(4);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    let differs = "experiment.training.steps = 100, this has experiment.training.steps = 50";
    assert!(message.contains(differs), "{message}");
    run(&workspace, "out", &["--set", "study.set.training.steps=50", "--replace"]);
    assert_eq!(rows(&workspace.path("out")).len() % 4, 0);

    std::fs::write(workspace.path("out").join(POINT).join("runs.csv"), "mine").unwrap();
    let again = ["study.toml", "--out", "out", "--set", "study.set.training.steps=50"];
    workspace.program("egop-run").args(again).assert().code(4);
}

#[test]
fn what_is_wrong_is_said_with_point_key_and_line_before_any_work() {
    let study = STUDY
        .replace("[0.5, 1.0]", "[0.5, -1.0, \"steep\"]")
        .replace("\"sweep.floor\"", "\"sweep.flor\"");
    let workspace = workspace(&study);
    let refused = workspace.program("egop-run").args(["study.toml", "--out", "out"]).assert();
    let refused = refused.code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    insta::assert_snapshot!(message.replace(workspace.path("").to_str().unwrap(), "FOLDER/"));
    assert!(!workspace.path("out").exists());
}

#[test]
fn mistakes_of_the_study_itself_are_reported() {
    let study = r#"
name = "s"
title = "S"
[study]
bases = ["lsqq", "lsq", "lsq"]
metrics = ["speed"]
[[study.axes]]
keys = ["objective..rows"]
values = []
[[study.axes]]
keys = ["objective.rows"]
values = [1, 1]
bases = ["logistic"]
[[figures]]
kind = "curves"
file = "f"
title = "T"
metric = "suboptimality"
"#;
    let workspace = workspace(study);
    let refused = workspace.program("egop-run").arg("study.toml").assert().code(2);
    insta::assert_snapshot!(String::from_utf8(refused.get_output().stderr.clone()).unwrap());
    let readable = study
        .replace("metrics = [\"speed\"]\n", "")
        .replace("\"objective..rows\"", "\"seed\"")
        .replace("values = []", "values = [1]")
        .replace("[1, 1]", "[1]");
    std::fs::write(workspace.path("study.toml"), &readable).unwrap();
    let refused = workspace.program("egop-run").arg("study.toml").assert().code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    for wanted in [
        "study.bases.0: no shipped experiment \"lsqq\"; did you mean \"lsq\"?",
        "study.bases.2: \"lsq\" is there twice",
        "study.axes.1.bases.0: no such base; there are lsqq, lsq, lsq",
    ] {
        assert!(message.contains(wanted), "{message}");
    }
    let fitting =
        readable.replace("\"lsqq\", \"lsq\", ", "").replace("bases = [\"logistic\"]\n", "");
    std::fs::write(workspace.path("study.toml"), fitting).unwrap();
    let refused = workspace.program("egop-run").arg("study.toml").assert().code(2);
    insta::assert_snapshot!(String::from_utf8(refused.get_output().stderr.clone()).unwrap());

    let sweep = workspace.program("egop-sweep").arg("study.toml").assert().code(2);
    let message = String::from_utf8(sweep.get_output().stderr.clone()).unwrap();
    assert!(message.contains("study.toml is a study: egop-run runs it"), "{message}");
}

#[test]
fn what_no_result_depends_on_is_no_axis() {
    for key in ["title", "name", "figures.0.title", "profile", "profiles.quick.trials"] {
        let study = STUDY.replacen("keys = [", &format!("keys = [\"{key}\", "), 1);
        let workspace = workspace(&study);
        let refused = workspace.program("egop-run").arg("study.toml").assert().code(2);
        let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(message.contains("study.axes.0.keys.0: "), "{key}: {message}");
    }
}

#[test]
fn plans_and_documents_are_those_of_all_points() {
    let workspace = workspace(STUDY);
    let plan = ["study.toml", "--out", "out", "--dry-run"];
    let said = workspace.program("egop-run").args(plan).assert().success();
    let said = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    assert!(said.contains("experiment, objective.decay.exponent = 0.5"), "{said}");
    assert!(!workspace.path("out").exists());
    let json = ["study.toml", "--out", "out", "--json", "--quiet", "--profile", "quick"];
    let said = workspace.program("egop-run").args(json).assert().success();
    let said: serde_json::Value = serde_json::from_slice(&said.get_output().stdout).unwrap();
    let rows = said["study"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["verdict"] == "not judged"), "{said}");
    assert!(said["failures"].as_array().unwrap().is_empty());
    let mut planned = workspace.program("egop-run");
    let said = planned.args(plan).args(["--profile", "quick", "--json"]).assert().success();
    let said: serde_json::Value = serde_json::from_slice(&said.get_output().stdout).unwrap();
    let points = said["points"].as_array().unwrap();
    assert_eq!(points.len(), 4);
    let rounds = points.iter().flat_map(|point| point["rounds"].as_array().unwrap());
    assert!({ rounds }.all(|round| round["tasks"] == round["done"]), "{said}");
}

#[test]
fn steps_to_a_level_are_counted_in_gradients_with_the_samples() {
    let metrics = ["common_level", "common_level in gradients"];
    let study =
        STUDY.replace("[\"common_level\", \"final_suboptimality\"]", &format!("{metrics:?}"));
    let study = study.replace("trials = 2", "trials = 1");
    let workspace = workspace(&study);
    run(&workspace, "out", &[]);
    let rows = rows(&workspace.path("out"));
    let of = |quantity: &str, coordinates: &str| -> Vec<f64> {
        let of = rows.iter().filter(|row| {
            row["quantity"] == quantity
                && row["coordinates"] == coordinates
                && row["tuned"] == "original"
        });
        of.filter_map(|row| row["median"].parse().ok()).collect()
    };
    let [steps, gradients] = metrics.map(|metric| of(metric, "reparameterized"));
    assert!(steps.len() >= 4 && steps.len() == gradients.len(), "{rows:?}");
    // Where one side failed, there is no price.
    let failed = |steps: f64| steps == 0.0 || steps.is_infinite();
    let less = |(steps, gradients): (&f64, &f64)| gradients < steps || failed(*steps);
    assert!(steps.iter().zip(&gradients).all(less), "{steps:?} {gradients:?}");
    assert!(gradients.iter().any(|&gain| gain > 0.0), "{gradients:?}");
    // A random rotation takes no samples: an update with full batches is a gradient.
    assert_eq!(of(metrics[0], "rotated"), of(metrics[1], "rotated"));
}

#[test]
fn what_happens_at_a_point_is_told_with_the_point() {
    let workspace = workspace(STUDY);
    let arguments = ["study.toml", "--dry-run", "--json", "--memory", "1B"];
    let said = workspace.program("egop-run").args(arguments).assert().success();
    let output = said.get_output();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let points: Vec<&str> = said["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["point"].as_str().unwrap())
        .collect();
    let first = "experiment, objective.decay.exponent = 0.5";
    assert!(points.contains(&first), "{said}");
    for point in ["exponent = 1", "floor = 1e-8", "floor = 0.0001"] {
        assert!(points.iter().any(|told| told.contains(point)), "{point}: {points:?}");
    }
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(stderr.contains(&format!("warning: {first}: ")), "{stderr}");
    // Of an experiment there is no point to be told.
    let alone = ["experiment.toml", "--dry-run", "--json", "--memory", "1B"];
    let said = workspace.program("egop-run").args(alone).assert().success();
    let said: serde_json::Value = serde_json::from_slice(&said.get_output().stdout).unwrap();
    assert!(said["warnings"][0].get("point").is_none(), "{said}");
}
