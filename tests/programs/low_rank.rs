//! Bases of some directions: what is said of them, what they take, and what is refused.

use std::collections::BTreeMap;

use crate::workspace::{SMALL, Workspace};

const NETWORK: &str = r#"
name = "network"
title = "A network"
seed = 1
trials = 1

[objective]
kind = "relu-net"
data = "digits"
hidden = [4]

[distribution]
kind = "xavier-normal"

[egop]
samples = 100
batch = 100

[coordinates.original]
basis = "identity"
[coordinates.whole]
basis = "egop"
[coordinates.gram]
basis = "egop"
rank = 2
solver = "gram"
[coordinates.dense]
basis = "egop"
rank = 2
solver = "dense"
[coordinates.auto]
basis = "egop"
rank = 2

[algorithms.adam]
kind = "adam"
learning_rates = [0.01]

[training]
epochs = 1
batch = 1000

[sweep]
metric = "final_loss"
"#;

#[test]
fn the_stable_rank_is_of_all_eigenvalues_or_of_none() {
    let workspace = Workspace::new(NETWORK);
    let output = workspace.run(&[]).success().get_output().stdout.clone();
    let theory = workspace.rows("theory.csv");
    let find = |name: &str| theory.iter().find(|row| row["coordinates"] == name).unwrap();
    let number = |name: &str, column: &str| find(name)[column].parse::<f64>().unwrap();
    for column in ["stable_rank", "predicted"] {
        for name in ["gram", "dense"] {
            // Of 310 eigenvalues 210 are 0 but for rounding, of up to 1e-15 of the largest.
            let ratio = number(name, column) / number("whole", column);
            assert!((ratio - 1.0).abs() < 1e-4, "{name}: {column} is off by {ratio}");
        }
        // Subspace iteration, which finds two.
        assert_eq!(find("auto")[column], "", "{column}");
    }
    let ratio = number("auto", "density") / number("whole", "density");
    assert!((ratio - 1.0).abs() < 1e-3, "{ratio}");
    assert!(String::from_utf8(output).unwrap().contains("auto"));
    for (name, rank, solver) in [
        ("whole", "310", "dense"),
        ("gram", "2", "gram"),
        ("dense", "2", "dense"),
        ("auto", "2", "randomized"),
    ] {
        let row = find(name);
        assert_eq!((&*row["rank"], &*row["solver"]), (rank, solver), "{name}");
    }
    let plan = workspace.run(&["--dry-run"]).success().get_output().stdout.clone();
    let plan = String::from_utf8(plan).unwrap();
    let said = "auto: 2 of the 310 eigenvectors of all (solver randomized)";
    assert!(plan.contains(said) && !plan.contains("whole: "), "{plan}");
    let spectrum = workspace.rows("spectrum.csv");
    assert_eq!(spectrum.iter().filter(|row| row["coordinates"] == "auto").count(), 2);
}

#[test]
fn a_share_of_all_eigenvalues_takes_what_was_found() {
    let settings = "basis = \"egop\"\nrank_energy = 0.9\nsolver = \"gram\"";
    let config = SMALL.replace("basis = \"egop\"", settings).replace("lumns = 8", "lumns = 20");
    let workspace = Workspace::new(&config);
    workspace.run(&[]).success();
    let spectrum = workspace.rows("spectrum.csv");
    let theory = workspace.rows("theory.csv");
    for run in workspace.rows("runs.csv") {
        if run["coordinates"] != "reparameterized" {
            continue;
        }
        let leading = spectrum.iter().filter(|row| {
            row["trial"] == run["trial"]
                && row["coordinates"] == run["coordinates"]
                && !row["density"].is_empty()
        });
        // 40 samples of 20 parameters, on 20 rows.
        let (m, d, k) = (40.0, 20.0, leading.count() as f64);
        let row = |row: &&BTreeMap<String, String>| {
            row["trial"] == run["trial"] && row["coordinates"] == run["coordinates"]
        };
        let row = theory.iter().find(row).unwrap();
        assert_eq!((&*row["rank"], &*row["solver"]), (&*k.to_string(), "gram"));
        assert!(0.0 < k && k < 12.0, "{k}");
        let factor = 4.0 * d * k * k - 4.0 / 3.0 * k * k * k;
        let solved = m * (m + 1.0) * d + 2.0 * m * d * k + 9.0 * m * m * m + factor;
        let reflector = factor + 2.0 * d * k * k + 27.0 * k * k * k;
        let absorbing = 20.0 * (4.0 * d * k + 2.0 * k * k);
        let setup = m * 4.0 * 400.0 + solved + reflector + absorbing;
        assert_eq!(run["setup_flops"], format!("{}", setup.round()));
    }
}

