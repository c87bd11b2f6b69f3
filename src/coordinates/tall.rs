//! A tall matrix with few columns, as low-rank maps hold it.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};

use crate::lanes::Workspace;
use crate::linalg::{Factor, Real, from_f64};

/// Rows of a piece: what a product with a piece reads and writes of some lanes stays in a core's own
/// cache, and f32 sums are no longer than that. A multiple of the widths of a [`Factor`]'s panels.
const PIECE: usize = 1008;

/// A d × k matrix T with T and Tᵀ as factors of products with many rows, piece by piece.
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

impl<R: Real> Tall<R> {
    /// Rounds a matrix to `R`.
    pub fn new(matrix: ArrayView2<'_, f64>) -> Self {
        let (rows, columns) = matrix.dim();
        let piece = |start: usize| {
            let range = start..rows.min(start + PIECE);
            let part = matrix.slice_axis(Axis(0), range.clone().into()).mapv(from_f64::<R>);
            Piece { range, matrix: Factor::new(part.view()), transposed: Factor::new(part.t()) }
        };
        // A matrix without columns is made of nothing.
        let all = if columns == 0 { 0 } else { rows };
        Self { rows, columns, pieces: (0..all).step_by(PIECE).map(piece).collect() }
    }

    /// Number of rows d.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns k.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Y ← X T: K × d to K × k. The rows of X and Y are contiguous.
    pub fn project(
        &self,
        x: ArrayView2<'_, R>,
        mut y: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let lanes = x.nrows();
        let [part, work, terms] = workspace.take([lanes * PIECE, lanes * PIECE, y.len()]);
        y.fill(R::zero());
        for Piece { range, matrix, .. } in &self.pieces {
            let length = lanes * range.len();
            for (to, row) in part.chunks_exact_mut(range.len()).zip(x.rows()) {
                to.copy_from_slice(&row.to_slice().expect(CONTIGUOUS)[range.clone()]);
            }
            let part = view(&part[..length], lanes);
            matrix.multiply(part, view_mut(terms, lanes), &mut work[..length]);
            y += &view(terms, lanes);
        }
    }

    /// X ← X + Y Tᵀ: K × k to K × d. Y is row-major, and X's rows are contiguous.
    pub fn add_expanded(
        &self,
        y: ArrayView2<'_, R>,
        mut x: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let lanes = x.nrows();
        let [part, work] = workspace.take([lanes * PIECE, y.len()]);
        for Piece { range, transposed, .. } in &self.pieces {
            let part = &mut part[..lanes * range.len()];
            transposed.multiply(y, view_mut(part, lanes), work);
            let mut x = x.slice_axis_mut(Axis(1), Slice::from(range.clone()));
            x += &view(part, lanes);
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
