//! Bases that are estimated anew while runs train: what is counted, what is refused, and the same bytes.

use std::collections::BTreeMap;

use crate::workspace::{SMALL, Workspace, endless};

const NETWORK: &str = r#"
name = "network"
title = "A network"
seed = 1
trials = 2
precision = "f32"

[objective]
kind = "linear-net"
widths = [3, 4, 2]
training = 50
validation = 10
test = 10
decay = { kind = "power", exponent = 1.0 }

[distribution]
kind = "gaussian"

[coordinates.original]
basis = "identity"
[coordinates.reset]
basis = "identity"
reestimate = { every = 1, from = "none", state = "reset" }
[coordinates.block]
basis = "egop"
scope = "block"
rank = 2
reestimate = { every = 1 }
[coordinates.replay]
basis = "kronecker"
reestimate = { every = 1, state = "replay" }
[coordinates.carry]
basis = "kronecker"
reestimate = { every = 1, state = "carry" }
[coordinates.once]
basis = "kronecker"
reestimate = { every = 1, times = 1 }
[coordinates.input]
basis = "input"
reestimate = { every = 2, state = "reset" }
[coordinates.input-control]
basis = "input"
samples = 4
reestimate = { every = 2, from = "none", state = "reset" }

[algorithms.adam]
kind = "adam"
learning_rates = [0.01, 0.02]
[algorithms.adagrad]
kind = "adagrad"
learning_rates = [0.05]

[training]
epochs = 3
batch = 20

[sweep]
metric = "final_loss"
"#;

type Row = BTreeMap<String, String>;

fn count(row: &Row, column: &str) -> u64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is {}", row[column]))
}

/// Minibatches of 20, 20 and 10 rows; weights of 4 × 3 and 2 × 4.
#[test]
fn what_re_estimation_takes() {
    let workspace = Workspace::new(NETWORK);
    workspace.run(&[]).success();
    let gradient = |rows: u64| 4 * rows * 6 + 6 * 3 * 8;
    // There and back: 4 hi(h + i). Moments of 3 gradients, 3 hi(h + i + 2), and decompositions,
    // 9 (h³ + i³); of squares 2 (h³ + i³) and 2 hi(h + i).
    let maps = 4 * (12 * 7 + 8 * 6);
    let cubes = 64 + 27 + 8 + 64;
    let made = 3 * (12 * 9 + 8 * 8) + 9 * cubes + 2 * maps;
    let replayed = 3 * maps / 2;
    let squares = 2 * cubes + 2 * (12 * 7 + 8 * 6);
    let runs = workspace.rows("runs.csv");
    assert_eq!(runs.len(), 2 * 8 * 3);
    for run in &runs {
        let own = if run["algorithm"] == "adam" { 14 } else { 6 };
        let updates = 3 * (2 * gradient(20) + gradient(10) + 3 * own * 20);
        let (bases, later) = match &*run["coordinates"] {
            "original" | "reset" => (0, 0),
            "replay" => (2 * (made + replayed) + squares, 6 * maps),
            "carry" => (2 * made, 6 * maps),
            "once" => (made + replayed, 6 * maps),
            _ => continue,
        };
        assert_eq!(run["stop"], "budget");
        assert_eq!(count(run, "egop_gradients"), 0);
        assert_eq!(count(run, "training_gradients"), 9);
        assert_eq!(count(run, "setup_flops"), 0, "{run:?}");
        assert_eq!(count(run, "training_flops"), updates + bases + later, "{run:?}");
        let bytes = if later > 0 { 4 * (16 + 2 * 9 + 4 + 2 * 16) } else { 0 };
        assert_eq!(count(run, "basis_bytes"), bytes);
    }
    let losses = |coordinates: &str| -> Vec<&str> {
        let of = runs.iter().filter(|run| run["coordinates"] == coordinates);
        of.map(|run| &*run["final_loss"]).collect()
    };
    let all = ["original", "reset", "block", "replay", "carry", "once", "input", "input-control"];
    for (index, one) in all.iter().enumerate() {
        for other in &all[..index] {
            assert_ne!(losses(one), losses(other), "{one} is another run than {other}");
        }
    }
}