#[test]
fn a_completed_basis_is_loaded_as_the_matrix_that_it_is() {
    let settings = "basis = \"egop\"\nrank = 3\ncomplement = \"rotated\"";
    let workspace = Workspace::new(&SMALL.replace("basis = \"egop\"", settings));
    workspace.run(&["--save-basis"]).success();
    let curves =
        |folder: &str| std::fs::read_to_string(workspace.path(folder).join("curves.csv")).unwrap();
    // At every step the same loss, in bits; what making V took does not belong to curves.
    let load = || {
        let vectors = "vectors = [\"out/basis/{trial}-reparameterized-all.npy\"]";
        let settings = format!("basis = \"file\"\n{vectors}");
        let config = SMALL.replace("basis = \"egop\"", &settings);
        std::fs::write(workspace.path("experiment.toml"), config).unwrap();
        workspace.program("egop-run").args(["experiment.toml", "--out", "again"]).assert()
    };
    load().success();
    assert_eq!(curves("out"), curves("again"));
}

#[test]
fn saved_eigenvectors_that_vanish_at_dark_pixels_are_completed_alike() {
    // Of 40 leading eigenvectors, the first 40 coordinates are weights of pixels that are always dark.
    let some = "[coordinates.auto]\nbasis = \"egop\"\nrank = 2";
    let leading = "[coordinates.auto]\nbasis = \"egop\"\nscope = \"block\"\nblocks = [\"layer1.weight\"]\nrank = 40";
    let config = NETWORK.replace(some, leading).replace("epochs = 1", "epochs = 20");
    let workspace = Workspace::new(&config);
    workspace.run(&["--save-basis"]).success();
    let vectors =
        "basis = \"file\"\nvectors = [\"kept/basis/{trial}-auto-layer1.weight.npy\"]\ncolumns = 40";
    let loaded = config.replace("basis = \"egop\"\nscope", &format!("{vectors}\nscope"));
    let loaded = loaded.replace("\nrank = 40", "");
    std::fs::write(workspace.path("experiment.toml"), loaded).unwrap();
    let losses = |rows: Vec<BTreeMap<String, String>>| -> Vec<f64> {
        let auto = rows.into_iter().filter(|row| row["coordinates"] == "auto");
        auto.map(|row| row["final_loss"].parse().unwrap()).collect()
    };
    let saved = losses(workspace.rows("runs.csv"));
    std::fs::rename(workspace.path("out"), workspace.path("kept")).unwrap();
    workspace.run(&[]).success();
    let again = losses(workspace.rows("runs.csv"));
    assert_eq!(saved.len(), 1);
    // Rounding, over the curvature of 80 steps.
    assert!((again[0] / saved[0] - 1.0).abs() < 1e-9, "{saved:?} {again:?}");
}

