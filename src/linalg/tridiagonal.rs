//! Reduction of a symmetric matrix to a tridiagonal one by Householder reflections.
//!
//! Half of the operations are products of the matrix with one vector after the other, which take
//! as long as the matrix takes to arrive from memory. So, as in LAPACK, the matrix is changed for
//! a whole panel of reflections at once, and its lower triangle is read once for each product;
//! faer 0.24 reads and writes it for each reflection.

use std::ops::Range;

use faer::linalg::householder::make_householder_in_place;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, ColMut, MatMut, MatRef, Par};
use pulp::{Arch, NullaryFnOnce};

use super::columns::Columns;
use super::{Real, from_f64};

/// Reflections in a panel.
const PANEL: usize = 16;

/// QᵀAQ for an orthogonal Q, and what of Q does not fit below its diagonals.
pub(super) struct Tridiagonal<R> {
    pub diagonal: Vec<R>,
    pub below: Vec<R>,
    /// Q is the product of reflections I − v vᵀ/τ whose v begins with 1.
    pub tau: Vec<R>,
}

/// Reduces an n × n matrix, column-major, of which only the lower triangle is read. Column j is
/// overwritten, from row j + 2 on, by all but the leading 1 of the v of reflection number j.
pub(super) fn tridiagonalize<R: Real>(a: &mut [R], n: usize) -> Tridiagonal<R> {
    let reflections = n.saturating_sub(1);
    let mut panel = Panel {
        n,
        pairs: vec![R::zero(); n * 2 * PANEL],
        swapped: vec![R::zero(); n * 2 * PANEL],
        result: Tridiagonal {
            diagonal: Vec::with_capacity(n),
            below: Vec::with_capacity(reflections),
            tau: Vec::with_capacity(reflections),
        },
    };
    for start in (0..reflections).step_by(PANEL) {
        panel.reduce(a, start..reflections.min(start + PANEL));
    }
    panel.result.diagonal.extend(a.last());
    panel.result
}

/// The reflections of a panel: A is to become A − Σ (v wᵀ + w vᵀ).
struct Panel<R> {
    n: usize,
    /// Columns v₁, w₁, v₂, w₂, …
    pairs: Vec<R>,
    /// Columns w₁, v₁, w₂, v₂, …: the change is minus the product of the pairs with these.
    swapped: Vec<R>,
    result: Tridiagonal<R>,
}

impl<R: Real> Panel<R> {
    /// Reduces some columns and changes the matrix that is right of them.
    fn reduce(&mut self, a: &mut [R], columns: Range<usize>) {
        let n = self.n;
        for column in columns.clone() {
            self.reduce_column(a, column, 2 * (column - columns.start));
        }
        let (end, count) = (columns.end, 2 * columns.len());
        let factor = |entries| MatRef::from_column_major_slice(entries, n, count);
        let rest = MatMut::from_column_major_slice_mut(a, n, n);
        matmul(
            rest.submatrix_mut(end, end, n - end, n - end),
            BlockStructure::TriangularLower,
            Accum::Add,
            factor(&self.pairs[..n * count]).subrows(end, n - end),
            BlockStructure::Rectangular,
            factor(&self.swapped[..n * count]).subrows(end, n - end).transpose(),
            BlockStructure::Rectangular,
            -R::one(),
            Par::Seq,
        );
    }

    /// Reduces a column when the panel holds `count` columns of pairs, and adds its own.
    fn reduce_column(&mut self, a: &mut [R], column: usize, count: usize) {
        let (n, below) = (self.n, column + 1);
        let (done, pair) = self.pairs.split_at_mut(count * n);
        let done = Columns { entries: done, stride: n, count };
        let (v, w) = pair[..2 * n].split_at_mut(n);
        let (v, w) = (&mut v[below..], &mut w[below..]);

        let mut coefficients = [R::zero(); 2 * PANEL];
        for (to, other) in coefficients.iter_mut().zip(self.swapped.chunks_exact(n)).take(count) {
            *to = -other[column];
        }
        let entries = &mut a[column * n + column..below * n];
        Arch::new().dispatch(Change { done, row: column, coefficients, entries });
        let (diagonal, entries) = entries.split_first_mut().expect("rows from the diagonal on");
        let (head, tail) = entries.split_first_mut().expect("the last column is not reduced");
        let tau = make_householder_in_place(head, ColMut::from_slice_mut(tail)).tau;
        self.result.diagonal.push(*diagonal);
        self.result.below.push(*head);
        self.result.tau.push(tau);
        v[0] = R::one();
        v[1..].copy_from_slice(tail);

        let rest = Columns { entries: &a[below * n..], stride: n, count: n - below };
        Arch::new().dispatch(Partner { rest, done, row: below, tau, v, w });
        let (first, second) = self.swapped[count * n..(count + 2) * n].split_at_mut(n);
        first[below..].copy_from_slice(w);
        second[below..].copy_from_slice(v);
    }
}

// Closures instead of these would not be inlined, and so not compiled for wide vectors.

/// Makes the pairs' change to a column, from a row on.
struct Change<'a, R> {
    done: Columns<'a, R>,
    row: usize,
    coefficients: [R; 2 * PANEL],
    entries: &'a mut [R],
}

impl<R: Real> NullaryFnOnce for Change<'_, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.done.add(self.row, &self.coefficients, self.entries);
    }
}

/// Computes the w that belongs to a v, from a row on.
struct Partner<'a, R> {
    /// The matrix without the pairs' change, and the pairs.
    rest: Columns<'a, R>,
    done: Columns<'a, R>,
    row: usize,
    tau: R,
    v: &'a [R],
    w: &'a mut [R],
}

impl<R: Real> NullaryFnOnce for Partner<'_, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { rest, done, row, tau, v, w } = self;
        rest.symmetric_product(row, v, w);
        let mut coefficients = [R::zero(); 2 * PANEL];
        done.dots(row, v, &mut coefficients);
        for pair in coefficients.as_chunks_mut().0 {
            let [of_v, of_w]: [R; 2] = *pair;
            *pair = [-of_w, -of_v];
        }
        done.add(row, &coefficients, w);
        w.iter_mut().for_each(|w| *w /= tau);
        let itself = Columns { entries: v, stride: v.len(), count: 1 };
        let mut overlap = [R::zero()];
        itself.dots(0, w, &mut overlap);
        let factor = from_f64::<R>(0.5) * overlap[0] / tau;
        w.iter_mut().zip(v).for_each(|(w, &v)| *w -= factor * v);
    }
}
