//! What the programs print, and where.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use egop::sweep::METRICS;
use egop::{basis, claim, figure, objective, optimizer};

use crate::workspace::{SMALL, Workspace, files};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_and_version_go_to_stdout() {
    let workspace = Workspace::new(SMALL);
    for program in ["egop-run", "egop-sweep", "egop-plot"] {
        let help = workspace.program(program).arg("--help").assert().success().stderr("");
        let help = text(&help.get_output().stdout);
        assert!(help.contains(&format!("Usage: {program}")), "{help}");
        assert!(help.contains("results"), "{help}");
        let version = workspace.program(program).arg("--version").assert().success().stderr("");
        let version = text(&version.get_output().stdout);
        assert_eq!(version, format!("{program} {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn the_listing_names_everything_that_a_config_can_name() {
    let workspace = Workspace::new(SMALL);
    for program in ["egop-run", "egop-sweep"] {
        let listing = workspace.program(program).arg("--list").assert().success().stderr("");
        let listing = text(&listing.get_output().stdout);
        let entries: Vec<(&str, &str)> = objective::REGISTRY
            .iter()
            .map(|entry| (entry.name, entry.summary))
            .chain(optimizer::REGISTRY.iter().map(|entry| (entry.name, entry.summary)))
            .chain(basis::REGISTRY.iter().map(|entry| (entry.name, entry.summary)))
            .chain(figure::REGISTRY.iter().map(|entry| (entry.name, entry.summary)))
            .chain(claim::REGISTRY.iter().map(|entry| (entry.name, entry.summary)))
            .chain(METRICS.iter().map(|metric| (metric.name, metric.summary)))
            .collect();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = words(&listing);
        for (name, summary) in entries {
            let entry = words(&format!("{name} {summary}"));
            assert!(said.contains(&entry), "{name} is not listed:\n{listing}");
        }
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let workspace = Workspace::new(SMALL);
    let plan = |program: &str| {
        let arguments = ["experiment.toml", "--out", "out", "--dry-run"];
        let plan = workspace.program(program).args(arguments).assert().success();
        text(&plan.get_output().stdout)
    };
    for program in ["egop-run", "egop-sweep"] {
        let plan = plan(program);
        assert!(plan.contains("coarse sweep") && plan.contains("what follows depends"), "{plan}");
        assert_eq!(files(&workspace.path("")).len(), 1, "nothing but the config is there");
        assert!(!workspace.path("out").exists());
    }
    workspace.run(&[]).success();
    let before = files(&workspace.path(""));
    let plan = plan("egop-run");
    assert!(!plan.contains("what follows depends"), "all is done: {plan}");
    assert!(files(&workspace.path("")) == before);
}

#[test]
fn a_dry_run_says_how_many_trials_there_is_memory_for() {
    let workspace = Workspace::new(SMALL);
    let says = |memory: &str, threads: &str, what: &str| {
        let plan = workspace.run(&["--dry-run", "--memory", memory, "-j", threads]).success();
        let plan = text(&plan.get_output().stdout);
        assert!(plan.contains(what), "{memory}, {threads}: {plan}");
    };
    says("1GB", "2", "2 of 3 trials in flight at a time");
    says("1GB", "8", "3 of 3 trials in flight at a time");
    says("1B", "8", "1 of 3 trials in flight at a time");
    workspace.run(&["--memory", "8XB"]).code(2);
}

#[test]
fn json_is_json_and_holds_what_the_tables_hold() {
    let workspace = Workspace::new(SMALL);
    let run = workspace.run(&["--json", "--quiet"]).success().stderr("");
    let report: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(report["claims"], serde_json::json!([]));
    assert_eq!(report["failures"], serde_json::json!([]));
    let rates = report["rates"].as_array().unwrap();
    let rows = workspace.rows("learning_rates.csv");
    assert_eq!(rates.len(), rows.len());
    for (json, row) in rates.iter().zip(&rows) {
        assert!(json.as_object().unwrap().keys().eq(row.keys()), "{json} for {row:?}");
        assert_eq!(json["algorithm"], *row["algorithm"]);
        // JSON has no infinities, which are texts; its reader here may be off by an ulp.
        let median: f64 = row["median"].parse().unwrap();
        let text = |json: &serde_json::Value| json.as_str().and_then(|text| text.parse().ok());
        let found = json["median"].as_f64().or_else(|| text(&json["median"])).unwrap();
        assert!(found == median || (found / median - 1.0).abs() < 1e-15, "{json} for {row:?}");
    }
    let sweep = ["experiment.toml", "--out", "out", "--json", "--quiet"];
    let sweep = workspace.program("egop-sweep").args(sweep).assert().success();
    let swept: serde_json::Value = serde_json::from_slice(&sweep.get_output().stdout).unwrap();
    assert_eq!(swept["rates"], report["rates"]);
    assert_eq!(swept["failures"], serde_json::json!([]));
}

#[test]
fn json_tells_infinity_from_what_does_not_apply() {
    let config = SMALL.replace("[training]", "[training]\ntarget = 0.0");
    let workspace = Workspace::new(&config);
    let rates = "algorithms.sgd.learning_rates=[1e9]";
    let run = workspace.run(&["--json", "--quiet", "--set", rates]).success();
    let report: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let rates = report["rates"].as_array().unwrap();
    let sgd = rates.iter().find(|rate| rate["algorithm"] == "sgd").unwrap();
    assert_eq!((&sgd["median"], &sgd["reached_target"]), (&"inf".into(), &serde_json::Value::Null));
    // In the order of the tables.
    let text = text(&run.get_output().stdout);
    assert!(text.starts_with("{\"rates\":[{\"algorithm\":"), "{text}");
}

#[test]
fn warnings_and_failures_are_part_of_the_document() {
    // So few rows that the labels of some trials can be separated: there is no minimum.
    let config = SMALL
        .replace("least-squares", "logistic")
        .replace("rows = 20\ncolumns = 8", "rows = 6\ncolumns = 3")
        .replace("trials = 3", "trials = 8");
    let workspace = Workspace::new(&config);
    workspace.run(&[]).code(3);
    let damaged = &workspace.tasks()[0];
    std::fs::remove_file(damaged.join("task.json")).unwrap();
    let sweep = ["experiment.toml", "--out", "out", "--json", "--quiet"];
    let documents = [
        workspace.run(&["--json", "--quiet"]),
        workspace.program("egop-sweep").args(sweep).assert(),
    ];
    let kinds = documents.map(|run| {
        // What is wrong is told in any case, to people and to programs.
        let run = run.code(3).stderr(predicates::str::contains("failed: trial"));
        let document: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        let failures = document["failures"].as_array().unwrap();
        assert!(failures[0]["message"].as_str().unwrap().contains("separable"), "{document}");
        let warnings = document["warnings"].as_array().unwrap();
        let last = warnings.last().unwrap();
        assert_eq!(last["number"], failures.len());
        assert!(last["message"].as_str().unwrap().contains("run the same command"), "{document}");
        let kind = |warning: &serde_json::Value| warning["kind"].as_str().unwrap().to_owned();
        warnings.iter().map(kind).collect::<Vec<_>>()
    });
    // What was damaged is whole again when the sweep finds it.
    assert_eq!(kinds, [vec!["damaged-task", "failed-tasks"], vec!["failed-tasks"]]);
}

#[test]
fn a_dry_run_is_json_too() {
    let workspace = Workspace::new(SMALL);
    for program in ["egop-run", "egop-sweep"] {
        let arguments = ["experiment.toml", "--dry-run", "--json"];
        let plan = workspace.program(program).args(arguments).assert().success();
        let plan: serde_json::Value = serde_json::from_slice(&plan.get_output().stdout).unwrap();
        assert_eq!(plan["name"], "small");
        assert_eq!(plan["rounds"][0]["tasks"], 9);
        assert_eq!(plan["complete"], false);
        assert!(plan["memory"]["per_trial"].as_u64().unwrap() > 0);
        let seconds = &plan["seconds"];
        assert!(seconds["lower"].as_f64().unwrap() <= seconds["upper"].as_f64().unwrap());
    }
}

#[test]
fn only_what_an_earlier_run_did_is_cached() {
    // Every run diverges, so that nothing is selected and no curve is left to record.
    let workspace = Workspace::new(&SMALL.replace("[training]", "[training]\ndivergence = 1e-300"));
    let rates = ["sgd", "adam", "adagrad", "momentum"]
        .map(|name| format!("algorithms.{name}.learning_rates=[1e9]"));
    let set: Vec<&str> = rates.iter().flat_map(|rates| ["--set", rates]).collect();
    for (done, cached) in [(9, 0), (0, 9)] {
        let run = workspace.run(&set);
        let messages = text(&run.get_output().stderr);
        assert!(messages.contains(&format!("tasks: {done} done, {cached} cached")), "{messages}");
    }
}

#[test]
fn curves_of_given_learning_rates_are_recorded_at_once() {
    let workspace = Workspace::new(SMALL);
    let rates = ["sgd", "adam", "adagrad", "momentum"]
        .map(|name| format!("algorithms.{name}.learning_rates=[1e-3, 1e-2]"));
    let set: Vec<&str> = rates.iter().flat_map(|rates| ["--set", rates]).collect();
    workspace.run(&set).success();
    let selected: BTreeSet<_> = workspace.rows("curves.csv").into_iter().collect();
    let runs = std::fs::read(workspace.path("out/runs.csv")).unwrap();
    for (done, cached) in [(9, 0), (0, 9)] {
        let run = workspace.run(&[&set[..], &["--set", "training.record=all"]].concat());
        let messages = text(&run.get_output().stderr);
        assert!(messages.contains(&format!("tasks: {done} done, {cached} cached")), "{messages}");
    }
    let timings = workspace.rows("timings.csv");
    assert!(timings.iter().all(|row| row["round"] == "coarse sweep"), "each task once");
    let all: BTreeSet<_> = workspace.rows("curves.csv").into_iter().collect();
    assert!(selected.is_subset(&all) && selected.len() < all.len());
    assert!(std::fs::read(workspace.path("out/runs.csv")).unwrap() == runs);
}

#[test]
fn quiet_is_quiet() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&["--quiet"]).success().stdout("").stderr("");
    let sweep = ["experiment.toml", "--out", "out", "-q"];
    workspace.program("egop-sweep").args(sweep).assert().success().stdout("").stderr("");
    workspace.program("egop-plot").args(["out", "-q"]).assert().success().stdout("").stderr("");
}

#[test]
fn tables_go_to_stdout_and_messages_to_stderr() {
    let workspace = Workspace::new(SMALL);
    let run = workspace.run(&[]).success();
    let (stdout, stderr) = (text(&run.get_output().stdout), text(&run.get_output().stderr));
    for name in ["algorithm", "adagrad", "reparameterized", "quartiles", "failed"] {
        assert!(stdout.contains(name), "{stdout}");
    }
    assert!(stderr.contains("extended by a decade"), "{stderr}");
    assert!(!stdout.contains('\u{1b}') && !stderr.contains('\u{1b}'), "no colours in a pipe");
}

/// No word is broken by the terminal: no line is longer than it is wide.
#[test]
fn messages_and_headings_fit_the_terminal() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&["--set", "training.steps=20"]).success();
    std::fs::create_dir(workspace.path("second")).unwrap();
    let second = "second/with-a-name-that-is-rather-long";
    let again = ["experiment.toml", "--set", "training.steps=30", "--out", second];
    workspace.program("egop-run").args(again).assert().success();
    for columns in [80, 60] {
        for (program, arguments, code) in [
            ("egop-run", &["experiment.toml", "--set", "foo=1"][..], 2),
            ("egop-run", &["experimnt.toml"], 2),
            ("egop-run", &["nothing", "--all"], 2),
            ("egop-run", &[], 2),
            ("egop-run", &["--help"], 0),
            ("egop-sweep", &["--help"], 0),
            ("egop-plot", &["--help"], 0),
            ("egop-plot", &["--compare", "out", second], 0),
        ] {
            let mut run = workspace.program(program);
            let run = run.env("COLUMNS", columns.to_string()).args(arguments).assert().code(code);
            let output = run.get_output();
            for text in [&output.stdout, &output.stderr] {
                let text = String::from_utf8(text.clone()).unwrap();
                let long = text.lines().find(|line| {
                    line.chars().count() > columns && line.split_whitespace().count() > 1
                });
                assert!(long.is_none(), "{arguments:?} at {columns}: {long:?}\n{text}");
            }
        }
    }
    // A log has a line for each message.
    let run = workspace.program("egop-run").args(["experiment.toml", "--set", "foo=1"]).assert();
    let text = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn results_go_to_a_folder_named_after_experiment_and_profile() {
    let profile = "[profiles.quick]\ntraining = { steps = 20 }\n";
    let workspace = Workspace::new(&format!("{SMALL}\n{profile}"));
    for (arguments, folder) in [(&[][..], "small"), (&["--profile", "quick"], "small-quick")] {
        workspace.program("egop-run").arg("experiment.toml").args(arguments).assert().success();
        for file in ["experiment.toml", "provenance.json", "runs.csv", "learning_rates.csv"] {
            assert!(workspace.path("results").join(folder).join(file).exists(), "{file}");
        }
        let provenance = workspace.path("results").join(folder).join("provenance.json");
        let provenance: serde_json::Value =
            serde_json::from_slice(&std::fs::read(provenance).unwrap()).unwrap();
        for key in ["version", "revision", "back_end", "processor", "threads", "seed", "start"] {
            assert!(!provenance[key].is_null(), "{key}");
        }
        for key in ["wall_seconds", "cpu_seconds", "peak_memory"] {
            assert!(provenance[key].as_f64().is_some_and(|found| found > 0.0), "{key}");
        }
        let said = |key: &str| provenance[key].as_str().unwrap();
        assert!(said("rustc").starts_with("rustc 1.") && !said("operating_system").is_empty());
        let resolved = workspace.path("results").join(folder).join("experiment.toml");
        let resolved = egop::store::sha256(&std::fs::read(resolved).unwrap());
        assert_eq!(said("config_sha256"), resolved);
        assert!(provenance["features"].is_array());
    }
}

#[test]
fn the_resolved_experiment_is_an_experiment_with_the_same_results() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&["--set", "training.steps=50"]).success();
    let (tables, tasks) = (workspace.tables(), workspace.tasks().len());
    std::fs::copy(workspace.path("out/experiment.toml"), workspace.path("experiment.toml"))
        .unwrap();
    workspace.run(&[]).success();
    assert!(workspace.tables() == tables);
    assert_eq!(workspace.tasks().len(), tasks, "nothing was run again");
}

