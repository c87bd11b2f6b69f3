//! A TOML document as a tree whose values know where they were written.

use super::errors::{ConfigError, Origin};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub origin: Origin,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    String(String),
    /// An integer or a float.
    Number {
        /// As written.
        literal: String,
        /// Rounded to the nearest float; infinite when too large.
        value: f64,
        /// The exact value of an integer that fits.
        whole: Option<i64>,
    },
    Flag(bool),
    /// A date or time, which no key wants; as written.
    Date(String),
    Array(Vec<Node>),
    Table(Fields),
}

/// Keys and values in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(pub Vec<Field>);

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub key: String,
    /// Where the key was written; its value has a place of its own.
    pub origin: Origin,
    pub node: Node,
    /// Which layer wrote it last: 0 for the document, 1 for the profile, then one for each
    /// override.
    pub layer: usize,
    /// Since which layer it is there, or a string is what it is.
    pub since: usize,
}

impl Fields {
    pub fn entry(&self, key: &str) -> Option<&Field> {
        self.0.iter().find(|entry| entry.key == key)
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Takes the entry out.
    pub fn remove(&mut self, key: &str) -> Option<Field> {
        let at = self.0.iter().position(|entry| entry.key == key)?;
        Some(self.0.remove(at))
    }
}

impl Node {
    /// The value of a key, or the element with a number.
    pub fn child(&self, segment: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(table) => table.get(segment),
            Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The value as a message names it.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::String(text) => quote(text),
            Value::Number { literal, .. } => shorten(literal),
            Value::Flag(flag) => flag.to_string(),
            Value::Date(literal) => format!("the date {}", shorten(literal)),
            Value::Array(items) if items.is_empty() => "an empty array".to_owned(),
            Value::Array(items)
                if items.iter().all(|item| matches!(item.value, Value::Table(_))) =>
            {
                "an array of tables".to_owned()
            }
            Value::Array(_) => "an array".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }

    /// Whether both are tables, which are merged, or the same string.
    fn says_the_same(&self, other: &Node) -> bool {
        match (&self.value, &other.value) {
            (Value::Table(_), Value::Table(_)) => true,
            (Value::String(one), Value::String(other)) => one == other,
            _ => false,
        }
    }

    /// The node as part of a layer, with everything in it.
    pub fn in_layer(mut self, layer: usize) -> Self {
        self.set_layer(layer);
        self
    }

    fn set_layer(&mut self, layer: usize) {
        match &mut self.value {
            Value::Table(table) => {
                for entry in &mut table.0 {
                    (entry.layer, entry.since) = (layer, layer);
                    entry.node.set_layer(layer);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| item.set_layer(layer)),
            _ => {}
        }
    }

    /// Merges `over` into this node: tables are merged key by key, a table on an array addresses
    /// elements by their number from 0, and anything else is replaced.
    ///
    /// `path` is the node's dotted key, for problems.
    pub fn merge(&mut self, over: Node, path: &str, problems: &mut Vec<ConfigError>) {
        match (&mut self.value, over.value) {
            (Value::Table(table), Value::Table(over)) => {
                for entry in over.0 {
                    match table.0.iter_mut().find(|old| old.key == entry.key) {
                        Some(old) => {
                            old.layer = entry.layer;
                            if !old.node.says_the_same(&entry.node) {
                                old.since = entry.since;
                                old.origin = entry.origin;
                            }
                            old.node.merge(entry.node, &join(path, &entry.key), problems);
                        }
                        None => table.0.push(entry),
                    }
                }
            }
            (Value::Array(items), Value::Table(over)) => {
                let length = items.len();
                for entry in over.0 {
                    let path = join(path, &entry.key);
                    match entry.key.parse::<usize>().ok().and_then(|i| items.get_mut(i)) {
                        Some(item) => item.merge(entry.node, &path, problems),
                        None => problems.push(ConfigError::new(
                            entry.origin,
                            path,
                            format!("no such element; there are {length}, numbered from 0"),
                        )),
                    }
                }
            }
            (_, value) => *self = Node { origin: over.origin, value },
        }
    }
}

/// The dotted key of `key` in the table `path`, quoted where TOML wants it quoted.
pub(super) fn join(path: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key = if !key.is_empty() && key.chars().all(bare) { shorten(key) } else { quote(key) };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// Strings in messages are cut here.
const LONGEST: usize = 60;

/// A string in quotes, with control characters escaped, cut when long.
pub(super) fn quote(text: &str) -> String {
    format!("{:?}", shorten(text))
}

/// A string, cut when long.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
