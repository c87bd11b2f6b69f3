//! Whatever the bytes, reading ends quickly, in a document or in messages.

use std::time::{Duration, Instant};

use egop::config::{Overlay, Source, read};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::document;

const VALID: &str = r#"# A document with everything.
title = "Least squares" # as in the paper
seed = 42
tags = ["convex", 'full batch']
widths = [64, 32]
learning_rates = [1e-3, 0.01, 1, 10.0]

[training]
trials = 5
momentum = 0.9
tolerance = 1e-8

[objective]
kind = "least-squares"
rows = 1_000
decay = 1.0

[[claims]]
metric = "loss"
factor = 2

[[claims]]
metric = "accuracy"

[algorithms.adam]
beta = 0.9
[algorithms."my adam"]
beta = 0.99

[profiles.quick]
training = { trials = 2, shown = 1 }
claims.0.factor = 1.5
"#;

/// A change of a text's bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    /// Copies a stretch of the text to another place.
    Copy(Index, usize, Index),
}

impl Mutation {
    fn any() -> impl Strategy<Value = Mutation> {
        let telling = select(b"[]{}\"'=.,#\n\r\\-_0e \t".to_vec());
        let byte = prop_oneof![3 => telling, 1 => any::<u8>()];
        prop_oneof![
            (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
            (any::<Index>(), prop::collection::vec(byte, 1..4))
                .prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
            (any::<Index>(), 1..20usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
            (any::<Index>(), 1..60usize, any::<Index>())
                .prop_map(|(from, length, to)| Mutation::Copy(from, length, to)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        // One place more than there are bytes, so that it is never empty.
        let place = |at: &Index| at.index(bytes.len() + 1);
        let stretch = |at: &Index, length: usize| place(at)..(place(at) + length).min(bytes.len());
        let (range, new) = match self {
            Mutation::Replace(at, byte) => (stretch(at, 1), vec![*byte]),
            Mutation::Insert(at, new) => (stretch(at, 0), new.clone()),
            Mutation::Delete(at, length) => (stretch(at, *length), Vec::new()),
            Mutation::Copy(from, length, to) => {
                (stretch(to, 0), bytes[stretch(from, *length)].to_vec())
            }
        };
        bytes.splice(range, new);
    }
}

/// What a reading leads to: the resolved document or the messages.
fn outcome(bytes: &[u8], overlay: &Overlay) -> Result<toml::Table, String> {
    Source::parse("x.toml", bytes)
        .and_then(|source| read(&source, overlay, document))
        .map(|resolved| resolved.table)
        .map_err(|errors| errors.to_string())
}

/// Reading must be quick, but another program may take the processor meanwhile: of three attempts
/// the quickest counts.
fn assert_quick(work: impl Fn()) {
    let quick = (0..3).any(|_| {
        let start = Instant::now();
        work();
        start.elapsed() < Duration::from_millis(100)
    });
    assert!(quick, "reading took longer than 100 ms");
}

proptest! {
    // PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => ProptestConfig::default().cases,
            None => 2000,
        },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_documents_are_read_or_refused(
        mutations in prop::collection::vec(Mutation::any(), 1..5),
        quick in any::<bool>(),
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        let overlay = Overlay { profile: quick.then(|| "quick".to_owned()), ..Overlay::default() };
        assert_quick(|| drop(outcome(&bytes, &overlay)));
        match outcome(&bytes, &overlay) {
            // What was understood says the same when it is read again.
            Ok(resolved) => {
                let again = outcome(resolved.to_string().as_bytes(), &Overlay::default());
                prop_assert_eq!(again, Ok(resolved));
            }
            Err(message) => prop_assert!(message.ends_with(" in x.toml"), "{}", message),
        }
    }

    #[test]
    fn any_override_is_applied_or_refused(
        key in "(training|claims|objective|x|0|1|\\.|\"|\\PC){0,6}",
        value in "([0-9]|[\\[\\]{}\"'.,=-]|\\PC){0,8}",
    ) {
        let overlay = Overlay { overrides: vec![format!("{key}={value}")], ..Overlay::default() };
        assert_quick(|| drop(outcome(VALID.as_bytes(), &overlay)));
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_quick(|| drop(outcome(&bytes, &Overlay::default())));
    }
}

#[test]
fn the_largest_documents_are_quick_too() {
    let size = 256 * 1024;
    let repeat = |unit: &str| unit.repeat(size / unit.len());
    let numbered = |unit: fn(usize) -> String| (0..size / unit(99_999).len()).map(unit).collect();
    let documents: [String; 8] = [
        repeat("="),
        repeat("]\n"),
        repeat("seed = 1\n"),
        repeat("[[claims]]\n"),
        format!("title = \"{}\"", "\\q".repeat(size / 2 - 6)),
        format!("widths = [{}]", "0,".repeat(size / 2 - 6)),
        numbered(|i| format!("sead{i} = 1\n")),
        numbered(|i| format!("[profiles.p{i}]\nsed = 1\n")),
    ];
    for document in documents {
        let start = Instant::now();
        let message = outcome(document.as_bytes(), &Overlay::default()).unwrap_err();
        // Generous: the largest takes a tenth of it on a machine that is busy.
        let seconds = start.elapsed().as_secs_f64();
        assert!(seconds < 5.0, "{seconds} s for {message:.100}");
    }
}
