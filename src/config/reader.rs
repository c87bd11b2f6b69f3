//! Reading a document: typed access that records every problem and every resolved value.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use super::allowed::Allowed;
use super::errors::{Origin, Problem, Sort};
use super::kind::{Choice, Count, File, FileName, Flag, Kind, List, Number, Text};
use super::suggest::nearest;
use super::tree::{Entry, Node, Table, Value, join, quote};

/// One table being read.
///
/// Each accessor asks for one key and returns `None` when a problem was recorded. Ask for all keys
/// first and combine the answers with `?` at the end, so that all problems are found in one go;
/// keys that nobody asked for are then problems themselves.
pub struct Reader<'a> {
    entries: &'a Table,
    origin: &'a Origin,
    path: String,
    /// What paths are relative to.
    folder: Option<&'a Path>,
    problems: &'a mut Vec<Problem>,
    asked: Vec<String>,
    /// Keys in whose place another one was laid over the document.
    replaced: Vec<String>,
    /// The last layer that chose anew: earlier keys may have lost their meaning.
    chosen_in: usize,
    /// A choice failed, so the keys that go with it are not known.
    undecided: bool,
    resolved: toml::Table,
}

impl<'a> Reader<'a> {
    /// A text.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.required(key, &Text)
    }

    /// A name of files or folders that any file system takes.
    pub fn file_name(&mut self, key: &str) -> Option<String> {
        self.required(key, &FileName)
    }

    /// A text, or a default when the key is missing.
    pub fn text_or(&mut self, key: &str, default: &str) -> Option<String> {
        self.or(key, &Text, || default.to_owned())
    }

    /// A name of files, if the key is there.
    pub fn optional_file_name(&mut self, key: &str) -> Option<Option<String>> {
        self.optional(key, &FileName)
    }

    /// An array of texts.
    pub fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.required(key, &List(Text))
    }

    /// An array of texts, or a default.
    pub fn texts_or(&mut self, key: &str, default: &[&str]) -> Option<Vec<String>> {
        self.or(key, &List(Text), || default.iter().map(|&text| text.to_owned()).collect())
    }

    /// An array of paths of files, absolute: the document's are relative to its folder. Resolved,
    /// they are absolute too, so that the resolved document may be read from anywhere.
    pub fn files(&mut self, key: &str) -> Option<Vec<String>> {
        self.required(key, &List(File(self.folder)))
    }

    /// The same, or none.
    pub fn files_or_none(&mut self, key: &str) -> Option<Vec<String>> {
        self.or(key, &List(File(self.folder)), Vec::new)
    }

    /// A number; integers are accepted too, and resolved to floats.
    pub fn number(&mut self, key: &str, allowed: Allowed) -> Option<f64> {
        self.required(key, &Number(allowed))
    }

    /// A number, or a default.
    pub fn number_or(&mut self, key: &str, default: f64, allowed: Allowed) -> Option<f64> {
        self.or(key, &Number(allowed), || default)
    }

    /// A number, if the key is there.
    pub fn optional_number(&mut self, key: &str, allowed: Allowed) -> Option<Option<f64>> {
        self.optional(key, &Number(allowed))
    }

    /// An array of numbers.
    pub fn numbers(&mut self, key: &str, allowed: Allowed) -> Option<Vec<f64>> {
        self.required(key, &List(Number(allowed)))
    }

    /// An array of numbers, or a default.
    pub fn numbers_or(&mut self, key: &str, default: &[f64], allowed: Allowed) -> Option<Vec<f64>> {
        self.or(key, &List(Number(allowed)), || default.to_vec())
    }

    /// A whole number.
    pub fn count(&mut self, key: &str, allowed: RangeInclusive<usize>) -> Option<usize> {
        self.required(key, &Count(allowed))
    }

    /// A whole number, or a default.
    pub fn count_or(
        &mut self,
        key: &str,
        default: usize,
        allowed: RangeInclusive<usize>,
    ) -> Option<usize> {
        self.or(key, &Count(allowed), || default)
    }

    /// A whole number, if the key is there.
    pub fn optional_count(
        &mut self,
        key: &str,
        allowed: RangeInclusive<usize>,
    ) -> Option<Option<usize>> {
        self.optional(key, &Count(allowed))
    }

    /// An array of whole numbers.
    pub fn counts(&mut self, key: &str, allowed: RangeInclusive<usize>) -> Option<Vec<usize>> {
        self.required(key, &List(Count(allowed)))
    }

    /// An array of whole numbers, or a default.
    pub fn counts_or(
        &mut self,
        key: &str,
        default: &[usize],
        allowed: RangeInclusive<usize>,
    ) -> Option<Vec<usize>> {
        self.or(key, &List(Count(allowed)), || default.to_vec())
    }

    /// True or false, or a default.
    pub fn flag_or(&mut self, key: &str, default: bool) -> Option<bool> {
        self.or(key, &Flag, || default)
    }

    /// One of a closed set of names, each standing for a value.
    pub fn choice<T: Clone>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let index = self.required(key, &names(choices));
        self.chosen(key, index, choices)
    }

    /// One of a closed set of names, or the default one, which must be in the set.
    pub fn choice_or<T: Clone>(
        &mut self,
        key: &str,
        default: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let Some(default) = choices.iter().position(|(name, _)| *name == default) else {
            self.problem(key, format!("the default {default:?} is not among the choices"));
            return None;
        };
        let index = self.or(key, &names(choices), || default);
        self.chosen(key, index, choices)
    }

    /// Which of several groups of keys that exclude each other is there, by its position; `None`
    /// inside: none of them. To be asked before any of these keys.
    ///
    /// A key of one group that a profile or an override lays over the document takes the place of
    /// the keys of the others. Where two groups stand side by side, that is the problem.
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
            }
        }
        Some(chosen)
    }

    /// A table, read by `read`.
    pub fn table<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        match self.ask(key) {
            Some(node) => self.table_at(key, node, read),
            None => self.missing(key, "a table"),
        }
    }

    /// A table, if it is there.
    pub fn optional_table<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.ask(key) {
            Some(node) => self.table_at(key, node, read).map(Some),
            None => Some(None),
        }
    }

    /// A table; a missing one is read as an empty one, so that its defaults are resolved.
    pub fn table_or_default<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        match self.ask(key) {
            Some(node) => self.table_at(key, node, read),
            None => {
                let value = Value::Table(Table::default());
                self.table_at(key, &Node { origin: self.origin.clone(), value }, read)
            }
        }
    }

    /// The tables of a `[[key]]` array, each read by `read`; none when it is missing.
    pub fn tables<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let path = join(&self.path, key);
        let items = match self.ask(key) {
            None => &[][..],
            Some(Node { value: Value::Array(items), .. }) => items,
            Some(node) => {
                let message = format!("expected [[{path}]] tables");
                self.problems
                    .push(Problem::new(node.origin.clone(), path, message).found(node.describe()));
                return None;
            }
        };
        let read: Vec<Option<(T, toml::Table)>> = items
            .iter()
            .enumerate()
            .map(|(i, item)| {
                let path = join(&path, &i.to_string());
                Reader::read_node(item, path, self.folder, self.problems, &mut read)
            })
            .collect();
        let (values, tables): (Vec<T>, Vec<toml::Table>) =
            read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
        self.resolved.insert(key.to_owned(), tables.into());
        Some(values)
    }

    /// The `[key.NAME]` tables in the order of the file, each read by `read`, which gets the name
    /// too; none when there is no such table.
    pub fn named_tables<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&str, &mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<(String, T)>> {
        self.table_or_default(key, |tables| {
            let names = tables.entries.0.iter().map(|entry| entry.key.as_str());
            let read: Vec<Option<(String, T)>> = names
                .map(|name| {
                    let value = tables.table(name, |table| read(name, table))?;
                    Some((name.to_owned(), value))
                })
                .collect();
            read.into_iter().collect()
        })
    }

    /// Whether the key is there. This does not count as asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// The entry of a key, unless another key has taken its place.
    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.entry(key).filter(|entry| !self.replaced.contains(&entry.key))
    }

    /// Reports a problem that involves several keys, at one of them: a dotted key within this
    /// table, or the table itself when empty. A key that has a problem already gets no second one.
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
        let known = |earlier: &Problem| {
            earlier.key == path && (!key.is_empty() || earlier.message == message)
        };
        if !self.problems.iter().any(known) {
            let problem = Problem::new(origin.clone(), path, message);
            self.problems.push(problem.of_sort(Sort::Relation));
        }
    }

    /// Reads a node that must be a table; returns the value and the resolved table.
    pub(super) fn read_node<T>(
        node: &Node,
        path: String,
        folder: Option<&Path>,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<(T, toml::Table)> {
        let Value::Table(entries) = &node.value else {
            let problem = Problem::new(node.origin.clone(), path, "expected a table");
            problems.push(problem.found(node.describe()));
            return None;
        };
        let mut reader = Reader {
            entries,
            origin: &node.origin,
            path,
            folder,
            problems,
            asked: Vec::new(),
            replaced: Vec::new(),
            chosen_in: 0,
            undecided: false,
            resolved: toml::Table::new(),
        };
        let value = read(&mut reader);
        reader.report_unknown_keys();
        Some((value?, reader.resolved))
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
            self.problems.push(
                Problem::new(entry.origin.clone(), join(&self.path, &entry.key), message)
                    .suggest(meant.map(quote))
                    .of_sort(if stale { Sort::Stale } else { Sort::Unknown }),
            );
        }
        // A misspelt key is one problem, not also a missing one.
        if !misspelt.is_empty() {
            self.problems.retain(|problem| {
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
    fn missing<T>(&mut self, key: &str, expected: &str) -> Option<T> {
        self.problems.push(
            Problem::new(
                self.origin.clone(),
                join(&self.path, key),
                format!("missing, expected {expected}"),
            )
            .of_sort(Sort::Missing),
        );
        None
    }

    /// A value of a kind, if the key is there.
    fn optional<K: Kind>(&mut self, key: &str, kind: &K) -> Option<Option<K::Output>> {
        match self.ask(key) {
            Some(node) => {
                let value = kind.read(node, &join(&self.path, key), self.problems)?;
                Some(Some(self.resolve(key, kind, value)))
            }
            None => Some(None),
        }
    }

    fn required<K: Kind>(&mut self, key: &str, kind: &K) -> Option<K::Output> {
        match self.optional(key, kind)? {
            Some(value) => Some(value),
            None => self.missing(key, &kind.expected()),
        }
    }

    fn or<K: Kind>(
        &mut self,
        key: &str,
        kind: &K,
        default: impl FnOnce() -> K::Output,
    ) -> Option<K::Output> {
        match self.optional(key, kind)? {
            Some(value) => Some(value),
            None => Some(self.resolve(key, kind, default())),
        }
    }

    fn resolve<K: Kind>(&mut self, key: &str, kind: &K, value: K::Output) -> K::Output {
        self.resolved.insert(key.to_owned(), kind.resolve(&value));
        value
    }

    fn table_at<T>(
        &mut self,
        key: &str,
        node: &Node,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        let path = join(&self.path, key);
        let (value, table) = Reader::read_node(node, path, self.folder, self.problems, read)?;
        self.resolved.insert(key.to_owned(), table.into());
        Some(value)
    }

    fn chosen<T: Clone>(
        &mut self,
        key: &str,
        index: Option<usize>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.undecided |= index.is_none();
        self.chosen_in = self.chosen_in.max(self.entry(key).map_or(0, |entry| entry.since));
        index.map(|index| choices[index].1.clone())
    }
}

/// The names of a closed set.
fn names<'a, T>(choices: &[(&'a str, T)]) -> Choice<'a> {
    Choice(choices.iter().map(|(name, _)| *name).collect())
}
