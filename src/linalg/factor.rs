//! Products of rows with the same matrix again and again, as every step with a change of variables
//! makes them.
//!
//! faer packs a product's right factor into its own order each time, which takes longer than the
//! product itself when there are few rows. Here the factor is packed once, into panels that are as
//! wide as a few vector registers, and read from front to back: while the processor works on one
//! panel, the next one is fetched from memory.

use ndarray::{ArrayView2, ArrayViewMut2};
use prefetch_index::prefetch_index;
use pulp::{Arch, Simd, WithSimd};

/// Vector registers across a panel.
const VECTORS: usize = 3;
/// Bytes of a cache line, and lines that are fetched together: about as many as a core can wait for.
const LINE: usize = 64;
const LINES: usize = 12;
/// Rows up to which there is so little to do that what the processor fetches by itself is more.
const FEW: usize = 2;

/// The packed k × n right factor B of products A B.
///
/// Every entry of a product is a sum over k, term by term: its bits depend on its row of A alone,
/// not on the rows beside it.
#[derive(Clone, Debug)]
pub struct Factor<R> {
    rows: usize,
    columns: usize,
    /// Columns of a panel.
    width: usize,
    /// Panel after panel, each row after row; the last is filled up with zeros.
    panels: Vec<R>,
}

/// The types for which there is a kernel.
pub trait Kernel: Copy + Default {
    /// Columns of a panel on this machine.
    fn width() -> usize;

    /// Overwrites C (m × n) with A B for an A of m rows; both are row-major.
    fn multiply(a: &[Self], b: &Factor<Self>, c: &mut [Self]);
}

impl<R: Kernel> Factor<R> {
    /// Packs a matrix.
    pub fn new(matrix: ArrayView2<'_, R>) -> Self {
        let ((rows, columns), width) = (matrix.dim(), R::width());
        let mut panels = vec![R::default(); columns.div_ceil(width) * rows * width];
        for (index, panel) in panels.chunks_exact_mut((rows * width).max(1)).enumerate() {
            for (row, entries) in matrix.rows().into_iter().zip(panel.chunks_exact_mut(width)) {
                let some = row.iter().skip(index * width).take(width);
                entries.iter_mut().zip(some).for_each(|(to, &from)| *to = from);
            }
        }
        Self { rows, columns, width, panels }
    }

    /// C ← A B.
    ///
    /// # Panics
    /// When the shapes do not fit, or A or C is not contiguous and row-major.
    pub fn multiply(&self, a: ArrayView2<'_, R>, c: ArrayViewMut2<'_, R>) {
        assert_eq!((a.nrows(), a.ncols()), (c.nrows(), self.rows), "A's shape");
        assert_eq!(c.ncols(), self.columns, "columns of C");
        if self.panels.is_empty() {
            return;
        }
        let a = a.to_slice().expect("lanes are contiguous and row-major");
        let c = c.into_slice().expect("lanes are contiguous and row-major");
        R::multiply(a, self, c);
    }
}

struct Width<R>(std::marker::PhantomData<R>);

struct Product<'a, R> {
    a: &'a [R],
    b: &'a Factor<R>,
    c: &'a mut [R],
}

macro_rules! kernel {
    ($real:ty, $lanes:ident, $splat:ident, $add_product:ident, $read:ident, $write:ident) => {
        impl WithSimd for Width<$real> {
            type Output = usize;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> usize {
                VECTORS * S::$lanes
            }
        }

        impl Product<'_, $real> {
            /// M rows of the result in the columns of one panel; fetches what is `ahead` meanwhile.
            #[allow(
                clippy::needless_range_loop,
                reason = "with iterators the sums go to memory and back: half the speed"
            )]
            #[inline(always)]
            fn tile<S: Simd, const M: usize>(
                simd: S,
                a: &[$real],
                (panel, k): (&[$real], usize),
                ahead: &[$real],
                (c, n, columns): (&mut [$real], usize, usize),
            ) {
                let (panel, _) = S::$read(panel).0.as_chunks::<VECTORS>();
                let panel = &panel[..k];
                let rows: [&[$real]; M] = std::array::from_fn(|row| &a[row * k..][..k]);
                let mut sums = [[simd.$splat(0.0); VECTORS]; M];
                let line = LINE / size_of::<$real>();
                let mut ahead = ahead.chunks(LINES * line);
                let some = k.div_ceil(ahead.len().max(1));
                for start in (0..k).step_by(some) {
                    let lines = ahead.next().unwrap_or_default();
                    (0..lines.len()).step_by(line).for_each(|first| prefetch_index(lines, first));
                    for term in start..k.min(start + some) {
                        let vectors = panel[term];
                        for row in 0..M {
                            let factor = simd.$splat(rows[row][term]);
                            for v in 0..VECTORS {
                                sums[row][v] = simd.$add_product(factor, vectors[v], sums[row][v]);
                            }
                        }
                    }
                }
                for (row, sums) in sums.iter().enumerate() {
                    let entries = &mut c[row * n..][..columns];
                    if columns == VECTORS * S::$lanes {
                        S::$write(entries).0.copy_from_slice(sums);
                    } else {
                        let sums: &[$real] = pulp::bytemuck::cast_slice(sums);
                        entries.copy_from_slice(&sums[..columns]);
                    }
                }
            }
        }

        impl WithSimd for Product<'_, $real> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let Factor { rows: k, columns: n, width, ref panels } = *self.b;
                // The sums of a tile, a row of the panel and a factor fit in the registers.
                let tallest = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
                // Every tile fetches a share of the next panel.
                let share = (k * width).div_ceil(self.a.len().div_ceil(tallest * k).max(1));
                let ahead = if self.a.len() <= FEW * k { &[] } else { &panels[..] };
                for (index, panel) in panels.chunks_exact(k * width).enumerate() {
                    let (start, panel) = (index * width, (panel, k));
                    let columns = width.min(n - start);
                    let next = ahead.chunks_exact(k * width).nth(index + 1).unwrap_or_default();
                    let mut next = next.chunks(share);
                    let tiles = self.a.chunks(tallest * k).zip(self.c.chunks_mut(tallest * n));
                    for (a, c) in tiles {
                        let ahead = next.next().unwrap_or_default();
                        let c = (&mut c[start..], n, columns);
                        match a.len() / k {
                            1 => Self::tile::<S, 1>(simd, a, panel, ahead, c),
                            2 => Self::tile::<S, 2>(simd, a, panel, ahead, c),
                            3 => Self::tile::<S, 3>(simd, a, panel, ahead, c),
                            4 => Self::tile::<S, 4>(simd, a, panel, ahead, c),
                            5 => Self::tile::<S, 5>(simd, a, panel, ahead, c),
                            6 => Self::tile::<S, 6>(simd, a, panel, ahead, c),
                            7 => Self::tile::<S, 7>(simd, a, panel, ahead, c),
                            _ => Self::tile::<S, 8>(simd, a, panel, ahead, c),
                        }
                    }
                }
            }
        }

        impl Kernel for $real {
            fn width() -> usize {
                Arch::new().dispatch(Width::<$real>(std::marker::PhantomData))
            }

            fn multiply(a: &[Self], b: &Factor<Self>, c: &mut [Self]) {
                Arch::new().dispatch(Product { a, b, c });
            }
        }
    };
}
kernel!(f32, F32_LANES, splat_f32s, mul_add_e_f32s, as_simd_f32s, as_mut_simd_f32s);
kernel!(f64, F64_LANES, splat_f64s, mul_add_e_f64s, as_simd_f64s, as_mut_simd_f64s);
