//! Products of rows with the same matrix again and again, as every step with a change of variables
//! makes them.
//!
//! faer packs a product's right factor into its own order each time, which takes longer than the
//! product itself when there are few rows. Here the factor is packed once, into panels that are as
//! wide as a few vector registers, and read from front to back: while the processor works on one
//! panel, the next one is fetched from memory, without which training the networks of `benches/jobs`
//! (b) and (c) at 16 rates takes 1.9 and 1.6 times as long (least of 4 runs on a busy machine). The
//! few rows are interleaved for each product.

use std::array;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use prefetch_index::prefetch_index;
use pulp::bytemuck::Pod;
use pulp::{Arch, Simd, WithSimd};

use super::pages::{Pages, Part};
use super::upcoming::{LINE, Upcoming};

/// Vector registers across a panel, and across the last panels of a matrix that is not made of such.
const VECTORS: usize = 3;
const FEWER: usize = 2;
/// Rows up to which there is so little to do that what the processor fetches by itself is more.
const FEW: usize = 2;
/// Terms after which a row of the panel that is fetched from the core's second cache is needed.
const SOON: usize = 6;

/// The packed k × n right factor B of products A B.
///
/// Every entry of a product is a sum over k, term by term: its bits depend on its row of A alone,
/// not on the rows beside it.
#[derive(Debug)]
pub struct Factor<R> {
    order: Order,
    /// Panel after panel, each row after row; the last is filled up with zeros.
    panels: Part<R>,
}

/// Which number of a matrix is where in its panels.
#[derive(Clone, Copy, Debug)]
struct Order {
    rows: usize,
    columns: usize,
    /// Numbers in a vector register.
    lanes: usize,
    /// The column with which the panels of fewer vectors begin: at most two of them, so that at most one
    /// vector is filled up with zeros, where a wide panel would be with up to all but one column.
    narrow: usize,
}

impl Order {
    fn new((rows, columns): (usize, usize), lanes: usize) -> Self {
        let vectors = columns.div_ceil(lanes);
        let few = (vectors.next_multiple_of(VECTORS) - vectors) * FEWER;
        let narrow = vectors.saturating_sub(few) * lanes;
        Self { rows, columns, lanes, narrow }
    }

    /// Numbers in all panels.
    fn numbers(&self) -> usize {
        self.starts().map(|start| self.width(start) * self.rows).sum()
    }

    /// Columns of the panel that begins with a column.
    fn width(&self, start: usize) -> usize {
        let vectors = if start < self.narrow { VECTORS } else { FEWER };
        vectors * self.lanes
    }

    /// The columns with which panels begin. A panel's numbers begin at the number of its first column
    /// times that of rows.
    fn starts(self) -> impl Iterator<Item = usize> {
        let some = move |start: usize| (start < self.columns).then_some(start);
        std::iter::successors(some(0), move |&start| some(start + self.width(start)))
    }

    fn pack<T: Copy, R>(
        &self,
        matrix: ArrayView2<'_, T>,
        round: impl Fn(T) -> R,
        panels: &mut [R],
    ) {
        for start in self.starts() {
            let width = self.width(start);
            let panel = panels[start * self.rows..].chunks_exact_mut(width);
            for (row, entries) in matrix.rows().into_iter().zip(panel) {
                let some = row.iter().skip(start).take(width);
                entries.iter_mut().zip(some).for_each(|(to, &from)| *to = round(from));
            }
        }
    }
}

/// The types for which there is a kernel.
pub trait Kernel: Pod {
    /// Numbers in a vector register of this machine.
    fn lanes() -> usize;

