//! What a description says of the functions that read a config.

use egop::config::{Allowed, Condition, KeyDescription, Presence, Reader, Type, describe, key};

use super::document;

/// Each key in a line: presence, what is expected, and where it is allowed.
fn lines(keys: &[KeyDescription]) -> Vec<String> {
    let condition = |condition: &Condition| match condition {
        Condition::OneOf { key, values } => format!("{key} = {}", values.join("|")),
        Condition::With(keys) => format!("with {}", keys.join(", ")),
        Condition::Without(keys) => format!("without {}", keys.join(", ")),
    };
    let line = |one: &KeyDescription| {
        let presence = match &one.presence {
            Presence::Required => "required".into(),
            Presence::Optional => "optional".into(),
            Presence::Default(value) => format!("default {value}"),
        };
        let conditions: Vec<String> = one.conditions.iter().map(condition).collect();
        let mut line = format!("{}: {presence}, {}", one.key, one.expected);
        if !conditions.is_empty() {
            line += &format!("; {}", conditions.join("; "));
        }
        line
    };
    keys.iter().map(line).collect()
}

#[test]
fn a_description_has_every_key_with_its_place() {
    let keys = describe(document);
    assert_eq!(
        lines(&keys),
        [
            "title: default \"untitled\", a string",
            "seed: default 0, a whole number of at least 0 and below 2^63",
            "tags: default [], an array, each element a string",
            "widths: default [32], an array, each element a whole number from 1 to 4096",
            "learning_rates: default [0.1], an array, each element a finite number above 0",
            "shift: optional, a finite number",
            "training: optional, a table",
            "training.trials: default 5, a whole number from 1 to 100000",
            "training.shown: default 1, a whole number from 1 to 100000",
            "training.momentum: default 0.9, a number from 0 to below 1",
            "training.tolerance: default 0.00000001, a finite number of at least 0",
            "training.fraction: default 0.5, a number from 0 to 1",
            "objective: optional, a table",
            "objective.kind: default \"least-squares\", one of \"least-squares\", \"logistic\", \
             \"log-sum-exp\"",
            "objective.rows: required, a whole number from 1 to 1000000",
            "objective.decay: default 1.0, a finite number of at least 0; \
             objective.kind = least-squares",
            "claims: optional, [[claims]] tables",
            "claims[].metric: required, one of \"loss\", \"accuracy\"",
            "claims[].factor: default 1.0, a finite number above 0",
            "algorithms: optional, [algorithms.NAME] tables",
            "algorithms.NAME.beta: default 0.9, a number from 0 to below 1",
            "profiles: optional, [profiles.NAME] tables",
        ]
    );
    assert!(keys.iter().all(|one| !one.meaning.is_empty()));
}

/// Keys that are there with some choices only, in every way in which a function can decide.
fn branches(root: &mut Reader<'_>) -> Option<()> {
    let number = |root: &mut Reader<'_>, key| root.number(key, Allowed::any());
    let inner = |root: &mut Reader<'_>| {
        let kind = key("kind", "one of three");
        match root.choice(kind, &[("a", 1), ("b", 2), ("c", 3)])? {
            1 => number(root, key("of_a", "for a")).map(drop),
            other => {
                let deep =
                    root.choice_or(key("deep", "for b and c"), "no", &[("no", 0), ("yes", 1)])?;
                let both =
                    (deep == 1 && other == 3).then(|| number(root, key("of_c", "for c, if deep")));
                both.unwrap_or(Some(0.0)).map(drop)
            }
        }
    };
    let flat = root.alternative(&[&["flat"], &["table", "more"], &["third"]]);
    let value = match flat? {
        None => number(root, key("always", "with none of the three")).map(drop),
        Some(0) => root.presentation(|root| number(root, key("flat", "by itself"))).map(drop),
        Some(1) => {
            let table = root.table(key("table", "a table"), inner);
            table.and(number(root, key("more", "beside the table")).map(drop))
        }
        Some(_) => number(root, key("third", "by itself")).map(drop),
    };
    let last = root.optional_count(key("last", "in any case"), 0..=9);
    value.and(last).map(drop)
}

#[test]
fn every_branch_is_described_with_the_choices_that_lead_to_it() {
    let keys = describe(branches);
    let one_group = "without flat, third";
    let expected = [
        "always: required, a finite number; without flat, table, more, third".to_owned(),
        "flat: optional, a finite number; without table, more, third".into(),
        format!("table: required, a table; {one_group}"),
        "table.kind: required, one of \"a\", \"b\", \"c\"; with table, more".into(),
        "table.of_a: required, a finite number; with table, more; table.kind = a".into(),
        "table.deep: default \"no\", one of \"no\", \"yes\"; with table, more; table.kind = b|c"
            .into(),
        "table.of_c: required, a finite number; with table, more; table.kind = c; \
         table.deep = yes"
            .into(),
        format!("more: required, a finite number; {one_group}"),
        "third: optional, a finite number; without flat, table, more".into(),
        "last: optional, a whole number from 0 to 9".into(),
        "profiles: optional, [profiles.NAME] tables".into(),
    ];
    let mut found = lines(&keys);
    let mut expected = expected.to_vec();
    // Keys of different branches come in no particular order.
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let presentation = |name: &str| keys.iter().find(|one| one.key == name).unwrap().presentation;
    assert!(presentation("flat") && !presentation("table.of_c"));
}

#[test]
fn a_key_of_two_meanings_is_described_in_both_places() {
    let keys = describe(|root: &mut Reader<'_>| {
        if root.choice(key("kind", "one of two"), &[("list", true), ("name", false)])? {
            root.strings_or(key("of", "some of them"), &[]).map(drop)
        } else {
            root.string(key("of", "one of them")).map(drop)
        }
    });
    let of: Vec<String> = lines(&keys).into_iter().filter(|line| line.starts_with("of")).collect();
    assert_eq!(of.len(), 2);
    assert!(of.contains(&"of: default [], an array, each element a string; kind = list".into()));
    assert!(of.contains(&"of: required, a string; kind = name".into()));
}

#[test]
fn descriptions_are_data() {
    let keys = describe(document);
    let json = |name: &str| {
        let one = keys.iter().find(|one| one.key == name).unwrap();
        serde_json::to_value(one).unwrap()
    };
    assert_eq!(
        json("training.momentum"),
        serde_json::json!({
            "key": "training.momentum",
            "meaning": "how much is kept",
            "expected": "a number from 0 to below 1",
            "type": "number",
            "low": {"Included": 0.0},
            "high": {"Excluded": 1.0},
            "presence": {"default": 0.9},
            "conditions": [],
            "presentation": false,
        })
    );
    let decay = json("objective.decay");
    let condition = serde_json::json!({"key": "objective.kind", "values": ["least-squares"]});
    assert_eq!(decay["conditions"][0]["one-of"], condition);
    assert_eq!(json("objective.rows")["presence"], "required");
    assert!(keys.iter().any(|one| one.value == Type::TableArray));
}
