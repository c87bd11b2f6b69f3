//! Curves of bounded length, and what they leave alone.

use std::collections::BTreeMap;

use crate::workspace::{SMALL, Workspace};

type Row = BTreeMap<String, String>;

fn loss(row: &Row) -> f64 {
    row["train_loss"].parse().unwrap()
}

/// Runs, and returns the points of each curve.
fn curves(workspace: &Workspace, arguments: &[&str]) -> Vec<Vec<Row>> {
    workspace.run(arguments).success();
    let rows = workspace.rows("curves.csv");
    let run = |row: &Row| {
        ["trial", "algorithm", "coordinates", "learning_rate"].map(|column| row[column].clone())
    };
    rows.chunk_by(|a, b| run(a) == run(b)).map(<[Row]>::to_vec).collect()
}

#[test]
fn a_thinned_curve_keeps_its_ends_and_extremes_and_changes_nothing_else() {
    let long = SMALL.replace("steps = 100", "steps = 3000\ngradient_tolerance = 0.0");
    let workspace = Workspace::new(&long);
    let thinned = curves(&workspace, &[]);
    let mut others = workspace.tables();
    let tasks = workspace.tasks().len();

    let every = curves(&workspace, &["--set", "training.curve=every-point"]);
    let sweeps = workspace.tasks().len() - tasks;
    assert!(sweeps <= 3 * 3, "only the tasks with curves are done again: {sweeps}");
    let mut all = workspace.tables();
    for tables in [&mut others, &mut all] {
        // Break-evens are found on the points that curves have.
        tables.remove("curves.csv");
        tables.remove("break_even.csv");
    }
    assert!(others == all, "the other tables are the same bytes");

    assert_eq!(thinned.len(), every.len());
    for (some, all) in thinned.iter().zip(&every) {
        assert!(some.len() <= 500, "{} points", some.len());
        let mut rest = all.iter();
        assert!(some.iter().all(|row| rest.any(|other| other == row)), "points of the curve");
        assert_eq!(some.first(), all.first());
        assert_eq!(some.last(), all.last());
        for pick in [f64::min, f64::max] {
            let extreme =
                |rows: &[Row]| rows.iter().map(loss).filter(|loss| loss.is_finite()).reduce(pick);
            assert_eq!(extreme(some), extreme(all));
        }
    }
    let points = |curves: &[Vec<Row>]| curves.iter().map(Vec::len).sum::<usize>();
    assert!(points(&thinned) < points(&every) / 4);
}

#[test]
fn short_curves_and_short_paths_are_whole() {
    let small = SMALL.replace("columns = 8", "columns = 2").replace("steps = 100", "steps = 90");
    let paths = small.replace("[sweep]", "record = \"trajectories\"\n[sweep]");
    let workspace = Workspace::new(&paths);
    for curve in curves(&workspace, &[]) {
        let steps = curve.iter().map(|row| row["step"].parse::<usize>().unwrap());
        assert!(steps.eq(0..curve.len()));
    }
    let one =
        |row: &Row| row["parameter"] == "0" && row["trial"] == "0" && row["algorithm"] == "sgd";
    let path = workspace.rows("trajectories.csv").into_iter().filter(one).count();
    assert!(path >= 3 * 2, "{path}");
}
