//! From which budget on a change of variables pays: a table, a figure and a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use egop::record::BreakEvenRow;
use egop::store::Csv;

use crate::workspace::{SMALL, Workspace, files};

const MORE: &str = r#"
[[figures]]
kind = "break-even"
file = "budgets"
title = "From which budget on"

[[figures]]
kind = "curves"
file = "gradients"
title = "By gradients"
metric = "suboptimality"
unit = "gradients"

[[claims]]
id = "pays"
statement = "It pays"
source = "here"
figure = "budgets"
test = "break-even"
of = { algorithm = "adagrad", coordinates = "reparameterized" }

[[claims]]
id = "fewer"
statement = "It takes fewer gradients"
source = "here"
metric = "common_level"
unit = "gradients"
left = { algorithm = "adam", coordinates = "original" }
right = { algorithm = "adam", coordinates = "reparameterized" }
relation = "at-least"
factor = 1e-300
"#;

type Row = BTreeMap<String, String>;

fn of<'a>(rows: &'a [Row], column: &str, value: &str) -> Vec<&'a Row> {
    rows.iter().filter(|row| row[column] == value).collect()
}

#[test]
fn break_evens_are_published_judged_and_drawn_again() {
    let config = SMALL.replace("trials = 3", "trials = 5");
    let workspace = Workspace::new(&format!("{config}{MORE}"));
    workspace.run(&[]).success();
    let rows = workspace.rows("break_even.csv");
    // Trials, algorithms, coordinate systems, choices of learning rates, units.
    assert_eq!(rows.len(), 5 * 4 * 2 * 2 * 3);
    let bytes = std::fs::read(workspace.path("out/break_even.csv")).unwrap();
    let table = Csv { rows: rows.len(), bytes };
    let parsed: Vec<BreakEvenRow> = table.read(&workspace.path("break_even.csv")).unwrap();
    assert_eq!(Csv::of(&parsed), table);

    let number = |row: &Row, column: &str| row[column].parse::<u64>().ok();
    for row in of(&rows, "unit", "gradients") {
        // 16 gradients were sampled before the first step.
        let setup = if row["coordinates"] == "reparameterized" { 16 } else { 0 };
        let pays = number(row, "break_even");
        assert!(pays.is_none_or(|budget| budget >= setup), "{row:?}");
        assert!(pays <= number(row, "budget") && !row["original_rate"].is_empty(), "{row:?}");
        assert_eq!(pays.is_none(), row["resolution"].is_empty());
    }
    let found = |unit: &str| -> Vec<Option<u64>> {
        let of_unit = rows.iter().filter(|row| {
            row["unit"] == unit && row["algorithm"] == "adagrad" && row["tuned"] == "original"
        });
        let basis = of_unit.filter(|row| row["coordinates"] == "reparameterized");
        basis.map(|row| number(row, "break_even")).collect()
    };
    let (steps, gradients) = (found("steps"), found("gradients"));
    assert!(gradients.iter().any(Option::is_some), "{gradients:?}");
    // A set-up never makes a change of variables pay earlier.
    let later = |(steps, gradients): (&Option<u64>, &Option<u64>)| {
        gradients.is_none_or(|gradients| steps.is_some_and(|steps| steps <= gradients))
    };
    assert!(steps.iter().zip(&gradients).all(later), "{steps:?} {gradients:?}");

    let claims = workspace.rows("claims.csv");
    let paying = gradients.iter().flatten().count().to_string();
    assert_eq!((&claims[0]["in_favour"], &*claims[0]["planned"]), (&paying, "5"));
    assert_eq!(
        claims[0]["test"],
        "break-even of adagrad/reparameterized in gradients within the runs"
    );
    assert!(claims[1]["test"].starts_with("common_level in gradients of adam/original over"));

    let before = files(&workspace.path("out"));
    for name in ["budgets.png", "gradients.svg"] {
        assert!(before.contains_key(std::path::Path::new(name)), "{name}");
        std::fs::remove_file(workspace.path("out").join(name)).unwrap();
    }
    workspace.program("egop-plot").arg("out").assert().success();
    let after = files(&workspace.path("out"));
    for name in ["budgets.png", "gradients.svg", "SHA256SUMS"] {
        let name = std::path::Path::new(name);
        assert!(before[name].bytes == after[name].bytes, "{name:?} is drawn as it was");
    }
    let sums = std::fs::read_to_string(workspace.path("out/SHA256SUMS")).unwrap();
    assert!(sums.contains("  break_even.csv\n"), "{sums}");
}

#[test]
fn seconds_are_those_of_runs_that_were_timed() {
    let figure = "[[figures]]\nkind = \"curves\"\nfile = \"seconds\"\ntitle = \"By seconds\"\n\
                  metric = \"suboptimality\"\nunit = \"seconds\"\n";
    let workspace = Workspace::new(&format!("{SMALL}{figure}"));
    let refused = workspace.run(&[]).failure();
    let stderr = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(stderr.contains("unit: needs seconds of runs that are trained alone"), "{stderr}");
    assert!(!workspace.path("out").exists(), "nothing was done");
    workspace.run(&["--set", "training.timed=selected"]).success();
    assert!(workspace.path("out/seconds.png").exists());
}

#[test]
fn a_coordinate_system_may_have_samples_of_its_own() {
    let config = SMALL.replace(
        "[coordinates.rotated]\nbasis = \"random-rotation\"",
        "[coordinates.few]\nbasis = \"egop\"\negop = { samples = 3 }",
    );
    let workspace = Workspace::new(&config);
    workspace.run(&[]).success();
    for run in workspace.rows("runs.csv") {
        let expected = match &*run["coordinates"] {
            "few" => "3",
            "reparameterized" => "16",
            _ => "0",
        };
        assert_eq!(run["egop_gradients"], expected);
    }
    // What tasks in the other systems are found by does not depend on it.
    let without =
        Workspace::new(&SMALL.replace("[coordinates.rotated]\nbasis = \"random-rotation\"", ""));
    without.run(&[]).success();
    let names = |workspace: &Workspace| -> BTreeSet<OsString> {
        workspace.tasks().iter().map(|task| task.file_name().unwrap().to_owned()).collect()
    };
    let (all, some) = (names(&workspace), names(&without));
    assert!(some.len() < all.len() && some.is_subset(&all));
}