    /// Makes a product.
    fn multiply(product: Product<'_, '_, Self>);
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
        let orders: Vec<_> =
            matrices.clone().map(|matrix| Order::new(matrix.dim(), R::lanes())).collect();
        let mut pages = Pages::zeros(orders.iter().map(Order::numbers).sum());
        let mut rest = &mut *pages;
        for (order, matrix) in orders.iter().zip(matrices) {
            let (panels, after) = rest.split_at_mut(order.numbers());
            order.pack(matrix, &round, panels);
            rest = after;
        }
        let parts = pages.divided(orders.iter().map(Order::numbers));
        orders.into_iter().zip(parts).map(|(order, panels)| Self { order, panels }).collect()
    }

    /// What a product reads first of it.
    pub fn first_panel(&self) -> &[R] {
        let Order { rows, .. } = self.order;
        &self.panels[..self.panels.len().min(self.order.width(0) * rows)]
    }

    /// The matrix as it was.
    pub fn to_matrix(&self) -> Array2<R> {
        let order = self.order;
        let mut matrix = Array2::from_elem((order.rows, order.columns), R::zeroed());
        for start in order.starts() {
            let width = order.width(start);
            let panel = self.panels[start * order.rows..].chunks_exact(width);
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
    /// When the shapes do not fit, or A or C is not contiguous and row-major.
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
        assert_eq!((a.nrows(), a.ncols()), (c.nrows(), self.order.rows), "A's shape");
        assert_eq!(c.ncols(), self.order.columns, "columns of C");
        assert_eq!(a.len(), work.len(), "room for A");
        #[cfg(test)]
        super::counted::add(a.nrows(), self.order.rows, self.order.columns);
        if self.panels.is_empty() || a.is_empty() {
            return;
        }
        let a = a.to_slice().expect("lanes are contiguous and row-major");
        let c = c.into_slice().expect("lanes are contiguous and row-major");
        R::multiply(Product { a, b: self, c, work, upcoming });
    }
}

/// Puts the entries of a tile's rows (of length k) for each term side by side, tile after tile.
fn interleave<R: Copy>(a: &[R], k: usize, height: usize, tiles: &mut [R]) {
    for (rows, tile) in a.chunks(height * k).zip(tiles.chunks_mut(height * k)) {
        let height = rows.len() / k;
        for (row, entries) in rows.chunks_exact(k).enumerate() {
            let places = tile[row..].iter_mut().step_by(height);
            places.zip(entries).for_each(|(to, &from)| *to = from);
        }
    }
}

struct Width<R>(std::marker::PhantomData<R>);

/// C (m × n) is overwritten with A B for an A of m rows; both are row-major. There is `work` for another A.
/// Fetches what is `upcoming` meanwhile.
pub struct Product<'a, 'b, R> {
    a: &'a [R],
    b: &'a Factor<R>,
    c: &'a mut [R],
    work: &'a mut [R],
    upcoming: Upcoming<'b, R>,
}

/// What is fetched while a tile is multiplied with a panel: a share of the next panel, and parts of
/// what comes after the product.
struct Ahead<'a, 'b, R> {
    panel: &'b [R],
    upcoming: &'b mut Upcoming<'a, R>,
    parts: usize,
}

