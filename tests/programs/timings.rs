//! How long things took, which is in no other table.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::{SMALL, Workspace, files};

type Row = BTreeMap<String, String>;

fn seconds(row: &Row, column: &str) -> f64 {
    let seconds = row[column].parse().unwrap();
    assert!((0.0..600.0).contains(&seconds), "{row:?}");
    seconds
}

fn timings(workspace: &Workspace) -> (Vec<u8>, Vec<Row>) {
    let bytes = std::fs::read(workspace.path("out/timings.csv")).unwrap();
    (bytes, workspace.rows("timings.csv"))
}

fn of_phase<'a>(rows: &'a [Row], phase: &str) -> Vec<&'a Row> {
    rows.iter().filter(|row| row["phase"] == phase).collect()
}

#[test]
fn every_task_says_how_long_its_phases_took() {
    for threads in ["1", "2"] {
        let workspace = Workspace::new(SMALL);
        workspace.run(&["-j", threads]).success();
        let (bytes, rows) = timings(&workspace);
        let training = of_phase(&rows, "training");
        assert_eq!(training.len(), workspace.tasks().len());
        for row in &training {
            // Clocks are read one after the other, and tick.
            assert!(seconds(row, "cpu_seconds") <= 1.1 * seconds(row, "wall_seconds") + 0.01);
        }
        let lanes = |round: fn(&str) -> bool| -> usize {
            let of = training.iter().filter(|row| round(&row["round"]));
            of.map(|row| row["lanes"].parse::<usize>().unwrap()).sum()
        };
        assert_eq!(lanes(|round| round != "curves"), workspace.rows("runs.csv").len());
        assert!(lanes(|round| round == "curves") > 0);
        // Two changes of variables in each of three trials, made once and kept.
        let setup = of_phase(&rows, "setup");
        assert_eq!((setup.len(), setup.len() + training.len()), (6, rows.len()));
        for row in setup {
            seconds(row, "wall_seconds");
            assert_eq!(row["round"], "coarse sweep");
            assert_eq!(row["cpu_seconds"].is_empty(), threads == "2", "{row:?}");
        }
        let sums = std::fs::read_to_string(workspace.path("out/SHA256SUMS")).unwrap();
        assert!(sums.contains("  timings.csv\n"), "{sums}");

        // What is found has the times that it took when it was done.
        workspace.run(&[]).success();
        assert!(timings(&workspace).0 == bytes);
    }
}

#[test]
fn a_sweep_says_it_too() {
    let workspace = Workspace::new(SMALL);
    let sweep = ["experiment.toml", "--out", "out"];
    workspace.program("egop-sweep").args(sweep).assert().success();
    let (_, swept) = timings(&workspace);
    assert_eq!(of_phase(&swept, "training").len(), workspace.tasks().len());
    workspace.run(&[]).success();
    let (_, all) = timings(&workspace);
    assert!(all.len() > swept.len() && swept.iter().all(|row| all.contains(row)));
}

#[test]
fn selected_runs_are_timed_alone() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&[]).success();
    let (tables, (_, before)) = (workspace.tables(), timings(&workspace));
    let finished = files(&workspace.path("out/tasks"));

    let timed = ["--set", "training.timed=selected"];
    workspace.run(&timed).success();
    assert!(workspace.tables() == tables, "the other tables are the same bytes");
    let after = files(&workspace.path("out/tasks"));
    assert!(finished.iter().all(|(path, file)| after[path] == *file), "nothing is done again");
    let (bytes, rows) = timings(&workspace);
    assert!(before.iter().all(|row| rows.contains(row)));

    let name = |row: &Row| {
        ["trial", "coordinates", "algorithm", "learning_rate"].map(|column| row[column].clone())
    };
    let runs = of_phase(&rows, "run");
    let rates = workspace.rows("learning_rates.csv");
    let selected = rates.iter().filter(|row| !row["selected"].is_empty()).count();
    assert_eq!(runs.len(), 3 * selected);
    let names: BTreeSet<_> = runs.iter().map(|row| name(row)).collect();
    assert_eq!(names.len(), runs.len(), "each once");
    let changed = runs.iter().filter(|row| row["coordinates"] != "original").count();
    assert!(changed > 0);
    assert_eq!(of_phase(&rows, "absorption").len(), changed, "what stays is not changed");
    let mut levels = 0;
    for run in workspace.rows("runs.csv").iter().filter(|run| names.contains(&name(run))) {
        let of: Vec<&Row> = rows.iter().filter(|row| name(row) == name(run)).collect();
        let (last, reached) = of.split_last().unwrap();
        assert_eq!((&*last["phase"], &last["step"]), ("run", &run["steps"]));
        assert!(seconds(last, "cpu_seconds") > 0.0);
        let mut expected: Vec<&str> = run["levels"].split_whitespace().collect();
        expected.dedup();
        let found: Vec<&str> = reached.iter().map(|row| &*row["step"]).collect();
        assert_eq!(found, expected);
        let times: Vec<f64> = of.iter().map(|row| seconds(row, "wall_seconds")).collect();
        assert!(times.is_sorted(), "{times:?}");
        assert!(of.iter().all(|row| row["lanes"] == "1" && row["round"] == "alone"));
        levels += reached.len();
    }
    assert!(levels > 3 * selected, "{levels} levels");

    // One that is lost is done again; the others are not.
    let alone = workspace
        .tasks()
        .into_iter()
        .find(|task| !finished.keys().any(|path| path.starts_with(task.file_name().unwrap())));
    std::fs::remove_dir_all(alone.unwrap()).unwrap();
    workspace.run(&timed).success();
    assert!(workspace.tables() == tables);
    // It makes its change of variables anew, and says so; nothing else was timed again.
    let again = timings(&workspace).1;
    let alone = |rows: &[Row]| [of_phase(rows, "run"), of_phase(rows, "level")].concat().len();
    assert_eq!(alone(&again), alone(&rows));
    let runs_again: Vec<&Row> = of_phase(&again, "run");
    let same = runs_again.iter().filter(|row| rows.contains(row)).count();
    assert_eq!(same + 1, runs_again.len());
    assert!(timings(&workspace).0 != bytes);
    // Without the key they are left out, and kept.
    workspace.run(&[]).success();
    assert!(timings(&workspace).1 == before);
}
