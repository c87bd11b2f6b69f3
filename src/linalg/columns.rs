//! Products of a matrix's columns with vectors, compiled for the vector instructions that the
//! machine has.
//!
//! The loops load what they need before they store anything: otherwise the compiler would have to
//! assume that a store changes what is yet to be loaded, and could not use vectors.

use std::array::from_fn;

use super::Real;

/// Columns that pass over a vector together.
const COLUMNS: usize = 4;
/// Entries that are taken together, and running sums of a dot product.
const WIDTH: usize = 16;

/// Columns of a matrix.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a, R> {
    pub entries: &'a [R],
    pub stride: usize,
    pub count: usize,
}

impl<'a, R: Real> Columns<'a, R> {
    /// Some columns, from a row on.
    #[inline(always)]
    fn some<const N: usize>(&self, first: usize, row: usize) -> [&'a [R]; N] {
        from_fn(|k| &self.entries[(first + k) * self.stride + row..(first + k + 1) * self.stride])
    }

    /// Adds the columns, from a row on, times the factors to a vector.
    #[inline(always)]
    pub fn add(&self, row: usize, factors: &[R], y: &mut [R]) {
        let (fours, rest) = factors[..self.count].as_chunks::<COLUMNS>();
        for (k, &four) in fours.iter().enumerate() {
            add(self.some(k * COLUMNS, row), four, y);
        }
        for (k, &factor) in (fours.len() * COLUMNS..).zip(rest) {
            add(self.some(k, row), [factor], y);
        }
    }

    /// The products of the columns, from a row on, with a vector.
    #[inline(always)]
    pub fn dots(&self, row: usize, x: &[R], result: &mut [R]) {
        let (fours, rest) = result[..self.count].as_chunks_mut::<COLUMNS>();
        let done = fours.len() * COLUMNS;
        for (k, four) in fours.iter_mut().enumerate() {
            *four = dots(self.some(k * COLUMNS, row), x);
        }
        for (k, one) in (done..).zip(rest) {
            [*one] = dots(self.some(k, row), x);
        }
    }

    /// y ← A x for the symmetric matrix that has these columns, from a row on, as lower triangle.
    #[inline(always)]
    pub fn symmetric_product(&self, row: usize, x: &[R], y: &mut [R]) {
        y.fill(R::zero());
        let full = self.count - self.count % COLUMNS;
        for k in (0..full).step_by(COLUMNS) {
            self.symmetric_part::<COLUMNS>(k, row + k, x, y);
        }
        for k in full..self.count {
            self.symmetric_part::<1>(k, row + k, x, y);
        }
    }

    /// What some columns, and the rows that mirror them, add to that product.
    #[inline(always)]
    fn symmetric_part<const N: usize>(&self, k: usize, row: usize, x: &[R], y: &mut [R]) {
        let columns = self.some::<N>(k, row);
        for (j, column) in columns.iter().enumerate() {
            y[k + j] += column[j] * x[k + j];
            for i in j + 1..N {
                y[k + i] += column[i] * x[k + j];
                y[k + j] += column[i] * x[k + i];
            }
        }
        let (factors, columns) = (from_fn(|j| x[k + j]), columns.map(|column| &column[N..]));
        let (above, y) = y.split_at_mut(k + N);
        let sums = add_and_dots(columns, factors, &x[k + N..], y);
        above[k..].iter_mut().zip(sums).for_each(|(y, sum)| *y += sum);
    }
}

/// y ← y + Σ columns · factors.
#[inline(always)]
fn add<R: Real, const N: usize>(columns: [&[R]; N], factors: [R; N], y: &mut [R]) {
    let columns = columns.map(|column| column[..y.len()].as_chunks::<WIDTH>());
    let (chunks, rest) = y.as_chunks_mut::<WIDTH>();
    for (i, y) in chunks.iter_mut().enumerate() {
        let mut result = *y;
        for (column, &factor) in columns.iter().zip(&factors) {
            let column = column.0[i];
            for lane in 0..WIDTH {
                result[lane] += column[lane] * factor;
            }
        }
        *y = result;
    }
    add_rest(columns.map(|column| column.1), factors, rest);
}

#[inline(always)]
fn add_rest<R: Real, const N: usize>(columns: [&[R]; N], factors: [R; N], y: &mut [R]) {
    for (i, y) in y.iter_mut().enumerate() {
        for (column, &factor) in columns.iter().zip(&factors) {
            *y += column[i] * factor;
        }
    }
}

/// columnsᵀ x.
#[inline(always)]
fn dots<R: Real, const N: usize>(columns: [&[R]; N], x: &[R]) -> [R; N] {
    let mut sums = [[R::zero(); WIDTH]; N];
    let (chunks, rest) = x.as_chunks::<WIDTH>();
    let columns = columns.map(|column| column[..x.len()].as_chunks::<WIDTH>());
    for (i, &x) in chunks.iter().enumerate() {
        for (column, sums) in columns.iter().zip(&mut sums) {
            let column = column.0[i];
            for lane in 0..WIDTH {
                sums[lane] += column[lane] * x[lane];
            }
        }
    }
    from_fn(|j| total(&sums[j], columns[j].1, rest))
}

/// Both at once, so that the columns are read once.
#[inline(always)]
fn add_and_dots<R: Real, const N: usize>(
    columns: [&[R]; N],
    factors: [R; N],
    x: &[R],
    y: &mut [R],
) -> [R; N] {
    let mut sums = [[R::zero(); WIDTH]; N];
    let (x_chunks, x_rest) = x.as_chunks::<WIDTH>();
    let (y_chunks, y_rest) = y.as_chunks_mut::<WIDTH>();
    let columns = columns.map(|column| column[..x.len()].as_chunks::<WIDTH>());
    for (i, (&x, y)) in x_chunks.iter().zip(y_chunks).enumerate() {
        let mut result = *y;
        for ((column, &factor), sums) in columns.iter().zip(&factors).zip(&mut sums) {
            let column = column.0[i];
            for lane in 0..WIDTH {
                result[lane] += column[lane] * factor;
                sums[lane] += column[lane] * x[lane];
            }
        }
        *y = result;
    }
    let rest = columns.map(|column| column.1);
    add_rest(rest, factors, y_rest);
    from_fn(|j| total(&sums[j], rest[j], x_rest))
}

/// The sum of the running sums and of the products that remain.
#[inline(always)]
fn total<R: Real>(sums: &[R; WIDTH], column: &[R], x: &[R]) -> R {
    let remaining = column.iter().zip(x).map(|(&a, &x)| a * x);
    sums.iter().copied().chain(remaining).sum()
}
