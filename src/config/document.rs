//! Reading a document: every problem and every resolved value is recorded.

use std::collections::BTreeSet;
use std::path::Path;

use super::errors::{ConfigError, Origin, Sort};
use super::kind::Kind;
use super::suggest::nearest;
use super::tree::{Field, Fields, Node, Value, join, quote};

/// What was read, as tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// Every key, defaults filled in.
    pub resolved: toml::Table,
    /// Those that are not declared to be presentation.
    pub identity: toml::Table,
}

impl Tables {
    fn insert(&mut self, key: &str, value: toml::Value, presentation: bool) {
        if !presentation {
            self.identity.insert(key.to_owned(), value.clone());
        }
        self.resolved.insert(key.to_owned(), value);
    }

    fn nest(&mut self, key: &str, tables: Tables, presentation: bool) {
        if !presentation {
            self.identity.insert(key.to_owned(), tables.identity.into());
        }
        self.resolved.insert(key.to_owned(), tables.resolved.into());
    }
}

/// What the tables of a document have in common while they are read.
pub(super) struct Setting<'a> {
    /// What paths are relative to.
    pub folder: Option<&'a Path>,
    pub problems: &'a mut Vec<ConfigError>,
    /// Whether what is read is declared to be presentation.
    pub presentation: bool,
}

/// One table of a document.
pub(super) struct Document<'a> {
    entries: &'a Fields,
    origin: &'a Origin,
    path: String,
    setting: Setting<'a>,
    asked: Vec<String>,
    /// Keys in whose place another one was laid over the document.
    replaced: Vec<String>,
    /// The last layer that chose anew: earlier keys may have lost their meaning.
    chosen_in: usize,
    /// What it chose by: without that, other keys would have been asked for.
    chosen_by: Option<&'a Origin>,
    /// A choice failed, so the keys that go with it are not known.
    undecided: bool,
    tables: Tables,
}

/// Reads a node that must be a table: `read` gives the document back, with what it read.
pub(super) fn read_node<T>(
    node: &Node,
    path: String,
    setting: Setting<'_>,
    read: impl for<'b> FnOnce(Document<'b>) -> Option<(Option<T>, Document<'b>)>,
) -> Option<(T, Tables)> {
    let Value::Table(entries) = &node.value else {
        let problem = ConfigError::new(node.origin.clone(), path, "expected a table");
        setting.problems.push(problem.found(node.describe()));
        return None;
    };
    let document = Document {
        entries,
        origin: &node.origin,
        path,
        setting,
        asked: Vec::new(),
        replaced: Vec::new(),
        chosen_in: 0,
        chosen_by: None,
        undecided: false,
        tables: Tables::default(),
    };
    let (value, mut document) = read(document)?;
    document.report_unknown_keys();
    Some((value?, document.tables))
}

impl<'a> Document<'a> {
    /// See [`super::Reader::alternative`].
    pub fn alternative(&mut self, groups: &[&[&str]]) -> Option<Option<usize>> {
        let layer = |group: &&[&str]| {
            group.iter().filter_map(|key| self.entry(key)).map(|entry| entry.layer).max()
        };
        let layers: Vec<Option<usize>> = groups.iter().map(layer).collect();
        let Some(last) = layers.iter().copied().max().flatten() else { return Some(None) };
        let mut there = (0..groups.len()).filter(|&group| layers[group] == Some(last));
        let chosen = there.next();
        if there.next().is_some() {
            let names: Vec<String> = groups.iter().map(|group| group.join(" and ")).collect();
            let first = groups.iter().copied().flatten().find(|key| self.has(key));
            let first = first.copied().unwrap_or_default();
            self.problem(first, format!("give either {}, not both", names.join(" or ")));
            self.asked.extend(groups.iter().copied().flatten().map(|&key| key.to_owned()));
            self.undecided = true;
            return None;
        }
        for (group, keys) in groups.iter().enumerate() {
            if Some(group) != chosen && layers[group].is_some() {
                self.replaced.extend(keys.iter().map(|&key| key.to_owned()));
                self.chosen_in = self.chosen_in.max(last);
                let by = chosen.into_iter().flat_map(|group| groups[group]);
                let mut by = by.filter_map(|key| self.entry(key));
                self.chosen_by = by.find(|entry| entry.layer == last).map(|entry| &entry.origin);
            }
        }
        Some(chosen)
    }

    /// A table, if it is there.
    pub fn table<T>(
        &mut self,
        key: &str,
        read: impl for<'b> FnOnce(Document<'b>) -> Option<(Option<T>, Document<'b>)>,
    ) -> Option<Option<T>> {
        match self.ask(key) {
            Some(node) => self.table_at(key, node, read).map(Some),
            None => Some(None),
        }
    }

