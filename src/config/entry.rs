//! What a config can choose from by name: one type for every registry.

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
