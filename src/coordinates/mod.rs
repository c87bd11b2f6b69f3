//! Coordinates: maps θ = J z + c from the variables z that are trained to parameters θ (paper,
//! section 2: J = V, orthonormal, and c = 0, as for all maps but [`Frozen`]).
//!
//! A map acts on the rows of lanes of a group of parameter blocks; blocks outside of all groups are
//! trained as they are. To add one: a file with a [`LinearMap`] and a [`Form`] of it, which a basis
//! then builds.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, Range};
use std::sync::Arc;

use ndarray::{ArcArray2, Array2, ArrayView2, ArrayViewMut2};

use crate::lanes::{Lanes, Layout, Role, Workspace};
use crate::linalg::{Real, to_f64};

mod change;
mod dense;
mod kronecker;
mod partial;
mod reflector;
mod tall;

pub use change::{Change, Forms};
pub use dense::{Dense, Orthonormal};
pub use kronecker::Kronecker;
pub use partial::{Auxiliary, Frozen, Reduced};
pub use reflector::Reflector;

/// θ = J z for the rows of lanes: from the trained variables to the parameters of a group of blocks.
///
/// J may be orthogonal (Jᵀ = J⁻¹), co-isometric (more variables than parameters, J Jᵀ = I) or
/// isometric (fewer, Jᵀ J = I). A map that is not linear ([`LinearMap::is_linear`]) adds a constant c
/// of parameters that are not trained, with Jᵀ c = 0.
pub trait LinearMap<R: Real>: Debug + Send + Sync {
    /// Number of variables that are trained: J's columns.
    fn trained(&self) -> usize;

    /// Number of parameters: J's rows.
    fn original(&self) -> usize;

    /// Whether c = 0, so that an objective of A θ can hold A J instead.
    fn is_linear(&self) -> bool {
        true
    }

    /// The part of the map that turns the inputs of a layer whose weights it maps, if it has one.
    fn split_inputs(&self) -> Option<InputSide<R>> {
        None
    }

    /// θ ← J z (+ c) for each row: K × trained to K × original.
    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        theta: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    );

    /// Jᵀ g for each row, which takes gradients to the trained variables: K × original to
    /// K × trained.
    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        out: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    );

    /// Variables z at θ for each row: those with J z + c = θ, where there are any. For an orthogonal
    /// J they are Jᵀ θ.
    fn start(
        &self,
        theta: ArrayView2<'_, R>,
        z: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        self.pull_back(theta, z, workspace);
    }

    /// What it takes.
    fn cost(&self) -> Cost;

    /// J, original × trained, for files and theory; `None` where it is too large to be written down.
    fn to_dense(&self) -> Option<Array2<f64>>;
}

/// A map on the weights of a layer, outputs × inputs row by row, that is I ⊗ U_in followed by another
/// map with which that commutes. As W x = W̃ (U_inᵀ x) for W = W̃ U_inᵀ, a layer of data can have
/// the data turned instead.
#[derive(Clone, Debug)]
pub struct InputSide<R> {
    /// U_in, inputs × inputs.
    pub inputs: Array2<R>,
    /// The other map; `None`: I.
    pub rest: Option<Arc<dyn LinearMap<R>>>,
}

/// Rounds a map to one precision.
pub trait Build<R: Real> {
    /// The map in the precision of the runs.
    fn build(&self) -> Arc<dyn LinearMap<R>>;
}

/// A map as it was formed, in double precision.
pub trait Form: Build<f32> + Build<f64> + Debug + Send + Sync {
    /// The matrices that it is made of, for files, each with what the name of its file ends with: the
    /// empty string for one that stands for all.
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)>;

    /// What tells how squares of gradients change with it, for an orthogonal map that can be given up
    /// for another one while a run trains.
    fn structure(&self) -> Option<Structure> {
        None
    }
}

/// An orthogonal V in a form in which B∘B can be applied without being written down.
#[derive(Clone, Debug)]
pub enum Structure {
    /// The identity but for few directions.
    Reflector(Reflector),
    /// U_out ⊗ U_in.
    Kronecker(Kronecker),
}

/// What a map takes, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations for one row, there ([`LinearMap::to_original`]) and back
    /// ([`LinearMap::pull_back`]).
    pub flops: f64,
    /// Numbers that are held.
    pub elements: f64,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { flops: self.flops + other.flops, elements: self.elements + other.elements }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Self::add)
    }
}

