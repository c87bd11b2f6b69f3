//! Algorithms that train in some of the coordinate systems only.

use std::collections::BTreeSet;

use crate::workspace::{SMALL, Workspace};

/// The small experiment with two matrix methods that train in some of its coordinate systems: in EGOP
/// coordinates they would be refused. They follow the others, whose tables come first.
fn with_pairs() -> String {
    let pairs = "[algorithms.soap]\nkind = \"soap\"\ncoordinates = [\"original\"]\n\
                 [algorithms.vector-adam]\nkind = \"vector-adam\"\nvectors = [\"whole\"]\n\
                 coordinates = [\"original\"]\n\
                 [algorithms.late]\nkind = \"adam\"\ncoordinates = [\"reparameterized\", \"rotated\"]\n\n\
                 [training]";
    SMALL.replace("[training]", pairs)
}

/// The pairs of names in a table.
fn pairs(workspace: &Workspace, table: &str) -> BTreeSet<(String, String)> {
    let rows = workspace.rows(table).into_iter();
    rows.map(|row| (row["algorithm"].clone(), row["coordinates"].clone())).collect()
}

#[test]
fn an_algorithm_trains_where_it_is_told_to() {
    let workspace = Workspace::new(&with_pairs());
    let output = workspace.run(&[]).success();
    let expected: BTreeSet<(String, String)> = ["adam", "adagrad", "sgd", "momentum"]
        .iter()
        .flat_map(|name| ["original", "reparameterized", "rotated"].map(|system| (*name, system)))
        .chain([("soap", "original"), ("vector-adam", "original")])
        .chain([("late", "reparameterized"), ("late", "rotated")])
        .map(|(algorithm, system)| (algorithm.to_owned(), system.to_owned()))
        .collect();
    for table in ["runs.csv", "learning_rates.csv", "curves.csv"] {
        assert_eq!(pairs(&workspace, table), expected, "{table}");
    }
    // What is best in original coordinates is not known of one that does not train there.
    let rates = workspace.rows("learning_rates.csv");
    for row in rates.iter().filter(|row| row["algorithm"] == "late") {
        assert!(["", "own"].contains(&&*row["selected"]), "{row:?}");
    }
    let selected = |name: &str| -> Vec<&str> {
        let rows = rates.iter().filter(|row| row["algorithm"] == name);
        rows.map(|row| &*row["selected"]).filter(|selected| !selected.is_empty()).collect()
    };
    assert_eq!(selected("late"), ["own", "own"]);
    assert_eq!(selected("soap"), ["both"]);
    let theory: BTreeSet<String> =
        workspace.rows("theory.csv").iter().map(|row| row["algorithm"].clone()).collect();
    assert!(!theory.contains("soap") && theory.contains("late"), "{theory:?}");
    let stdout = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(!stdout.contains("soap in reparameterized"), "{stdout}");
    // All of it is found again, and forecasts were for what was there.
    let again = workspace.run(&[]).success();
    let stderr = String::from_utf8(again.get_output().stderr.clone()).unwrap();
    assert!(stderr.contains("tasks: 0 done"), "{stderr}");
}

#[test]
fn what_an_algorithm_does_does_not_depend_on_where_others_train() {
    let (some, all) = (Workspace::new(&with_pairs()), Workspace::new(SMALL));
    some.run(&[]).success();
    all.run(&[]).success();
    let of = |workspace: &Workspace, table: &str| {
        let mut rows = workspace.rows(table);
        rows.retain(|row| ["adam", "adagrad", "sgd", "momentum"].contains(&&*row["algorithm"]));
        rows
    };
    for table in ["runs.csv", "learning_rates.csv", "curves.csv"] {
        assert_eq!(of(&some, table), of(&all, table), "{table}");
    }
}

/// Which pairs there are is no setting of a task: those that are trained either way are not done again.
#[test]
fn finished_tasks_are_kept_when_other_pairs_are_left_out() {
    let restricted = |systems: &str| {
        SMALL.replace("kind = \"sgd\"", &format!("kind = \"sgd\"\ncoordinates = [{systems}]"))
    };
    let workspace = Workspace::new(SMALL);
    workspace.run(&[]).success();
    let done = |config: &str| {
        std::fs::write(workspace.path("experiment.toml"), config).unwrap();
        let output = workspace.run(&[]).success();
        let stderr = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        let words: Vec<&str> = stderr.split("tasks: ").nth(1).unwrap().split(' ').collect();
        words[0].parse::<usize>().unwrap()
    };
    let everywhere = restricted("\"original\", \"reparameterized\", \"rotated\"");
    assert_eq!(done(&everywhere), 0);
    // Those in the original coordinates are kept.
    let tasks = workspace.tasks().len();
    let some = done(&restricted("\"original\""));
    assert!(some > 0 && 2 * tasks / 3 >= some, "{some} of {tasks}");
}

#[test]
fn plans_count_what_is_trained() {
    let runs = |config: &str| {
        let workspace = Workspace::new(config);
        let output = workspace.run(&["--dry-run"]).success();
        let plan = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        let line = plan.lines().find(|line| line.contains("coarse sweep")).unwrap().to_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = words.iter().position(|word| *word == "sweep").unwrap();
        words[name + 3].parse::<usize>().unwrap()
    };
    // Two rates, three trials.
    assert_eq!(runs(SMALL), 4 * 3 * 2 * 3);
    assert_eq!(runs(&with_pairs()), (4 * 3 + 2 + 2) * 2 * 3);
}