/// The messages of a config that is refused before any work.
fn refused(config: &str) -> String {
    let workspace = Workspace::new(config);
    let output = workspace.run(&[]).code(2).get_output().clone();
    assert!(!workspace.path("out").exists());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_becomes_of_the_rest_is_said_where_there_is_one() {
    for (settings, key, needed) in [
        ("basis = \"egop\"\ncomplement = \"reduced\"", "complement", "`rank`"),
        ("basis = \"egop\"\nsolver = \"gram\"", "solver", "`rank`"),
        ("basis = \"egop\"\nrank = { energy = 0.95 }", "rank.energy", "rank_energy = 0.95"),
        (
            "basis = \"egop\"\nrank = { widths = 2 }\nsolver = \"gram\"",
            "rank.widths",
            "rank_widths",
        ),
        ("basis = \"input\"\negop = { samples = 50 }", "egop.samples", "`samples` of the"),
        (
            "basis = \"input\"\nsamples = 4\negop.counted = \"all\"",
            "egop.counted",
            "`samples` of the",
        ),
        ("basis = \"random-rotation\"\ncomplement = \"auxiliary\"", "complement", "`columns`"),
        (
            "basis = \"file\"\nvectors = [\"v.npy\"]\ncomplement = \"auxiliary\"",
            "complement",
            "`columns`",
        ),
        (
            "basis = \"file\"\nscope = \"block\"\nform = \"kronecker\"\ninput_vectors = [\"v.npy\"]\n\
             complement = \"frozen\"",
            "complement",
            "`columns`",
        ),
    ] {
        let messages = refused(&SMALL.replace("basis = \"egop\"", settings));
        let at = format!("coordinates.reparameterized.{key}");
        assert!(messages.contains(&at) && messages.contains(needed), "{settings}: {messages}");
        assert!(messages.contains("1 problem in"), "{settings}: {messages}");
    }
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let network = |settings: &str| {
        let from = "[coordinates.auto]\nbasis = \"egop\"\nrank = 2";
        NETWORK.replace(from, &format!("[coordinates.auto]\n{settings}"))
    };
    for (settings, key, message) in [
        ("basis = \"egop\"\nrank = 311", "rank", "311 eigenvectors, and there are only 310"),
        ("basis = \"egop\"\nscope = \"block\"\nrank = 257", "rank", "layer1.weight has only 256"),
        ("basis = \"egop\"\nscope = \"block\"\nrank_widths = 65.0", "rank_widths", "only 256"),
        (
            "basis = \"egop\"\nrank = 101",
            "rank",
            "101 eigenvectors; 100 samples have no more than 100",
        ),
        ("basis = \"random-rotation\"\ncolumns = 311", "columns", "311 columns"),
        (
            "basis = \"egop\"\nscope = \"block\"\nblocks = [\"layer1.weight\", \"layer1.weight\"]",
            "blocks",
            "\"layer1.weight\" twice",
        ),
        (
            "basis = \"kronecker\"\nweights = [\"layer1.weight\", \"layer1.weight\"]",
            "weights",
            "\"layer1.weight\" twice",
        ),
        (
            "basis = \"input\"\nsource = \"mean\"\ninputs = \"centred\"",
            "source",
            "mean of the inputs is 0",
        ),
        (
            "basis = \"input\"\nsource = \"mean\"\ninputs = \"standardized\"",
            "source",
            "mean of the inputs is 0",
        ),
    ] {
        let messages = refused(&network(settings));
        let at = format!("coordinates.auto.{key}");
        assert!(messages.contains(&at) && messages.contains(message), "{settings}: {messages}");
    }
    // As many as there are, of the largest block; of smaller ones, all.
    for settings in [
        "basis = \"egop\"\nscope = \"block\"\nrank = 256\negop = { samples = 256 }",
        "basis = \"egop\"\nscope = \"block\"\nrank_widths = 64.0\negop = { samples = 256 }",
        "basis = \"random-rotation\"\ncolumns = 310",
        "basis = \"input\"\nat = \"start\"",
        // What is not stated is as in [egop], which has minibatches.
        "basis = \"input\"\nat = \"start\"\negop = { order = \"fixed\" }",
        "basis = \"input\"\nsource = \"inputs\"\ninputs = \"centred\"",
        "basis = \"input\"\nsource = \"mean\"",
    ] {
        Workspace::new(&network(settings)).run(&["--dry-run"]).success();
    }
    let whole_batches = |settings: &str| network(settings).replace("\nbatch = 100\n", "\n");
    let messages = refused(&whole_batches("basis = \"input\"\nat = \"start\""));
    assert!(messages.contains("coordinates.auto.at"), "{messages}");
    assert!(messages.contains("are the same without minibatches"), "{messages}");
    let one = "basis = \"input\"\nat = \"start\"\nsamples = 1";
    Workspace::new(&whole_batches(one)).run(&["--dry-run"]).success();
}

#[test]
fn weight_decay_spares_biases_only_where_they_are_apart() {
    let decaying = "kind = \"adam\"\nweight_decay = 0.1\ndecay_biases = false";
    let config = NETWORK.replace("kind = \"adam\"", decaying);
    let messages = refused(&config);
    assert!(messages.contains("algorithms.adam.decay_biases"), "{messages}");
    assert!(messages.contains("with weights: whole, gram, dense, auto"), "{messages}");
    let blocks = config.replace("basis = \"egop\"", "basis = \"egop\"\nscope = \"block\"");
    Workspace::new(&blocks).run(&["--dry-run"]).success();
    let messages =
        refused(&NETWORK.replace("kind = \"adam\"", "kind = \"adam\"\ndecay_biases = true"));
    assert!(messages.contains("algorithms.adam.decay_biases: is for weight decay"), "{messages}");
    let all = config.replace("decay_biases = false", "decay_biases = true");
    Workspace::new(&all).run(&["--dry-run"]).success();
}
