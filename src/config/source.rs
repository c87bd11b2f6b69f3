//! Reading a configuration file as TOML.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, de};

use super::errors::{ConfigErrors, Origin, Problem, Sort};
use super::suggest::nearest;
use super::tree::{Entry, Node, Table, Value, quote, shorten};

/// Larger files are refused; the configurations of this project are a hundredth of it.
const LARGEST: usize = 256 * 1024;

/// Deeper nesting is refused, so that no later recursion can exhaust the stack.
const DEEPEST: usize = 16;

/// A configuration file as a tree, with the problems of its syntax.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    /// The document, `profiles` included.
    pub(super) root: Node,
    pub(super) syntax: Syntax,
}

/// What was not valid TOML. The parser recovers and goes on, so that one missing quote does not
/// hide every other problem; this decides which of the problems found after that are real.
#[derive(Clone, Debug, Default)]
pub(super) struct Syntax {
    pub problems: Vec<Problem>,
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
        let path = path.as_ref();
        let mut bytes = Vec::new();
        // One byte more than is allowed, to tell "too large"; without a limit, a device would
        // fill the memory.
        let read =
            File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
        let name = path.display().to_string();
        match read {
            Ok(_) => Source::parse(name, &bytes),
            Err(error) => {
                let suggestion = match error.kind() {
                    io::ErrorKind::NotFound => neighbour(path),
                    _ => None,
                };
                let problem = whole(format!("cannot be read: {error}")).suggest(suggestion);
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
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match str::from_utf8(bytes) {
            Ok(text) => {
                let lines = Lines::new(text);
                let (table, errors) = DeTable::parse_recoverable(text);
                let place = |offset| lines.place(offset);
                let mut builder = Builder::new(text, &place);
                let table = builder.table(table.into_inner(), 1);
                let root = Node { origin: Origin::File, value: Value::Table(table) };
                let syntax = Syntax::new(text, &lines, errors, builder.too_deep);
                Ok(Source { name, root, syntax })
            }
            Err(error) => {
                let valid = error.valid_up_to();
                let text = String::from_utf8_lossy(&bytes[..valid]);
                let message = format!(
                    "the file is not UTF-8 text: byte 0x{:02x} at offset {valid}",
                    bytes[valid]
                );
                let problem = Problem::new(Lines::new(&text).place(valid), "", message);
                Err(ConfigErrors::new(name, vec![problem]))
            }
        }
    }

    /// The name that stands for the file in messages.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Syntax {
    fn new(
        text: &str,
        lines: &Lines<'_>,
        errors: Vec<de::Error>,
        too_deep: Option<Origin>,
    ) -> Self {
        let mut syntax = Syntax::default();
        let mut errors: Vec<_> =
            errors.iter().map(|error| (error.span().unwrap_or_default(), error)).collect();
        errors.sort_by_key(|(span, _)| span.start);
        for (span, error) in errors {
            let origin = lines.place(span.start);
            // What follows on the same line is mostly a consequence.
            if !syntax.lines.insert(line(&origin)) {
                continue;
            }
            let found = text.get(span).unwrap_or_default();
            let (problem, misplaced) = explain(origin, error.message(), found);
            syntax.problems.push(problem.of_sort(Sort::Syntax));
            syntax.misplaced |= misplaced;
        }
        if let Some(origin) = too_deep
            && syntax.lines.insert(line(&origin))
        {
            syntax.problems.push(Problem::new(origin, "", TOO_DEEP).of_sort(Sort::Syntax));
            syntax.misplaced = true;
        }
        syntax
    }

    /// Whether a problem found after recovery is real.
    pub fn keeps(&self, problem: &Problem) -> bool {
        match problem.sort {
            Sort::Syntax => true,
            Sort::Value => !self.lines.contains(&line(&problem.origin)),
            Sort::Missing | Sort::Unknown => !self.misplaced,
        }
    }
}

const TOO_DEEP: &str = "nested more than 16 levels deep";

/// Says in plain words what the parser found, and whether keys may be lost or misplaced.
fn explain(origin: Origin, message: &str, found: &str) -> (Problem, bool) {
    // The parser guesses what an unquoted word might have been: a float for `identity`, because
    // of `inf`, or for `None`, because of `nan`.
    let word = ["string values must be quoted", "invalid float", "invalid boolean"]
        .iter()
        .any(|start| message.starts_with(start));
    if message == "duplicate key" {
        (Problem::new(origin, "", format!("duplicate key {}", quote(found))), false)
    } else if message.contains("recur") {
        (Problem::new(origin, "", TOO_DEEP), true)
    } else if word && found.is_empty() {
        (Problem::new(origin, "", "not valid TOML: there is no value"), false)
    } else if word && found.starts_with(|c: char| c.is_alphabetic() || "“”„‘’".contains(c))
    {
        let bare = found.trim_matches(['“', '”', '„', '‘', '’']);
        let problem = Problem::new(origin, "", "not valid TOML: a text needs quotes")
            .found(shorten(found))
            .suggest(Some(quote(bare)));
        (problem, false)
    } else {
        let problem = Problem::new(origin, "", format!("not valid TOML: {message}"));
        (if found.trim().is_empty() { problem } else { problem.found(quote(found)) }, true)
    }
}

/// A problem with the file as a whole.
fn whole(message: String) -> Problem {
    Problem::new(Origin::File, "", message)
}

/// A file beside `path` with a similar name.
fn neighbour(path: &Path) -> Option<String> {
    let folder = match path.parent()? {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let names: Vec<String> = folder
        .read_dir()
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    let name = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(path.with_file_name(name).display().to_string())
}

/// Finds lines and columns of byte offsets.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_newlines).collect() }
    }