/// Maps on disjoint groups of consecutive blocks; without any, original coordinates. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Coordinates<R> {
    trained: Layout,
    pieces: Vec<Piece<R>>,
}

/// Some consecutive blocks, in either layout; without a map, one block that stays as it is.
#[derive(Clone, Debug)]
struct Piece<R> {
    original: Range<usize>,
    trained: Range<usize>,
    map: Option<Arc<dyn LinearMap<R>>>,
}

impl<R: Real> Coordinates<R> {
    /// Original coordinates.
    pub fn original(layout: &Layout) -> Self {
        Self::new(layout, [])
    }

    /// The coordinates that maps on groups of blocks of `layout` make.
    ///
    /// # Panics
    /// When groups overlap, or a map does not have the size of its group.
    pub fn new(
        layout: &Layout,
        maps: impl IntoIterator<Item = (Range<usize>, Arc<dyn LinearMap<R>>)>,
    ) -> Self {
        let mut maps: Vec<_> = maps.into_iter().collect();
        maps.sort_by_key(|(blocks, _)| blocks.start);
        let mut maps = maps.into_iter().peekable();
        let (mut pieces, mut trained) = (Vec::new(), Vec::new());
        let mut block = 0;
        while block < layout.blocks().len() {
            let next = maps.next_if(|(blocks, _)| blocks.start == block);
            let blocks = next.as_ref().map_or(block..block + 1, |(blocks, _)| blocks.clone());
            let start = trained.len();
            trained.extend(match &next {
                Some((_, map)) => trained_blocks(layout, &blocks, &**map),
                None => described(layout, &blocks),
            });
            block = blocks.end;
            let map = next.map(|(_, map)| map);
            pieces.push(Piece { original: blocks, trained: start..trained.len(), map });
        }
        assert!(maps.next().is_none(), "groups of blocks are disjoint, and within the layout");
        Self { trained: Layout::new(trained), pieces }
    }

    /// Whether nothing is mapped.
    pub fn is_original(&self) -> bool {
        self.pieces.iter().all(|piece| piece.map.is_none())
    }

    /// Whether there is no constant: θ = J z.
    pub fn is_linear(&self) -> bool {
        let mut maps = self.pieces.iter().filter_map(|piece| piece.map.as_ref());
        maps.all(|map| map.is_linear())
    }

    /// Where the map of exactly this block turns a layer's inputs: U_in, and the coordinates without
    /// that (see [`InputSide`]).
    pub fn split_inputs(&self, block: usize) -> Option<(Array2<R>, Self)> {
        let is = |piece: &Piece<R>| piece.original == (block..block + 1);
        let place = self.pieces.iter().position(is)?;
        let InputSide { inputs, rest } = self.pieces[place].map.as_ref()?.split_inputs()?;
        let mut left = self.clone();
        left.pieces[place].map = rest;
        Some((inputs, left))
    }

    /// The blocks of the trained variables: those of the parameters, wherever a map leaves their
    /// number as it is; otherwise one for each group.
    pub fn trained(&self) -> &Layout {
        &self.trained
    }

    /// θ ← J z + c for each lane.
    pub fn to_original(&self, z: &Lanes<R>, theta: &mut Lanes<R>, workspace: &mut Workspace<R>) {
        self.apply(Way::ToOriginal, z, theta, workspace);
    }

    /// Jᵀ g for each lane.
    pub fn pull_back(&self, gradient: &Lanes<R>, out: &mut Lanes<R>, workspace: &mut Workspace<R>) {
        self.apply(Way::PullBack, gradient, out, workspace);
    }

    /// Variables at θ for each lane; see [`LinearMap::start`].
    pub fn start(&self, theta: &Lanes<R>, z: &mut Lanes<R>, workspace: &mut Workspace<R>) {
        self.apply(Way::Start, theta, z, workspace);
    }

    /// What the maps take together.
    pub fn cost(&self) -> Cost {
        self.pieces.iter().filter_map(|piece| Some(piece.map.as_ref()?.cost())).sum()
    }

