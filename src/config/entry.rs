//! What a config can choose from by name: one type for every registry.

use super::key::Key;
use super::kind::{Choice, List};
use super::reader::{Reader, names};

/// One of the things that a key such as `kind` can name, and how its settings are read.
#[derive(Debug)]
pub struct Entry<T: ?Sized> {
    /// The key's value.
    pub name: &'static str,
    /// One line for `--list`.
    pub summary: &'static str,
    /// Reads the keys beside the one that names it.
    pub read: fn(&mut Reader<'_>) -> Option<Box<T>>,
}

impl<T: ?Sized> Clone for Entry<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Entry<T> {}

impl Reader<'_> {
    /// What a registry has under the name that the key says, read with the keys that go with it.
    pub fn registered<T: ?Sized>(&mut self, key: Key, registry: &[Entry<T>]) -> Option<Box<T>> {
        let index = self.choose(key, entries(registry), None)?;
        (registry[index].read)(self)
    }

    /// The same, or the default one, which must be in the registry.
    pub fn registered_or<T: ?Sized>(
        &mut self,
        key: Key,
        default: &str,
        registry: &[Entry<T>],
    ) -> Option<Box<T>> {
        let index = self.choose(key, entries(registry), Some(default))?;
        (registry[index].read)(self)
    }

    /// An array of names, each standing for a value, or a default, whose names must be among them.
    pub fn choices_or<T: Clone>(
        &mut self,
        key: Key,
        default: &[&str],
        choices: &[(&str, T)],
    ) -> Option<Vec<T>> {
        let set = names(choices);
        let default = default.iter().filter_map(|name| set.position(name)).collect();
        let chosen = self.or(key, &List(names(choices)), || default)?;
        Some(chosen.into_iter().map(|index: usize| choices[index].1.clone()).collect())
    }
}

/// The names in a registry.
fn entries<T: ?Sized>(registry: &[Entry<T>]) -> Choice<'static> {
    Choice(registry.iter().map(|entry| (entry.name, Some(entry.summary))).collect())
}
