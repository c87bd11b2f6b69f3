//! Lines of text that fit the terminal.

use std::io;
use std::sync::OnceLock;

use anstream::adapter::strip_str;
use terminal_size::{Height, Width, terminal_size_of};

/// As wide as text is where there is no terminal, and at most.
const WIDEST: usize = 80;
/// Terminals that are narrower break lines themselves.
const NARROWEST: usize = 40;

/// Characters in a line: as many as the terminal has, but at most 80.
pub(in crate::cli) fn width() -> usize {
    terminal().unwrap_or(WIDEST).clamp(NARROWEST, WIDEST)
}

/// The terminal's width, once a program has looked.
static TERMINAL: OnceLock<usize> = OnceLock::new();

/// Characters in a line of the terminal; `None` where there is none.
pub(super) fn terminal() -> Option<usize> {
    TERMINAL.get().copied()
}

/// Looks how wide the terminal is that stdout goes to, or as `COLUMNS` says: what is printed fits it
/// from then on.
pub(in crate::cli) fn fit_terminal() {
    if let Some(width) = columns_of(|| terminal_size_of(io::stdout())) {
        // A program looks once.
        let _ = TERMINAL.set(width);
    }
}

/// The width of the terminal that a stream goes to, if it is one, or as `COLUMNS` says.
fn columns_of(terminal: impl Fn() -> Option<(Width, Height)>) -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.or_else(|| terminal().map(|(width, _)| width.0.into()))
}

/// A message in lines that fit the terminal that stderr goes to; where that is none, as it is.
pub(in crate::cli) fn fitted_for_stderr(message: &str) -> String {
    match columns_of(|| terminal_size_of(io::stderr())) {
        Some(width) => fitted(message, width.clamp(NARROWEST, WIDEST)),
        None => message.to_owned(),
    }
}

/// A text behind a lead, in lines of at most so many characters, all but the first indented to the end
/// of the lead. A word that is longer than a line is not broken.
pub(in crate::cli) fn hanging(lead: &str, text: &str, width: usize) -> String {
    let indent = lead.chars().count();
    let mut all = lead.to_owned();
    let mut column = indent;
    for word in text.split_whitespace() {
        // Codes of colours take no room.
        let length = strip_str(word).to_string().chars().count();
        if column > indent && column + 1 + length > width {
            all.push('\n');
            all.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            all.push(' ');
            column += 1;
        }
        all += word;
        column += length;
    }
    all.push('\n');
    all
}

/// A text whose lines are broken where they are longer than so many characters, and go on at their
/// indentation.
pub(in crate::cli) fn fitted(text: &str, width: usize) -> String {
    let fitted = |line: &str| {
        if line.chars().count() <= width {
            return format!("{line}\n");
        }
        let (lead, rest) = line.split_at(line.len() - line.trim_start().len());
        hanging(lead, rest, width)
    };
    text.lines().map(fitted).collect::<String>().trim_end().to_owned()
}

/// Rows of cells in columns, the last of which is wrapped; each row is indented by two.
pub(in crate::cli) fn columns<const N: usize>(rows: &[[&str; N]], width: usize) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let row = |row: &[&str; N]| {
        let (last, cells) = row.split_last().unwrap_or((&"", &[]));
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  "));
        hanging(&format!("  {}", cells.collect::<String>()), last, width)
    };
    rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_they_may_be_and_no_longer() {
        let rows = [["a", "one two three four"], ["long", "x"], ["b", "incomprehensibilities so"]];
        let wanted = "  a     one two\n        three four\n  long  x\n  b     incomprehensibilities\n        \
                      so\n";
        assert_eq!(columns(&rows, 18), wanted);
        assert_eq!(hanging("ab ", "", 10), "ab \n");
        assert_eq!(
            fitted("warning: a  b\n  one two three\n", 13),
            "warning: a  b\n  one two\n  three"
        );
    }
}
