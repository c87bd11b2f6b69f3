//! Sums of outer products of vectors with themselves: AᵀA, and AAᵀ for an A of long rows; in doubles.
//!
//! A library's product of a matrix with its own transpose packs it twice. Here it is packed once, as it is
//! read: into panels of a few vectors, whose numbers for each term of the sums are side by side. The sums
//! of a tile of products stay in registers.

use std::array;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis};
use prefetch_index::prefetch_index;
use pulp::bytemuck::cast_slice;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::upcoming::{LINE_BYTES, fetch};
use super::{Real, to_f64};
use crate::simd::vectorized;

/// Raised when sums of outer products have other bits, as they have with other `TERMS`. Where faer has
/// kernels of its own for them, its products, which were used before, have the same.
pub const INNER_REVISION: u32 = if cfg!(target_arch = "x86_64") { 1 } else { 2 };

/// Vectors of a panel: rows of a tile at most.
const PANEL: usize = 16;
/// Rows of a tile where there are few registers.
const FEW: usize = 8;
/// Panels whose rows of the result a thread makes at once: they stay in a core's own cache.
const GROUP: usize = 4;
/// Terms that are summed up in registers, before the sum is added to C.
const TERMS: usize = 512;
/// Terms that are fetched before they are added.
const SOON: usize = 64;
/// Terms of a panel that are packed while as many come from memory.
const AHEAD: usize = 64;
/// Products above which threads share the work: those of a fraction of a millisecond.
const SHARED: usize = 1 << 24;

/// Adds the lower triangle of AᵀA, of some columns of A, to C, on all threads: its entries are the same
/// for any number of them.
///
/// # Panics
/// When A has fewer columns, neither its rows nor its columns are contiguous, or C is not square,
/// row-major and with as many columns.
pub fn add_lower_inner<R: Real>(a: ArrayView2<'_, R>, columns: Range<usize>, c: &mut Array2<f64>) {
    #[cfg(test)]
    super::counted::add_lower(columns.len(), a.nrows());
    add_lower(super::columns(a, columns), c);
}

/// The same of all columns, not counted.
pub(super) fn add_lower<R: Real>(a: ArrayView2<'_, R>, c: &mut Array2<f64>) {
    assert_eq!(c.dim(), (a.ncols(), a.ncols()), "C's shape");
    if a.nrows() > 1 && a.strides()[0] == 1 {
        return add_products(a.t(), c);
    }
    let pack = |terms: Range<usize>, vectors: Range<usize>, panel: &mut [Entries]| {
        let some = a.slice_axis_move(Axis(0), terms.into());
        for (to, row) in panel.iter_mut().zip(super::columns(some, vectors).rows()) {
            let row = row.to_slice().expect("rows or columns are contiguous");
            if let [entries] = row.as_chunks::<PANEL>().0 {
                *to = array::from_fn(|vector| to_f64(entries[vector]));
            } else {
                to.iter_mut().zip(row).for_each(|(to, &from)| *to = to_f64(from));
            }
        }
    };
    add(a.nrows(), pack, c);
}

/// The lower triangle of AAᵀ for an A of long rows, with 0 above it; on all threads.
///
/// # Panics
/// When A's rows are not contiguous.
pub fn lower_outer<R: Real>(a: ArrayView2<'_, R>) -> Array2<f64> {
    #[cfg(test)]
    super::counted::add_lower(a.nrows(), a.ncols());
    let mut sum = Array2::zeros((a.nrows(), a.nrows()));
    add_products(a, &mut sum);
    sum
}

/// Adds the lower triangle of AAᵀ to C.
fn add_products<R: Real>(a: ArrayView2<'_, R>, c: &mut Array2<f64>) {
    let pack = |terms: Range<usize>, vectors: Range<usize>, panel: &mut [Entries]| {
        // A panel is full: what is beyond the last vector is that one again.
        let last = vectors.end - 1;
        let rows: [&[R]; PANEL] = array::from_fn(|vector| {
            let row = a.index_axis_move(Axis(0), last.min(vectors.start + vector));
            row.to_slice().expect("the rows are contiguous")
        });
        for (part, some) in panel.chunks_mut(AHEAD).enumerate() {
            let start = terms.start + part * AHEAD;
            let end = start + some.len();
            // As many rows are read in turn, each from another place of memory: too many for the
            // processor to foresee.
            rows.iter().for_each(|row| fetch(&row[row.len().min(end)..row.len().min(end + AHEAD)]));
            let rows = rows.map(|row| &row[start..end]);
            // Squares of known size are turned in registers.
            let (squares, rest) = some.as_chunks_mut::<PANEL>();
            let whole = squares.len() * PANEL;
            for (index, square) in squares.iter_mut().enumerate() {
                let from = rows.map(|row| row.as_chunks::<PANEL>().0[index]);
                *square =
                    array::from_fn(|term| array::from_fn(|vector| to_f64(from[vector][term])));
            }
            for (term, to) in rest.iter_mut().enumerate() {
                *to = array::from_fn(|vector| to_f64(rows[vector][whole + term]));
            }
        }
    };
    add(a.ncols(), pack, c);
}

