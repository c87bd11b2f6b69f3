//! What functions ask for that read a config, whether there is a document or a description is wanted.

use std::ops::RangeInclusive;
use std::path::Path;

use super::allowed::Allowed;
use super::describing::Run;
use super::description::Presence;
use super::document::Document;
use super::key::Key;
use super::kind::{AnyString, Choice, Count, FileName, FilePath, Flag, Kind, List, Number};

/// One table being read.
///
/// Each accessor asks for one key and returns `None` when a problem was recorded. Ask for all keys
/// first and combine the answers with `?` at the end, so that all problems are found in one go;
/// keys that nobody asked for are then problems themselves. Which keys are asked for may depend on
/// what is chosen ([`choice`](Self::choice), [`registered`](Self::registered),
/// [`alternative`](Self::alternative)), and on nothing else: [`describe`](super::describe) then
/// finds all of them.
pub struct Reader<'a>(pub(super) Mode<'a>);

pub(super) enum Mode<'a> {
    Reading(Document<'a>),
    Describing(Run),
}

use Mode::{Describing, Reading};

impl<'a> Reader<'a> {
    /// Lets a function read a table of a document.
    pub(super) fn reading<T>(
        document: Document<'a>,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<(T, Document<'a>)> {
        let mut reader = Reader(Reading(document));
        let value = read(&mut reader);
        match reader.0 {
            Reading(document) => Some((value, document)),
            Describing(_) => None,
        }
    }

    /// Lets a function say what it asks for.
    pub(super) fn describing<T>(
        run: Run,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Run> {
        let mut reader = Reader(Describing(run));
        read(&mut reader);
        match reader.0 {
            Reading(_) => None,
            Describing(run) => Some(run),
        }
    }

    /// A string.
    pub fn string(&mut self, key: Key) -> Option<String> {
        self.required(key, &AnyString)
    }

    /// A string, or a default when the key is missing.
    pub fn string_or(&mut self, key: Key, default: &str) -> Option<String> {
        self.or(key, &AnyString, || default.to_owned())
    }

    /// A name of files or folders that any file system takes.
    pub fn file_name(&mut self, key: Key) -> Option<String> {
        self.required(key, &FileName)
    }

    /// A name of files, if the key is there.
    pub fn optional_file_name(&mut self, key: Key) -> Option<Option<String>> {
        self.optional(key, &FileName)
    }

    /// An array of strings.
    pub fn strings(&mut self, key: Key) -> Option<Vec<String>> {
        self.required(key, &List(AnyString))
    }

    /// An array of strings, or a default.
    pub fn strings_or(&mut self, key: Key, default: &[&str]) -> Option<Vec<String>> {
        let default = || default.iter().map(|&string| string.to_owned()).collect();
        self.or(key, &List(AnyString), default)
    }

    /// An array of paths of files, absolute: the document's are relative to its folder. Resolved,
    /// they are absolute too, so that the resolved document may be read from anywhere.
    pub fn files(&mut self, key: Key) -> Option<Vec<String>> {
        let folder = self.folder();
        self.required(key, &List(FilePath(folder)))
    }

    /// The same, or none.
    pub fn files_or_none(&mut self, key: Key) -> Option<Vec<String>> {
        let folder = self.folder();
        self.or(key, &List(FilePath(folder)), Vec::new)
    }

    /// A number; integers are accepted too, and resolved to floats.
    pub fn number(&mut self, key: Key, allowed: Allowed) -> Option<f64> {
        self.required(key, &Number(allowed))
    }

    /// A number, or a default.
    pub fn number_or(&mut self, key: Key, default: f64, allowed: Allowed) -> Option<f64> {
        self.or(key, &Number(allowed), || default)
    }

    /// A number, if the key is there.
    pub fn optional_number(&mut self, key: Key, allowed: Allowed) -> Option<Option<f64>> {
        self.optional(key, &Number(allowed))
    }

    /// An array of numbers.
    pub fn numbers(&mut self, key: Key, allowed: Allowed) -> Option<Vec<f64>> {
        self.required(key, &List(Number(allowed)))
    }

    /// An array of numbers, or a default.
    pub fn numbers_or(&mut self, key: Key, default: &[f64], allowed: Allowed) -> Option<Vec<f64>> {
        self.or(key, &List(Number(allowed)), || default.to_vec())
    }

    /// A whole number.
    pub fn count(&mut self, key: Key, allowed: RangeInclusive<usize>) -> Option<usize> {
        self.required(key, &Count(allowed))
    }

    /// A whole number, or a default.
    pub fn count_or(
        &mut self,
        key: Key,
        default: usize,
        allowed: RangeInclusive<usize>,
    ) -> Option<usize> {
        self.or(key, &Count(allowed), || default)
    }

    /// A whole number, if the key is there.
    pub fn optional_count(
        &mut self,
        key: Key,
        allowed: RangeInclusive<usize>,
    ) -> Option<Option<usize>> {
        self.optional(key, &Count(allowed))
    }

    /// An array of whole numbers.
    pub fn counts(&mut self, key: Key, allowed: RangeInclusive<usize>) -> Option<Vec<usize>> {
        self.required(key, &List(Count(allowed)))
    }

    /// An array of whole numbers, or a default.
    pub fn counts_or(
        &mut self,
        key: Key,
        default: &[usize],
        allowed: RangeInclusive<usize>,
    ) -> Option<Vec<usize>> {
        self.or(key, &List(Count(allowed)), || default.to_vec())
    }

    /// True or false, or a default.
    pub fn flag_or(&mut self, key: Key, default: bool) -> Option<bool> {
        self.or(key, &Flag, || default)
    }

    /// One of a closed set of names, each standing for a value.
    pub fn choice<T: Clone>(&mut self, key: Key, choices: &[(&str, T)]) -> Option<T> {
        self.choose(key, names(choices), None).map(|index| choices[index].1.clone())
    }

    /// One of a closed set of names, or the default one, which must be in the set.
    pub fn choice_or<T: Clone>(
        &mut self,
        key: Key,
        default: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.choose(key, names(choices), Some(default)).map(|index| choices[index].1.clone())
    }

    /// Which of several groups of keys that exclude each other is there, by its position; `None`
    /// inside: none of them. To be asked before any of these keys.
    ///
    /// A key of one group that a profile or an override lays over the document takes the place of
    /// the keys of the others. Where two groups stand side by side, that is the problem.
    pub fn alternative(&mut self, groups: &[&[&str]]) -> Option<Option<usize>> {
        match &mut self.0 {
            Reading(document) => document.alternative(groups),
            Describing(run) => Some(run.alternative(groups)),
        }
    }

    /// Declares what `read` asks for to be presentation: no result depends on it.
    pub fn presentation<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.set_presentation(true);
        let value = read(self);
        self.set_presentation(before);
        value
    }

