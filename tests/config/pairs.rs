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
    let source = Source::parse("x.toml", text.as_bytes()).unwrap();
    match read(&source, &Overlay::default(), Experiment::read) {
        Ok(_) => "accepted".into(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn matrix_methods_are_refused_where_they_are_to_train_only() {
    assert_eq!(problems("", "", ""), "accepted");
    insta::assert_snapshot!(problems("coordinates = [\"original\"]\n", "", ""), @"");
    insta::assert_snapshot!(problems("[\"original\"]", "[\"original\", \"egop\"]", ""), @"");
}

#[test]
fn names_and_tuned_systems_must_be_there() {
    insta::assert_snapshot!(problems("[\"original\"]", "[\"orginal\"]", ""), @"");
    insta::assert_snapshot!(problems("[\"egop\", \"rotated\"]", "[\"rotated\"]", ""), @"");
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
    insta::assert_snapshot!(problems(all, nobody, ""), @"");
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
    insta::assert_snapshot!(claim(&adam, &side("soap", "egop", "own")), @"");
    insta::assert_snapshot!(claim(&adam, &side("late", "rotated", "original")), @"");
    insta::assert_snapshot!(claim(&adam, &side("sopa", "original", "own")), @"");
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
    insta::assert_snapshot!(figure(""), @"");
    let soap = "algorithms = [\"soap\", \"late\"]\ncoordinates = [\"egop\"]\ntuned = \"own\"";
    insta::assert_snapshot!(figure(soap), @"");
    insta::assert_snapshot!(figure("algorithms = [\"soap\"]\npanels = [\"egop\"]"), @"");
}

#[test]
fn levels_are_those_that_are_recorded() {
    let dots = |keys: &str| {
        let more = format!("[[figures]]\nkind = \"dots\"\nfile = \"f\"\ntitle = \"T\"\n{keys}");
        problems("", "", &format!("{more}\ntuned = \"own\""))
    };
    assert_eq!(dots("metric = \"flops_to_level\"\nlevel = 1e-3"), "accepted");
    assert_eq!(dots("metric = \"final_suboptimality\""), "accepted");
    insta::assert_snapshot!(dots("metric = \"steps_to_level\"\nlevel = 2e-3"), @"");
    insta::assert_snapshot!(dots("metric = \"steps_to_level\"\nlevel = 1e-7"), @"");
    insta::assert_snapshot!(dots("metric = \"final_loss\"\nlevel = 1e-3"), @"");
    insta::assert_snapshot!(dots("metric = \"steps_to_level\""), @"");
}