/// A term of the sums: an entry of each vector of a panel.
type Entries = [f64; PANEL];

/// Adds the lower triangle of products of vectors with one another to C. To `pack` some terms of some
/// vectors is to make a panel of them; what it has beyond the last vector does not count.
fn add(
    terms: usize,
    pack: impl Fn(Range<usize>, Range<usize>, &mut [Entries]) + Sync,
    c: &mut Array2<f64>,
) {
    let size = c.nrows();
    if size == 0 {
        return;
    }
    let c = c.as_slice_mut().expect("C is row-major");
    let panels = size.next_multiple_of(PANEL);
    // Vectors of numbers are read faster where none is in two cache lines.
    let mut numbers = vec![0.0; panels * TERMS.min(terms) + LINE_BYTES / size_of::<f64>()];
    let first = numbers.as_ptr().align_offset(LINE_BYTES);
    let is_shared = size * size * terms >= SHARED;
    for start in (0..terms).step_by(TERMS) {
        let some = start..terms.min(start + TERMS);
        let numbers = &mut numbers[first..][..panels * some.len()];
        for_each(is_shared, numbers, PANEL * some.len(), |index, panel| {
            let vectors = index * PANEL..size.min((index + 1) * PANEL);
            vectorized(|| pack(some.clone(), vectors, panel.as_chunks_mut().0));
        });
        let (terms, panels) = (some.len(), &*numbers);
        for_each(is_shared, c, GROUP * PANEL * size, |index, rows| {
            Arch::new().dispatch(Rows { panels, terms, size, first: index * GROUP * PANEL, rows });
        });
    }
}

/// Works on chunks of some numbers, on all threads if these are to share it.
fn for_each(
    is_shared: bool,
    numbers: &mut [f64],
    chunk: usize,
    work: impl Fn(usize, &mut [f64]) + Sync,
) {
    if is_shared {
        let chunks = numbers.par_chunks_mut(chunk).enumerate();
        chunks.for_each(|(index, chunk)| work(index, chunk));
    } else {
        let chunks = numbers.chunks_mut(chunk).enumerate();
        chunks.for_each(|(index, chunk)| work(index, chunk));
    }
}

/// Some rows of the result, from the first on, to which sums over terms are added.
struct Rows<'a> {
    panels: &'a [f64],
    terms: usize,
    size: usize,
    first: usize,
    rows: &'a mut [f64],
}

