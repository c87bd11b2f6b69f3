//! Applying a block-diagonal V to lanes: global and blockwise bases alike.

use std::ops::Range;

use ndarray::{ArcArray2, ArrayView2, ArrayViewMut2};

use crate::basis::{Basis, Part, parameters};
use crate::lanes::{Lanes, Layout};
use crate::linalg::{Factor, Real, real};
use crate::objective::Scratch;

/// A block-diagonal change of variables; parameters outside its parts are left alone.
#[derive(Debug)]
pub struct BlockDiagonal<R> {
    parts: Vec<BothWays<R>>,
    untouched: Vec<usize>,
}

/// One diagonal block of V in the precision of the runs; cheap to clone.
#[derive(Clone, Debug)]
pub struct Rotation<R> {
    blocks: Range<usize>,
    matrix: ArcArray2<R>,
}

impl<R: Real> Rotation<R> {
    /// Rounds a part's matrix to `R`.
    pub fn of(part: &Part) -> Self {
        Self { blocks: part.blocks.clone(), matrix: part.vectors.matrix().mapv(real).into() }
    }

    /// Bytes that the matrix takes.
    pub fn bytes(&self) -> usize {
        size_of::<R>() * self.matrix.len()
    }
}

/// A rotation and its transpose, as factors of many products.
#[derive(Debug)]
struct BothWays<R> {
    blocks: Range<usize>,
    matrix: Factor<R>,
    transposed: Factor<R>,
}

impl<R: Real> BlockDiagonal<R> {
    /// The change of variables with these diagonal blocks, rounded to `R`.
    ///
    /// # Panics
    /// When a part's matrix does not have the size of its blocks.
    pub fn new(layout: &Layout, parts: &[Part]) -> Self {
        Self::of(layout, parts.iter().map(Rotation::of))
    }

    /// The same, of blocks that are rounded already.
    ///
    /// # Panics
    /// When a rotation does not have the size of its blocks.
    pub fn of(layout: &Layout, rotations: impl IntoIterator<Item = Rotation<R>>) -> Self {
        let parts: Vec<_> = rotations
            .into_iter()
            .map(|Rotation { blocks, matrix }| {
                let size = parameters(layout, &blocks).len();
                assert_eq!(matrix.dim(), (size, size), "a basis has the size of its blocks");
                let [matrix, transposed] = [matrix.view(), matrix.t()].map(Factor::new);
                BothWays { blocks, matrix, transposed }
            })
            .collect();
        let untouched = (0..layout.blocks().len())
            .filter(|block| !parts.iter().any(|part| part.blocks.contains(block)))
            .collect();
        Self { parts, untouched }
    }

    /// Multiplies the rows of every part by the matrix that `side` picks.
    fn apply<'a>(
        &'a self,
        side: impl Fn(&'a BothWays<R>) -> &'a Factor<R>,
        from: &Lanes<R>,
        to: &mut Lanes<R>,
        scratch: &mut Scratch<R>,
    ) {
        for &block in &self.untouched {
            to.block_mut(block).assign(&from.block(block));
        }
        for rotation in &self.parts {
            let (blocks, matrix) = (&rotation.blocks, side(rotation));
            if blocks.len() == 1 {
                let block = blocks.start;
                let from = from.block(block);
                let [work] = scratch.take([from.len()]);
                matrix.multiply(from, to.block_mut(block), work);
            } else {
                mix(blocks, matrix, from, to, scratch);
            }
        }
    }
}

/// One product over several blocks, by way of contiguous K × size copies.
fn mix<R: Real>(
    blocks: &Range<usize>,
    matrix: &Factor<R>,
    from: &Lanes<R>,
    to: &mut Lanes<R>,
    scratch: &mut Scratch<R>,
) {
    let (lanes, size) = (from.lanes(), parameters(from.layout(), blocks).len());
    let [gathered, mixed, work] = scratch.take([lanes * size; 3]);
    let offset = from.layout().blocks()[blocks.start].range.start;
    let columns = |block: usize| {
        let range = &from.layout().blocks()[block].range;
        range.start - offset..range.end - offset
    };
    for block in blocks.clone() {
        let columns = columns(block);
        for (row, lane) in gathered.chunks_exact_mut(size).zip(from.block(block).rows()) {
            row[columns.clone()]
                .copy_from_slice(lane.to_slice().expect("rows of a block are contiguous"));
        }
    }
    let shape = (lanes, size);
    matrix.multiply(
        ArrayView2::from_shape(shape, gathered).expect("the buffer has K × size entries"),
        ArrayViewMut2::from_shape(shape, mixed).expect("the buffer has K × size entries"),
        work,
    );
    for block in blocks.clone() {
        let columns = columns(block);
        let mut target = to.block_mut(block);
        for (row, mut lane) in mixed.chunks_exact(size).zip(target.rows_mut()) {
            lane.as_slice_mut()
                .expect("rows of a block are contiguous")
                .copy_from_slice(&row[columns.clone()]);
        }
    }
}

impl<R: Real> Basis<R> for BlockDiagonal<R> {
    /// Rows of lanes: Θ = Θ̃ Vᵀ.
    fn to_original(&self, from: &Lanes<R>, to: &mut Lanes<R>, scratch: &mut Scratch<R>) {
        self.apply(|rotation| &rotation.transposed, from, to, scratch);
    }

    /// Rows of lanes: Θ̃ = Θ V.
    fn to_reparameterized(&self, from: &Lanes<R>, to: &mut Lanes<R>, scratch: &mut Scratch<R>) {
        self.apply(|rotation| &rotation.matrix, from, to, scratch);
    }
}
