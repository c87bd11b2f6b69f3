//! What can be looked up: the pages in docs/ and what `--explain` says.

use std::path::PathBuf;
use std::sync::LazyLock;

use egop::manual;
use egop::shipped::{SHIPPED, Shipped};
use egop::store::TABLES;
use serde_json::Value;

use super::{refused, said};

/// Compares a page with what it must be, or writes it, as snapshots are written.
fn check(name: &str, wanted: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/{name} is not as the reader is: \
         INSTA_UPDATE=always cargo test --release --test names writes it"
    );
}

#[test]
fn the_pages_are_as_the_reader_is() {
    check("config.md", &manual::markdown());
    check("config.schema.json", &manual::schema());
}

/// What a schema finds wrong with a value, by the rules that our schema uses.
fn wrong(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let known = [
        "$schema",
        "additionalProperties",
        "anyOf",
        "default",
        "description",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "items",
        "maximum",
        "minimum",
        "properties",
        "required",
        "title",
        "type",
        "x-taplo",
    ];
    let schema = schema.as_object().unwrap();
    for rule in schema.keys() {
        assert!(known.contains(&&**rule), "{rule}");
    }
    let mut refuse = |why: String| found.push(format!("{path}: {why}"));
    if let Some(kind) = schema.get("type") {
        let fits = match kind.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("{other}"),
        };
        if !fits {
            return refuse(format!("no {kind}"));
        }
    }
    if schema.get("enum").is_some_and(|names| !names.as_array().unwrap().contains(value)) {
        refuse(format!("{value} is no choice"));
    }
    if let Some(number) = value.as_f64() {
        let limit = |rule: &str| schema.get(rule).map(|limit| limit.as_f64().unwrap());
        let fits = limit("minimum").is_none_or(|low| number >= low)
            && limit("exclusiveMinimum").is_none_or(|low| number > low)
            && limit("maximum").is_none_or(|high| number <= high)
            && limit("exclusiveMaximum").is_none_or(|high| number < high);
        if !fits {
            refuse(format!("{number} is out of range"));
        }
    }
    if let (Some(required), Some(table)) = (schema.get("required"), value.as_object()) {
        for key in required.as_array().unwrap().iter().map(|key| key.as_str().unwrap()) {
            if !table.contains_key(key) {
                refuse(format!("no {key}"));
            }
        }
    }
    if let Some(any) = schema.get("anyOf") {
        let fits = any.as_array().unwrap().iter().any(|one| {
            let mut inner = Vec::new();
            wrong(one, value, path, &mut inner);
            inner.is_empty()
        });
        if !fits {
            refuse("nothing fits".into());
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            wrong(items, value, &format!("{path}.{index}"), found);
        }
    }
    let properties = schema.get("properties");
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let property = properties.and_then(|properties| properties.get(key));
        match (property, schema.get("additionalProperties")) {
            (Some(schema), _) => wrong(schema, value, &path, found),
            (None, Some(Value::Bool(false))) => found.push(format!("{path}: unknown")),
            (None, Some(schema)) => wrong(schema, value, &path, found),
            (None, None) => {}
        }
    }
}

fn problems(text: &str) -> Vec<String> {
    static SCHEMA: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(&manual::schema()).unwrap());
    let document: toml::Table = text.parse().unwrap();
    let mut found = Vec::new();
    wrong(&SCHEMA, &serde_json::to_value(document).unwrap(), "", &mut found);
    found
}

#[test]
fn the_schema_takes_what_is_shipped_and_refuses_what_is_misspelt() {
    for Shipped { name, text, .. } in SHIPPED {
        assert_eq!(problems(text), [""; 0], "{name}");
        let first = text.lines().next().unwrap();
        assert_eq!(first, "#:schema ../docs/config.schema.json", "{name}");
    }
    let lsq = Shipped::named("lsq").unwrap().text;
    for (from, to, problem) in [
        ("seed = 2025", "sead = 2025", ".sead: unknown"),
        ("seed = 2025", "seed = 1.5", ".seed: no \"integer\""),
        ("beta1 = 0.9 ", "beta1 = 1.0 ", ".algorithms.adam.beta1: 1 is out of range"),
        ("kind = \"adam\"", "kind = \"adan\"", ".algorithms.adam.kind: \"adan\" is no choice"),
        ("coarse = [0.001, 10.0]", "coarse = [\"a\"]", ".sweep.coarse.0: no \"number\""),
        ("statement =", "statemant =", "statemant: unknown"),
    ] {
        assert!(lsq.contains(from), "{from}");
        let found = problems(&lsq.replacen(from, to, 1));
        // Where a key has several meanings, none of them fits.
        let (path, _) = problem.split_once(": ").unwrap();
        let either = [problem, &format!("{path}: nothing fits")];
        let is_found = found.iter().any(|one| either.iter().any(|end| one.ends_with(end)));
        assert!(is_found, "{to}: {found:?}");
    }
    let study = Shipped::named("study-decay").unwrap().text;
    assert!(!problems(&study.replace("[study]", "[studie]")).is_empty());
}

