//! Results depend on the experiment alone.

use crate::workspace::{SMALL, Workspace};

/// Everything that is written in two workspaces, run with different arguments.
fn assert_same(config: &str, one: &[&str], other: &[&str]) {
    let [first, second] = [one, other].map(|arguments| {
        let workspace = Workspace::new(config);
        workspace.run(arguments).success();
        workspace.tables()
    });
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let expected = [
        "break_even.csv",
        "curves.csv",
        "learning_rates.csv",
        "runs.csv",
        "spectrum.csv",
        "theory.csv",
    ];
    assert_eq!(names, expected);
    assert!(first == second, "the tables differ between {one:?} and {other:?}");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    assert_same(SMALL, &["-j", "1"], &["-j", "2"]);
    assert_same(SMALL, &["-j", "2"], &["-j", "5"]);
    assert_same(&format!("precision = \"f32\"\n{SMALL}"), &["-j", "1"], &["-j", "3"]);
}

#[test]
fn the_memory_changes_no_byte() {
    // With so little, one trial is in flight and nothing is kept from round to round.
    assert_same(SMALL, &["-j", "3"], &["-j", "3", "--memory", "1B"]);
}

#[test]
fn the_order_of_coordinate_systems_and_algorithms_changes_no_number() {
    let reversed = "[coordinates.rotated]\nbasis = \"random-rotation\"\n\
                    [coordinates.reparameterized]\nbasis = \"egop\"\n\
                    [coordinates.original]\nbasis = \"identity\"\n\
                    [algorithms.momentum]\nkind = \"momentum\"\n\
                    [algorithms.sgd]\nkind = \"sgd\"\n\
                    [algorithms.adagrad]\nkind = \"adagrad\"\n\
                    [algorithms.adam]\nkind = \"adam\"\n\n[training]";
    let (start, end) = (SMALL.find("[coordinates.original]"), SMALL.find("[training]"));
    let mut config = SMALL.to_owned();
    config.replace_range(start.unwrap()..end.unwrap() + "[training]".len(), reversed);
    let sorted = [SMALL, &config].map(|config| {
        let workspace = Workspace::new(config);
        workspace.run(&[]).success();
        let tables = workspace.tables().into_values().map(|bytes| {
            let text = String::from_utf8(bytes).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        });
        tables.collect::<Vec<_>>()
    });
    assert!(sorted[0] == sorted[1]);
}

#[test]
fn one_algorithm_alone_gives_the_rows_that_it_gives_among_others() {
    // Lanes of other algorithms stand beside it in one run and not in the other.
    let alone = SMALL.find("[algorithms.adagrad]").unwrap();
    let end = SMALL.find("[training]").unwrap();
    let mut config = SMALL.to_owned();
    config.replace_range(alone..end, "");
    let adams = [SMALL, &config].map(|config| {
        let workspace = Workspace::new(config);
        workspace.run(&[]).success();
        let mut rows = workspace.rows("runs.csv");
        rows.retain(|row| row["algorithm"] == "adam");
        rows
    });
    assert!(adams[0].len() > 3 * 3 * 5);
    assert_eq!(adams[0], adams[1]);
}

#[test]
fn another_metric_finds_the_tasks_of_the_first_and_the_first_comes_back() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&[]).success();
    let first = workspace.tables();
    workspace.run(&["--set", "sweep.metric=steps"]).success();
    assert!(workspace.tables()["learning_rates.csv"] != first["learning_rates.csv"]);
    let both = workspace.tasks().len();
    workspace.run(&[]).success();
    assert!(workspace.tables() == first);
    assert_eq!(workspace.tasks().len(), both, "nothing was run again");
}

#[test]
fn a_shorter_experiment_has_the_first_trials_of_a_longer_one() {
    let [short, long] = ["trials=2", "trials=4"].map(|trials| {
        let workspace = Workspace::new(SMALL);
        let rates = ["adam", "adagrad", "sgd", "momentum"]
            .map(|name| ["--set".into(), format!("algorithms.{name}.learning_rates=[0.1, 0.4]")]);
        let mut arguments: Vec<&str> = vec!["--set", trials];
        arguments.extend(rates.iter().flatten().map(String::as_str));
        workspace.run(&arguments).success();
        workspace.rows("runs.csv")
    });
    assert_eq!(short.len(), 2 * 3 * 4 * 2);
    assert_eq!(short, long[..short.len()]);
}
