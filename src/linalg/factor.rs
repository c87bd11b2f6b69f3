//! Products of rows with the same matrix again and again, as every step with a change of variables
//! makes them.
//!
//! faer packs a product's right factor into its own order each time, which takes longer than the
//! product itself when there are few rows. Here the factor is packed once, into panels that are one
//! vector register wide. Up to 16 rows are multiplied with a panel at once, so that as many read the
//! factor once and from front to back, each of its numbers fetched from memory shortly before it is
//! needed. More rows are multiplied in groups, each of which stays in a core's own cache. The rows are
//! interleaved for each product. Zeros at the ends of a panel's columns are left out: a triangular
//! factor takes half the time.
//!
//! One or two rows would be multiplied faster with several panels at a time, by up to a third with a
//! matrix that is in the caches; with one that comes from memory it makes no difference.

use std::array;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use prefetch_index::prefetch_index;
use pulp::bytemuck::{Pod, cast_slice};
use pulp::{Arch, Simd, WithSimd};

use super::InBlocks;
use super::pages::{Pages, Part};
use super::upcoming::Upcoming;

/// Rows of a tile at most, whose sums stay in registers: where there are 32, and where there are 16.
const TALLEST: usize = 16;
const TALLEST_OF_FEW: usize = 12;
/// Rows of a group at most: with up to 2,500 terms in singles they take less than a megabyte.
const GROUP: usize = 96;
/// Terms of a sum that are added while a vector comes from memory.
const SOON: usize = 64;
/// Terms for which rows are interleaved at once: they stay in the core's first cache.
const TERMS: usize = 64;

/// The packed k × n right factor B of products A B.
///
/// Every entry of a product is a sum over k, term by term: its bits depend on its row of A alone,
/// not on the rows beside it.
#[derive(Debug)]
pub struct Factor<R> {
    order: Order,
    /// The terms of each panel's sums: from the first row that is not all zeros to the last.
    terms: Vec<Range<usize>>,
    /// Panel after panel, each row after row; the last is filled up with zeros.
    panels: Part<R>,
}

/// Which number of a matrix is where in its panels.
#[derive(Clone, Copy, Debug)]
struct Order {
    rows: usize,
    columns: usize,
    /// Numbers in a vector register, and columns of a panel.
    lanes: usize,
}

impl Order {
    /// Numbers in all panels.
    fn numbers(&self) -> usize {
        self.rows * self.columns.next_multiple_of(self.lanes)
    }

    /// The columns with which panels begin. A panel's numbers begin at the number of its first column
    /// times that of rows.
    fn starts(&self) -> impl Iterator<Item = usize> {
        (0..self.columns).step_by(self.lanes)
    }

    fn pack<T: Copy, R>(
        &self,
        matrix: ArrayView2<'_, T>,
        round: impl Fn(T) -> R,
        panels: &mut [R],
    ) {
        for start in self.starts() {
            let end = self.columns.min(start + self.lanes);
            let some = matrix.slice_axis(Axis(1), (start..end).into());
            let panel = panels[start * self.rows..].chunks_exact_mut(self.lanes);
            for (row, entries) in some.rows().into_iter().zip(panel) {
                entries.iter_mut().zip(row).for_each(|(to, &from)| *to = round(from));
            }
        }
    }
}

/// The types for which there is a kernel.
pub trait Kernel: Pod + PartialEq {
    /// Numbers in a vector register of this machine.
    fn lanes() -> usize;

    /// Makes a product.
    fn multiply(product: Product<'_, '_, '_, Self>);
}

impl<R: Kernel> Factor<R> {
    /// Packs a matrix.
    pub fn new(matrix: ArrayView2<'_, R>) -> Self {
        Self::side_by_side([matrix], |entry| entry).remove(0)
    }

    /// Packs matrices that are read one after the other, their numbers rounded, into the same pages of
    /// memory: small ones alone would not get huge ones.
    pub fn side_by_side<'a, T: Copy + 'a>(
        matrices: impl IntoIterator<Item = ArrayView2<'a, T>, IntoIter: Clone>,
        round: impl Fn(T) -> R,
    ) -> Vec<Self> {
        let matrices = matrices.into_iter();
        let lanes = R::lanes();
        let order = |matrix: ArrayView2<'_, T>| {
            let (rows, columns) = matrix.dim();
            Order { rows, columns, lanes }
        };
        let orders: Vec<_> = matrices.clone().map(order).collect();
        let mut pages = Pages::zeros(orders.iter().map(Order::numbers).sum());
        let mut rest = &mut *pages;
        for (order, matrix) in orders.iter().zip(matrices) {
            let (panels, after) = rest.split_at_mut(order.numbers());
            order.pack(matrix, &round, panels);
            rest = after;
        }
        let parts = pages.divided(orders.iter().map(Order::numbers));
        orders.into_iter().zip(parts).map(|(order, panels)| Self::of(order, panels)).collect()
    }