#[test]
fn threads_and_neighbours_change_no_byte() {
    let tables = |config: &str, threads| {
        let workspace = Workspace::new(config);
        workspace.run(&["-j", threads]).success();
        (workspace.tables(), workspace.rows("runs.csv"))
    };
    let (one, all) = tables(NETWORK, "1");
    let (several, _) = tables(NETWORK, "3");
    assert!(one == several, "the tables differ between numbers of threads");
    // What trains beside a run does not matter to it.
    let (_, alone) = tables(&NETWORK.replace("[0.01, 0.02]", "[0.02]"), "2");
    let of = |rows: &[Row]| -> Vec<Row> {
        let adam = rows.iter().filter(|row| row["algorithm"] == "adam");
        adam.filter(|row| row["learning_rate"] == "0.02").cloned().collect()
    };
    assert_eq!(of(&alone).len(), 16);
    assert!(of(&all) == of(&alone));
}

/// What is said of the endless experiment with other settings of `reparameterized`.
fn refused(settings: &str, other: &[(&str, &str)]) -> String {
    let system = "[coordinates.reparameterized]\nbasis = \"egop\"\n";
    let mut config =
        endless().replace(system, &format!("[coordinates.reparameterized]\n{settings}\n"));
    assert!(config.contains(settings));
    for (from, to) in other {
        assert!(config.contains(from), "{from}");
        config = config.replace(from, to);
    }
    let workspace = Workspace::new(&config);
    let mut command = workspace.program("egop-run");
    command.timeout(std::time::Duration::from_secs(30)).arg("experiment.toml");
    let output = command.assert().code(2).get_output().clone();
    assert!(!workspace.path("results").exists());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_cannot_be_estimated_anew_is_refused() {
    let every = "reestimate = { every = 5 }";
    for (settings, message) in [
        (format!("basis = \"egop\"\n{every}"), "a dense V"),
        (format!("basis = \"egop\"\nscope = \"block\"\n{every}"), "a dense V"),
        (format!("basis = \"egop\"\nrank = 2\ncomplement = \"auxiliary\"\n{every}"), "reflector"),
        (format!("basis = \"random-rotation\"\n{every}"), "not made of gradients"),
        (format!("basis = \"identity\"\n{every}"), "not made of gradients"),
        (format!("basis = \"input\"\nsource = \"inputs\"\n{every}"), "something else"),
        (
            "basis = \"egop\"\nreestimate = { every = 5, from = \"none\" }".into(),
            "must be \"reset\"",
        ),
        (
            "basis = \"input\"\nreestimate = { every = 0 }".into(),
            "coordinates.reparameterized.reestimate.every",
        ),
        ("basis = \"input\"\nreestimate = {}".into(), "every"),
    ] {
        let messages = refused(&settings, &[]);
        assert!(messages.contains(message), "{settings}: {messages}");
        assert!(messages.contains("coordinates.reparameterized"), "{messages}");
    }
    // An optimizer whose state is not of entries alone.
    let soap = [("kind = \"sgd\"", "kind = \"soap\""), ("\"random-rotation\"", "\"identity\"")];
    let messages = refused(&format!("basis = \"kronecker\"\n{every}"), &soap);
    assert!(messages.contains("does not go on in other variables"), "{messages}");
    assert!(messages.contains("algorithms.sgd.kind"), "{messages}");
}

/// It may train beside them, where nothing is estimated anew.
#[test]
fn other_coordinates_keep_optimizers_that_do_not_go_on() {
    let soap = "[algorithms.soap]\nkind = \"soap\"\nlearning_rates = [0.01]\n";
    let adam = "[algorithms.adam]\n";
    let with = |coordinates: &str| {
        let soap = format!("{soap}{coordinates}{adam}");
        Workspace::new(&NETWORK.replace(adam, &soap))
    };
    let run = with("").run(&[]).code(2);
    let messages = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("algorithms.soap.kind: does not go on"), "{messages}");
    assert!(messages.contains("block, replay, carry, once, input"), "{messages}");
    let workspace = with("coordinates = [\"original\", \"input-control\"]\n");
    workspace.run(&[]).success();
    let rows = workspace.rows("runs.csv");
    assert_eq!(rows.iter().filter(|row| row["algorithm"] == "soap").count(), 4);
}

