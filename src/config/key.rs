//! A key and what it means: nothing is read without.

/// A key that a function asks for, and one line that says what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    name: &'static str,
    meaning: &'static str,
}

impl Key {
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
    Key { name, meaning }
}