    fn of(order: Order, panels: Part<R>) -> Self {
        let is_zero = |row: &[R]| row.iter().all(|&entry| entry == R::zeroed());
        let terms = |start| {
            let panel = panels[start * order.rows..].chunks_exact(order.lanes).take(order.rows);
            let first = panel.clone().take_while(|row| is_zero(row)).count();
            first..order.rows - panel.skip(first).rev().take_while(|row| is_zero(row)).count()
        };
        Self { order, terms: order.starts().map(terms).collect(), panels }
    }

    /// The matrix as it was.
    pub fn to_matrix(&self) -> Array2<R> {
        let order = self.order;
        let mut matrix = Array2::from_elem((order.rows, order.columns), R::zeroed());
        for start in order.starts() {
            let panel = self.panels[start * order.rows..].chunks_exact(order.lanes);
            for (mut row, entries) in matrix.rows_mut().into_iter().zip(panel) {
                let some = row.iter_mut().skip(start);
                some.zip(entries).for_each(|(to, &from)| *to = from);
            }
        }
        matrix
    }

    /// C ← A B, with room for another A to work in.
    ///
    /// # Panics
    /// When the shapes do not fit, there is no room, or A or C is not contiguous and row-major.
    pub fn multiply(&self, a: ArrayView2<'_, R>, c: ArrayViewMut2<'_, R>, work: &mut [R]) {
        self.multiply_fetching(a, c, work, Upcoming::nothing());
    }

    /// The same, while what is needed next comes from memory.
    ///
    /// # Panics
    /// As `multiply` does.
    pub fn multiply_fetching(
        &self,
        a: ArrayView2<'_, R>,
        c: ArrayViewMut2<'_, R>,
        work: &mut [R],
        upcoming: Upcoming<'_, R>,
    ) {
        let (rows, [k, n]) = (a.nrows(), [a.ncols(), c.ncols()].map(|width| 0..width));
        let a = a.to_slice().expect("A is contiguous and row-major");
        let c = c.into_slice().expect("C is contiguous and row-major");
        let (k, n) = (array::from_ref(&k), array::from_ref(&n));
        self.multiply_all(InBlocks::new(a, k, rows), InBlocks::new(c, n, rows), work, upcoming);
    }

    /// C ← A B as [`Self::multiply`] makes it, for A and C in blocks of columns.
    ///
    /// # Panics
    /// When the shapes do not fit, or there is no room.
    pub fn multiply_blocks(
        &self,
        a: InBlocks<'_, &[R]>,
        c: InBlocks<'_, &mut [R]>,
        work: &mut [R],
    ) {
        self.multiply_all(a, c, work, Upcoming::nothing());
    }

    fn multiply_all<'a>(
        &self,
        a: InBlocks<'_, &[R]>,
        mut c: InBlocks<'a, &'a mut [R]>,
        work: &mut [R],
        mut upcoming: Upcoming<'_, R>,
    ) {
        let (rows, Order { rows: k, columns: n, .. }) = (a.rows(), self.order);
        assert_eq!((rows, a.width()), (c.rows(), k), "A's shape");
        assert_eq!(c.width(), n, "columns of C");
        assert!(rows * k <= work.len(), "room for A");
        #[cfg(test)]
        super::counted::add(rows, k, n);
        if self.panels.is_empty() {
            return c.visit(0..rows, 0..n, |_, _, entries| entries.fill(R::zeroed()));
        }
        let groups = evenly(rows, GROUP);
        let parts = upcoming.parts().div_ceil(groups.clone().count().max(1));
        for rows in groups {
            let c = &mut c;
            R::multiply(Product { a, b: self, c, rows, work, upcoming: &mut upcoming, parts });
        }
    }
}

/// Rows in as few ranges of a most each as there can be, all about as long.
fn evenly(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let count = rows.div_ceil(most);
    let start = move |range| rows * range / count;
    (0..count).map(move |range| start(range)..start(range + 1))
}

/// Puts the entries of a tile's rows for each term side by side.
fn interleave<R: Copy>(a: InBlocks<'_, &[R]>, rows: Range<usize>, tile: &mut [R]) {
    let height = rows.len();
    for (columns, rows) in a.blocks(rows) {
        let tile = &mut tile[columns.start * height..columns.end * height];
        for (index, terms) in tile.chunks_mut(TERMS * height).enumerate() {
            for (row, entries) in rows.chunks_exact(columns.len()).enumerate() {
                let places = terms[row..].iter_mut().step_by(height);
                places.zip(&entries[index * TERMS..]).for_each(|(to, &from)| *to = from);
            }
        }
    }
}

struct Width<R>(std::marker::PhantomData<R>);

/// Some rows of C are overwritten with those of A B. There is `work` for as many of A. Fetches so many
/// parts of what is `upcoming` meanwhile.
pub struct Product<'a, 'b, 'c, R> {
    a: InBlocks<'a, &'a [R]>,
    b: &'a Factor<R>,
    c: &'a mut InBlocks<'c, &'c mut [R]>,
    rows: Range<usize>,
    work: &'a mut [R],
    upcoming: &'a mut Upcoming<'b, R>,
    parts: usize,
}