    /// A table; a missing one is read as an empty one, so that its defaults are resolved.
    pub fn table_or_empty<T>(
        &mut self,
        key: &str,
        read: impl for<'b> FnOnce(Document<'b>) -> Option<(Option<T>, Document<'b>)>,
    ) -> Option<T> {
        match self.ask(key) {
            Some(node) => self.table_at(key, node, read),
            None => {
                let value = Value::Table(Fields::default());
                self.table_at(key, &Node { origin: self.origin.clone(), value }, read)
            }
        }
    }

    fn table_at<T>(
        &mut self,
        key: &str,
        node: &Node,
        read: impl for<'b> FnOnce(Document<'b>) -> Option<(Option<T>, Document<'b>)>,
    ) -> Option<T> {
        let path = join(&self.path, key);
        let (value, tables) = read_node(node, path, self.setting(), read)?;
        self.tables.nest(key, tables, self.setting.presentation);
        Some(value)
    }

    /// The tables of a `[[key]]` array; none when it is missing.
    pub fn array<T>(
        &mut self,
        key: &str,
        mut read: impl for<'b> FnMut(Document<'b>) -> Option<(Option<T>, Document<'b>)>,
    ) -> Option<Vec<T>> {
        let path = join(&self.path, key);
        let items = match self.ask(key) {
            None => &[][..],
            Some(Node { value: Value::Array(items), .. }) => items,
            Some(node) => {
                let message = format!("expected [[{path}]] tables");
                let problem = ConfigError::new(node.origin.clone(), path, message);
                self.setting.problems.push(problem.found(node.describe()));
                return None;
            }
        };
        let read: Vec<Option<(T, Tables)>> = items
            .iter()
            .enumerate()
            .map(|(i, item)| {
                read_node(item, join(&path, &i.to_string()), self.setting(), &mut read)
            })
            .collect();
        let (values, tables): (Vec<T>, Vec<Tables>) =
            read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
        let of = |table: fn(&Tables) -> &toml::Table| {
            toml::Value::from(tables.iter().map(table).cloned().collect::<Vec<_>>())
        };
        if !self.setting.presentation {
            self.tables.identity.insert(key.to_owned(), of(|tables| &tables.identity));
        }
        self.tables.resolved.insert(key.to_owned(), of(|tables| &tables.resolved));
        Some(values)
    }

    /// All tables in this one, with their names, in the order of the file.
    pub fn each<T>(
        &mut self,
        mut read: impl for<'b> FnMut(&str, Document<'b>) -> Option<(Option<T>, Document<'b>)>,
    ) -> Option<Vec<(String, T)>> {
        let entries = self.entries;
        let read: Vec<Option<(String, T)>> = (entries.0.iter())
            .map(|entry| {
                let name = entry.key.as_str();
                if name.is_empty() {
                    self.asked.push(name.to_owned());
                    self.problem(name, "a name must not be empty");
                    return None;
                }
                let value = self.table(name, |table| read(name, table))??;
                Some((name.to_owned(), value))
            })
            .collect();
        read.into_iter().collect()
    }

    /// Declares what follows to be presentation, or not; returns what held before.
    pub fn set_presentation(&mut self, presentation: bool) -> bool {
        std::mem::replace(&mut self.setting.presentation, presentation)
    }

