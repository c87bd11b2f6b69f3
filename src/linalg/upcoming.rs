//! What is needed after a product, and is fetched from memory while that is made.

use std::ops::Range;

use ndarray::{ArrayView2, Axis};
use prefetch_index::prefetch_index;

/// Bytes of a cache line, and lines that are fetched together: about as many as a core can wait for.
pub(super) const LINE_BYTES: usize = 64;
const LINES: usize = 12;

/// Asks for some numbers.
#[inline(always)]
pub fn fetch<R>(numbers: &[R]) {
    let lines = (0..numbers.len()).step_by(LINE_BYTES / size_of::<R>());
    lines.for_each(|number| prefetch_index(numbers, number));
}

/// Some columns of matrices whose rows are contiguous, a few cache lines at a time.
#[derive(Clone, Debug)]
pub struct Upcoming<'a, R> {
    matrices: &'a [ArrayView2<'a, R>],
    columns: Range<usize>,
    /// Number of parts that were taken.
    taken: usize,
}

impl<'a, R> Upcoming<'a, R> {
    /// Numbers in a part of columns.
    const PART: usize = LINES * LINE_BYTES / size_of::<R>();

    /// Nothing but the product is to be made.
    pub fn nothing() -> Self {
        Self::new(&[], 0..0)
    }

    /// These columns of matrices that have as many rows each.
    pub fn new(matrices: &'a [ArrayView2<'a, R>], columns: Range<usize>) -> Self {
        Self { matrices, columns, taken: 0 }
    }

    /// Asks for the next part.
    #[inline(always)]
    pub fn fetch(&mut self) {
        fetch(self.next().unwrap_or_default());
    }

    /// Parts that are left.
    pub fn parts(&self) -> usize {
        let rows: usize = self.matrices.iter().map(ArrayView2::nrows).sum();
        rows * self.columns.len().div_ceil(Self::PART) - self.taken
    }
}

impl<'a, R> Iterator for Upcoming<'a, R> {
    type Item = &'a [R];

    /// Row after row.
    #[inline(always)]
    fn next(&mut self) -> Option<&'a [R]> {
        let in_row = self.columns.len().div_ceil(Self::PART).max(1);
        let (row, part) = (self.taken / in_row, self.taken % in_row);
        let rows = self.matrices.first().map(ArrayView2::nrows).filter(|&rows| rows > 0)?;
        let matrix = self.matrices.get(row / rows)?;
        let entries = matrix.index_axis_move(Axis(0), row % rows).to_slice()?;
        let part = entries.get(self.columns.clone())?.chunks(Self::PART).nth(part)?;
        self.taken += 1;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn every_column_of_every_row_comes_once() {
        let first = Array2::from_shape_fn((3, 1000), |(i, j)| (1000 * i + j) as f32);
        let second = &first + 3000.0;
        for columns in [0..0, 0..1000, 10..30, 7..555] {
            let matrices = [first.view(), second.view()];
            let upcoming = Upcoming::new(&matrices, columns.clone());
            let parts = upcoming.parts();
            let found: Vec<_> = upcoming.clone().flatten().copied().collect();
            let expected: Vec<_> = (0..6)
                .flat_map(|row| columns.clone().map(move |column| (1000 * row + column) as f32))
                .collect();
            assert_eq!(found, expected);
            assert_eq!(upcoming.clone().count(), parts);
            let mut upcoming = upcoming;
            for left in (0..parts).rev() {
                upcoming.fetch();
                assert_eq!(upcoming.parts(), left);
            }
            assert_eq!(upcoming.next(), None);
        }
        assert_eq!(Upcoming::<f64>::nothing().count(), 0);
    }
}
