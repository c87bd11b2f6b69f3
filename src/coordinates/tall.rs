//! A tall matrix with few columns, as low-rank maps hold it.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::lanes::Workspace;
use crate::linalg::{Factor, Real, Upcoming, from_f64};
use crate::simd::vectorized;

/// Rows of a piece: what a product with a piece reads and writes of some lanes stays in a core's own
/// cache, and f32 sums are no longer than that. A multiple of the widths of a [`Factor`]'s panels.
const PIECE: usize = 1008;

/// A d × k matrix T with T and Tᵀ as factors of many products, piece by piece.
#[derive(Debug)]
pub(super) struct Tall<R> {
    rows: usize,
    columns: usize,
    pieces: Vec<Piece<R>>,
}

/// Some rows of it.
#[derive(Debug)]
struct Piece<R> {
    range: Range<usize>,
    matrix: Factor<R>,
    transposed: Factor<R>,
}

/// Rows of lanes, whose first columns are those of another matrix.
pub(super) struct Rows<'a, R> {
    /// Instead of as many columns of `all`.
    head: Option<ArrayView2<'a, R>>,
    all: ArrayView2<'a, R>,
}

impl<'a, R: Real> Rows<'a, R> {
    /// Both have contiguous rows.
    pub fn new(head: ArrayView2<'a, R>, all: ArrayView2<'a, R>) -> Self {
        Self { head: Some(head), all }
    }

    /// Copies some columns of a lane.
    fn copy(&self, lane: usize, columns: &Range<usize>, to: &mut [R]) {
        let row = |matrix: ArrayView2<'a, R>| {
            matrix.index_axis_move(Axis(0), lane).to_slice().expect(CONTIGUOUS)
        };
        to.copy_from_slice(&row(self.all)[columns.clone()]);
        if let Some(head) = self.head {
            let some = columns.start..columns.end.min(head.ncols());
            if !some.is_empty() {
                to[..some.len()].copy_from_slice(&row(head)[some]);
            }
        }
    }
}

impl<'a, R: Real> From<ArrayView2<'a, R>> for Rows<'a, R> {
    fn from(all: ArrayView2<'a, R>) -> Self {
        Self { head: None, all }
    }
}

impl<R: Real> Tall<R> {
    /// Rounds a matrix to `R`.
    pub fn new(matrix: ArrayView2<'_, f64>) -> Self {
        let (rows, columns) = matrix.dim();
        // A matrix without columns is made of nothing.
        let all = if columns == 0 { 0 } else { rows };
        let parts = matrix.slice_axis_move(Axis(0), (..all).into());
        let parts = parts.axis_chunks_iter(Axis(0), PIECE);
        let matrices = Factor::side_by_side(parts.clone(), from_f64);
        let transposed = Factor::side_by_side(parts.map(ArrayView2::reversed_axes), from_f64);
        let starts = (0..all).step_by(PIECE);
        let ranges = starts.map(|start| start..rows.min(start + PIECE));
        let pieces = ranges.zip(matrices.into_iter().zip(transposed));
        let piece = |(range, (matrix, transposed))| Piece { range, matrix, transposed };
        Self { rows, columns, pieces: pieces.map(piece).collect() }
    }

    /// Number of rows d.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns k.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Y ← X T: K × d to K × k. The rows of Y are contiguous.
    pub fn project(
        &self,
        x: &Rows<'_, R>,
        mut y: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let lanes = y.nrows();
        let [part, work, terms] = workspace.take([lanes * PIECE, lanes * PIECE, y.len()]);
        y.fill(R::zero());
        let read = [x.all.view()];
        for (index, Piece { range, matrix, .. }) in self.pieces.iter().enumerate() {
            let length = lanes * range.len();
            for (lane, to) in part.chunks_exact_mut(range.len()).take(lanes).enumerate() {
                x.copy(lane, range, to);
            }
            let part = view(&part[..length], lanes);
            let (sums, work) = (view_mut(&mut *terms, lanes), &mut work[..length]);
            let upcoming = self.after(index, &read);
            matrix.multiply_fetching(part, sums, work, upcoming);
            y += &view(terms, lanes);
        }
    }

    /// What is fetched while one piece is multiplied: what the next one needs of lanes.
    fn after<'a>(&self, index: usize, lanes: &'a [ArrayView2<'a, R>]) -> Upcoming<'a, R> {
        let next = self.pieces.get(index + 1);
        next.map_or_else(Upcoming::nothing, |piece| Upcoming::new(lanes, piece.range.clone()))
    }

    /// X ← F + Y Tᵀ, K × k to K × d; without F, X ← X + Y Tᵀ. Y is row-major, and X's rows are
    /// contiguous. Read and written piece by piece, what is in memory alone passes by once.
    pub fn add_expanded(
        &self,
        y: ArrayView2<'_, R>,
        from: Option<&Rows<'_, R>>,
        mut x: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let lanes = x.nrows();
        if self.pieces.is_empty() {
            // Nothing is added.
            let Some(from) = from else { return };
            for (lane, row) in x.rows_mut().into_iter().enumerate() {
                from.copy(lane, &(0..self.rows), row.into_slice().expect(CONTIGUOUS));
            }
            return;
        }
        let [part, work] = workspace.take([lanes * PIECE, y.len()]);
        for (index, Piece { range, transposed, .. }) in self.pieces.iter().enumerate() {
            let part = &mut part[..lanes * range.len()];
            let needed: &[ArrayView2<'_, R>] = match from {
                Some(from) => &[x.view(), from.all.view()],
                None => &[x.view()],
            };
            let upcoming = self.after(index, needed);
            transposed.multiply_fetching(y, view_mut(part, lanes), work, upcoming);
            let rows = x.rows_mut().into_iter().zip(part.chunks_exact(range.len()));
            for (lane, (row, terms)) in rows.enumerate() {
                let row = &mut row.into_slice().expect(CONTIGUOUS)[range.clone()];
                if let Some(from) = from {
                    from.copy(lane, range, row);
                }
                vectorized(|| row.iter_mut().zip(terms).for_each(|(x, &term)| *x += term));
            }
        }
    }
}

pub(super) const CONTIGUOUS: &str = "rows of lanes are contiguous";

/// A row-major matrix with so many rows.
pub(super) fn view<R>(entries: &[R], rows: usize) -> ArrayView2<'_, R> {
    ArrayView2::from_shape((rows, entries.len() / rows.max(1)), entries)
        .expect("buffers are made for whole rows")
}

/// The same, writable.
pub(super) fn view_mut<R>(entries: &mut [R], rows: usize) -> ArrayViewMut2<'_, R> {
    ArrayViewMut2::from_shape((rows, entries.len() / rows.max(1)), entries)
        .expect("buffers are made for whole rows")
}