/// Units that no example reaches have gradients of 0, of which no basis is made: the one before stays, and
/// gradient descent does not notice.
#[test]
fn where_gradients_vanish_the_basis_stays() {
    let config = r#"
name = "dead"
title = "Dead units"
seed = 1
trials = 1
[objective]
kind = "relu-net"
hidden = [8]
data = "digits"
[distribution]
kind = "xavier-normal"
[coordinates.original]
basis = "identity"
[coordinates.kronecker]
basis = "kronecker"
reestimate = { every = 1 }
[coordinates.block]
basis = "egop"
scope = "block"
rank = 5
reestimate = { every = 1, state = "carry" }
[coordinates.input]
basis = "input"
reestimate = { every = 1 }
[algorithms.sgd]
kind = "sgd"
learning_rates = [10.0]
[training]
epochs = 4
batch = 300
[sweep]
metric = "final_loss"
"#;
    let workspace = Workspace::new(config);
    workspace.run(&[]).success();
    let rows = workspace.rows("runs.csv");
    let loss = |row: &Row| -> f64 { row["final_loss"].parse().unwrap() };
    assert_eq!(rows.len(), 4);
    for row in &rows {
        assert_eq!(row["stop"], "budget", "{}", row["coordinates"]);
        // Steps in a basis round, before units die; after that only biases train, which stay as they are.
        assert!((loss(row) / loss(&rows[0]) - 1.0).abs() < 1e-9, "{row:?}");
    }
}

#[test]
fn what_a_run_makes_of_its_own_gradients_has_no_use_for_samples() {
    let every = "reestimate = { every = 5 }";
    for (settings, key) in [
        (format!("basis = \"input\"\nsamples = 4\n{every}"), "samples"),
        (format!("basis = \"input\"\n{every}\negop = {{ samples = 50 }}"), "egop"),
        ("basis = \"input\"\nreestimate = { every = 100000000 }".into(), "reestimate.every"),
    ] {
        let messages = refused(&settings, &[]);
        assert!(messages.contains(&format!("coordinates.reparameterized.{key}")), "{messages}");
        assert!(messages.contains("1 problem in"), "{settings}: {messages}");
    }
}

#[test]
fn a_window_that_no_memory_holds_is_refused() {
    let settings = "basis = \"kronecker\"\nreestimate = { every = 99999999 }";
    let messages = refused(settings, &[("columns = 8", "columns = 800")]);
    assert!(messages.contains("gradients since the last time"), "{messages}");
    assert!(messages.contains("reestimate.every"), "{messages}");
}

#[test]
fn a_reset_needs_the_same_reset_beside_it() {
    let reset =
        "basis = \"egop\"\nrank = 2\nreestimate = { every = 5, times = 2, state = \"reset\" }";
    let with = |control: &str| {
        let rotated = "[coordinates.rotated]\nbasis = \"random-rotation\"\n";
        let control = format!("[coordinates.rotated]\n{control}\n");
        SMALL.replace(rotated, &control).replace("basis = \"egop\"", reset).replace("egop_", "egop")
    };
    let basis = "basis = \"egop_\"\nrank = 2\n";
    let rule =
        |rule: &str| format!("reestimate = {{ {rule}, from = \"none\", state = \"reset\" }}");
    for control in [
        "basis = \"random-rotation\"".to_owned(),
        format!("{basis}{}", rule("every = 5")),
        format!("{basis}{}", rule("every = 4, times = 2")),
        format!("basis = \"identity\"\n{}", rule("every = 5, times = 2")),
        format!("basis = \"egop_\"\nrank = 3\n{}", rule("every = 5, times = 2")),
    ] {
        let workspace = Workspace::new(&with(&control));
        let run = workspace.run(&[]).code(2);
        let messages = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        assert!(messages.contains("needs a control beside it"), "{control}: {messages}");
        assert!(messages.contains("times = 2, from = \"none\""), "{messages}");
    }
    let control = format!("{basis}{}", rule("every = 5, times = 2"));
    Workspace::new(&with(&control)).run(&[]).success();
}

/// Where no algorithm trains in both, nobody could tell either.
#[test]
fn each_algorithm_has_its_control() {
    let adam = "kind = \"adam\"\n";
    let alone = format!("{adam}coordinates = [\"original\", \"input\"]\n");
    let run = Workspace::new(&NETWORK.replace(adam, &alone)).run(&[]).code(2);
    let messages = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("coordinates.input.reestimate.state"), "{messages}");
    assert!(messages.contains("adam must train in a control as well: input-control"), "{messages}");
}

/// It would tell what a basis is worth that is made of the first gradients, which a random one is not.
#[test]
fn a_control_is_made_of_gradients() {
    let workspace = Workspace::new(&NETWORK.replace("samples = 4", "source = \"random\""));
    let run = workspace.run(&[]).code(2);
    let messages = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("coordinates.input.reestimate.state"), "{messages}");
    assert!(messages.contains("needs a control beside it"), "{messages}");
}
