//! Reading a configuration file as TOML.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::builder::{Builder, DEEPEST, Lines};
use super::errors::{ConfigError, ConfigErrors, Origin, Sort};
use super::kind::{FileName, Kind as _};
use super::nearby;
use super::tree::{Field, Fields, Node, Value, join, quote, shorten};

/// Larger files are refused; the configurations of this project are a hundredth of it.
const LARGEST: usize = 256 * 1024;

/// A configuration file as a tree.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) name: String,
    /// What relative paths in the document are relative to; `None`: to the working directory.
    pub(super) folder: Option<PathBuf>,
    /// The document without its profiles.
    pub(super) root: Node,
    /// The profiles, each a table.
    pub(super) profiles: Fields,
    /// What is wrong with the text whatever it is read for.
    pub(super) problems: Vec<ConfigError>,
    pub(super) damage: Damage,
}

/// What syntax errors have destroyed. The parser recovers and goes on, so that one missing quote
/// does not hide every other problem; this decides which of those are real.
#[derive(Clone, Debug, Default)]
pub(super) struct Damage {
    /// Lines with a syntax error: what recovery made of them is not worth a second problem.
    lines: BTreeSet<usize>,
    /// Whether recovery may have lost keys or put them into the wrong table.
    misplaced: bool,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read, is larger than 256 KiB, or is not UTF-8. Invalid TOML is not
    /// an error yet: [`read`](super::read) reports it together with everything else.
    pub fn open(path: impl AsRef<Path>) -> Result<Source, ConfigErrors> {
        Source::open_or_suggest(path, &[])
    }

    /// The same; where there is no such file, one of these names may have been meant, too.
    ///
    /// # Errors
    /// As for [`Source::open`].
    pub fn open_or_suggest(path: impl AsRef<Path>, names: &[&str]) -> Result<Source, ConfigErrors> {
        let path = path.as_ref();
        let mut bytes = Vec::new();
        // One byte more than is allowed, to tell "too large"; without a limit, a device would
        // fill the memory.
        let read =
            File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
        let name = path.display().to_string();
        match read {
            Ok(_) => {
                let folder = std::path::absolute(path).ok();
                let folder = folder.and_then(|path| path.parent().map(Path::to_path_buf));
                Source::parse(name, &bytes).map(|source| Source { folder, ..source })
            }
            Err(error) => {
                let problem = match error.kind() {
                    io::ErrorKind::IsADirectory => {
                        let (holds, suggestion) = nearby::in_folder(path);
                        whole(format!("is a folder, not a config{holds}")).suggest(suggestion)
                    }
                    io::ErrorKind::NotFound => whole(format!("cannot be read: {error}"))
                        .suggest(nearby::config(path, names)),
                    _ => whole(format!("cannot be read: {error}")),
                };
                Err(ConfigErrors::new(name, vec![problem]))
            }
        }
    }

    /// Reads a file's contents; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As for [`Source::open`].
    pub fn parse(name: impl Into<String>, bytes: &[u8]) -> Result<Source, ConfigErrors> {
        let name = name.into();
        if bytes.len() > LARGEST {
            let message = format!("the file is larger than {} KiB", LARGEST / 1024);
            return Err(ConfigErrors::new(name, vec![whole(message)]));
        }
        // Some editors begin UTF-8 files with a byte order mark.
        let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match str::from_utf8(body) {
            Ok(text) => Ok(Source::from_text(name, text)),
            Err(error) => {
                let (valid, rest) = body.split_at(error.valid_up_to());
                let message = format!(
                    "the file is not UTF-8 text: byte 0x{:02x} at offset {}",
                    rest[0],
                    bytes.len() - rest.len()
                );
                let text = String::from_utf8_lossy(valid);
                let problem = ConfigError::new(Lines::new(&text).place(valid.len()), "", message);
                Err(ConfigErrors::new(name, vec![problem]))
            }
        }
    }

