use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Data, Task};
use crate::config::{self, Allowed, Overlay, Reader, Resolved, Source, key};
use crate::experiment::Experiment;
use crate::linalg::INNER_REVISION;
use crate::objective::COMPOSITE_REVISION;
use crate::run::Dependencies;
use crate::trial::Recording;

const CONFIG: &str = include_str!("../../../tests/data/tiny.toml");

fn read(
    config: &str,
    read: impl Fn(&mut Reader<'_>) -> Option<Experiment>,
) -> Resolved<Experiment> {
    let source = Source::parse("tiny.toml", config.as_bytes()).unwrap();
    config::read(&source, &Overlay::default(), read).unwrap()
}

/// A task of every algorithm in the second coordinate system.
fn task(experiment: &Experiment) -> Task {
    let rates = experiment.algorithms().iter().map(|_| vec![0.1]).collect();
    Task { trial: 0, system: 1, rates, recording: Recording::Summary, alone: false }
}

fn task_key(experiment: &Experiment, identity: &Table) -> String {
    task(experiment).key(experiment, &Dependencies::from(identity).0, &Data::default())
}

#[test]
fn revisions_of_the_basis_and_of_the_objective_count() {
    let Resolved { value: experiment, identity, .. } = read(CONFIG, Experiment::read);
    let identity = Dependencies::from(&identity).0;
    let content = task(&experiment).content(&experiment, &identity, &Data::default());
    let system = experiment.system(1);
    let [basis, objective] = [system.stated().revision(), system.objective.revision()];
    assert_eq!((basis, objective), (INNER_REVISION, COMPOSITE_REVISION));
    assert_eq!(content["revision"], basis + objective);
}

#[test]
fn a_new_key_counts_unless_it_is_declared_to_be_presentation() {
    let novelty = key("novelty", "a key that is in no list");
    let counts = |config: &str| {
        let read = read(config, |reader| {
            let new = reader.optional_number(novelty, Allowed::any());
            new.and(Experiment::read(reader))
        });
        task_key(&read.value, &read.identity)
    };
    let presented = |config: &str| {
        let read = read(config, |reader| {
            let ask = |reader: &mut Reader<'_>| reader.optional_number(novelty, Allowed::any());
            reader.presentation(ask).and(Experiment::read(reader))
        });
        task_key(&read.value, &read.identity)
    };
    let with = |value| format!("novelty = {value}\n{CONFIG}");
    assert_ne!(counts(&with(1)), counts(&with(2)));
    assert_ne!(counts(&with(1)), counts(CONFIG));
    assert_eq!(presented(&with(1)), presented(&with(2)));
    assert_eq!(presented(&with(1)), counts(CONFIG));
}

/// Paths to all values that are no tables.
fn leaves(table: &Table, path: &[String], all: &mut Vec<Vec<String>>) {
    for (key, value) in table {
        let path = [path, std::slice::from_ref(key)].concat();
        match value {
            Value::Table(inner) => leaves(inner, &path, all),
            _ => all.push(path),
        }
    }
}

#[test]
fn every_value_and_every_new_one_of_the_identity_counts() {
    let Resolved { value: experiment, identity, .. } = read(CONFIG, Experiment::read);
    let mut all = Vec::new();
    leaves(&identity, &[], &mut all);
    assert!(all.len() > 10, "{all:?}");
    // Another coordinate system is another task's.
    all.retain(|path| path[0] != "coordinates" || path[1] == experiment.system(1).name);
    let mut keys = BTreeSet::from([task_key(&experiment, &identity)]);
    for path in &all {
        let (last, tables) = path.split_last().unwrap();
        for key in [last.clone(), format!("new_{last}")] {
            let mut changed = identity.clone();
            let inner =
                tables.iter().fold(&mut changed, |table, key| table[key].as_table_mut().unwrap());
            inner.insert(key, "changed".into());
            assert!(keys.insert(task_key(&experiment, &changed)), "{path:?}");
        }
    }
}

/// The same table with the keys the other way round.
fn reversed(table: &Table) -> Table {
    let turned = |(key, value): (&String, &Value)| match value {
        Value::Table(inner) => (key.clone(), reversed(inner).into()),
        other => (key.clone(), other.clone()),
    };
    table.iter().rev().map(turned).collect()
}

#[test]
fn the_order_of_the_config_does_not_count_but_every_bit_does() {
    let Resolved { value: experiment, identity, .. } = read(CONFIG, Experiment::read);
    let with = |number: f64| {
        let mut identity = identity.clone();
        identity.insert("number".into(), number.into());
        task_key(&experiment, &identity)
    };
    assert_ne!(reversed(&identity).keys().next(), identity.keys().next());
    assert_eq!(task_key(&experiment, &reversed(&identity)), task_key(&experiment, &identity));
    let numbers = [1.0, 1e-5, 1e300, 5e-324, 0.3, 0.1 + 0.2];
    let keys: BTreeSet<String> = numbers.into_iter().map(with).collect();
    assert_eq!(keys.len(), numbers.len());
}