/// Asks for the cache lines of some numbers.
#[inline(always)]
fn fetch<R>(numbers: &[R]) {
    (0..numbers.len()).step_by(LINE / size_of::<R>()).for_each(|n| prefetch_index(numbers, n));
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

        impl Product<'_, '_, $real> {
            /// M rows of the result, from a tile of A, in the columns of one panel; fetches what is
            /// `ahead` meanwhile.
            #[inline(always)]
            fn tile<S: Simd, const M: usize, const V: usize>(
                simd: S,
                tile: &[$real],
                panel: &[$real],
                ahead: Ahead<'_, '_, $real>,
                (c, n, columns): (&mut [$real], usize, usize),
            ) {
                let (tile, _) = tile.as_chunks::<M>();
                let (panel, _) = S::$read(panel).0.as_chunks::<V>();
                let mut next = ahead.panel.chunks(Upcoming::<$real>::part());
                let terms = tile.len().div_ceil(next.len().max(ahead.parts).max(1));
                let mut upcoming = ahead.upcoming.take(ahead.parts);
                let mut sums = [[simd.$splat(0.0); V]; M];
                for (factors, vectors) in tile.chunks(terms).zip(panel.chunks(terms)) {
                    fetch(next.next().unwrap_or_default());
                    fetch(upcoming.next().unwrap_or_default());
                    // A fold keeps the sums in registers, where a loop would write them to memory.
                    sums = factors.iter().zip(vectors).fold(sums, |sums, (factors, vectors)| {
                        (0..V).for_each(|v| prefetch_index(vectors, SOON * V + v));
                        array::from_fn(|row| {
                            let factor = simd.$splat(factors[row]);
                            array::from_fn(|v| simd.$add_product(factor, vectors[v], sums[row][v]))
                        })
                    });
                }
                for (row, sums) in sums.iter().enumerate() {
                    let entries = &mut c[row * n..][..columns];
                    if columns == V * S::$lanes {
                        S::$write(entries).0.copy_from_slice(sums);
                    } else {
                        let sums: &[$real] = pulp::bytemuck::cast_slice(sums);
                        entries.copy_from_slice(&sums[..columns]);
                    }
                }
            }
        }

        impl Product<'_, '_, $real> {
            /// The same for a tile of any height.
            #[inline(always)]
            fn rows<S: Simd, const V: usize>(
                simd: S,
                tile: &[$real],
                panel: &[$real],
                ahead: Ahead<'_, '_, $real>,
                c: (&mut [$real], usize, usize),
            ) {
                match tile.len() / (panel.len() / (V * S::$lanes)) {
                    1 => Self::tile::<S, 1, V>(simd, tile, panel, ahead, c),
                    2 => Self::tile::<S, 2, V>(simd, tile, panel, ahead, c),
                    3 => Self::tile::<S, 3, V>(simd, tile, panel, ahead, c),
                    4 => Self::tile::<S, 4, V>(simd, tile, panel, ahead, c),
                    5 => Self::tile::<S, 5, V>(simd, tile, panel, ahead, c),
                    6 => Self::tile::<S, 6, V>(simd, tile, panel, ahead, c),
                    7 => Self::tile::<S, 7, V>(simd, tile, panel, ahead, c),
                    _ => Self::tile::<S, 8, V>(simd, tile, panel, ahead, c),
                }
            }
        }

        impl WithSimd for Product<'_, '_, $real> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(mut self, simd: S) {
                let (order, panels) = (self.b.order, &*self.b.panels);
                let (k, n) = (order.rows, order.columns);
                // The sums of a tile, a row of the panel and a factor fit in the registers.
                let tallest = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
                let rows = self.a.len() / k;
                let tiles = rows.div_ceil(tallest);
                let height = rows.div_ceil(tiles);
                interleave(self.a, k, height, self.work);
                let fetches = rows > FEW;
                let products = order.starts().count() * tiles;
                let parts = if fetches { self.upcoming.parts().div_ceil(products) } else { 0 };
                for start in order.starts() {
                    let width = order.width(start);
                    let (panel, rest) = panels[start * k..].split_at(width * k);
                    let columns = width.min(n - start);
                    let next = match rest {
                        _ if !fetches => &[],
                        [] => self.upcoming.panel(),
                        rest => &rest[..k * order.width(start + width)],
                    };
                    // Every tile fetches a share of it.
                    let mut next = next.chunks(next.len().div_ceil(tiles).max(1));
                    let tiles = self.work.chunks(height * k).zip(self.c.chunks_mut(height * n));
                    for (tile, c) in tiles {
                        let panel_ahead = next.next().unwrap_or_default();
                        let upcoming = &mut self.upcoming;
                        let ahead = Ahead { panel: panel_ahead, upcoming, parts };
                        let c = (&mut c[start..], n, columns);
                        if start < order.narrow {
                            Self::rows::<S, VECTORS>(simd, tile, panel, ahead, c);
                        } else {
                            Self::rows::<S, FEWER>(simd, tile, panel, ahead, c);
                        }
                    }
                }
            }
        }

        impl Kernel for $real {
            fn lanes() -> usize {
                Arch::new().dispatch(Width::<$real>(std::marker::PhantomData))
            }

            fn multiply(product: Product<'_, '_, Self>) {
                Arch::new().dispatch(product);
            }
        }
    };
}
kernel!(f32, F32_LANES, splat_f32s, mul_add_e_f32s, as_simd_f32s, as_mut_simd_f32s);
kernel!(f64, F64_LANES, splat_f64s, mul_add_e_f64s, as_simd_f64s, as_mut_simd_f64s);
