//! Running what is named, in a folder where there is no config.

use std::path::Path;

use super::{program, refused, said};

/// So little that seconds are enough.
const LITTLE: [&str; 6] = ["--profile", "quick", "--set", "trials=1", "--threads", "2"];

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_experiment_is_run_by_its_name_alone() {
    let folder = tempfile::tempdir().unwrap();
    // A folder of this name is no config.
    std::fs::create_dir(folder.path().join("lsq")).unwrap();
    program("egop-run", folder.path()).arg("lsq").args(LITTLE).assert().success();
    let results = folder.path().join("results/lsq-quick");
    for file in ["claims.csv", "fig5c.png", "report.html"] {
        assert!(results.join(file).is_file(), "{file}");
    }
    let again = program("egop-sweep", folder.path()).arg("lsq").args(LITTLE).assert().success();
    let messages = String::from_utf8(again.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("tasks: ") && messages.contains(" 0 done, "), "{messages}");
}

#[test]
fn a_file_comes_before_a_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lsq"), "name = 1\n").unwrap();
    let run = program("egop-run", folder.path()).arg("lsq").assert().code(2);
    let messages = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("lsq:1:8: name"), "{messages}");
}

#[test]
fn the_digits_are_in_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["digits", "--dry-run"];
    program("egop-run", folder.path()).args(arguments).assert().success();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_figure_is_all_its_experiments_and_their_panels_on_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["fig5", "--out", "here", "--json"];
    let mut run = program("egop-run", folder.path());
    let run = run.args(arguments).args(LITTLE).assert().success();
    let here = folder.path().join("here");
    assert_eq!(
        names(&here),
        [
            "fig5-quick.png",
            "fig5-quick.png.sha256",
            "log-sum-exp-quick",
            "logistic-quick",
            "lsq-quick"
        ]
    );
    let lines = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let of: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|document| document["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(of, ["log-sum-exp", "logistic", "lsq"]);
    // What is not as the program wrote it is refused before any work.
    std::fs::write(here.join("fig5-quick.png"), "mine").unwrap();
    program("egop-run", folder.path()).args(arguments).args(LITTLE).assert().code(4);
}

#[test]
fn a_figure_of_one_experiment_with_several_panels_is_a_page_too() {
    let folder = tempfile::tempdir().unwrap();
    let little = ["--set", "training.epochs=1"];
    program("egop-run", folder.path()).arg("fig3").args(LITTLE).args(little).assert().success();
    let results = folder.path().join("results");
    assert_eq!(names(&results), ["fig3-quick.png", "fig3-quick.png.sha256", "linear-net-quick"]);
}

#[test]
fn everything_is_planned_but_what_has_no_data_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("none")).unwrap();
    let run = program("egop-run", folder.path())
        .args(["--all", "--dry-run", "--json", "--quiet", "--data-dir", "none"])
        .assert()
        .success();
    let output = run.get_output();
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let documents: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |skipped: bool| -> Vec<&str> {
        let of = documents.iter().filter(|one| one["skipped"].is_string() == skipped);
        of.map(|one| one["name"].as_str().unwrap()).collect()
    };
    let skipped = of(true);
    assert!(skipped.contains(&"fashion") && skipped.contains(&"spectrum-blocks"), "{skipped:?}");
    let planned = of(false);
    assert_eq!(skipped.len() + planned.len(), egop::shipped::SHIPPED.len());
    assert!(planned.contains(&"lsq") && planned.contains(&"study-decay"), "{planned:?}");
    let messages = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(messages.contains("skipped: fashion: Fashion-MNIST was not found"), "{messages}");
    assert!(messages.contains("scripts/fetch-fashion-mnist --dir 'none'"), "{messages}");
    assert_eq!(names(folder.path()), ["none"]);
}

#[test]
fn what_several_experiments_would_be_refused_for_is_refused_before_any_work() {
    let message = refused(&["fig5", "--set", "trials=0"], 2);
    assert!(message.contains("trials: expected"), "{message}");
    let message = refused(&["--all", "lsq"], 2);
    assert!(message.contains("cannot be used with"), "{message}");
    let message = refused(&[], 2);
    assert!(message.contains("--list") && message.contains("--all"), "{message}");
}

#[test]
fn the_list_has_every_experiment_with_its_time_in_80_columns() {
    let list = said(&["--list"]);
    for shipped in egop::shipped::SHIPPED {
        let line = list.lines().find(|line| line.split_whitespace().next() == Some(shipped.name));
        let line = line.unwrap_or_else(|| panic!("{} is not listed:\n{list}", shipped.name));
        assert!(line.contains(" s ") || line.contains(" min "), "{line}");
    }
    assert!(list.contains("fig5   log-sum-exp, logistic, lsq"), "{list}");
    let longest = list.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest <= 80, "{longest}");
    let folder = tempfile::tempdir().unwrap();
    let narrow = program("egop-run", folder.path()).arg("--list").env("COLUMNS", "60").assert();
    let narrow = String::from_utf8(narrow.success().get_output().stdout.clone()).unwrap();
    let longest = narrow.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest <= 60, "{longest}");
}
