//! The README says all there is: every config, every table, every column.

use std::collections::BTreeSet;

const README: &str = include_str!("../README.md");
/// The rows' fields are the tables' columns, and a row's documentation names its table.
const RECORDS: [&str; 4] = [
    include_str!("../src/record.rs"),
    include_str!("../src/record/timing.rs"),
    include_str!("../src/record/break_even.rs"),
    include_str!("../src/record/study.rs"),
];

#[test]
fn every_config_is_in_the_map() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/configs"));
    let names: BTreeSet<String> = folder
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    assert!(names.contains("lsq.toml"));
    for name in names {
        assert!(README.contains(&format!("`{name}`")), "the README does not mention {name}");
    }
}

#[test]
fn links_lead_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for document in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"] {
        let path = root.join(document);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for rest in text.split("](").skip(1) {
            let link = rest.split([')', '#']).next().unwrap_or_default();
            if !link.is_empty() && !link.contains("://") {
                let target = path.with_file_name(link);
                assert!(target.exists(), "{document} links to {link}, which is not there");
                links += 1;
            }
        }
    }
    assert!(links >= 5, "only {links} links were found");
}

/// The README's part on a table: from its name in bold to the next heading or table.
fn part(table: &str) -> &'static str {
    let name = format!("**`{table}`**");
    let start = README.find(&name);
    assert!(start.is_some(), "the README does not describe {table}");
    let after = &README[start.unwrap_or_default()..];
    let rows = after.find("\n|").unwrap_or(after.len());
    let end = after[rows..].find("\n\n").map_or(after.len(), |end| rows + end);
    &after[..end]
}

#[test]
fn every_column_of_every_table_is_explained() {
    let mut table = None;
    let mut columns = 0;
    for line in RECORDS.iter().flat_map(|text| text.lines()) {
        if let Some(text) = line.strip_prefix("///") {
            let named = text.split('`').find(|word| word.ends_with(".csv"));
            table = named.or(table);
        } else if line == "}" {
            table = None;
        } else if let (Some(table), Some(field)) = (table, line.strip_prefix("    pub ")) {
            let column = field.split(':').next().unwrap_or_default();
            let explained = part(table).contains(&format!("`{column}`"));
            assert!(explained, "the README does not explain `{column}` of {table}");
            columns += 1;
        }
    }
    assert!(columns > 70, "only {columns} columns were found");
}
