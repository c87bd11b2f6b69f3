//! Tables of text, and the cells that several of them have.

use comfy_table::{Cell, ContentArrangement, Table, presets};

use super::lines::terminal;

/// Characters in a line of a table of many columns.
pub(super) const WIDE: u16 = 118;

/// Characters in a line of a table that is to be read on any terminal.
pub(super) const NARROW: u16 = 80;

/// In terminals that are narrower lines are broken by these.
const NARROWEST: u16 = 40;

/// An empty table with at most so many characters in a line, and no more than the terminal has.
pub(super) fn table(width: u16, header: &[&str]) -> Table {
    let terminal = terminal().map(|terminal| u16::try_from(terminal).unwrap_or(u16::MAX));
    let width = width.min(terminal.unwrap_or(width).max(NARROWEST));
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(header.iter().map(Cell::new));
    table
}

/// `9/10` where something is missing, else just the number.
pub(super) fn complete(done: usize, planned: usize) -> String {
    if done == planned { done.to_string() } else { format!("n={done}/{planned}") }
}

/// Both ends, or one if they look the same.
pub(super) fn between([lower, upper]: [String; 2]) -> String {
    if lower == upper { lower } else { format!("{lower} – {upper}") }
}

/// What does not apply.
pub(super) fn none() -> String {
    "–".to_owned()
}
