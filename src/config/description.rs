//! What is known of a key that a config may hold.

use std::ops::Bound;

use serde::Serialize;

/// A key that a config may hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyDescription {
    /// The dotted key; `NAME` stands for a name that the config gives, `[]` for each of the tables
    /// of an array: `algorithms.NAME.beta1`, `figures[].kind`.
    pub key: String,
    /// One line that says what it means.
    pub meaning: &'static str,
    /// What it must be, in the words of the messages: "a number from 0 to below 1".
    pub expected: String,
    /// The same for programs.
    #[serde(flatten)]
    pub value: Type,
    /// Whether it must be there where it is allowed, and what stands for it where it is not.
    pub presence: Presence,
    /// Where it is allowed: all of these hold; none: everywhere.
    pub conditions: Vec<Condition>,
    /// Whether the results do not depend on it.
    pub presentation: bool,
}

/// What the value of a key must be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Type {
    /// A string.
    String,
    /// A name of files or folders that any file system takes.
    FileName,
    /// The path of a file, relative to the config's folder.
    File,
    /// A finite number.
    Number {
        /// Where the allowed numbers begin.
        low: Bound<f64>,
        /// Where they end.
        high: Bound<f64>,
    },
    /// A whole number.
    Integer {
        /// The lowest that is allowed.
        low: usize,
        /// The highest that is allowed, if TOML has larger ones.
        high: Option<usize>,
    },
    /// True or false.
    Flag,
    /// One of a closed set of names.
    Choice {
        /// All of them.
        choices: Vec<Choice>,
    },
    /// An array.
    Array {
        /// What each element must be.
        of: Box<Type>,
    },
    /// A table of the keys that begin with this one.
    Table,
    /// Tables with names that the config gives.
    NamedTables,
    /// An array of tables.
    TableArray,
    /// Whatever another document may hold.
    Any,
}

/// A name that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The name.
    pub name: String,
    /// One line on what it stands for, where it is registered with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// Whether a key must be there.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It must.
    Required,
    /// It need not; nothing stands for it.
    Optional,
    /// It need not; this stands for it.
    Default(toml::Value),
}

/// Where a key is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Another key, such as `kind`, has one of these values.
    OneOf {
        /// The other key.
        key: String,
        /// Its values.
        values: Vec<String>,
    },
    /// One of these keys is there.
    With(Vec<String>),
    /// None of these keys is there.
    Without(Vec<String>),
}