#[test]
fn a_key_is_explained_however_it_is_written() {
    let whole = said(&["--explain", "algorithms.NAME.beta1"]);
    assert!(whole.contains("algorithms.NAME.beta1, a key of a config"), "{whole}");
    let words = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted =
        "A number from 0 to below 1; default `0.9`; without `spectra`, with `kind` = `adam`";
    assert!(words.contains(wanted), "{whole}");
    assert_eq!(said(&["--explain", "algorithms.mine.beta1"]), whole);
    let part = said(&["--explain", "beta1"]);
    assert!(part.contains(&*whole), "{part}");
    let element = said(&["--explain", "figures.0.kind"]);
    assert!(element.contains("figures[].kind") && element.contains("`spectrum`"), "{element}");
    assert!(said(&["--explain", "study.axes.values"]).contains("study.axes[].values"));
}

#[test]
fn values_claims_metrics_columns_and_experiments_are_explained() {
    for (word, wanted) in [
        ("adam", "adam, a value of algorithms.NAME.kind\n"),
        ("F5C-adam", "F5C-adam, a claim of lsq\n"),
        ("final_loss", "final_loss, a metric\n  Training loss at the end.\n"),
        ("stable-rank", "stable-rank, a measure of EGOP estimates\n"),
        ("egop_gradients", "egop_gradients, a column of runs.csv\n"),
        ("claims.csv", "`verdict`: `reproduced`"),
        ("reproduced", "reproduced, a verdict on a claim\n  At least five pairs"),
        ("not reproduced", "not reproduced, a verdict on a claim\n"),
        ("Inconclusive", "more trials may decide it.\n"),
        ("not judged", "(the profile quick)"),
        ("no evidence", "no_evidence, a column of claims.csv\n"),
        ("lsq", "Linear least squares: Figures 5(c) and 12(c) of the paper."),
        ("fig5", "log-sum-exp, logistic, lsq"),
        ("M", "M, a term\n  The number of gradients"),
        ("lr", "η, eta, lr, a term\n"),
        ("Tied", "`tied_low` and `tied_high`"),
        ("converged", "`training.gradient_tolerance`"),
        ("egop", "egop, a term\n"),
    ] {
        let text = said(&["--explain", word]);
        assert!(text.contains(wanted), "{word}: {text}");
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 80, "{word}: {longest}");
    }
    let message = refused(&["--explain", "gradient_tolerence"], 2);
    assert!(message.contains("did you mean gradient_tolerance?"), "{message}");
    assert!(!refused(&["--explain", "xyzzy"], 2).contains("did you mean"));
}

/// Where a file lies is no matter; what it holds is.
#[test]
fn a_key_that_names_files_says_that_results_depend_on_what_they_hold() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for key in [
        "matrix",
        "objective.targets",
        "objective.inputs",
        "objective.labels",
        "objective.gradients",
        "coordinates.NAME.vectors",
        "coordinates.NAME.eigenvalues",
        "output_vectors",
        "input_vectors",
    ] {
        let text = words(&said(&["--explain", key]));
        assert!(text.contains("they depend on what the file holds"), "{key}: {text}");
        assert!(!text.contains("they do not depend on it"), "{key}: {text}");
    }
    assert!(words(&said(&["--explain", "title"])).contains("they do not depend on it"));
}

#[test]
fn every_table_has_columns_that_are_explained() {
    let columns = manual::columns();
    for table in TABLES {
        assert!(columns.iter().any(|column| column.tables.contains(table)), "{table}");
    }
    let names: usize = columns.iter().map(|column| column.names.len()).sum();
    assert!(names > 70, "only {names} columns were found");
}
