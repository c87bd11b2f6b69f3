//! What is refused, is refused before any work, with an exit code and a message that help.

use std::process::Output;

use egop::record::SCHEMA;

use crate::workspace::{SMALL, Workspace, endless, files};

/// Runs egop-run on the endless experiment with these arguments; returns its messages.
fn refused(workspace: &Workspace, arguments: &[&str], code: i32) -> String {
    let mut command = workspace.program("egop-run");
    command.timeout(std::time::Duration::from_secs(30)).arg("experiment.toml");
    let Output { stdout, stderr, .. } =
        command.args(arguments).assert().code(code).get_output().clone();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(stdout, b"", "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

#[test]
fn ten_mistakes_are_ten_messages() {
    let workspace = Workspace::new(
        r#"
name = "least squares!"
title = 7
seed = -1
trials = 0
precision = "f46"

[objective]
kind = "least-squares"
rows = 20.5
columns = 8
decay = { kind = "power", exponent = -1.0 }

[distribution]
kind = "gaussian"
scale = "wide"

[coordinates.original]
basis = "identity"

[algorithms.adam]
kind = "adan"

[training]
steps = 100
gradient_tolerence = 1e-8

[sweep]
metric = "final_suboptimality"
"#,
    );
    let messages = refused(&workspace, &[], 2);
    assert!(messages.contains("10 problems in experiment.toml"), "{messages}");
    insta::assert_snapshot!(messages);
    assert!(!workspace.path("results").exists());
}

#[test]
fn bad_arguments_are_usage_errors() {
    let workspace = Workspace::new(&endless());
    for (arguments, message) in [
        (&["--set", "training.step=1"][..], "steps"),
        (&["--set", "seed"], "seed"),
        (&["--profile", "quik"], "quik"),
        (&["-j", "0"], "0"),
        (&["-j", "many"], "many"),
        (&["--treads", "2"], "--threads"),
        (&["--memory", "8"], "did you mean 8GB?"),
        (&["--memory", "0GB"], "more than nothing"),
        (&["--memory", "much"], "with its unit"),
        (&["--data-dir", "nowhere"], "--data-dir nowhere: there is no such folder"),
        (&["--set", "algorithms.adam.beta1=1"], "a number from 0 to below 1"),
        (&["--out"], "--out"),
    ] {
        let messages = refused(&workspace, arguments, 2);
        assert!(messages.contains(message), "{arguments:?}: {messages}");
    }
    // A config that is not there is a bad argument, a results folder that is not there is not.
    for (program, code) in [("egop-run", 2), ("egop-sweep", 2), ("egop-plot", 5)] {
        workspace.program(program).assert().code(2);
        let messages = workspace.program(program).arg("absent").assert().code(code);
        let messages = String::from_utf8(messages.get_output().stderr.clone()).unwrap();
        assert!(messages.contains("absent"), "{messages}");
    }
    assert_eq!(files(&workspace.path("")).len(), 1, "nothing but the config is there");
}

#[test]
fn a_place_that_cannot_hold_results_is_refused() {
    let workspace = Workspace::new(&endless());
    std::fs::write(workspace.path("file"), "precious").unwrap();
    std::fs::create_dir_all(workspace.path("taken")).unwrap();
    std::fs::write(workspace.path("taken/tasks"), "precious").unwrap();
    for (out, code) in
        [("file", 4), ("taken", 4), ("file/below", 5), ("/proc/results", 5), ("/dev/null", 4)]
    {
        let messages = refused(&workspace, &["--out", out], code);
        assert!(messages.contains(out), "{messages}");
    }
    assert_eq!(std::fs::read(workspace.path("file")).unwrap(), b"precious");
    assert_eq!(std::fs::read(workspace.path("taken/tasks")).unwrap(), b"precious");
}

#[test]
fn a_folder_of_other_results_is_left_alone() {
    for (identity, code) in [
        ("{\"schema\": 999, \"data\": []}", 4),
        ("{\"schema\": 1, \"data\": [[\"digits\", \"0123\"]]}", 4),
        (&*format!("{{\"schema\": {SCHEMA}, \"data\": []}}"), 5),
        ("not JSON", 5),
        ("", 5),
    ] {
        let workspace = Workspace::new(SMALL);
        workspace.run(&[]).success();
        std::fs::write(workspace.path("experiment.toml"), endless()).unwrap();
        std::fs::write(workspace.path("out/store.json"), identity).unwrap();
        let before = files(&workspace.path("out"));
        let messages = refused(&workspace, &["--out", "out"], code);
        assert!(messages.contains("--out"), "says what to do: {messages}");
        let messages = refused(&workspace, &["--out", "out", "--force"], code);
        assert!(messages.contains("store.json"), "{messages}");
        assert!(files(&workspace.path("out")) == before, "{identity}");
    }
}

#[test]
fn a_failed_trial_is_reported_and_tried_again() {
    // So few rows that the labels of some trials can be separated: there is no minimum.
    let config = SMALL
        .replace("least-squares", "logistic")
        .replace("rows = 20\ncolumns = 8", "rows = 6\ncolumns = 3")
        .replace("trials = 3", "trials = 8");
    let workspace = Workspace::new(&config);
    let stderr = || {
        let run = workspace.run(&[]).code(3);
        String::from_utf8(run.get_output().stderr.clone()).unwrap()
    };
    let messages = stderr();
    assert!(messages.contains("failed: trial"), "{messages}");
    assert!(messages.contains("separable"), "{messages}");
    assert!(messages.contains("run the same command to try them again"), "{messages}");
    let rates = workspace.rows("learning_rates.csv");
    assert!(rates.iter().all(|rate| rate["planned"] == "8" && rate["trials"] != "8"));
    assert!(rates.iter().any(|rate| !rate["selected"].is_empty()), "the other trials count");
    let tables = workspace.tables();
    assert!(stderr().contains("failed: trial"), "tried again");
    assert!(workspace.tables() == tables);
}

#[test]
fn a_claim_that_does_not_reproduce_matters_to_the_strict_only() {
    let five = SMALL.replace("trials = 3", "trials = 5");
    let claim = |factor: &str| {
        format!(
            "{five}\n[[claims]]\nid = \"C\"\nstatement = \"Better\"\nsource = \"here\"\n\
             metric = \"final_suboptimality\"\nrelation = \"at-least\"\nfactor = {factor}\n\
             left = {{ algorithm = \"adam\", coordinates = \"original\" }}\n\
             right = {{ algorithm = \"adam\", coordinates = \"reparameterized\" }}\n"
        )
    };
    for (factor, verdict, code) in [("1e-9", "reproduced", 0), ("1e30", "not reproduced", 3)] {
        let workspace = Workspace::new(&claim(factor));
        workspace.run(&[]).success();
        workspace.run(&["--strict"]).code(code);
        let claims = workspace.rows("claims.csv");
        assert_eq!(claims.len(), 1);
        assert_eq!(claims[0]["verdict"], verdict);
    }
}

#[test]
fn nonsense_in_the_environment_is_told_unless_an_argument_stands_in_for_it() {
    let workspace = Workspace::new(SMALL);
    for (name, value, instead) in [
        ("SLURM_CPUS_PER_TASK", "4(x2)", ["--threads", "2"]),
        ("SLURM_CPUS_PER_TASK", "0", ["--threads", "2"]),
        ("SLURM_MEM_PER_NODE", "lots", ["--memory", "1GB"]),
        ("SLURM_MEM_PER_NODE", "-1", ["--memory", "1GB"]),
    ] {
        let run = |arguments: &[&str]| {
            let mut command = workspace.program("egop-run");
            command.env(name, value).args(["experiment.toml", "--dry-run"]).args(arguments).assert()
        };
        let refused = run(&[]).code(2);
        let messages = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(messages.contains(name) && messages.contains(value), "{messages}");
        assert!(messages.contains(instead[0]), "{messages}");
        run(&instead).success();
    }
    let fashion = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/fashion.toml");
    let mut command = workspace.program("egop-run");
    let refused =
        command.env("EGOP_DATA", "/nowhere").args([fashion, "--dry-run"]).assert().code(2);
    let messages = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("EGOP_DATA names /nowhere"), "{messages}");
}

#[test]
fn what_no_memory_can_hold_is_priced_but_not_begun() {
    let config = SMALL.replace("rows = 20\ncolumns = 8", "rows = 1000000\ncolumns = 20000");
    let workspace = Workspace::new(&config);
    workspace.run(&["--dry-run"]).success();
    let messages = refused(&workspace, &[], 2);
    assert!(messages.contains("a trial takes about"), "{messages}");
    assert!(!workspace.path("results").exists());
}

#[test]
fn a_wrong_place_is_told_with_the_one_that_was_probably_meant() {
    let workspace = Workspace::new(SMALL);
    workspace.program("egop-run").arg("experiment.toml").assert().success();
    std::fs::create_dir(workspace.path("configs")).unwrap();
    std::fs::write(workspace.path("configs/lsq.toml"), SMALL).unwrap();
    let plan = ["configs/lsq.toml", "--emit-slurm", "plan"];
    workspace.program("egop-sweep").args(plan).assert().success();
    for (arguments, code, message) in [
        (&["egop-run", "lsqq"][..], 2, "did you mean lsq?"),
        (&["egop-run", "fi5"], 2, "did you mean fig5?"),
        (&["egop-sweep", "fig5"], 2, "is shown by log-sum-exp, logistic, lsq"),
        (&["egop-sweep", "lsp.toml"], 2, "did you mean configs/lsq.toml?"),
        (&["egop-run", "experiment"], 2, "did you mean experiment.toml?"),
        (&["egop-run", "results/small"], 2, "did you mean results/small/experiment.toml?"),
        (&["egop-run", "configs"], 2, "is a folder, not a config; it holds lsq.toml"),
        (&["egop-plot", "results"], 5, "is not a results folder; it holds small"),
        (&["egop-plot", "small"], 5, "did you mean results/small?"),
        (&["egop-plot", "results/smal"], 5, "did you mean results/small?"),
        (&["egop-plot", "nowhere"], 5, "there is no such folder"),
        (&["egop-plot", "configs"], 5, "is not a results folder"),
        (&["egop-plot", "experiment.toml"], 5, "is a file, not a results folder"),
        (&["egop-plot", "plan"], 5, "is the folder of a plan"),
        (&["egop-sweep", "status", "results/small"], 5, "is not the folder of a plan"),
        (&["egop-sweep", "merge", "configs"], 5, "is not the folder of a plan"),
        (&["egop-sweep", "run-task", "configs", "--index", "0"], 5, "is not the folder of a plan"),
    ] {
        let refused = workspace.program(arguments[0]).args(&arguments[1..]).assert().code(code);
        let messages = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(messages.contains(message), "{arguments:?}: {messages}");
    }
}

#[test]
fn one_override_that_replaces_an_alternative_is_no_mistake() {
    let workspace = Workspace::new(&format!("{SMALL}\n[egop]\nsamples_per_parameter = 2.0\n"));
    for arguments in [
        &["egop={samples=1}"][..],
        &["egop.samples=9"],
        &["algorithms.sgd={learning_rates=[0.1]}"],
        &["algorithms.sgd.learning_rates=[0.1]", "algorithms.sgd.coarse=[0.1, 1]"],
        &["objective.decay={kind=\"exponential\", rate=0.1}"],
        &["algorithms.momentum.momentum=0.5", "algorithms.momentum.kind=adagrad"],
        &[
            "coordinates.rotated={basis=\"egop\", scope=\"block\", blocks=[]}",
            "coordinates.rotated.scope=global",
        ],
    ] {
        let overrides = arguments.iter().flat_map(|argument| ["--set", argument]);
        let arguments: Vec<&str> = overrides.chain(["--dry-run"]).collect();
        workspace.run(&arguments).success();
    }
    // One message for one mistake.
    for set in ["egop={samples=1,samples_per_parameter=2}", "egop={samples=0}", "training.batch=4"]
    {
        let messages = refused(&workspace, &["--set", set], 2);
        assert!(messages.contains("\n1 problem in"), "{messages}");
    }
}

#[test]
fn names_that_become_files_fit_any_file_system() {
    let workspace = Workspace::new(&endless());
    for set in ["name=a/b", "name=.hidden"] {
        let messages = refused(&workspace, &["--set", set], 2);
        assert!(messages.contains("it names files"), "{messages}");
    }
    let long = format!("name={}", "n".repeat(101));
    assert!(refused(&workspace, &["--set", &long], 2).contains("at most 100"));
    // As in a resolved config.
    std::fs::write(workspace.path("experiment.toml"), format!("profile = \"../x\"\n{}", endless()))
        .unwrap();
    assert!(refused(&workspace, &[], 2).contains("it names files"));
    let config = format!("{}\n[profiles.\"../x\"]\ntrials = 1\n", endless());
    std::fs::write(workspace.path("experiment.toml"), config).unwrap();
    let messages = refused(&workspace, &["--profile", "../x"], 2);
    assert!(messages.contains("profiles.\"../x\": the profile's name"), "{messages}");
}
