//! The keys as a page: `docs/config.md`.

use std::fmt::Write;

use super::Keys;
use super::words::{capitalized, choices, sentence};
use crate::config::KeyDescription;

const HEAD: &str = "\
# Keys of a config

Every key that a config may hold, from the functions that read it: a test fails where this page is not
as they are. `NAME` stands for a name that the config gives, `[]` for each of the tables of an array.
`egop-run --explain KEY` says the same of one key, `egop-run --init NAME` writes a config to start from,
and [config.schema.json](config.schema.json) tells editors (`#:schema PATH` in the first line of a config,
which Taplo and Even Better TOML know).

A key that is missing, misspelt or of the wrong kind is a problem of the config; all of them are listed
before any work. A key that goes \"with\" others is one only where these are so; \"without\" others, only
where none of them is there.
";

/// The page.
pub fn markdown() -> String {
    let keys = Keys::all();
    let mut page = HEAD.to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(page, "\n## Of an experiment");
    part(&mut page, &keys.experiment.iter().collect::<Vec<_>>());
    let _ = writeln!(
        page,
        "\n## Of a study\n\n`name`, `title`, `about`, `profile`, `figures` and `profiles` are those of an \
         experiment; a figure has the kind `study`."
    );
    let only = keys.study.iter().filter(|key| !keys.experiment.contains(key));
    let only = only.filter(|key| key.key == "study" || key.key.starts_with("study."));
    part(&mut page, &only.collect::<Vec<_>>());
    page
}

/// A section for each table at the top, after the keys that are no tables.
fn part(page: &mut String, keys: &[&KeyDescription]) {
    let top =
        |key: &KeyDescription| key.key.split(['.', '[']).next().unwrap_or_default().to_owned();
    let is_table =
        |name: &str| keys.iter().any(|key| key.key.len() > name.len() && top(key) == name);
    page.push('\n');
    for key in keys.iter().filter(|key| !is_table(&top(key))) {
        entry(page, key);
    }
    let mut tables: Vec<String> = keys.iter().map(|key| top(key)).collect();
    tables.retain(|name| is_table(name));
    tables.dedup();
    for table in tables {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "\n### `{table}`\n");
        for key in keys.iter().filter(|key| top(key) == table) {
            entry(page, key);
        }
    }
}

fn entry(page: &mut String, key: &KeyDescription) {
    let KeyDescription { key: name, meaning, .. } = key;
    // Writing to a string cannot fail.
    let _ = writeln!(page, "- **`{name}`**: {}. {}", capitalized(meaning), sentence(key));
    for choice in choices(&key.value) {
        let _ = match &choice.summary {
            Some(summary) => writeln!(page, "  - `{}`: {summary}", choice.name),
            None => writeln!(page, "  - `{}`", choice.name),
        };
    }
}
