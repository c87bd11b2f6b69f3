//! Coordinates: maps θ = J z + c from the variables z that are trained to parameters θ (paper,
//! section 2: J = V, orthonormal, and c = 0, as for all maps but [`Frozen`]).
//!
//! A map acts on the rows of lanes of a group of parameter blocks; blocks outside of all groups are
//! trained as they are. To add one: a file with a [`LinearMap`] and a [`Form`] of it, which a basis
//! then builds.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{ArcArray2, Array2};

use crate::lanes::{Lanes, Layout, Role, Workspace};
use crate::linalg::{InBlocks, Real};

mod change;
mod dense;
mod kronecker;
mod map;
mod partial;
mod reflector;
mod tall;

pub use change::{Change, Forms};
pub use dense::{Dense, Orthonormal};
pub use kronecker::Kronecker;
use map::together;
pub use map::{Cost, InputSide, LinearMap};
pub use partial::{Auxiliary, Frozen, Reduced};
pub use reflector::Reflector;

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

/// Maps on disjoint groups of consecutive blocks; without any, original coordinates. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Coordinates<R> {
    trained: Layout,
    pieces: Vec<Piece<R>>,
}

/// Some consecutive blocks, in either layout; without a map, one block that stays as it is.
#[derive(Clone, Debug)]
struct Piece<R> {
    original: Group,
    trained: Group,
    map: Option<Arc<dyn LinearMap<R>>>,
}

/// Consecutive blocks.
#[derive(Clone, Debug)]
struct Group {
    blocks: Range<usize>,
    columns: Vec<Range<usize>>,
}

impl Group {
    fn of(layout: &Layout, blocks: Range<usize>) -> Self {
        Self { columns: columns(layout, &blocks), blocks }
    }
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
            pieces.push((blocks, start..trained.len(), map));
        }
        assert!(maps.next().is_none(), "groups of blocks are disjoint, and within the layout");
        let trained = Layout::new(trained);
        let pieces = pieces.into_iter().map(|(original, blocks, map)| Piece {
            original: Group::of(layout, original),
            trained: Group::of(&trained, blocks),
            map,
        });
        Self { pieces: pieces.collect(), trained }
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
        let is = |piece: &Piece<R>| piece.original.blocks == (block..block + 1);
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
                to.block_mut(target.blocks.start).assign(&from.block(source.blocks.start));
                continue;
            };
            let lanes = from.lanes();
            let from = InBlocks::new(from.blocks(&source.blocks), &source.columns, lanes);
            let to = InBlocks::new(to.blocks_mut(&target.blocks), &target.columns, lanes);
            match way {
                Way::ToOriginal => map.to_original_in_blocks(from, to, workspace),
                Way::PullBack => map.pull_back_in_blocks(from, to, workspace),
                Way::Start => together(from, to, workspace, |from, to, workspace| {
                    map.start(from, to, workspace);
                }),
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Way {
    ToOriginal,
    PullBack,
    Start,
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
    // Variables of biases alone are biases: what spares these spares them too.
    let biases = layout.blocks()[blocks.clone()].iter().all(|block| block.role == Role::Bias);
    let role = if biases { Role::Bias } else { Role::Weight };
    vec![(layout.group_name(blocks), (trained, 1), role, (trained, 1))]
}

/// Number of variables of consecutive blocks.
fn size(layout: &Layout, blocks: &Range<usize>) -> usize {
    layout.parameters(blocks).len()
}

/// The columns of each of some consecutive blocks among the variables of their group.
fn columns(layout: &Layout, blocks: &Range<usize>) -> Vec<Range<usize>> {
    let offset = layout.parameters(blocks).start;
    let blocks = layout.blocks()[blocks.clone()].iter();
    blocks.map(|block| block.range.start - offset..block.range.end - offset).collect()
}
