//! From what the TOML parser yields to a tree that knows where everything was written.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::errors::Origin;
use super::tree::{Field, Fields, Node, Value};

/// Deeper nesting is refused, so that no recursion over a tree can exhaust the stack.
pub(super) const DEEPEST: usize = 16;

/// Finds lines and columns of byte offsets.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_newlines).collect() }
    }

    pub fn place(&self, offset: usize) -> Origin {
        let line = self.starts.partition_point(|&start| start <= offset);
        let before = &self.text.as_bytes()[self.starts[line - 1]..offset.min(self.text.len())];
        // Characters are counted, not bytes, but not on lines so long that counting anew for
        // each of their values would take quadratic time.
        let column = match before {
            short if short.len() <= 1000 => String::from_utf8_lossy(short).chars().count(),
            long => long.len(),
        };
        Origin::Place { line, column: column + 1 }
    }
}

/// Turns what the parser yields into a tree of our own.
pub(super) struct Builder<'a> {
    text: &'a str,
    origin: &'a dyn Fn(usize) -> Origin,
    /// Where nesting first went too deep; what lies deeper is left out.
    pub too_deep: Option<Origin>,
}

impl<'a> Builder<'a> {
    /// `origin` tells where the byte at an offset of `text` was written.
    pub fn new(text: &'a str, origin: &'a dyn Fn(usize) -> Origin) -> Self {
        Self { text, origin, too_deep: None }
    }

    /// A value at a depth of nesting; the document is at depth 0.
    pub fn node(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Node {
        let span = value.span();
        let origin = (self.origin)(span.start);
        let literal = || self.text.get(span.clone()).unwrap_or_default().to_owned();
        let value = match value.into_inner() {
            DeValue::String(text) => Value::String(text.into_owned()),
            DeValue::Integer(digits) => {
                let whole = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
                let value = i128::from_str_radix(digits.as_str(), digits.radix())
                    .map_or(f64::INFINITY, |whole| whole as f64);
                Value::Number { literal: literal(), value, whole }
            }
            DeValue::Float(digits) => Value::Number {
                literal: literal(),
                value: digits.as_str().parse().unwrap_or(f64::NAN),
                whole: None,
            },
            DeValue::Boolean(flag) => Value::Flag(flag),
            DeValue::Datetime(_) => Value::Date(literal()),
            DeValue::Array(_) | DeValue::Table(_) if depth >= DEEPEST => {
                self.too_deep.get_or_insert(origin.clone());
                Value::Array(Vec::new())
            }
            DeValue::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.node(item, depth + 1)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table, depth + 1)),
        };
        Node { origin, value }
    }

    /// The entries of a table, at a depth of nesting.
    pub fn table(&mut self, table: DeTable<'_>, depth: usize) -> Fields {
        let entry = |(key, value): (Spanned<DeString<'_>>, _)| Field {
            origin: (self.origin)(key.span().start),
            node: self.node(value, depth),
            key: key.into_inner().into_owned(),
            layer: 0,
            since: 0,
        };
        Fields(table.into_iter().map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Origin};

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let text = format!("αβ = 1\r\n\n{}", "β".repeat(600));
        let lines = Lines::new(&text);
        let place = |offset| match lines.place(offset) {
            Origin::Place { line, column } => (line, column),
            other => panic!("{other:?}"),
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place("αβ = ".len()), (1, 6));
        assert_eq!(place("αβ = 1\r\n".len()), (2, 1));
        let third = "αβ = 1\r\n\n".len();
        assert_eq!(place(third), (3, 1));
        assert_eq!(place(third + 1000), (3, 501));
        // Bytes, far out on a long line.
        assert_eq!(place(third + 1002), (3, 1003));
        assert_eq!(place(text.len() + 5), (3, 1201));
        assert_eq!(Lines::new("").place(0), Origin::Place { line: 1, column: 1 });
    }
}
