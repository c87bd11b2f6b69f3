//! What a config can choose from by name: one type for every registry.

use super::key::Key;
use super::kind::Choice;
use super::reader::Reader;

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
}

/// The names in a registry.
fn entries<T: ?Sized>(registry: &[Entry<T>]) -> Choice<'static> {
    Choice(registry.iter().map(|entry| (entry.name, Some(entry.summary))).collect())
}