    fn place(&self, offset: usize) -> Origin {
        let line = self.starts.partition_point(|&start| start <= offset);
        let before = &self.text.as_bytes()[self.starts[line - 1]..offset.min(self.text.len())];
        // Characters are counted, not bytes, but not on lines so long that counting anew for
        // each of their values would take quadratic time.
        let column = match before {
            short if short.len() <= 1000 => String::from_utf8_lossy(short).chars().count(),
            long => long.len(),
        };
        Origin::Place { line, column: column + 1 }
    }
}

fn line(origin: &Origin) -> usize {
    match origin {
        Origin::Place { line, .. } => *line,
        Origin::File | Origin::Argument { .. } => 0,
    }
}

/// Turns what the parser yields into a tree of our own.
pub(super) struct Builder<'a> {
    text: &'a str,
    origin: &'a dyn Fn(usize) -> Origin,
    /// Where nesting first went too deep; what lies deeper is left out.
    pub too_deep: Option<Origin>,
}

impl<'a> Builder<'a> {
    /// `origin` tells where the byte at an offset of `text` was written.
    pub fn new(text: &'a str, origin: &'a dyn Fn(usize) -> Origin) -> Self {
        Self { text, origin, too_deep: None }
    }

    /// A value at a depth of nesting; the document is at depth 0.
    pub fn node(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Node {
        let span = value.span();
        let origin = (self.origin)(span.start);
        let literal = || self.text.get(span.clone()).unwrap_or_default().to_owned();
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(digits) => {
                let whole = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
                // Too large for i64: only decimal literals have a use as a float.
                let value = whole.map_or_else(
                    || digits.as_str().parse().unwrap_or(f64::INFINITY),
                    |whole| whole as f64,
                );
                Value::Number { literal: literal(), value, whole }
            }
            DeValue::Float(digits) => Value::Number {
                literal: literal(),
                value: digits.as_str().parse().unwrap_or(f64::NAN),
                whole: None,
            },
            DeValue::Boolean(flag) => Value::Flag(flag),
            DeValue::Datetime(_) => Value::Date(literal()),
            DeValue::Array(_) | DeValue::Table(_) if depth >= DEEPEST => {
                self.too_deep.get_or_insert(origin.clone());
                Value::Array(Vec::new())
            }
            DeValue::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.node(item, depth + 1)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table, depth + 1)),
        };
        Node { origin, value }
    }

    /// The entries of a table, at a depth of nesting.
    pub fn table(&mut self, table: DeTable<'_>, depth: usize) -> Table {
        let entry = |(key, value): (Spanned<de::DeString<'_>>, _)| Entry {
            origin: (self.origin)(key.span().start),
            node: self.node(value, depth),
            key: key.into_inner().into_owned(),
        };
        Table(table.into_iter().map(entry).collect())
    }
}