macro_rules! kernel {
    ($real:ty, $lanes:ident, $splat:ident, $add_product:ident, $read:ident, $write:ident) => {
        impl WithSimd for Width<$real> {
            type Output = usize;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::$lanes
            }
        }

        impl Product<'_, '_, '_, $real> {
            /// The entries of M rows, those from the first given on (counted from the first of these), in
            /// one panel. Fetches some parts of what is upcoming.
            #[inline(always)]
            fn tile<S: Simd, const M: usize>(
                &mut self,
                simd: S,
                (row, panel): (usize, usize),
                parts: usize,
            ) {
                let Order { rows: k, columns: n, .. } = self.b.order;
                let (tile, _) = self.work[row * k..].as_chunks::<M>();
                let vectors = &S::$read(&self.b.panels).0[panel * k..];
                let Range { start, end } = self.b.terms[panel];
                let terms = (end - start).div_ceil(parts.max(1)).max(1);
                let mut sums = [simd.$splat(0.0); M];
                for from in (start..end).step_by(terms) {
                    if parts > 0 {
                        self.upcoming.fetch();
                    }
                    let (tile, vectors) = (&tile[from..end.min(from + terms)], &vectors[from..]);
                    // A fold keeps the sums in registers, where a loop would write them to memory.
                    let pairs = tile.iter().zip(vectors).enumerate();
                    sums = pairs.fold(sums, |sums, (term, (entries, &vector))| {
                        // After a panel comes the next, unless zeros are left out, and after the last
                        // that of the factor beside it.
                        prefetch_index(vectors, term + SOON);
                        array::from_fn(|row| {
                            simd.$add_product(simd.$splat(entries[row]), vector, sums[row])
                        })
                    });
                }
                let (first, column) = (self.rows.start + row, panel * S::$lanes);
                let panel = column..n.min(column + S::$lanes);
                self.c.visit(first..first + M, panel, |row, columns, entries| {
                    if let [whole] = S::$write(entries).0 {
                        *whole = sums[row];
                    } else {
                        let sums: &[$real] = cast_slice(array::from_ref(&sums[row]));
                        entries.copy_from_slice(&sums[columns.start - column..][..columns.len()]);
                    }
                });
            }
        }

        impl WithSimd for Product<'_, '_, '_, $real> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(mut self, simd: S) {
                let Order { rows: k, columns: n, lanes } = self.b.order;
                let tallest = if S::REGISTER_COUNT >= 32 { TALLEST } else { TALLEST_OF_FEW };
                let tiles = evenly(self.rows.len(), tallest);
                for Range { start, end } in tiles.clone() {
                    let rows = self.rows.start + start..self.rows.start + end;
                    interleave(self.a, rows, &mut self.work[start * k..end * k]);
                }
                let panels = n.div_ceil(lanes);
                let parts = self.parts.div_ceil(panels * tiles.clone().count());
                for panel in 0..panels {
                    for tile in tiles.clone() {
                        let at = (tile.start, panel);
                        match tile.len() {
                            1 => self.tile::<S, 1>(simd, at, parts),
                            2 => self.tile::<S, 2>(simd, at, parts),
                            3 => self.tile::<S, 3>(simd, at, parts),
                            4 => self.tile::<S, 4>(simd, at, parts),
                            5 => self.tile::<S, 5>(simd, at, parts),
                            6 => self.tile::<S, 6>(simd, at, parts),
                            7 => self.tile::<S, 7>(simd, at, parts),
                            8 => self.tile::<S, 8>(simd, at, parts),
                            9 => self.tile::<S, 9>(simd, at, parts),
                            10 => self.tile::<S, 10>(simd, at, parts),
                            11 => self.tile::<S, 11>(simd, at, parts),
                            12 => self.tile::<S, 12>(simd, at, parts),
                            13 => self.tile::<S, 13>(simd, at, parts),
                            14 => self.tile::<S, 14>(simd, at, parts),
                            15 => self.tile::<S, 15>(simd, at, parts),
                            _ => self.tile::<S, TALLEST>(simd, at, parts),
                        }
                    }
                }
            }
        }

        impl Kernel for $real {
            fn lanes() -> usize {
                Arch::new().dispatch(Width::<$real>(std::marker::PhantomData))
            }

            fn multiply(product: Product<'_, '_, '_, Self>) {
                Arch::new().dispatch(product);
            }
        }
    };
}
kernel!(f32, F32_LANES, splat_f32s, mul_add_e_f32s, as_simd_f32s, as_mut_simd_f32s);
kernel!(f64, F64_LANES, splat_f64s, mul_add_e_f64s, as_simd_f64s, as_mut_simd_f64s);

#[cfg(test)]
mod tests;
