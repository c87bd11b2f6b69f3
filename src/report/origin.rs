//! Where results come from: what `provenance.json` says.

use serde::Serialize;
use serde_json::{Map, Value};

use super::table::{Table, text};
use crate::error::{Error, Result};
use crate::store::PROVENANCE;

/// What is known of a run.
#[derive(Debug, Default, Serialize)]
pub(super) struct Origin {
    /// What it was, and its value.
    facts: Vec<(String, String)>,
    /// The data files.
    data: Option<Table>,
    /// Version and revision of the program.
    pub program: String,
}

/// The facts that come first, and what they are called.
const KNOWN: &[(&str, &str)] = &[
    ("version", "program version"),
    ("revision", "source revision"),
    ("arguments", "command"),
    ("start", "start (UTC)"),
    ("end", "end (UTC)"),
    ("wall_seconds", "seconds on the clock"),
    ("cpu_seconds", "seconds of all threads"),
    ("peak_memory", "peak memory (bytes)"),
    ("operating_system", "operating system"),
    ("processor", "processor"),
    ("threads", "threads"),
    ("back_end", "linear algebra"),
    ("sources", "hash of the sources"),
    ("rustc", "compiler"),
    ("features", "features"),
    ("seed", "seed"),
    ("config_sha256", "config (SHA-256)"),
];
const DATA: &str = "data";

impl Origin {
    /// Reads the file's contents.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is not as the programs write it.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let all: Map<String, Value> = serde_json::from_slice(bytes).map_err(|problem| {
            let message = format!("{problem}; run the experiment again to write it anew");
            Error::Corrupt { path: PROVENANCE.into(), message }
        })?;
        let known =
            KNOWN.iter().filter_map(|(key, name)| Some(((*name).to_owned(), all.get(*key)?)));
        let others = all
            .iter()
            .filter(|(key, _)| *key != DATA && KNOWN.iter().all(|(known, _)| known != key))
            .map(|(key, value)| (key.replace('_', " "), value));
        let facts = known.chain(others).map(|(name, value)| (name, in_words(value)));
        let facts = facts.filter(|(_, words)| !words.is_empty());
        let named = |key| all.get(key).map(in_words).unwrap_or_default();
        Ok(Self {
            facts: facts.collect(),
            data: all.get(DATA).and_then(data),
            program: format!("egop {} ({})", named("version"), short(&named("revision"))),
        })
    }
}

/// So much of a revision as is usual, and whether the source was changed since.
fn short(revision: &str) -> String {
    let (hash, changed) = match revision.split_once('-') {
        Some((hash, changed)) => (hash, format!("-{changed}")),
        None => (revision, String::new()),
    };
    hash.chars().take(10).chain(changed.chars()).collect()
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(" "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The data files with their checksums.
fn data(files: &Value) -> Option<Table> {
    let row = |file: &Value| match file.as_array()?.as_slice() {
        [name, sum] => Some(vec![in_words(name), in_words(sum)]),
        _ => None,
    };
    let rows = files.as_array()?.iter().filter_map(row).collect();
    Table::new("Data files", 1, &[text("file"), text("SHA-256")], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_comes_first_and_nothing_is_left_out() {
        let json = br#"{"version": "1.2", "end": "later", "memory_peak": 7, "revision": "0123456789abcdef-dirty",
                        "data": [["a.csv", "00ff"]], "arguments": ["egop-run", "x.toml"]}"#;
        let origin = Origin::read(json).unwrap();
        let names: Vec<&str> = origin.facts.iter().map(|(name, _)| &**name).collect();
        let wanted = ["program version", "source revision", "command", "end (UTC)", "memory peak"];
        assert_eq!(names, wanted);
        assert_eq!(origin.facts[2].1, "egop-run x.toml");
        assert_eq!(origin.program, "egop 1.2 (0123456789-dirty)");
        assert_eq!(origin.data.unwrap().rows, [["a.csv", "00ff"]]);
        let broken = Origin::read(b"{\"version\": ");
        assert!(matches!(broken, Err(Error::Corrupt { .. })));
    }
}