    fn from_text(name: String, text: &str) -> Source {
        let lines = Lines::new(text);
        let place = |offset| lines.place(offset);
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut builder = Builder::new(text, &place);
        let mut table = builder.table(table.into_inner(), 1);

        let mut problems = Vec::new();
        let mut damage = Damage::default();
        let mut errors: Vec<_> = errors
            .iter()
            .map(|error| (error.span().unwrap_or_default(), error.message()))
            .collect();
        errors.sort_by_key(|(span, _)| span.start);
        for (span, message) in errors {
            let origin = place(span.start);
            // What follows on the same line is mostly a consequence.
            if damage.lines.insert(line(&origin)) {
                let found = text.get(span).unwrap_or_default();
                let (problem, misplaced) = explain(origin, message, found);
                problems.push(problem.of_sort(Sort::Syntax));
                damage.misplaced |= misplaced;
            }
        }
        if let Some(origin) = builder.too_deep
            && damage.lines.insert(line(&origin))
        {
            problems.push(too_deep(origin).of_sort(Sort::Syntax));
            damage.misplaced = true;
        }
        let profiles = take_profiles(&mut table, &mut problems);
        let root = Node { origin: Origin::File, value: Value::Table(table) };
        Source { name, folder: None, root, profiles, problems, damage }
    }

    /// The name that stands for the file in messages.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Damage {
    /// Whether a problem found after recovery is real.
    pub fn spares(&self, problem: &ConfigError) -> bool {
        match problem.sort {
            Sort::Syntax => true,
            Sort::Value => !self.lines.contains(&line(&problem.origin)),
            Sort::Unknown | Sort::Stale => !self.misplaced,
            // A key may be missing because the parser could not read it.
            Sort::Missing | Sort::Relation => self.lines.is_empty(),
        }
    }
}

/// Says in plain words what the parser found, and whether keys may be lost or misplaced.
fn explain(origin: Origin, message: &str, found: &str) -> (ConfigError, bool) {
    let problem = |message: &str| ConfigError::new(origin.clone(), "", message);
    if message == "duplicate key" {
        return (problem(&format!("duplicate key {}", quote(found))), false);
    }
    if message.contains("recur") {
        return (too_deep(origin), true);
    }
    // The parser guesses what an unquoted word might have been: a float for `identity`, because
    // of `inf`, or for `None`, because of `nan`.
    let unquoted = ["string values must be quoted", "invalid float", "invalid boolean"];
    if unquoted.iter().any(|start| message.starts_with(start)) {
        if found.is_empty() {
            return (problem("not valid TOML: there is no value"), false);
        }
        let bare = found.trim_matches(['“', '”', '„', '‘', '’']);
        let meant = match bare.to_lowercase().as_str() {
            flag @ ("true" | "false") => flag.to_owned(),
            _ => quote(bare),
        };
        return if bare.starts_with(char::is_alphabetic) {
            let problem = problem("not valid TOML: a string needs quotes");
            (problem.found(shorten(found)).suggest(Some(meant)), false)
        } else {
            let problem = problem("not valid TOML: neither a number nor a string in quotes");
            (problem.found(shorten(found)), true)
        };
    }
    let problem = problem(&format!("not valid TOML: {message}"));
    (if found.trim().is_empty() { problem } else { problem.found(quote(found)) }, true)
}

/// Takes the profiles, which must be tables, out of the document.
fn take_profiles(table: &mut Fields, problems: &mut Vec<ConfigError>) -> Fields {
    let Some(Field { node, .. }) = table.remove("profiles") else { return Fields::default() };
    let refuse = |problems: &mut Vec<ConfigError>, node: &Node, key: &str, expected| {
        let problem = ConfigError::new(node.origin.clone(), key, format!("expected {expected}"));
        problems.push(problem.found(node.describe()));
    };
    let Value::Table(mut profiles) = node.value else {
        refuse(problems, &node, "profiles", "[profiles.NAME] tables");
        return Fields::default();
    };
    for entry in &mut profiles.0 {
        if !FileName::fits(&entry.key) {
            let problem = format!("the profile's name: expected {}", FileName.expected());
            let key = join("profiles", &entry.key);
            problems.push(ConfigError::new(entry.node.origin.clone(), &key, problem));
        }
        if !matches!(entry.node.value, Value::Table(_)) {
            refuse(problems, &entry.node, &join("profiles", &entry.key), "a table");
            entry.node.value = Value::Table(Fields::default());
        }
    }
    profiles
}

fn too_deep(origin: Origin) -> ConfigError {
    ConfigError::new(origin, "", format!("nested more than {DEEPEST} levels deep"))
}

/// A problem with the file as a whole.
fn whole(message: String) -> ConfigError {
    ConfigError::new(Origin::File, "", message)
}

fn line(origin: &Origin) -> usize {
    match origin {
        Origin::Place { line, .. } => *line,
        Origin::File | Origin::Argument { .. } => 0,
    }
}