/// Runs a program whose stdout, or stderr too, nobody reads; returns its exit code and messages.
fn unread(workspace: &Workspace, program: &str, arguments: &[&str], stderr: bool) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let messages = if stderr { Stdio::from(writer.try_clone().unwrap()) } else { Stdio::piped() };
    let output = Command::new(program)
        .current_dir(workspace.path(""))
        .args(arguments)
        .stdout(writer)
        .stderr(messages)
        .output()
        .unwrap();
    (output.status.code().unwrap(), text(&output.stderr))
}

#[test]
fn a_closed_pipe_is_no_accident() {
    const RUN: &str = env!("CARGO_BIN_EXE_egop-run");
    const PLOT: &str = env!("CARGO_BIN_EXE_egop-plot");
    let workspace = Workspace::new(SMALL);
    let run = ["experiment.toml", "--out", "out"];
    for stderr in [false, true] {
        let furthers = [&["--dry-run"][..], &["--json"], &[], &["--help"]];
        let runs = furthers.into_iter().map(|further| [&run, further].concat());
        for arguments in runs.chain([vec!["--list"]]) {
            let (code, messages) = unread(&workspace, RUN, &arguments, stderr);
            assert_eq!((code, messages.contains("panicked")), (0, false), "{messages}");
        }
        let (code, messages) = unread(&workspace, PLOT, &["out"], stderr);
        assert_eq!((code, messages.contains("panicked")), (0, false), "{messages}");
        let (code, _) = unread(&workspace, RUN, &["absent.toml"], stderr);
        assert_eq!(code, 2);
    }
    assert!(workspace.path("out/runs.csv").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_an_error() {
    let workspace = Workspace::new(SMALL);
    let full = || std::fs::File::create("/dev/full").unwrap();
    for arguments in [&["--list"][..], &["experiment.toml", "--out", "out"]] {
        let status = Command::new(env!("CARGO_BIN_EXE_egop-run"))
            .current_dir(workspace.path(""))
            .args(arguments)
            .stdout(full())
            .stderr(Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(5), "{arguments:?}");
    }
    assert!(workspace.path("out/runs.csv").exists(), "the results are there all the same");
}
