//! Lanes: the parameter vectors of many runs of one model, trained side by side.
//!
//! Row `k` of a `K × d` matrix is the parameter vector of run `k`. The matrix is stored
//! *block-major*: for every parameter [`Block`] one contiguous row-major `K × size` matrix, so
//! that a layer's weights of all lanes form one tall matrix and a block of a change of basis is
//! one matrix product.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array1, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};

use crate::linalg::Real;

mod workspace;

pub use workspace::Workspace;

/// What a parameter block is used for; decides how [`crate::distribution`] draws it and whether
/// a block basis reparameterizes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight matrix (`rows` outputs × `columns` inputs, row-major), or the one vector of a
    /// convex objective.
    Weight,
    /// A bias vector; it stays in original coordinates under a block basis (spec: authors' code).
    Bias,
}

/// One named, contiguous group of parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Unique name, such as `layer1.weight`.
    pub name: String,
    /// Rows and columns of the matrix the block holds (row-major); a vector has one column.
    pub shape: (usize, usize),
    /// Weight or bias.
    pub role: Role,
    /// Inputs and outputs of the layer that the block belongs to, for initialization schemes.
    pub fan: (usize, usize),
    /// Position in the parameter vector.
    pub range: Range<usize>,
}

impl Block {
    /// Number of parameters.
    pub fn size(&self) -> usize {
        self.range.len()
    }

    /// Outputs and inputs of the weights as a matrix: of a vector that an objective is a function of,
    /// one output.
    pub fn matrix(&self) -> (usize, usize) {
        (self.fan.1, self.fan.0)
    }
}

/// The blocks of a model: disjoint, in order, covering `0..d`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout(Arc<[Block]>);

impl Layout {
    /// Lays out blocks given as (name, shape, role, fan) one after the other.
    pub fn new(
        blocks: impl IntoIterator<Item = (String, (usize, usize), Role, (usize, usize))>,
    ) -> Self {
        let mut end = 0;
        let blocks = blocks.into_iter().map(|(name, shape, role, fan)| {
            let start = end;
            end += shape.0 * shape.1;
            Block { name, shape, role, fan, range: start..end }
        });
        Self(blocks.collect())
    }

    /// One unstructured vector of `dimension` parameters.
    pub fn vector(dimension: usize) -> Self {
        Self::new([("theta".into(), (dimension, 1), Role::Weight, (dimension, 1))])
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.0
    }

    /// The parameters that some consecutive blocks cover.
    pub fn parameters(&self, blocks: &Range<usize>) -> Range<usize> {
        let covered = &self.0[blocks.clone()];
        match (covered.first(), covered.last()) {
            (Some(first), Some(last)) => first.range.start..last.range.end,
            _ => 0..0,
        }
    }

    /// The name of consecutive blocks: that of a single one among others, or `all`.
    pub fn group_name(&self, blocks: &Range<usize>) -> String {
        match &self.0[blocks.clone()] {
            [one] if self.0.len() > 1 => one.name.clone(),
            _ => "all".into(),
        }
    }

    /// Number of parameters d.
    pub fn dimension(&self) -> usize {
        self.0.last().map_or(0, |block| block.range.end)
    }
}

/// The vectors of K lanes (parameters, gradients or optimizer state), block-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Lanes<R> {
    layout: Layout,
    lanes: usize,
    data: Vec<R>,
}

impl<R: Real> Lanes<R> {
    /// K lanes, every entry equal to `value`.
    pub fn filled(layout: &Layout, lanes: usize, value: R) -> Self {
        Self { layout: layout.clone(), lanes, data: vec![value; lanes * layout.dimension()] }
    }

    /// K lanes of zeros.
    pub fn zeros(layout: &Layout, lanes: usize) -> Self {
        Self::filled(layout, lanes, R::zero())
    }

    /// K copies of one vector of d entries.
    ///
    /// # Panics
    /// When the vector's length is not d.
    pub fn broadcast(layout: &Layout, lanes: usize, vector: ArrayView1<'_, R>) -> Self {
        let mut all = Self::zeros(layout, lanes);
        for lane in 0..lanes {
            all.set_lane(lane, vector);
        }
        all
    }

