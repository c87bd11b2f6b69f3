//! Algorithms that train in some of the coordinate systems only: what does not fit is told at once.

use egop::config::{Overlay, Source, read};
use egop::experiment::Experiment;

/// Two algorithms, one of which trains in two of three coordinate systems.
const CONFIG: &str = r#"
name = "pairs"
title = "Pairs"
seed = 1
trials = 2

[objective]
kind = "least-squares"
rows = 6
columns = 3
decay = { kind = "power", exponent = 1.0 }

[distribution]
kind = "gaussian"

[coordinates.original]
basis = "identity"
[coordinates.egop]
basis = "egop"
[coordinates.rotated]
basis = "random-rotation"

[algorithms.adam]
kind = "adam"
[algorithms.soap]
kind = "soap"
coordinates = ["original"]
[algorithms.late]
kind = "adam"
coordinates = ["egop", "rotated"]

[training]
steps = 20

[sweep]
metric = "final_suboptimality"
tune = ["original", "egop"]
"#;

/// The problems of the config with one part in the place of another, and with more at its end.
fn problems(part: &str, by: &str, more: &str) -> String {
    assert!(CONFIG.contains(part));
    let text = format!("{}{more}", CONFIG.replace(part, by));
    let source = Source::parse("x.toml", text.as_bytes()).expect("it is TOML");
    match read(&source, &Overlay::default(), Experiment::read) {
        Ok(_) => "accepted".into(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn matrix_methods_are_refused_where_they_are_to_train_only() {
    assert_eq!(problems("", "", ""), "accepted");
    insta::assert_snapshot!(problems("coordinates = [\"original\"]\n", "", ""), @r#"
    x.toml:26:8: algorithms.soap.kind: acts on weight matrices, whose entries these coordinates mix: egop, rotated; `coordinates` may name those in which it trains
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(problems("[\"original\"]", "[\"original\", \"egop\"]", ""), @r#"
    x.toml:26:8: algorithms.soap.kind: acts on weight matrices, whose entries these coordinates mix: egop; `coordinates` may name those in which it trains
    1 problem in x.toml
    "#);
}

#[test]
fn names_and_tuned_systems_must_be_there() {
    insta::assert_snapshot!(problems("[\"original\"]", "[\"orginal\"]", ""), @r#"
    x.toml:27:15: algorithms.soap.coordinates: no coordinates "orginal"; there are original, egop, rotated; did you mean "original"?
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(problems("[\"egop\", \"rotated\"]", "[\"rotated\"]", ""), @r#"
    x.toml:30:15: algorithms.late.coordinates: none of these is among those for which learning rates are tuned (sweep.tune): original, egop
    1 problem in x.toml
    "#);
    // Rates that are set need no tuning.
    let fixed = "[\"rotated\"]\nlearning_rates = [0.1]";
    assert_eq!(problems("[\"egop\", \"rotated\"]", fixed, ""), "accepted");
    let nobody = "kind = \"adam\"\ncoordinates = [\"original\"]\n[algorithms.soap]";
    let nobody = problems("kind = \"adam\"\n[algorithms.soap]", nobody, "");
    assert_eq!(nobody, "accepted");
    let nobody = "kind = \"adam\"\ncoordinates = [\"egop\"]\n[algorithms.soap]\nkind = \"soap\"\n\
                  coordinates = [\"original\"]\n[algorithms.late]\nkind = \"adam\"\n\
                  coordinates = [\"egop\"]";
    let all = "kind = \"adam\"\n[algorithms.soap]\nkind = \"soap\"\ncoordinates = [\"original\"]\n\
               [algorithms.late]\nkind = \"adam\"\ncoordinates = [\"egop\", \"rotated\"]";
    insta::assert_snapshot!(problems(all, nobody, ""), @r#"
    x.toml:20:1: coordinates.rotated: no algorithm trains in these coordinates: each names others
    1 problem in x.toml
    "#);
}

#[test]
fn claims_are_about_pairs_that_are_trained() {
    let claim = |left: &str, right: &str| {
        let more = format!(
            "[[claims]]\nid = \"a\"\nstatement = \"S\"\nsource = \"here\"\nmetric = \"final_loss\"\n\
             left = {left}\nright = {right}\nrelation = \"at-least\"\nfactor = 1.0\n"
        );
        problems("", "", &more)
    };
    let side = |algorithm: &str, coordinates: &str, tuned: &str| {
        format!(
            "{{ algorithm = \"{algorithm}\", coordinates = \"{coordinates}\", tuned = \"{tuned}\" }}"
        )
    };
    let adam = side("adam", "egop", "original");
    assert_eq!(claim(&adam, &side("soap", "original", "original")), "accepted");
    assert_eq!(claim(&adam, &side("late", "rotated", "own")), "accepted");
    insta::assert_snapshot!(claim(&adam, &side("soap", "egop", "own")), @r#"
    x.toml:44:45: claims.0.right.coordinates: soap does not train in egop coordinates; it trains in original
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(claim(&adam, &side("late", "rotated", "original")), @r#"
    x.toml:44:64: claims.0.right.tuned: late does not train in original coordinates: no learning rate of it is best there; the alternative is tuned = "own"
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(claim(&adam, &side("sopa", "original", "own")), @r#"
    x.toml:44:23: claims.0.right.algorithm: no algorithm "sopa"; there are adam, soap, late; did you mean "soap"?
    1 problem in x.toml
    "#);
}

#[test]
fn figures_show_something_of_each_name() {
    let figure = |keys: &str| {
        let more = format!(
            "[[figures]]\nkind = \"curves\"\nfile = \"f\"\ntitle = \"T\"\nmetric = \"train_loss\"\n{keys}"
        );
        problems("", "", &more)
    };
    assert_eq!(figure("algorithms = [\"adam\", \"soap\"]"), "accepted");
    assert_eq!(figure("tuned = \"own\""), "accepted");
    let both = "algorithms = [\"adam\", \"soap\"]\ncoordinates = [\"original\", \"egop\"]";
    assert_eq!(figure(both), "accepted");
    insta::assert_snapshot!(figure(""), @r#"
    x.toml:38:1: figures.0.tuned: late does not train in original coordinates: no learning rate of it is best there; the alternative is tuned = "own"
    1 problem in x.toml
    "#);
    let soap = "algorithms = [\"soap\", \"late\"]\ncoordinates = [\"egop\"]\ntuned = \"own\"";
    insta::assert_snapshot!(figure(soap), @r#"
    x.toml:43:14: figures.0.algorithms: soap does not train in egop coordinates; it trains in original
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(figure("algorithms = [\"soap\"]\npanels = [\"egop\"]"), @r#"
    x.toml:44:10: figures.0.panels: no algorithm that is named trains in egop coordinates; those that do are adam, late
    1 problem in x.toml
    "#);
}

#[test]
fn levels_are_those_that_are_recorded() {
    let dots = |keys: &str| {
        let more = format!("[[figures]]\nkind = \"dots\"\nfile = \"f\"\ntitle = \"T\"\n{keys}");
        problems("", "", &format!("{more}\ntuned = \"own\""))
    };
    assert_eq!(dots("metric = \"flops_to_level\"\nlevel = 1e-3"), "accepted");
    assert_eq!(dots("metric = \"final_suboptimality\""), "accepted");
    insta::assert_snapshot!(dots("metric = \"steps_to_level\"\nlevel = 2e-3"), @r#"
    x.toml:43:9: figures.0.level: is not recorded: levels are 10^-1, 10^-1.25, 10^-1.5 and so on, down to training.target = 0.000001
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(dots("metric = \"steps_to_level\"\nlevel = 1e-7"), @r#"
    x.toml:43:9: figures.0.level: is not recorded: levels are 10^-1, 10^-1.25, 10^-1.5 and so on, down to training.target = 0.000001
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(dots("metric = \"final_loss\"\nlevel = 1e-3"), @r#"
    x.toml:43:1: figures.0.level: unknown key; allowed here: kind, file, title, metric, tuned, algorithms, coordinates
    1 problem in x.toml
    "#);
    insta::assert_snapshot!(dots("metric = \"steps_to_level\""), @r#"
    x.toml:38:1: figures.0.level: missing, expected a number from 0 to 1
    1 problem in x.toml
    "#);
}