    /// What paths are relative to.
    pub fn folder(&self) -> Option<&'a Path> {
        self.setting.folder
    }

    fn setting(&mut self) -> Setting<'_> {
        let Setting { folder, presentation, .. } = self.setting;
        Setting { folder, problems: self.setting.problems, presentation }
    }

    /// Whether the key is there.
    fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// See [`super::Reader::elsewhere`].
    pub fn elsewhere(&mut self, key: &str, form: &str, instead: &str) -> bool {
        let there = self.entry(key).is_some_and(|entry| entry.node.child(form).is_some());
        if there {
            self.asked.push(key.to_owned());
            // What goes with the other key is not asked for.
            self.undecided = true;
            self.problem(&format!("{key}.{form}"), format!("is a key of its own: {instead}"));
        }
        there
    }

    /// The entry of a key, unless another key has taken its place.
    fn entry(&self, key: &str) -> Option<&'a Field> {
        self.entries.entry(key).filter(|entry| !self.replaced.contains(&entry.key))
    }

    /// Reports a problem at a dotted key within this table, or at the table itself.
    pub fn problem(&mut self, key: &str, problem: impl Into<String>) {
        let message = problem.into();
        let mut segments = key.split('.').filter(|segment| !segment.is_empty());
        let mut path = self.path.clone();
        let mut origin = self.origin;
        let mut node = None;
        if let Some(segment) = segments.next() {
            path = join(&path, segment);
            node = self.entries.get(segment);
        }
        while let Some(found) = node {
            origin = &found.origin;
            let Some(segment) = segments.next() else { break };
            path = join(&path, segment);
            node = found.child(segment);
        }
        let path = segments.fold(path, |path, segment| join(&path, segment));
        let known = |earlier: &ConfigError| {
            earlier.key == path && (!key.is_empty() || earlier.message == message)
        };
        if !self.setting.problems.iter().any(known) {
            let problem = ConfigError::new(origin.clone(), path, message);
            self.setting.problems.push(problem.of_sort(Sort::Relation));
        }
    }

    /// Reports a problem at a key that nothing asks for, if it is there, unless it goes with a choice
    /// that a profile or an override has replaced. The resolved document does not state it either, where
    /// it was asked for before that was known.
    pub fn idle(&mut self, key: &str, problem: &str) {
        self.tables.resolved.remove(key);
        if self.entry(key).is_some_and(|entry| entry.layer >= self.chosen_in) {
            self.asked.push(key.to_owned());
            self.problem(key, problem);
        }
    }

    /// Records the keys that nobody asked for.
    fn report_unknown_keys(&mut self) {
        let known = |key: &String| self.asked.contains(key) || self.replaced.contains(key);
        let absent: Vec<&str> =
            self.asked.iter().map(String::as_str).filter(|key| !self.has(key)).collect();
        let mut misspelt = BTreeSet::new();
        for entry in self.entries.0.iter().filter(|entry| !known(&entry.key)) {
            let meant = nearest(&entry.key, absent.iter().copied());
            let stale = entry.layer < self.chosen_in;
            let message = match meant {
                Some(meant) => {
                    if !stale {
                        misspelt.insert(join(&self.path, meant));
                    }
                    "unknown key".to_owned()
                }
                // It may go with the choice that was not understood.
                None if self.undecided => continue,
                None if self.asked.is_empty() => "unknown key; none is allowed here".to_owned(),
                None => format!("unknown key; allowed here: {}", self.asked.join(", ")),
            };
            self.setting.problems.push(
                ConfigError::new(entry.origin.clone(), join(&self.path, &entry.key), message)
                    .suggest(meant.map(quote))
                    .of_sort(if stale { Sort::Stale } else { Sort::Unknown }),
            );
        }
        // A misspelt key is one problem, not also a missing one.
        if !misspelt.is_empty() {
            self.setting.problems.retain(|problem| {
                problem.sort != Sort::Missing || !misspelt.contains(&problem.key)
            });
        }
    }

    /// Looks a key up and notes that it is known.
    fn ask(&mut self, key: &str) -> Option<&'a Node> {
        if !self.asked.iter().any(|asked| asked == key) {
            self.asked.push(key.to_owned());
        }
        self.entry(key).map(|entry| &entry.node)
    }

    /// Records that a required key is not there.
    pub fn missing<T>(&mut self, key: &str, expected: &str) -> Option<T> {
        self.setting.problems.push(
            ConfigError::new(
                self.chosen_by.unwrap_or(self.origin).clone(),
                join(&self.path, key),
                format!("missing, expected {expected}"),
            )
            .of_sort(Sort::Missing),
        );
        None
    }

    /// A value of a kind, if the key is there.
    pub fn optional<K: Kind>(&mut self, key: &str, kind: &K) -> Option<Option<K::Output>> {
        match self.ask(key) {
            Some(node) => {
                let value = kind.read(node, &join(&self.path, key), self.setting.problems)?;
                Some(Some(self.resolve(key, kind, value)))
            }
            None => Some(None),
        }
    }

    /// A value of a kind, or a default.
    pub fn or<K: Kind>(&mut self, key: &str, kind: &K, default: K::Output) -> Option<K::Output> {
        let value = match self.ask(key) {
            Some(node) => kind.read(node, &join(&self.path, key), self.setting.problems)?,
            None => default,
        };
        Some(self.resolve(key, kind, value))
    }

    /// States a value in the resolved document.
    fn resolve<K: Kind>(&mut self, key: &str, kind: &K, value: K::Output) -> K::Output {
        self.tables.insert(key, kind.resolve(&value), self.setting.presentation);
        value
    }

    /// Notes whether something was chosen, and since when it is what it is.
    pub fn chosen(&mut self, key: &str, index: Option<usize>) {
        self.undecided |= index.is_none();
        let Some(entry) = self.entry(key).filter(|entry| entry.since > self.chosen_in) else {
            return;
        };
        (self.chosen_in, self.chosen_by) = (entry.since, Some(&entry.origin));
    }
}
