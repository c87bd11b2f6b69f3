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

use super::pages::Pages;

/// Vector registers across a panel, and across the last panels of a matrix that is not made of such.
const VECTORS: usize = 3;
const FEWER: usize = 2;
/// Bytes of a cache line, and lines that are fetched together: about as many as a core can wait for.
const LINE: usize = 64;
const LINES: usize = 12;
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
    rows: usize,
    columns: usize,
    /// Numbers in a vector register.
    lanes: usize,
    /// The column with which the panels of fewer vectors begin: at most two of them, so that at most one
    /// vector is filled up with zeros, where a wide panel would be with up to all but one column.
    narrow: usize,
    /// Panel after panel, each row after row; the last is filled up with zeros.
    panels: Pages<R>,
}

/// The types for which there is a kernel.
pub trait Kernel: Pod {
    /// Numbers in a vector register of this machine.
    fn lanes() -> usize;

    /// Overwrites C (m × n) with A B for an A of m rows; both are row-major. There is `work` for
    /// another A.
    fn multiply(a: &[Self], b: &Factor<Self>, c: &mut [Self], work: &mut [Self]);
}

impl<R: Kernel> Factor<R> {
    /// Packs a matrix.
    pub fn new(matrix: ArrayView2<'_, R>) -> Self {
        let ((rows, columns), lanes) = (matrix.dim(), R::lanes());
        let vectors = columns.div_ceil(lanes);
        let few = (vectors.next_multiple_of(VECTORS) - vectors) * FEWER;
        let narrow = vectors.saturating_sub(few) * lanes;
        let padded = narrow + (vectors * lanes - narrow).next_multiple_of(FEWER * lanes);
        let panels = Pages::zeros(padded * rows);
        let mut factor = Self { rows, columns, lanes, narrow, panels };
        let mut start = 0;
        while start < columns {
            let width = factor.width(start);
            let panel = &mut factor.panels[start * rows..(start + width) * rows];
            for (row, entries) in matrix.rows().into_iter().zip(panel.chunks_exact_mut(width)) {
                let some = row.iter().skip(start).take(width);
                entries.iter_mut().zip(some).for_each(|(to, &from)| *to = from);
            }
            start += width;
        }
        factor
    }

    /// Columns of the panel that begins with a column.
    fn width(&self, start: usize) -> usize {
        let vectors = if start < self.narrow { VECTORS } else { FEWER };
        vectors * self.lanes
    }

    /// The columns with which panels begin. A panel's numbers begin at the number of its first column
    /// times that of rows.
    fn starts(&self) -> impl Iterator<Item = usize> {
        let some = |start: usize| (start < self.columns).then_some(start);
        std::iter::successors(some(0), move |&start| some(start + self.width(start)))
    }

    /// The matrix as it was.
    pub fn to_matrix(&self) -> Array2<R> {
        let mut matrix = Array2::from_elem((self.rows, self.columns), R::zeroed());
        for start in self.starts() {
            let width = self.width(start);
            let panel = self.panels[start * self.rows..].chunks_exact(width);
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
        assert_eq!((a.nrows(), a.ncols()), (c.nrows(), self.rows), "A's shape");
        assert_eq!(c.ncols(), self.columns, "columns of C");
        assert_eq!(a.len(), work.len(), "room for A");
        #[cfg(test)]
        super::counted::add(a.nrows(), self.rows, self.columns);
        if self.panels.is_empty() || a.is_empty() {
            return;
        }
        let a = a.to_slice().expect("lanes are contiguous and row-major");
        let c = c.into_slice().expect("lanes are contiguous and row-major");
        R::multiply(a, self, c, work);
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

struct Product<'a, R> {
    a: &'a [R],
    b: &'a Factor<R>,
    c: &'a mut [R],
    work: &'a mut [R],
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

        impl Product<'_, $real> {
            /// M rows of the result, from a tile of A, in the columns of one panel; fetches what is
            /// `ahead` meanwhile.
            #[inline(always)]
            fn tile<S: Simd, const M: usize, const V: usize>(
                simd: S,
                tile: &[$real],
                panel: &[$real],
                ahead: &[$real],
                (c, n, columns): (&mut [$real], usize, usize),
            ) {
                let (tile, _) = tile.as_chunks::<M>();
                let (panel, _) = S::$read(panel).0.as_chunks::<V>();
                let line = LINE / size_of::<$real>();
                let mut ahead = ahead.chunks(LINES * line);
                let terms = tile.len().div_ceil(ahead.len().max(1));
                let mut sums = [[simd.$splat(0.0); V]; M];
                for (factors, vectors) in tile.chunks(terms).zip(panel.chunks(terms)) {
                    let lines = ahead.next().unwrap_or_default();
                    (0..lines.len()).step_by(line).for_each(|first| prefetch_index(lines, first));
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

        impl Product<'_, $real> {
            /// The same for a tile of any height.
            #[inline(always)]
            fn rows<S: Simd, const V: usize>(
                simd: S,
                tile: &[$real],
                panel: &[$real],
                ahead: &[$real],
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

        impl WithSimd for Product<'_, $real> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let Factor { rows: k, columns: n, ref panels, .. } = *self.b;
                // The sums of a tile, a row of the panel and a factor fit in the registers.
                let tallest = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
                let rows = self.a.len() / k;
                let height = rows.div_ceil(rows.div_ceil(tallest));
                interleave(self.a, k, height, self.work);
                for start in self.b.starts() {
                    let width = self.b.width(start);
                    let (panel, rest) = panels[start * k..].split_at(width * k);
                    let columns = width.min(n - start);
                    // Every tile fetches a share of the next panel.
                    let after = if rows <= FEW || rest.is_empty() {
                        0
                    } else {
                        self.b.width(start + width)
                    };
                    let share = (k * after).div_ceil(rows.div_ceil(height)).max(1);
                    let mut next = rest[..k * after].chunks(share);
                    let tiles = self.work.chunks(height * k).zip(self.c.chunks_mut(height * n));
                    for (tile, c) in tiles {
                        let ahead = next.next().unwrap_or_default();
                        let c = (&mut c[start..], n, columns);
                        if start < self.b.narrow {
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

            fn multiply(a: &[Self], b: &Factor<Self>, c: &mut [Self], work: &mut [Self]) {
                Arch::new().dispatch(Product { a, b, c, work });
            }
        }
    };
}
kernel!(f32, F32_LANES, splat_f32s, mul_add_e_f32s, as_simd_f32s, as_mut_simd_f32s);
kernel!(f64, F64_LANES, splat_f64s, mul_add_e_f64s, as_simd_f64s, as_mut_simd_f64s);
