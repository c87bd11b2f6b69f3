//! Verdicts: only from what was compared, and never under the profile `quick`.

use std::collections::BTreeMap;

use crate::workspace::{SMALL, Workspace};

const SIDES: &str = "left = { algorithm = \"adam\", coordinates = \"original\" }\n\
                     right = { algorithm = \"adam\", coordinates = \"reparameterized\" }\n";

/// The small experiment with five trials and a claim.
fn with_claim(keys: &str) -> Workspace {
    let claim = "[[claims]]\nid = \"C\"\nstatement = \"S\"\nsource = \"here\"\n";
    let five = SMALL.replace("trials = 3", "trials = 5");
    Workspace::new(&format!("{five}\n{claim}{keys}\n[profiles.quick]\ntraining = {{ steps = 90 }}"))
}

fn at_least(factor: &str) -> String {
    format!("metric = \"final_suboptimality\"\nrelation = \"at-least\"\nfactor = {factor}\n{SIDES}")
}

fn verdict(workspace: &Workspace, arguments: &[&str]) -> BTreeMap<String, String> {
    workspace.run(arguments).success();
    workspace.rows("claims.csv").remove(0)
}

#[test]
fn fewer_than_five_pairs_make_no_verdict() {
    let workspace = with_claim(&at_least("1e-9"));
    let few = verdict(&workspace, &["--set", "trials=4"]);
    assert_eq!(few["verdict"], "inconclusive");
    assert_eq!(few["reason"], "4 of 4 pairs say anything; at least 5 are needed");
    assert_eq!((&*few["level"], &*few["pairs"]), ("0.875", "4"));
    workspace.run(&["--set", "trials=4", "--strict"]).code(3);
    let one = verdict(&workspace, &["--set", "trials=1"]);
    assert_eq!((&*one["verdict"], &*one["level"]), ("inconclusive", "0.0"));
    let five = verdict(&workspace, &[]);
    assert_eq!((&*five["verdict"], &*five["level"]), ("reproduced", "0.9375"));
    let [lower, median, upper] =
        ["lower", "median", "upper"].map(|end| five[end].parse::<f64>().unwrap());
    assert!(lower < median && median < upper);
    workspace.run(&["--strict"]).success();
}

#[test]
fn two_failures_are_no_evidence() {
    let keys =
        format!("metric = \"reached_target\"\nrelation = \"comparable\"\nfactor = 2.0\n{SIDES}");
    let workspace = with_claim(&keys);
    // Steps so short that nobody arrives anywhere.
    let short = ["adam", "adagrad", "sgd", "momentum"]
        .map(|name| ["--set".to_owned(), format!("algorithms.{name}.learning_rates=[1e-6]")]);
    let row = verdict(&workspace, &short.iter().flatten().map(|text| &**text).collect::<Vec<_>>());
    assert_eq!(row["verdict"], "inconclusive");
    assert_eq!(
        row["reason"],
        "0 of 5 pairs say anything: in 5 both sides fail; at least 5 are needed"
    );
    let counts = ["in_favour", "pairs", "no_evidence", "planned"].map(|column| &*row[column]);
    assert_eq!(counts, ["0", "0", "5", "5"]);
    let empty = ["median", "lower", "upper", "level"].map(|column| &*row[column]);
    assert_eq!(empty, [""; 4]);
    // Nor are they any in theory.csv.
    let observed = ["observed_same_rate", "observed_own_rate"];
    let theory = workspace.rows("theory.csv");
    assert!(theory.iter().all(|row| observed.iter().all(|column| row[*column].is_empty())));
}

#[test]
fn every_rate_needs_every_rate() {
    let keys = "test = \"every-rate\"\nmetric = \"final_loss\"\nrelation = \"at-least\"\n\
                factor = 1e-300\n\
                left = { algorithm = \"sgd\", coordinates = \"original\" }\n\
                right = { algorithm = \"adam\", coordinates = \"original\" }";
    let workspace = with_claim(keys);
    let rates = |sgd: &str| {
        let sgd = format!("algorithms.sgd.learning_rates={sgd}");
        let adam = "algorithms.adam.learning_rates=[0.1, 1.0]";
        let row = verdict(&workspace, &["--set", &sgd, "--set", adam]);
        let counts = ["in_favour", "pairs", "no_evidence", "planned"];
        (row["verdict"].clone(), counts.map(|column| row[column].clone()), row["reason"].clone())
    };
    let (verdict, counts, reason) = rates("[0.1, 10.0, 20.0, 40.0]");
    assert_eq!(verdict, "inconclusive");
    assert_eq!(counts, ["1", "1", "0", "5"]);
    assert!(reason.contains("one side was not tried at η = 1, 10, 20, 40"), "{reason}");
    let (verdict, counts, _) = rates("[0.1, 1.0]");
    assert_eq!((&*verdict, counts), ("reproduced", ["2", "2", "0", "2"].map(str::to_owned)));
}