impl Rows<'_> {
    /// M rows of one vector register of columns each.
    #[inline(always)]
    fn tile<S: Simd, const M: usize>(&mut self, simd: S, row: usize, column: usize) {
        let panel = |vector: usize| {
            let start = vector / PANEL * PANEL * self.terms;
            &self.panels[start..start + PANEL * self.terms]
        };
        let (left, _) = panel(row).as_chunks::<M>();
        let left = left[row % PANEL / M..].iter().step_by(PANEL / M);
        let stride = PANEL / S::F64_LANES;
        let right = &S::as_simd_f64s(panel(column)).0[column % PANEL / S::F64_LANES..];
        let start = (row - self.first) * self.size + column;
        for entries in self.rows[start..].chunks(self.size).take(M) {
            prefetch_index(entries, 0);
            prefetch_index(entries, S::F64_LANES - 1);
        }
        // A fold keeps the sums in registers, where a loop would write them to memory.
        let pairs = left.zip(right.iter().step_by(stride)).enumerate();
        let sums = [simd.splat_f64s(0.0); M];
        let sums = pairs.fold(sums, |sums, (term, (entries, &vector))| {
            prefetch_index(right, (term + SOON) * stride);
            array::from_fn(|row| {
                simd.mul_add_e_f64s(simd.splat_f64s(entries[row]), vector, sums[row])
            })
        });
        let rows = self.rows[start..].chunks_mut(self.size).zip(&sums).enumerate();
        for (index, (entries, sums)) in rows {
            // Nothing above the diagonal, and nothing beyond the last column.
            let count = S::F64_LANES.min((row + index + 1).saturating_sub(column));
            let entries = &mut entries[..count];
            if let [whole] = S::as_mut_simd_f64s(entries).0 {
                *whole = simd.add_f64s(*whole, *sums);
            } else {
                let sums: &[f64] = cast_slice(array::from_ref(sums));
                entries.iter_mut().zip(sums).for_each(|(to, &sum)| *to += sum);
            }
        }
    }
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let end = self.first + self.rows.len() / self.size;
        for panel in (0..end).step_by(PANEL) {
            for row in (self.first.max(panel)..end).step_by(PANEL) {
                // Those from `end` on are above the diagonal.
                for column in (panel..end.min(panel + PANEL)).step_by(S::F64_LANES) {
                    // The first rows on the diagonal have nothing in the panel's last columns.
                    if S::REGISTER_COUNT >= 32 && column < row + FEW {
                        self.tile::<S, PANEL>(simd, row, column);
                        continue;
                    }
                    let parts = (row..end.min(row + PANEL)).step_by(FEW);
                    for part in parts.filter(|part| column < part + FEW) {
                        self.tile::<S, FEW>(simd, part, column);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::times;

    #[test]
    fn the_lower_triangle_is_added_to_by_any_number_of_threads_alike() {
        let entry = |(i, j): (usize, usize)| ((7 * i + 13 * j) as f64).sin();
        let on = |threads: usize, a: ArrayView2<'_, f64>| {
            let columns = a.ncols() / 3..a.ncols();
            let mut sum = Array2::ones((columns.len(), columns.len()));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| add_lower_inner(a, columns, &mut sum));
            sum
        };
        // Threads share the last two, and the last has more rows than are summed up at a time.
        let large = [(3, 16 * PANEL), (200, 700), (2 * TERMS + 5, 220)];
        for (rows, columns) in
            [(0, 3), (1, 1), (5, 0), (40, 65), (1300, 65)].into_iter().chain(large)
        {
            let a = Array2::from_shape_fn((rows, columns), entry);
            let turned = a.t().as_standard_layout().into_owned().reversed_axes();
            // Its columns are those of a matrix with more rows.
            let more = Array2::from_shape_fn((columns, rows + 3), |(j, i)| entry((i, j)));
            let (some, _) = more.t().split_at(Axis(0), rows);
            let found = [a.view(), turned.view(), some].map(|a| {
                let alone = on(1, a);
                assert_eq!(alone, on(3, a));
                alone
            });
            let some = crate::linalg::columns(a.view(), columns / 3..columns).to_owned();
            let product = times(some.t(), some.view());
            // Sums of so many products of numbers up to 1 in two orders, and of one.
            let tolerance = f64::EPSILON * (rows as f64 + 1.0).powi(2);
            for found in found {
                let wrong = |((i, j), found): ((usize, usize), &f64)| {
                    let added = if j <= i { product[[i, j]] } else { 0.0 };
                    (found - 1.0 - added).abs() > tolerance
                };
                assert!(!found.indexed_iter().any(wrong), "what is above stays as it was");
            }
        }
    }

    #[test]
    fn narrower_registers_make_the_same_sums() {
        const TERMS: usize = 70;
        let entry = |vector: usize, term: usize| ((7 * vector + 13 * term) as f64).sin();
        for size in [1, 8, 9, 21, 2 * PANEL] {
            let panels: Vec<f64> = (0..size.div_ceil(PANEL) * TERMS * PANEL)
                .map(|at| {
                    let vector = at / (TERMS * PANEL) * PANEL + at % PANEL;
                    if vector < size { entry(vector, at / PANEL % TERMS) } else { 0.0 }
                })
                .collect();
            let made = |make: &dyn Fn(Rows<'_>)| {
                let mut sums = vec![1.0; size * size];
                make(Rows { panels: &panels, terms: TERMS, size, first: 0, rows: &mut sums });
                sums
            };
            let widest = made(&|rows| Arch::new().dispatch(rows));
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V3::try_new() {
                assert_eq!(widest, made(&|rows| pulp::Simd::vectorize(simd, rows)));
            }
            // It rounds products.
            let plain = made(&|rows| rows.with_simd(pulp::Scalar::new()));
            for sums in [widest, plain] {
                for (at, found) in sums.into_iter().enumerate() {
                    let (i, j) = (at / size, at % size);
                    let product = |term| entry(i, term) * entry(j, term);
                    let added = if j <= i { (0..TERMS).map(product).sum() } else { 0.0 };
                    // Sums of so many products of numbers up to 1, in two orders.
                    assert!((found - 1.0 - added).abs() <= 1e-12, "{size}: {i}, {j}");
                }
            }
        }
    }

    /// What keeps [`INNER_REVISION`] as it was.
    #[cfg(all(target_arch = "x86_64", not(feature = "openblas")))]
    #[test]
    fn bits_are_those_of_the_library_where_its_products_are_fused() {
        if !std::arch::is_x86_feature_detected!("fma") {
            return;
        }
        let mut rng = crate::rng::Streams::new(5, 0).rng("entries");
        for (terms, size) in [(256, 300), (TERMS, 100), (784, 100), (2 * TERMS + 9, 70)] {
            let a = crate::data::orthonormal(terms.max(size), terms.min(size), &mut rng);
            let a = if a.nrows() == terms { a } else { a.reversed_axes() };
            let mut found = Array2::zeros((size, size));
            add_lower_inner(a.view(), 0..size, &mut found);
            let mut expected = times(a.t(), a.view());
            let above = expected.indexed_iter_mut().filter(|((i, j), _)| j > i);
            above.for_each(|(_, entry)| *entry = 0.0);
            assert_eq!(found, expected, "{terms} terms, {size} vectors");
        }
    }
}
