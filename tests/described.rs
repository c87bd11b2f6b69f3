//! What the description of configs says of the shipped ones.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use std::collections::{BTreeMap, BTreeSet};

use egop::config::{self, Condition, KeyDescription, Overlay, Presence, Source, Type, describe};
use egop::experiment::Experiment;
use egop::study::{self, Study};
use toml::{Table, Value};

/// Lines are cut here in terminals that are not wide, after the key.
const LONGEST: usize = 120;

fn keys() -> Vec<KeyDescription> {
    describe(Experiment::read)
}

#[test]
fn every_key_has_a_meaning_in_one_line() {
    let (keys, studies) = (keys(), describe(Study::read));
    assert!(keys.len() > 150 && studies.len() > 20, "{} {}", keys.len(), studies.len());
    let keys = keys.into_iter().chain(studies);
    for KeyDescription { key, meaning, .. } in keys {
        assert!(!meaning.trim().is_empty() && meaning.trim() == meaning, "{key}: {meaning:?}");
        assert!(!meaning.contains('\n') && !meaning.ends_with('.'), "{key}: {meaning}");
        assert!(meaning.chars().count() <= LONGEST, "{key}: {meaning}");
    }
}

#[test]
fn no_key_is_described_twice_in_the_same_place() {
    let keys = keys();
    let mut by_name: BTreeMap<&str, Vec<&KeyDescription>> = BTreeMap::new();
    for one in &keys {
        by_name.entry(&one.key).or_default().push(one);
    }
    for (key, descriptions) in by_name {
        for (index, one) in descriptions.iter().enumerate() {
            for other in &descriptions[..index] {
                assert!(exclude_each_other(one, other), "{key}: {one:?}\n{other:?}");
            }
        }
    }
}

/// Whether two descriptions go with different values of the same choice.
fn exclude_each_other(one: &KeyDescription, other: &KeyDescription) -> bool {
    let values = |one: &KeyDescription| -> BTreeMap<String, BTreeSet<String>> {
        let choices = one.conditions.iter().filter_map(|condition| match condition {
            Condition::OneOf { key, values } => {
                Some((key.clone(), values.iter().cloned().collect()))
            }
            _ => None,
        });
        choices.collect()
    };
    let others = values(other);
    values(one)
        .iter()
        .any(|(key, values)| others.get(key).is_some_and(|others| others.is_disjoint(values)))
}

/// Every key of a table as descriptions call it, with its value.
fn flatten(path: &str, table: &Table, named: &BTreeSet<&str>, keys: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        let dotted = |key: &str| if path.is_empty() { key.into() } else { format!("{path}.{key}") };

        let is_named = named.contains(path);
        let path = if is_named { dotted("NAME") } else { dotted(key) };
        match value {
            Value::Table(inner) => {
                if !is_named {
                    keys.push((path.clone(), value.clone()));
                }
                flatten(&path, inner, named, keys);
            }
            Value::Array(items) if items.iter().any(Value::is_table) => {
                keys.push((path.clone(), value.clone()));
                for item in items {
                    flatten(&format!("{path}[]"), item.as_table().unwrap(), named, keys);
                }
            }
            _ => keys.push((path, value.clone())),
        }
    }
}

#[test]
fn every_key_of_the_shipped_configs_is_described() {
    let keys = keys();
    let described: BTreeSet<&str> = keys.iter().map(|one| &*one.key).collect();
    let named = keys.iter().filter(|one| one.value == Type::NamedTables);
    let named: BTreeSet<&str> = named.map(|one| &*one.key).collect();
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/configs")).unwrap();
    let mut seen = BTreeSet::new();
    for path in folder.map(|entry| entry.unwrap().path()) {
        let source = Source::open(&path).unwrap();
        if source.has(study::TABLE) {
            continue;
        }
        let profiles: Vec<String> = source.profiles().iter().map(|&name| name.into()).collect();
        for profile in profiles {
            let overlay = Overlay { profile: Some(profile.clone()), overrides: Vec::new() };
            let resolved = config::read(&source, &overlay, Experiment::read).unwrap();
            let mut found = Vec::new();
            flatten("", &resolved.table, &named, &mut found);
            let mut identity = Vec::new();
            flatten("", &resolved.identity, &named, &mut identity);
            for (key, value) in found {
                assert!(described.contains(&*key), "{}: {key} = {value}", path.display());
                let presentation = keys.iter().filter(|one| one.key == key);
                let mut presentation = presentation.map(|one| one.presentation);
                let first = presentation.next().unwrap();
                assert!(presentation.all(|other| other == first), "{key}");
                let counts = identity.iter().any(|(other, _)| *other == key);
                assert_eq!(counts, !first, "{}: {key}", path.display());
                seen.insert(key);
            }
        }
    }
    assert!(seen.len() > 80, "{seen:?}");
}

#[test]
fn what_no_result_depends_on_is_declared_where_it_is_read() {
    let keys = keys();
    let top = |presentation: bool| -> BTreeSet<&str> {
        let top = keys.iter().filter(|one| !one.key.contains(['.', '[']));
        top.filter(|one| one.presentation == presentation).map(|one| &*one.key).collect()
    };
    let expected =
        ["about", "claims", "figures", "name", "profile", "profiles", "sweep", "title", "trials"];
    assert_eq!(top(true).into_iter().collect::<Vec<_>>(), expected);
    let inner = keys.iter().filter(|one| one.presentation);
    let inner: BTreeSet<&str> = inner
        .map(|one| &*one.key)
        .filter(|key| top(false).iter().any(|table| key.starts_with(&format!("{table}."))))
        .collect();
    assert_eq!(
        inner.into_iter().collect::<Vec<_>>(),
        [
            "algorithms.NAME.coarse",
            "algorithms.NAME.coordinates",
            "algorithms.NAME.learning_rates",
            "algorithms.NAME.limits",
            "coordinates.NAME.eigenvalues",
            "coordinates.NAME.input_vectors",
            "coordinates.NAME.output_vectors",
            "coordinates.NAME.vectors",
            "objective.gradients",
            "objective.inputs",
            "objective.labels",
            "objective.matrix",
            "objective.targets",
            "spectra.NAME.objective.gradients",
            "spectra.NAME.objective.inputs",
            "spectra.NAME.objective.labels",
            "spectra.NAME.objective.matrix",
            "spectra.NAME.objective.targets",
            "training.curve",
            "training.record",
            "training.timed",
        ]
    );
}

#[test]
fn keys_that_stand_for_others_need_not_be_there() {
    let keys = keys();
    let presence = |key: &str| &keys.iter().find(|one| one.key == key).unwrap().presence;
    for key in ["spectra", "start.distance", "egop.samples", "algorithms.NAME.learning_rates"] {
        assert_eq!(*presence(key), Presence::Optional, "{key}");
    }
    for key in ["coordinates", "start.kind", "training.steps", "training.epochs", "training.batch"]
    {
        assert_eq!(*presence(key), Presence::Required, "{key}");
    }
}
