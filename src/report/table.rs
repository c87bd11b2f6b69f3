//! Tables of a page: texts in cells, of which the first ones of a row say what it is about.

use serde::Serialize;

use crate::claim::number;

/// A table.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    /// What it shows.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How many columns say what a row is about.
    pub heads: usize,
    /// Its rows, each as long as the columns.
    pub rows: Vec<Vec<String>>,
    /// Remarks below it.
    pub notes: Vec<String>,
}

/// A column.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Column {
    /// What stands above it.
    pub name: &'static str,
    /// How it is set.
    pub class: Class,
}

/// How a column is set.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Class {
    /// A name or a few words.
    Text,
    /// Numbers.
    Number,
    /// Sentences.
    Prose,
}

/// A column of texts.
pub(super) const fn text(name: &'static str) -> Column {
    Column { name, class: Class::Text }
}

/// A column of numbers.
pub(super) const fn numbers(name: &'static str) -> Column {
    Column { name, class: Class::Number }
}

/// A column of sentences.
pub(super) const fn prose(name: &'static str) -> Column {
    Column { name, class: Class::Prose }
}

impl Table {
    /// A table without remarks; `None` if it has no rows.
    pub fn new(
        caption: impl Into<String>,
        heads: usize,
        columns: &[Column],
        rows: Vec<Vec<String>>,
    ) -> Option<Self> {
        debug_assert!(rows.iter().all(|row| row.len() == columns.len()), "{rows:?}");
        let columns = columns.to_vec();
        let caption = caption.into();
        (!rows.is_empty()).then(|| Self { caption, columns, heads, rows, notes: Vec::new() })
    }

    /// With remarks below it.
    pub fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }
}

/// Three significant digits.
pub(super) fn shown(value: f64) -> String {
    match value {
        _ if value.is_nan() => none(),
        0.0 => "0".to_owned(),
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "−∞".to_owned(),
        _ => number(value).replace('-', "−"),
    }
}

/// Three significant digits, or what does not apply.
pub(super) fn shown_or_none(value: Option<f64>) -> String {
    value.map_or_else(none, shown)
}

/// Both ends, or one if they look the same.
pub(super) fn between([lower, upper]: [String; 2]) -> String {
    if lower == upper { lower } else { format!("{lower} to {upper}") }
}

/// What does not apply.
pub(super) fn none() -> String {
    "–".to_owned()
}

/// `9 of 10` where something is missing, else just the number.
pub(super) fn complete(done: usize, planned: usize) -> String {
    if done == planned { done.to_string() } else { format!("{done} of {planned}") }
}
