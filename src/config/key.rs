//! A key and what it means: nothing is read without.

/// A key that a function asks for, and one line that says what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    name: &'static str,
    meaning: &'static str,
    added: bool,
}

impl Key {
    /// The same key where there were results before it: its default is what they were found with,
    /// so that it is no part of what results depend on. For keys with a default.
    pub const fn added(self) -> Self {
        Self { added: true, ..self }
    }

    /// Whether results that are found with its default are those of configs without it.
    pub(super) const fn is_added(self) -> bool {
        self.added
    }

    /// Its name in the table that holds it.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What it means.
    pub const fn meaning(self) -> &'static str {
        self.meaning
    }
}

/// The key of this name: its meaning is one line of plain English, at most 120 characters, without a
/// full stop.
pub const fn key(name: &'static str, meaning: &'static str) -> Key {
    Key { name, meaning, added: false }
}