    fn apply(&self, way: Way, from: &Lanes<R>, to: &mut Lanes<R>, workspace: &mut Workspace<R>) {
        for piece in &self.pieces {
            let (source, target) = match way {
                Way::ToOriginal => (&piece.trained, &piece.original),
                Way::PullBack | Way::Start => (&piece.original, &piece.trained),
            };
            let Some(map) = &piece.map else {
                to.block_mut(target.start).assign(&from.block(source.start));
                continue;
            };
            if source.len() == 1 && target.len() == 1 {
                way.map(&**map, from.block(source.start), to.block_mut(target.start), workspace);
                continue;
            }
            // One map over several blocks, by way of contiguous matrices.
            let lanes = from.lanes();
            let sizes = [size(from.layout(), source), size(to.layout(), target)];
            let (buffers, workspace) = workspace.take_and_rest(sizes.map(|size| lanes * size));
            let [gathered, mapped] = buffers;
            gather(from, source, gathered);
            let [input, output] = sizes.map(|size| (lanes, size));
            let input = ArrayView2::from_shape(input, &*gathered);
            let output = ArrayViewMut2::from_shape(output, &mut *mapped);
            way.map(
                &**map,
                input.expect("the buffer has K × size entries"),
                output.expect("the buffer has K × size entries"),
                workspace,
            );
            scatter(mapped, to, target);
        }
    }
}

#[derive(Clone, Copy)]
enum Way {
    ToOriginal,
    PullBack,
    Start,
}

impl Way {
    fn map<R: Real>(
        self,
        map: &dyn LinearMap<R>,
        from: ArrayView2<'_, R>,
        to: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        match self {
            Self::ToOriginal => map.to_original(from, to, workspace),
            Self::PullBack => map.pull_back(from, to, workspace),
            Self::Start => map.start(from, to, workspace),
        }
    }
}

/// What describes a block in [`Layout::new`].
type Description = (String, (usize, usize), Role, (usize, usize));

fn described(layout: &Layout, blocks: &Range<usize>) -> Vec<Description> {
    let blocks = layout.blocks()[blocks.clone()].iter();
    blocks.map(|block| (block.name.clone(), block.shape, block.role, block.fan)).collect()
}

fn trained_blocks<R: Real>(
    layout: &Layout,
    blocks: &Range<usize>,
    map: &dyn LinearMap<R>,
) -> Vec<Description> {
    assert_eq!(map.original(), size(layout, blocks), "a map has the size of its group of blocks");
    let trained = map.trained();
    if trained == map.original() {
        return described(layout, blocks);
    }
    vec![(layout.group_name(blocks), (trained, 1), Role::Weight, (trained, 1))]
}

/// Entries up to which a matrix is written down: half a gigabyte.
const WRITTEN: usize = 1 << 26;

/// J of a linear map, from where unit vectors go, unless it is too large.
fn written_down<R: Real>(map: &impl LinearMap<R>) -> Option<Array2<f64>> {
    let (trained, original) = (map.trained(), map.original());
    (trained.saturating_mul(original) <= WRITTEN).then(|| {
        let mut columns = Array2::zeros((trained, original));
        let units = Array2::eye(trained);
        map.to_original(units.view(), columns.view_mut(), &mut Workspace::new());
        Array2::from_shape_fn((original, trained), |(i, j)| to_f64(columns[(j, i)]))
    })
}

/// Number of variables of consecutive blocks.
fn size(layout: &Layout, blocks: &Range<usize>) -> usize {
    layout.parameters(blocks).len()
}

/// Copies some blocks of each lane to a row of a K × size matrix.
fn gather<R: Real>(lanes: &Lanes<R>, blocks: &Range<usize>, rows: &mut [R]) {
    let size = size(lanes.layout(), blocks);
    for (block, columns) in columns(lanes.layout(), blocks) {
        for (row, lane) in rows.chunks_exact_mut(size).zip(lanes.block(block).rows()) {
            row[columns.clone()]
                .copy_from_slice(lane.to_slice().expect("rows of a block are contiguous"));
        }
    }
}

/// The reverse of [`gather`].
fn scatter<R: Real>(rows: &[R], lanes: &mut Lanes<R>, blocks: &Range<usize>) {
    let layout = lanes.layout().clone();
    let size = size(&layout, blocks);
    for (block, columns) in columns(&layout, blocks) {
        let mut target = lanes.block_mut(block);
        for (row, mut lane) in rows.chunks_exact(size).zip(target.rows_mut()) {
            lane.as_slice_mut()
                .expect("rows of a block are contiguous")
                .copy_from_slice(&row[columns.clone()]);
        }
    }
}

/// Where each block is among the variables of its group.
fn columns(layout: &Layout, blocks: &Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let offset = layout.parameters(blocks).start;
    blocks.clone().map(move |block| {
        let range = &layout.blocks()[block].range;
        (block, range.start - offset..range.end - offset)
    })
}
