//! Rows that are stored in blocks of columns, as those of lanes are.

use std::ops::{Deref, DerefMut, Range};

/// A matrix in blocks of columns: of each block all rows, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct InBlocks<'a, E> {
    entries: E,
    /// The columns of each block, in order.
    columns: &'a [Range<usize>],
    rows: usize,
}

impl<'a, R: Copy, E: Deref<Target = [R]>> InBlocks<'a, E> {
    /// All entries, block after block, of so many rows with blocks of these columns.
    ///
    /// # Panics
    /// When the columns are not all from 0 on, in order, or there are more or fewer entries.
    pub fn new(entries: E, columns: &'a [Range<usize>], rows: usize) -> Self {
        let end = columns.iter().try_fold(0, |end, columns| {
            (columns.start == end && columns.end >= end).then_some(columns.end)
        });
        let width = end.expect("blocks of columns follow one another");
        assert_eq!(entries.len(), rows * width, "entries of whole rows");
        Self { entries, columns, rows }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.columns.last().map_or(0, |columns| columns.end)
    }

    /// The rows, if they are in one piece: there is one block.
    pub fn in_one(&self) -> Option<&[R]> {
        (self.columns.len() == 1).then(|| &*self.entries)
    }

    /// Of each block its columns and the entries of some rows; blocks without columns are left out.
    ///
    /// # Panics
    /// When there are not so many rows.
    #[inline(always)]
    pub fn blocks<'b>(&'b self, rows: Range<usize>) -> impl Iterator<Item = (Range<usize>, &'b [R])>
    where
        R: 'b,
    {
        assert!(rows.end <= self.rows, "row {} of {}", rows.end, self.rows);
        let columns = self.columns.iter().filter(|columns| !columns.is_empty());
        columns.map(move |columns| (columns.clone(), &self.entries[self.place(columns, &rows)]))
    }

    /// The rows, each in one piece.
    ///
    /// # Panics
    /// When there is room for more or fewer numbers.
    pub fn copy_to(&self, matrix: &mut [R]) {
        assert_eq!(matrix.len(), self.entries.len(), "room for all rows");
        let width = self.width();
        for (columns, entries) in self.blocks(0..self.rows) {
            let rows = matrix.chunks_exact_mut(width).zip(entries.chunks_exact(columns.len()));
            rows.for_each(|(row, entries)| row[columns.clone()].copy_from_slice(entries));
        }
    }

    /// Where some rows of a block are.
    fn place(&self, columns: &Range<usize>, rows: &Range<usize>) -> Range<usize> {
        let start = self.rows * columns.start;
        start + rows.start * columns.len()..start + rows.end * columns.len()
    }
}

impl<R: Copy, E: DerefMut<Target = [R]>> InBlocks<'_, E> {
    /// As [`Self::in_one`], writable.
    pub fn in_one_mut(&mut self) -> Option<&mut [R]> {
        (self.columns.len() == 1).then(|| &mut *self.entries)
    }

    /// Visits some columns of some rows, those in a block at once: with the row, counted from the first
    /// of these, their columns and their entries.
    ///
    /// # Panics
    /// When there are not so many rows or columns.
    #[inline(always)]
    pub fn visit(
        &mut self,
        rows: Range<usize>,
        columns: Range<usize>,
        mut write: impl FnMut(usize, Range<usize>, &mut [R]),
    ) {
        let [height, width] = [self.rows, self.width()];
        assert!(rows.end <= height && columns.end <= width, "rows and columns that there are");
        for block in self.columns {
            let part = columns.start.max(block.start)..columns.end.min(block.end);
            if part.is_empty() {
                continue;
            }
            let within = part.start - block.start..part.end - block.start;
            let place = self.place(block, &rows);
            let entries = self.entries[place].chunks_exact_mut(block.len());
            for (row, entries) in entries.enumerate() {
                write(row, part.clone(), &mut entries[within.clone()]);
            }
        }
    }

    /// The reverse of [`Self::copy_to`].
    ///
    /// # Panics
    /// When there are more or fewer numbers.
    pub fn copy_from(&mut self, matrix: &[R]) {
        assert_eq!(matrix.len(), self.entries.len(), "entries of all rows");
        let (rows, width) = (self.rows, self.width());
        self.visit(0..rows, 0..width, |row, columns, entries| {
            entries.copy_from_slice(&matrix[row * width..][columns]);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_together_and_taken_apart() {
        // 3 rows in blocks of 2, 0, 1 and 3 columns: of row i and column j, 10 i + j.
        let columns = [0..2, 2..2, 2..3, 3..6];
        let entries = [0, 1, 10, 11, 20, 21, 2, 12, 22, 3, 4, 5, 13, 14, 15, 23, 24, 25];
        let mut together = [0; 18];
        let matrix = InBlocks::new(&entries[..], &columns, 3);
        matrix.copy_to(&mut together);
        assert_eq!(together, std::array::from_fn(|at| 10 * (at / 6) + at % 6));
        assert_eq!(matrix.in_one(), None);
        let whole = InBlocks::new(&together[..], std::array::from_ref(&(0..6)), 3);
        assert_eq!(whole.in_one(), Some(&together[..]));
        let found: Vec<_> = matrix.blocks(1..3).collect();
        assert_eq!(found[1], (2..3, &[12, 22][..]));
        assert_eq!((found.len(), found[2].1.len()), (3, 6));

        let mut apart = [0; 18];
        let mut matrix = InBlocks::new(&mut apart[..], &columns, 3);
        matrix.copy_from(&together);
        let mut found = Vec::new();
        matrix.visit(1..3, 1..4, |row, columns, entries| {
            entries.iter_mut().for_each(|entry| *entry += 100);
            found.push((row, columns));
        });
        assert_eq!(found, [(0, 1..2), (1, 1..2), (0, 2..3), (1, 2..3), (0, 3..4), (1, 3..4)]);
        let visited = [11, 21, 12, 22, 13, 23];
        let expected = entries.map(|entry| entry + if visited.contains(&entry) { 100 } else { 0 });
        assert_eq!(apart, expected);
        assert_eq!(InBlocks::new(&entries[..0], &[], 3).blocks(0..3).count(), 0);
    }

    #[test]
    #[should_panic(expected = "blocks of columns follow one another")]
    fn columns_between_blocks_are_refused() {
        InBlocks::new(&[1, 2, 3][..], &[0..1, 2..3], 1);
    }
}