#[test]
fn a_look_is_no_ground_for_a_verdict_wherever_it_is_kept() {
    let workspace = with_claim(&at_least("1e-9"));
    let row = verdict(&workspace, &["--profile", "quick"]);
    assert_eq!(row["verdict"], "not judged");
    assert!(row["reason"].contains("quick") && !row["median"].is_empty(), "{row:?}");
    workspace.run(&["--profile", "quick", "--strict"]).code(3);
    let stored = std::fs::read_to_string(workspace.path("out/experiment.toml")).unwrap();
    assert!(stored.contains("profile = \"quick\""), "{stored}");
    std::fs::write(workspace.path("stored.toml"), stored).unwrap();
    for further in [&[][..], &["--profile", "default"]] {
        let arguments = [&["stored.toml", "--out", "again"], further].concat();
        workspace.program("egop-run").args(arguments).assert().success();
        let claims = std::fs::read(workspace.path("again/claims.csv")).unwrap();
        assert!(claims == std::fs::read(workspace.path("out/claims.csv")).unwrap());
    }
}

#[test]
fn rates_tie_in_the_unit_of_the_metric() {
    let config = SMALL
        .replace("rows = 20\ncolumns = 8", "rows = 10\ncolumns = 3")
        .replace("exponent = 1.0", "exponent = 0.5")
        .replace("kind = \"gaussian\"", "kind = \"gaussian\"\nscale = 1e6")
        .replace("steps = 100", "steps = 5000\ngradient_tolerance = 1e-3\ntarget = 1e-30")
        .replace("final_suboptimality", "steps");
    let workspace = Workspace::new(&config);
    let rates = "algorithms.sgd.learning_rates=[0.01, 0.03, 0.1, 0.3, 1.0]";
    workspace.run(&["--set", rates]).success();
    let rows = workspace.rows("learning_rates.csv");
    let of = |row: &&BTreeMap<String, String>| {
        row["algorithm"] == "sgd" && row["coordinates"] == "original"
    };
    let medians: Vec<f64> =
        rows.iter().filter(of).map(|row| row["median"].parse().unwrap()).collect();
    assert!(medians.is_sorted_by(|a, b| a > b), "{medians:?}");
    let selected = rows.iter().filter(of).find(|row| !row["selected"].is_empty()).unwrap();
    assert_eq!(selected["learning_rate"], "1.0");
    assert!(selected["reason"].starts_with("best median"), "{selected:?}");
}

#[test]
fn where_everything_diverged_the_table_says_so() {
    let workspace = Workspace::new(SMALL);
    let rates = ["--set", "algorithms.adam.learning_rates=[1e9, 1e10]"];
    let run = workspace.run(&rates).success();
    let stdout = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(
        stdout.contains(
            "adam in original coordinates: no learning rate selected, as all of 3 trials diverged \
             or failed at each of 2 learning rates, 1e9 – 1e10"
        ),
        "{stdout}"
    );
    let row = stdout.lines().find(|line| line.contains("adam ") && line.contains("none"));
    assert!(row.is_some_and(|row| row.contains("original")), "{stdout}");

    // The same while rates are tuned: there is no best one to speak of.
    let workspace = Workspace::new(SMALL);
    let sweep = ["--set", "sweep.coarse=[1e8, 1e10]", "--set", "sweep.limits=[1e7, 1e10]"];
    let run = workspace.run(&sweep).success();
    let stderr = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(!stderr.contains("best"), "{stderr}");
    let says = "sgd: most trials diverged or failed in original coordinates, down to 1e8, which is \
                on the edge of the grid: extended by a decade";
    assert!(stderr.contains(says), "{stderr}");
    let says = "down to 1e7, which is on the edge of the grid, at the limit of the sweep";
    assert!(stderr.contains(says), "{stderr}");
}

#[test]
fn where_no_rate_arrives_larger_ones_are_tried() {
    let config = SMALL.replace("final_suboptimality", "reached_target");
    let workspace = Workspace::new(&config);
    let sweep = ["--set", "sweep.coarse=[1e-6, 1e-5]", "--set", "sweep.limits=[1e-6, 10.0]"];
    let run = workspace.run(&sweep).success();
    let stderr = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    let says = "adam: the best coarse learning rate in original coordinates, 1e-5, is on the edge of \
                the grid: extended by a decade";
    assert!(stderr.contains(says), "{stderr}");
}
