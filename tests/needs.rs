//! What a config asks for and the experiment does not have is refused before any work, with the key
//! and the reason; what is accepted is there in the end.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use egop::config::{self, Overlay, Source};
use egop::experiment::Experiment;

const TRAINING: &str = r#"
name = "t"
title = "Small"
seed = 1
trials = 5
[objective]
kind = "least-squares"
rows = 10
columns = 5
decay = { kind = "power", exponent = 1.0 }
[distribution]
kind = "gaussian"
[coordinates.original]
basis = "identity"
[coordinates.rep]
basis = "egop"
[coordinates.turned]
basis = "random-rotation"
[algorithms.adam]
kind = "adam"
[algorithms.sgd]
kind = "sgd"
learning_rates = [0.1, 1.0]
[training]
steps = 100
[sweep]
metric = "final_suboptimality"
coarse = [0.001, 10.0]
limits = [1e-4, 1e2]
tune = ["original", "rep"]
"#;

const SPECTRA: &str = r#"
name = "s"
title = "Small"
seed = 1
trials = 5
[objective]
kind = "relu-net"
data = "digits"
hidden = [2]
[distribution]
kind = "gaussian"
[egop]
samples = 60
batch = 20
[spectra.global]
scope = "global"
eigenvectors = 2
[spectra.blocks]
scope = "block"
"#;

const RELU: &str = "objective={kind=\"relu-net\", data=\"digits\", hidden=[2]}";

const BATCHES: &str = "training.batch=300";
const EPOCHS: &str = "training.epochs=4";

/// The problems of a document with these tables appended and these overrides.
fn problems(document: &str, tables: &str, set: &[&str]) -> String {
    let text = format!("{document}\n{tables}");
    let text = match set.contains(&RELU) {
        true => text.replacen(
            "kind = \"least-squares\"\nrows = 10\ncolumns = 5\n\
             decay = { kind = \"power\", exponent = 1.0 }",
            "kind = \"relu-net\"\ndata = \"digits\"\nhidden = [2]",
            1,
        ),
        false => text,
    };
    let text = match set.contains(&EPOCHS) {
        true => text.replacen("steps = 100\n", "", 1),
        false => text,
    };
    let source = Source::parse("t.toml", text.as_bytes()).unwrap();
    let overrides = set.iter().filter(|&&set| set != RELU).map(|&set| set.into()).collect();
    let overlay = Overlay { profile: None, overrides };
    config::read(&source, &overlay, Experiment::read)
        .err()
        .map_or_else(String::new, |problems| problems.to_string())
}

fn figure(kind: &str, keys: &str) -> String {
    format!("[[figures]]\nkind = \"{kind}\"\nfile = \"f\"\ntitle = \"T\"\n{keys}\n")
}

fn claim(keys: &str) -> String {
    format!("[[claims]]\nid = \"C\"\nstatement = \"S\"\nsource = \"here\"\n{keys}\n")
}

const SIDES: &str = "left = { algorithm = \"adam\", coordinates = \"original\" }\n\
                     right = { algorithm = \"adam\", coordinates = \"rep\" }\n\
                     relation = \"at-least\"\nfactor = 1.5";

fn ratio(metric: &str) -> String {
    claim(&format!("metric = \"{metric}\"\n{SIDES}"))
}

fn range(metric: &str, lowest: f64, highest: f64) -> String {
    claim(&format!(
        "test = \"range\"\nmetric = \"{metric}\"\nlowest = {lowest}\nhighest = {highest}\n\
         of = {{ algorithm = \"adam\", coordinates = \"rep\" }}"
    ))
}

fn break_even(coordinates: &str, keys: &str) -> String {
    claim(&format!(
        "test = \"break-even\"\nof = {{ algorithm = \"adam\", coordinates = \"{coordinates}\" }}\n{keys}"
    ))
}

fn measure(keys: &str) -> String {
    claim(&format!("test = \"measure\"\n{keys}"))
}