    /// Declares that what else is asked for in this table does not depend on what `read` finds chosen in
    /// it. A description then looks at its choices, and at the others, without looking at all pairs of
    /// these.
    pub fn apart<T>(&mut self, mut read: impl FnMut(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        if let Describing(run) = &mut self.0 {
            return run.apart(|run| Reader::describing(run, &mut read));
        }
        read(self)
    }

    /// Reports a problem that involves several keys, at one of them: a dotted key within this
    /// table, or the table itself when empty. A key that has a problem already gets no second one.
    pub fn problem(&mut self, key: &str, problem: impl Into<String>) {
        match &mut self.0 {
            Reading(document) => document.problem(key, problem),
            // Without values, none is wrong.
            Describing(_) => {}
        }
    }
}

impl<'a> Reader<'a> {
    fn optional<K: Kind>(&mut self, key: Key, kind: &K) -> Option<Option<K::Output>> {
        match &mut self.0 {
            Reading(document) => document.optional(key.name(), kind),
            Describing(run) => run.value(key, kind, Presence::Optional),
        }
    }

    pub(super) fn required<K: Kind>(&mut self, key: Key, kind: &K) -> Option<K::Output> {
        match &mut self.0 {
            Reading(document) => (document.optional(key.name(), kind)?)
                .or_else(|| document.missing(key.name(), &kind.expected())),
            Describing(run) => run.value(key, kind, Presence::Required),
        }
    }

    pub(super) fn or<K: Kind>(
        &mut self,
        key: Key,
        kind: &K,
        default: impl FnOnce() -> K::Output,
    ) -> Option<K::Output> {
        match &mut self.0 {
            Reading(document) => document.or(key.name(), kind, default()),
            Describing(run) => run.value(key, kind, Presence::Default(kind.resolve(&default()))),
        }
    }

    /// The position of the name that was chosen.
    pub(super) fn choose(
        &mut self,
        key: Key,
        choice: Choice<'_>,
        default: Option<&str>,
    ) -> Option<usize> {
        let default = match default.map(|name| (name, choice.position(name))) {
            None => None,
            Some((_, Some(position))) => Some(position),
            Some((name, None)) => {
                self.problem(key.name(), format!("the default {name:?} is not among the choices"));
                return None;
            }
        };
        if let Describing(run) = &mut self.0 {
            let presence = default
                .map_or(Presence::Required, |index| Presence::Default(choice.resolve(&index)));
            return Some(run.choose(key, &choice, presence));
        }
        let index = match default {
            None => self.required(key, &choice),
            Some(default) => self.or(key, &choice, || default),
        };
        if let Reading(document) = &mut self.0 {
            document.chosen(key.name(), index);
        }
        index
    }

    /// What paths are relative to.
    pub(super) fn folder(&self) -> Option<&'a Path> {
        match &self.0 {
            Reading(document) => document.folder(),
            Describing(_) => None,
        }
    }

    fn set_presentation(&mut self, presentation: bool) -> bool {
        match &mut self.0 {
            Reading(document) => document.set_presentation(presentation),
            Describing(run) => run.set_presentation(presentation),
        }
    }
}

/// The names of a closed set.
pub(super) fn names<'a, T>(choices: &[(&'a str, T)]) -> Choice<'a> {
    Choice(choices.iter().map(|(name, _)| (*name, None)).collect())
}
