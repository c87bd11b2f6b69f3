//! Changes between rows and columns, in tiles: entry by entry, each would fetch a cache line.

use ndarray::{Array2, ArrayView1, Axis};

use super::Real;

/// Rows and columns of a tile: a cache line of doubles.
const TILE: usize = 8;

/// The entries of a square matrix, column after column; those above the diagonal are of any value.
#[cfg(any(test, not(feature = "openblas")))]
pub(super) fn lower_by_columns<R: Real>(a: Array2<R>) -> Vec<R> {
    let n = a.nrows();
    let a = if a.is_standard_layout() { a } else { a.as_standard_layout().into_owned() };
    let (mut entries, _) = a.into_raw_vec_and_offset();
    for first in (0..n).step_by(TILE) {
        for start in (0..=first).step_by(TILE) {
            for i in first..n.min(first + TILE) {
                for j in start..i.min(start + TILE) {
                    entries[j * n + i] = entries[i * n + j];
                }
            }
        }
    }
    entries
}

/// The matrix that has the rows of another, the last first, as columns, each times a factor; in
/// the given memory, if there is enough.
pub(super) fn columns_from_last_row<R: Real>(
    rows: &Array2<R>,
    factor: impl Fn(ArrayView1<'_, R>) -> R,
    mut room: Vec<R>,
) -> Array2<R> {
    let factors: Vec<R> = rows.rows().into_iter().map(factor).collect();
    room.resize(rows.len(), R::zero());
    let mut columns = Array2::from_shape_vec((rows.ncols(), rows.nrows()), room)
        .expect("as many entries as in the rows");
    let tiles = columns.axis_chunks_iter_mut(Axis(0), TILE);
    for (mut tile, rows) in tiles.zip(rows.axis_chunks_iter(Axis(1), TILE)) {
        let columns = tile.axis_iter_mut(Axis(1)).rev();
        for ((mut column, row), &factor) in columns.zip(rows.rows()).zip(&factors) {
            column.zip_mut_with(&row, |to, &x| *to = factor * x);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, j)| (i * columns + j) as f64)
    }

    #[test]
    fn the_lower_triangle_is_stored_by_columns() {
        for n in [0, 1, 7, 8, 9, 24, 29] {
            for a in [numbered(n, n), numbered(n, n).reversed_axes()] {
                let entries = lower_by_columns(a.clone());
                for (i, j) in (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                    assert_eq!(entries[j * n + i], a[(i, j)], "({i}, {j}) of {n}");
                }
            }
        }
    }

    #[test]
    fn the_last_row_becomes_the_first_column() {
        for (m, n) in [(0, 0), (1, 1), (8, 8), (13, 9), (7, 24), (17, 17)] {
            let rows = numbered(m, n);
            for rows in [rows.clone(), rows.reversed_axes()] {
                for room in [vec![], vec![7.0; m * n]] {
                    let columns = columns_from_last_row(&rows, |row| -row[0] - 1.0, room);
                    assert!(columns.is_standard_layout());
                    for (j, column) in columns.columns().into_iter().rev().enumerate() {
                        let row = rows.row(j);
                        assert_eq!(column, &row * (-row[0] - 1.0));
                    }
                }
            }
        }
    }
}