#[test]
fn what_training_cannot_give_is_refused_with_key_and_reason() {
    let cases: &[(String, &[&str], &str, &str)] = &[
        (figure("spectrum", "symmetric = true"), &[], "figures.0.symmetric", "measures.csv"),
        // Figures.
        (figure("schedule", ""), &[], "figures.0.kind", "training.schedule is \"constant\""),
        (figure("curves", "metric = \"validation_loss\""), &[], "figures.0.metric", "validation"),
        (
            figure("curves", "metric = \"validation_accuracy\""),
            &[],
            "figures.0.metric",
            "validation",
        ),
        (figure("curves", "metric = \"suboptimality\""), &[RELU], "figures.0.metric", "minimum"),
        (
            figure("curves", "metric = \"train_loss\"\nunit = \"epoch\""),
            &[],
            "figures.0.unit",
            "batch",
        ),
        (
            figure("curves", "metric = \"train_loss\"\ncoordinates = [\"rep\", \"o\"]"),
            &[],
            "figures.0.coordinates",
            "\"o\"",
        ),
        (
            figure("curves", "metric = \"train_loss\"\nunit = \"seconds\""),
            &[],
            "figures.0.unit",
            "training.timed = \"selected\"",
        ),
        (
            figure("break-even", "coordinates = [\"rep\", \"original\"]"),
            &[],
            "figures.0.coordinates",
            "are the original coordinates",
        ),
        (figure("learning-rates", "metric = \"test_loss\""), &[], "figures.0.metric", "test set"),
        (
            figure("learning-rates", "metric = \"path_ratio\""),
            &[],
            "figures.0.metric",
            "trajectories",
        ),
        (
            figure("learning-rates", "metric = \"path_ratio\""),
            &["training.record=trajectories"],
            "figures.0.metric",
            "selected learning rates only",
        ),
        (figure("trajectories", ""), &[], "figures.0.kind", "training.record"),
        (
            figure("trajectories", ""),
            &["training.record=trajectories"],
            "figures.0.kind",
            "2 parameters; there are 5",
        ),
        (
            figure("trajectories", "trial = 5"),
            &["training.record=trajectories", "objective.columns=2"],
            "figures.0.trial",
            "the last is 4",
        ),
        (
            figure("spectrum", "coordinates = [\"turned\"]"),
            &[],
            "figures.0.coordinates",
            "eigenvalues",
        ),
        (figure("spectrum", "blocks = [\"layer1\"]"), &[], "figures.0.blocks", "there are all"),
        (figure("spectrum", "trial = 7"), &[], "figures.0.trial", "the last is 4"),
        (
            figure("density", "coordinates = \"rep\""),
            &[],
            "figures.0.kind",
            "this experiment trains",
        ),
        // Claims.
        (ratio("test_accuracy"), &[], "claims.0.metric", "test set"),
        (ratio("path_ratio"), &[], "claims.0.metric", "training.record"),
        (ratio("final_suboptimality"), &[RELU], "claims.0.metric", "minimum"),
        (ratio("reached_target"), &["training.target=0"], "claims.0.metric", "training.target"),
        (ratio("reached_target"), &["training.target=1"], "claims.0.metric", "training.target"),
        (
            ratio("final_loss"),
            &["claims.0.left.algorithm=adan"],
            "claims.0.left.algorithm",
            "adam, sgd",
        ),
        (
            ratio("final_loss"),
            &["claims.0.right.coordinates=x"],
            "claims.0.right.coordinates",
            "rep",
        ),
        (ratio("final_loss"), &["claims.0.right.coordinates=original"], "claims.0.right", "itself"),
        (ratio("path_ratio"), &["claims.0.test=every-rate"], "claims.0.metric", "training.record"),
        (
            ratio("final_loss"),
            &["claims.0.test=every-rate", "claims.0.highest_rate=1e-9"],
            "claims.0.highest_rate",
            "the lowest is 0.0001",
        ),
        (range("final_loss", 1.0, 0.0), &[], "claims.0.lowest", "at most `highest`"),
        (range("test_accuracy", 94.0, 97.0), &[RELU], "claims.0.lowest", "from 0 to 1"),
        (
            measure("of = { spectrum = \"rep\", measure = \"stable-rank\" }\nlowest = 1.0"),
            &[],
            "claims.0.test",
            "this experiment trains",
        ),
        (ratio("steps"), &["training.gradient_tolerance=0"], "claims.0.metric", "may end early"),
        (
            break_even("original", ""),
            &[],
            "claims.0.of.coordinates",
            "are the original coordinates",
        ),
        (break_even("rep", "within = 0"), &[], "claims.0.within", "above 0"),
        (break_even("rep", "unit = \"seconds\""), &[], "claims.0.unit", "\"flops\""),
        // What is counted in its own unit has no other.
        (ratio("final_loss"), &["claims.0.unit=gradients"], "claims.0.unit", "unknown key"),
        (
            String::new(),
            &["coordinates.turned.egop={samples=5}"],
            "coordinates.turned.egop",
            "no gradient is sampled",
        ),
        (
            String::new(),
            &["coordinates.rep.egop={samples=5, batch=2}"],
            "coordinates.rep.egop.batch",
            "no minibatches",
        ),
        // With full batches, nothing but the training loss is recorded.
        (ratio("test_loss"), &[RELU], "claims.0.metric", "with minibatches only"),
        (
            figure("curves", "metric = \"validation_loss\""),
            &[RELU],
            "figures.0.metric",
            "with minibatches only",
        ),
        (
            figure("curves", "metric = \"train_loss\"\nunit = \"iteration\""),
            &[RELU, BATCHES, EPOCHS],
            "figures.0.unit",
            "\"epoch\"",
        ),
        // Sweeps, starts, recordings.
        (String::new(), &["sweep.metric=test_accuracy"], "sweep.metric", "test set"),
        (String::new(), &["sweep.metric=final_validation_loss"], "sweep.metric", "validation"),
        (String::new(), &["sweep.metric=final_suboptimality", RELU], "sweep.metric", "minimum"),
        (
            String::new(),
            &["sweep.metric=reached_target", "training.target=0"],
            "sweep.metric",
            "target",
        ),
        (
            String::new(),
            &["sweep.metric=path_ratio", "training.record=trajectories"],
            "sweep.metric",
            "selected learning rates only",
        ),
        (String::new(), &["sweep.tune=[\"x\"]"], "sweep.tune", "original, rep, turned"),
        (String::new(), &["start={distance=1.0}", RELU], "start.distance", "minimizer"),
        (
            String::new(),
            &["training.record=trajectories", "objective.columns=17"],
            "training.record",
            "at most 16",
        ),
    ];
    for (tables, set, key, reason) in cases {
        let found = problems(TRAINING, tables, set);
        let line = found.lines().find(|line| line.contains(&format!("{key}: ")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{tables} {set:?}:\n{found}");
    }
}

#[test]
fn without_original_coordinates_nothing_is_tuned_in_them() {
    let document = TRAINING
        .replace("[coordinates.original]\nbasis = \"identity\"\n", "")
        .replace("\"original\", ", "");
    let curves = |keys: &str| figure("curves", &format!("metric = \"train_loss\"\n{keys}"));
    let own = claim(
        "metric = \"final_loss\"\nrelation = \"at-least\"\nfactor = 1.0\n\
         left = { algorithm = \"adam\", coordinates = \"turned\", tuned = \"own\" }\n\
         right = { algorithm = \"adam\", coordinates = \"rep\" }",
    );
    for (tables, key) in [
        (curves(""), "figures.0.tuned"),
        (figure("learning-rates", "tuned = \"original\""), "figures.0.tuned"),
        (own.clone(), "claims.0.right.tuned"),
    ] {
        let found = problems(&document, &tables, &[]);
        assert!(found.contains(key) && found.contains("basis = \"identity\""), "{found}");
        assert!(!found.contains("left.tuned"), "{found}");
    }
    let of = "of = { algorithm = \"adam\", coordinates = \"rep\", tuned = \"own\" }";
    for (tables, key) in [
        (figure("break-even", "tuned = \"own\""), "figures.0.kind"),
        (claim(&format!("test = \"break-even\"\n{of}")), "claims.0.test"),
    ] {
        let found = problems(&document, &tables, &[]);
        assert!(found.contains(&format!("{key}: there are no original coordinates")), "{found}");
    }
    // Of both, there is only one to be marked.
    let rates = ["", "tuned = \"own\""].map(|keys| figure("learning-rates", keys));
    for tables in rates.into_iter().chain([curves("tuned = \"own\"")]) {
        assert_eq!(problems(&document, &tables, &[]), "");
    }
    // Every rate is compared: none needs to be selected.
    assert_eq!(problems(&document, &own, &["claims.0.test=every-rate"]), "");
}

#[test]
fn what_spectra_cannot_give_is_refused_with_key_and_reason() {
    let of = |block: &str, name: &str, at: &str| {
        measure(&format!(
            "of = {{ spectrum = \"blocks\", block = \"{block}\", measure = \"{name}\"{at} }}\n\
             lowest = 0.5"
        ))
    };
    let layer = "layer2.weight";
    let density = |keys: &str| figure("density", keys);
    let cases: &[(String, &[&str], &str, &str)] = &[
        (figure("curves", "metric = \"train_loss\""), &[], "figures.0.kind", "trains nothing"),
        (figure("learning-rates", ""), &[], "figures.0.kind", "trains nothing"),
        (figure("trajectories", ""), &[], "figures.0.kind", "trains nothing"),
        (figure("schedule", ""), &[], "figures.0.kind", "trains nothing"),
        (ratio("final_loss"), &[], "claims.0.test", "trains nothing"),
        (range("final_loss", 0.0, 1.0), &[], "claims.0.test", "trains nothing"),
        (density("coordinates = \"x\""), &[], "figures.0.coordinates", "global, blocks"),
        (density("coordinates = \"global\""), &[], "figures.0.vectors", "eigenvector 3 is not"),
        (
            density("coordinates = \"blocks\"\nvectors = [1]"),
            &[],
            "figures.0.block",
            "layer1.weight",
        ),
        (
            density("coordinates = \"blocks\"\nblock = \"layer1.weight\"\nvectors = [1]"),
            &[],
            "figures.0.vectors",
            "eigenvectors",
        ),
        (
            density("coordinates = \"global\"\nvectors = [1]\ntrial = 5"),
            &[],
            "figures.0.trial",
            "4",
        ),
        (of("layer3.weight", "stable-rank", ""), &[], "claims.0.of.block", "layer1.weight"),
        (of(layer, "stable-rank", ", at = 1"), &[], "claims.0.of.at", "remove this key"),
        (of(layer, "density", ""), &[], "claims.0.of.at", "from 1 to 20"),
        (of(layer, "density", ", at = 21"), &[], "claims.0.of.at", "from 1 to 20"),
        (of(layer, "density", ", at = 1.5"), &[], "claims.0.of.at", "whole number"),
        (of(layer, "shelf-end", ", at = 5"), &[], "claims.0.of.at", "from 1 to 4"),
        (of(layer, "effective-dimension", ", at = 0.7"), &[], "claims.0.of.at", "0.5, 0.9"),
        (
            of("layer1.weight", "relative-eigenvalue", ", at = 101"),
            &[],
            "claims.0.of.at",
            "power of ten",
        ),
        // What holds whatever comes, or never, is no claim.
        (
            of(layer, "stable-rank", ""),
            &[],
            "claims.0.lowest",
            "always from 1 to 20 there: this holds",
        ),
        (
            of(layer, "density", ", at = 1"),
            &["claims.0.lowest=1.5"],
            "claims.0.lowest",
            "this never holds",
        ),
        (of(layer, "symmetric-shelf-end", ""), &[], "claims.0.of.at", "from 1 to 4"),
        (of(layer, "symmetric-distance", ", at = 1"), &[], "claims.0.of.at", "remove this key"),
        (
            of("layer1.weight", "symmetric-distance", ""),
            &["objective.hidden=[]"],
            "claims.0.of.at",
            "no hidden units",
        ),
        (
            figure("spectrum", "symmetric = true"),
            &["objective.hidden=[]"],
            "figures.0.symmetric",
            "no hidden units",
        ),
        (of(layer, "subspace-distance", ", at = 20"), &[], "claims.0.lowest", "from 0 to 0"),
        (of(layer, "shelf-end", ", at = 2"), &[], "claims.0.lowest", "always from 2 to 19"),
        (
            measure(
                "of = { spectrum = \"global\", measure = \"stable-rank\" }\n\
                 over = { spectrum = \"global\", measure = \"intrinsic-dimension\" }\nlowest = 0.0",
            ),
            &[],
            "claims.0.lowest",
            "this holds whatever comes",
        ),
        (
            measure(
                "of = { spectrum = \"global\", measure = \"relative-eigenvalue\", at = 3 }\n\
                 over = { spectrum = \"global\", measure = \"relative-eigenvalue\", at = 2 }\n\
                 highest = 1.0",
            ),
            &[],
            "claims.0.highest",
            "this holds whatever comes",
        ),
        (
            of(layer, "density", ", at = 1"),
            &["claims.0.lowest=3", "claims.0.highest=2"],
            "claims.0.lowest",
            "2",
        ),
        (
            measure("of = { spectrum = \"global\", measure = \"stable-rank\" }"),
            &[],
            "claims.0.lowest",
            "bound is needed",
        ),
        (
            measure(
                "of = { spectrum = \"global\", measure = \"stable-rank\" }\n\
                 over = { spectrum = \"global\", measure = \"stable-rank\" }\nlowest = 1.0",
            ),
            &[],
            "claims.0.over",
            "the same",
        ),
        (String::new(), &["egop.samples=1"], "egop", "two samples"),
        (String::new(), &["spectra.blocks.egop={samples=1}"], "spectra.blocks.egop", "two samples"),
    ];
    for (tables, set, key, reason) in cases {
        let found = problems(SPECTRA, tables, set);
        let line = found.lines().find(|line| line.contains(&format!("{key}: ")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{tables} {set:?}:\n{found}");
        assert!(found.ends_with("\n1 problem in t.toml"), "one mistake is one message:\n{found}");
    }
}

#[test]
fn what_there_is_is_not_refused() {
    let trajectories = ["training.record=trajectories", "objective.columns=2"];
    let single = [&trajectories[..], &["algorithms.adam={learning_rates=[0.1]}"]].concat();
    let one = [&single[..], &["algorithms.sgd={learning_rates=[0.1]}"]].concat();
    for (tables, set) in [
        (figure("schedule", ""), &["training.schedule=cosine-annealing"][..]),
        (figure("curves", "metric = \"suboptimality\""), &[]),
        (figure("trajectories", "trial = 4"), &trajectories),
        (figure("learning-rates", "metric = \"path_ratio\""), &one),
        (figure("spectrum", "coordinates = [\"rep\"]\nblocks = [\"all\"]"), &[]),
        (figure("learning-rates", ""), &["sweep.metric=reached_target"]),
        (ratio("path_ratio"), &trajectories),
        (ratio("final_loss"), &["claims.0.test=every-rate"]),
        (ratio("test_accuracy"), &[RELU, BATCHES, EPOCHS, "sweep.metric=test_loss"]),
        (range("final_loss", 1.0, 1.0), &[]),
    ] {
        assert_eq!(problems(TRAINING, &tables, set), "", "{tables} {set:?}");
    }
}

#[test]
fn files_that_differ_by_case_alone_are_one_file_on_some_disks() {
    let two = |one: &str, other: &str| {
        let figures = [one, other].map(|name| figure("learning-rates", "").replace("\"f\"", name));
        problems(TRAINING, &figures.concat(), &[])
    };
    let found = two("\"Fig5\"", "\"fig5\"");
    assert!(found.contains("figures.1.file") && found.contains("case"), "{found}");
    assert!(two("\"fig5\"", "\"fig5\"").contains("used twice"));
    assert_eq!(two("\"fig5\"", "\"fig6\""), "");
}

/// Problems of the small experiment with these coordinate systems taken away.
fn with_algorithm(without: &[&str], algorithm: &str) -> String {
    let document = without.iter().fold(TRAINING.to_owned(), |text, table| text.replace(table, ""));
    let document = document.replace("tune = [\"original\", \"rep\"]", "tune = [\"original\"]");
    problems(&document, algorithm, &[])
}

const EGOP: &str = "[coordinates.rep]\nbasis = \"egop\"\n";
const TURNED: &str = "[coordinates.turned]\nbasis = \"random-rotation\"\n";

#[test]
fn methods_of_matrices_are_refused_where_coordinates_mix_these() {
    for kind in [
        "soap\"",
        "shampoo\"",
        "galore\"\nside = \"left\"\nranks = [1]",
        "vector-adam\"\nvectors = [\"whole\"]",
        "muon\"",
    ] {
        let algorithm = format!("[algorithms.m]\nkind = \"{kind}\n");
        assert_eq!(with_algorithm(&[EGOP, TURNED], &algorithm), "");
        let message = with_algorithm(&[], &algorithm);
        let expected = "algorithms.m.kind: acts on weight matrices, whose entries these coordinates \
                        mix: rep, turned";
        assert!(message.contains(expected), "{message}");
        let message = with_algorithm(&[EGOP], &algorithm);
        assert!(message.contains("mix: turned"), "{message}");
    }
    for kind in ["full-adagrad", "momentum"] {
        assert_eq!(with_algorithm(&[], &format!("[algorithms.m]\nkind = \"{kind}\"\n")), "");
    }
}

/// What a method's keys make another method of, or leave without effect.
#[test]
fn keys_that_do_nothing_are_refused() {
    let with = |algorithm: &str| {
        with_algorithm(&[EGOP, TURNED], &format!("[algorithms.m]\nkind = \"{algorithm}\n"))
    };
    for (algorithm, key, problem) in [
        ("soap\"\nsides = [\"none\"]\nshampoo_beta = 0.9", "sides", "which is Adam"),
        ("soap\"\nsides = [\"none\"]\nmerge = \"yes\"", "sides", "which is Adam"),
        ("soap\"\nlongest_side = 1", "longest_side", "which is Adam"),
        ("soap\"\nshape = [5, 1]\nmerge = \"yes\"", "merge", "merges nothing"),
        ("galore\"\nranks = [0]\ngap = 10", "ranks", "projects nothing"),
        ("galore\"", "ranks", "projects nothing"),
        ("vector-adam\"", "vectors", "which is Adam"),
        ("shampoo\"\nstart = 100000", "start", "is never reached: a run makes"),
        ("shampoo\"\nexponent = 0", "exponent", "expected a number from -1 to below 0"),
        ("shampoo\"\nmomentum = 0.9\nbeta1 = 0.9", "momentum", "with an average of G"),
        ("shampoo\"\nmomentum = 0.9\ngraft = \"adam\"", "momentum", "with an average of G"),
        ("muon\"\nadam_rate = 0.1", "adam_rate", "is of biases, of which this model has none"),
        ("muon\"\nadam_eps = 1e-8", "adam_eps", "is of biases, of which this model has none"),
    ] {
        let message = with(algorithm);
        assert!(message.contains(&format!("algorithms.m.{key}: ")), "{algorithm}: {message}");
        assert!(message.contains(problem), "{algorithm}: {message}");
    }
    for algorithm in ["shampoo\"\nmomentum = 0.9", "shampoo\"\nrefresh = 0", "muon\""] {
        assert_eq!(with(algorithm), "", "{algorithm}");
    }
}

#[test]
fn shapes_of_vectors_are_compared_with_the_objective() {
    let with = |settings: &str| {
        with_algorithm(&[EGOP, TURNED], &format!("[algorithms.m]\nkind = \"soap\"\n{settings}\n"))
    };
    assert_eq!(with("shape = [5, 1]"), "");
    let message = with("shape = [2, 3]");
    assert!(message.contains("algorithms.m.shape: 2 × 3 are not the 5 parameters"), "{message}");
    let message = with("sides = [\"both\", \"none\"]");
    assert!(message.contains("algorithms.m.sides: must have one value"), "{message}");
    let message = with("sides = [\"booth\"]");
    assert!(message.contains("did you mean \"both\""), "{message}");
}
