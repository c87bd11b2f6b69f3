//! Tables of text, and the cells that several of them have.

use std::fmt;

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::lines::{hanging, terminal};

/// Characters in a line of a table of many columns.
pub(super) const WIDE: usize = 118;

/// Characters in a line of a table that is to be read on any terminal.
pub(super) const NARROW: usize = 80;

/// In terminals that are narrower lines are broken by these.
const NARROWEST: usize = 40;

/// Characters that a column has beside those of its cells: a space on either side.
const PADDING: usize = 2;

/// At most so many characters in a line, and no more than the terminal has.
pub(super) fn available(most: usize) -> usize {
    most.min(terminal().unwrap_or(most).max(NARROWEST))
}

/// A text above or below a wide table, in lines that fit the terminal; one line where there is none.
pub(super) fn paragraph(text: &str) -> String {
    hanging("", text, terminal().map_or(usize::MAX, |_| available(WIDE)))
}

/// An empty table with at most so many characters in a line, and no more than the terminal has.
pub(super) fn table(most: usize, header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let width = u16::try_from(available(most)).unwrap_or(u16::MAX);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(header.iter().map(Cell::new));
    table
}

/// A table in which no word and no number is broken: where its columns do not fit, each row is a
/// paragraph of its cells, behind the names of their columns.
#[derive(Debug)]
pub(super) struct Rows {
    most: usize,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether the first column is prose, which gives room to the lines of the others.
    prose: bool,
}

impl Rows {
    /// With no rows yet, at most so many characters in a line, and no more than the terminal has.
    pub fn new(most: usize, header: &[&str]) -> Self {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Self { most, header, rows: Vec::new(), prose: false }
    }

    /// The same, with prose in the first column: the others keep their lines where there is room.
    pub fn of_prose(most: usize, header: &[&str]) -> Self {
        Self { prose: true, ..Self::new(most, header) }
    }

    /// Adds a row: a cell for each column.
    pub fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The characters of the longest word of each column.
    fn words(&self) -> Vec<usize> {
        let longest = |cell: &String| cell.split_whitespace().map(characters).max().unwrap_or(0);
        (0..self.header.len()).map(|column| self.most_of(column, longest)).collect()
    }

    /// The most that a cell of a column has.
    fn most_of(&self, column: usize, of: impl Fn(&String) -> usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.chain(self.header.get(column)).map(of).max().unwrap_or(0)
    }

    /// The least characters of each column: of its words, or, where there is room, of the lines of all but
    /// the prose.
    fn widths(&self, room: usize) -> Vec<usize> {
        let line = |cell: &String| cell.lines().map(characters).max().unwrap_or(0);
        let lines = |(column, word)| match column {
            0 => word,
            _ => self.most_of(column, line),
        };
        let whole: Vec<usize> = self.words().into_iter().enumerate().map(lines).collect();
        let fit = whole.iter().map(|width| width + PADDING).sum::<usize>() <= room;
        if self.prose && fit { whole } else { self.words() }
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = available(self.most);
        // Between two columns, and on either side.
        let borders = self.header.len() + 1;
        let widths = self.widths(width.saturating_sub(borders));
        if widths.iter().map(|word| word + PADDING).sum::<usize>() + borders > width {
            let rows = self.rows.iter().map(|row| {
                let cells = self.header.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
                let cells: Vec<String> =
                    cells.map(|(name, cell)| format!("{name} {cell}").trim().to_owned()).collect();
                hanging("  ", &cells.join("; "), width)
            });
            return f.write_str(rows.collect::<Vec<_>>().join("\n").trim_end());
        }
        let header: Vec<&str> = self.header.iter().map(String::as_str).collect();
        let mut table = table(self.most, &header);
        for row in &self.rows {
            table.add_row(row);
        }
        // Of the room that is left the prose gets all, where the others have their lines.
        let whole = self.prose && widths != self.words();
        for (index, (column, word)) in table.column_iter_mut().zip(widths).enumerate() {
            let least = Width::Fixed(u16::try_from(word + PADDING).unwrap_or(u16::MAX));
            column.set_constraint(match whole && index > 0 {
                true => ColumnConstraint::Absolute(least),
                false => ColumnConstraint::LowerBoundary(least),
            });
        }
        write!(f, "{table}")
    }
}

fn characters(text: &str) -> usize {
    text.chars().count()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_written_as_paragraphs() {
        let mut rows = Rows::new(44, &["algorithm", "coordinates", "η", "median", "quartiles"]);
        rows.add(
            ["adam", "reparameterized", "0.5", "3.01e-15", "1e-15 – 2e-15"].map(str::to_owned),
        );
        rows.add(["adagrad", "original", "1", "", "1e-9 – 2e-9"].map(str::to_owned));
        let wanted = "  algorithm adam; coordinates\n  reparameterized; η 0.5; median 3.01e-15;\n  \
                      quartiles 1e-15 – 2e-15\n\n  algorithm adagrad; coordinates original; η\n  1; \
                      quartiles 1e-9 – 2e-9";
        assert_eq!(rows.to_string(), wanted);
        // Just wide enough, and as wide as anything is.
        let least = 1 + rows.words().into_iter().map(|word| word + PADDING + 1).sum::<usize>();
        for most in [least, 118] {
            rows.most = most;
            let text = rows.to_string();
            assert!(text.lines().all(|line| line.starts_with(['┌', '│', '╞', '└', '├'])), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= most), "{most}: {text}");
        }
        rows.most = least - 1;
        assert!(rows.to_string().lines().all(|line| line.chars().count() < least));
    }
}