    /// The blocks.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Number of lanes K.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// The K × size matrix of block number `index`.
    pub fn block(&self, index: usize) -> ArrayView2<'_, R> {
        self.view(0..self.lanes).into_block(index)
    }

    /// The K × size matrix of block number `index`, writable.
    pub fn block_mut(&mut self, index: usize) -> ArrayViewMut2<'_, R> {
        let lanes = self.lanes;
        self.view_mut(0..lanes).into_block(index)
    }

    /// All entries of consecutive blocks, block after block, lane after lane.
    pub fn blocks(&self, blocks: &Range<usize>) -> &[R] {
        &self.data[self.place(blocks)]
    }

    /// The same, writable.
    pub fn blocks_mut(&mut self, blocks: &Range<usize>) -> &mut [R] {
        let place = self.place(blocks);
        &mut self.data[place]
    }

    fn place(&self, blocks: &Range<usize>) -> Range<usize> {
        let parameters = self.layout.parameters(blocks);
        self.lanes * parameters.start..self.lanes * parameters.end
    }

    /// All entries, block after block, lane after lane.
    pub fn as_slice(&self) -> &[R] {
        &self.data
    }

    /// All entries, writable; the order is that of [`Lanes::as_slice`].
    pub fn as_mut_slice(&mut self) -> &mut [R] {
        &mut self.data
    }

    /// The lanes of a range.
    pub fn view(&self, rows: Range<usize>) -> LanesView<'_, R> {
        assert!(rows.end <= self.lanes, "lane {} of {}", rows.end, self.lanes);
        LanesView { all: self, rows }
    }

    /// The lanes of a range, writable.
    pub fn view_mut(&mut self, rows: Range<usize>) -> LanesViewMut<'_, R> {
        assert!(rows.end <= self.lanes, "lane {} of {}", rows.end, self.lanes);
        LanesViewMut { all: self, rows }
    }

    /// One lane's vector of d entries, in the order of the layout.
    pub fn lane(&self, lane: usize) -> Array1<R> {
        let mut entries = Vec::with_capacity(self.layout.dimension());
        for block in self.layout.blocks() {
            let start = self.lanes * block.range.start + lane * block.size();
            entries.extend_from_slice(&self.data[start..start + block.size()]);
        }
        entries.into()
    }

    /// Overwrites one lane.
    ///
    /// # Panics
    /// When the vector's length is not d.
    pub fn set_lane(&mut self, lane: usize, vector: ArrayView1<'_, R>) {
        assert_eq!(vector.len(), self.layout.dimension(), "length of a lane's vector");
        for block in self.layout.blocks() {
            let start = self.lanes * block.range.start + lane * block.size();
            ArrayViewMut1::from(&mut self.data[start..start + block.size()])
                .assign(&vector.slice_axis(Axis(0), block.range.clone().into()));
        }
    }

    /// Keeps the listed lanes, in that (increasing) order, and drops the others.
    pub fn retain(&mut self, keep: &[usize]) {
        debug_assert!(keep.is_sorted(), "lanes are kept in order");
        let mut end = 0;
        for block in self.layout.blocks() {
            for &lane in keep {
                let start = self.lanes * block.range.start + lane * block.size();
                self.data.copy_within(start..start + block.size(), end);
                end += block.size();
            }
        }
        self.data.truncate(end);
        self.lanes = keep.len();
    }
}

/// Some consecutive lanes of a [`Lanes`].
#[derive(Clone, Debug)]
pub struct LanesView<'a, R> {
    all: &'a Lanes<R>,
    rows: Range<usize>,
}

impl<'a, R: Real> LanesView<'a, R> {
    /// The blocks.
    pub fn layout(&self) -> &Layout {
        &self.all.layout
    }

    /// Number of lanes in the view.
    pub fn lanes(&self) -> usize {
        self.rows.len()
    }

    /// The (contiguous) lanes × size matrix of a block.
    pub fn block(&self, index: usize) -> ArrayView2<'_, R> {
        self.clone().into_block(index)
    }

    /// The same, for as long as the lanes are borrowed.
    pub fn into_block(self, index: usize) -> ArrayView2<'a, R> {
        let block = &self.all.layout.blocks()[index];
        let start = self.all.lanes * block.range.start + self.rows.start * block.size();
        let slice = &self.all.data[start..start + self.rows.len() * block.size()];
        ArrayView2::from_shape((self.rows.len(), block.size()), slice)
            .expect("a block's slice has lanes × size entries by construction")
    }
}

/// Some consecutive lanes of a [`Lanes`], writable.
#[derive(Debug)]
pub struct LanesViewMut<'a, R> {
    all: &'a mut Lanes<R>,
    rows: Range<usize>,
}

impl<'a, R: Real> LanesViewMut<'a, R> {
    /// The blocks.
    pub fn layout(&self) -> &Layout {
        &self.all.layout
    }

    /// Number of lanes in the view.
    pub fn lanes(&self) -> usize {
        self.rows.len()
    }

    /// The (contiguous) lanes × size matrix of a block.
    pub fn block_mut(&mut self, index: usize) -> ArrayViewMut2<'_, R> {
        LanesViewMut { all: self.all, rows: self.rows.clone() }.into_block(index)
    }

    fn into_block(self, index: usize) -> ArrayViewMut2<'a, R> {
        let block = &self.all.layout.blocks()[index];
        let start = self.all.lanes * block.range.start + self.rows.start * block.size();
        let (rows, size) = (self.rows.len(), block.size());
        let slice = &mut self.all.data[start..start + rows * size];
        ArrayViewMut2::from_shape((rows, size), slice)
            .expect("a block's slice has lanes × size entries by construction")
    }
}
