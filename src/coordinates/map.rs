//! Maps of a group of parameter blocks.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::Add;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::lanes::Workspace;
use crate::linalg::{InBlocks, Real, to_f64};

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

    /// As [`Self::to_original`] for blocks on either side: where there are several, by way of matrices in
    /// one piece, unless a map does better.
    fn to_original_in_blocks(
        &self,
        z: InBlocks<'_, &[R]>,
        theta: InBlocks<'_, &mut [R]>,
        workspace: &mut Workspace<R>,
    ) {
        together(z, theta, workspace, |z, theta, workspace| self.to_original(z, theta, workspace));
    }

    /// As [`Self::pull_back`] for blocks; see [`Self::to_original_in_blocks`].
    fn pull_back_in_blocks(
        &self,
        gradient: InBlocks<'_, &[R]>,
        out: InBlocks<'_, &mut [R]>,
        workspace: &mut Workspace<R>,
    ) {
        together(gradient, out, workspace, |gradient, out, workspace| {
            self.pull_back(gradient, out, workspace);
        });
    }

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

/// What a map takes, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations for one row, there ([`LinearMap::to_original`]) and back
    /// ([`LinearMap::pull_back`]).
    pub flops: f64,
    /// Numbers that are held.
    pub elements: f64,
    /// Variables that are trained beyond the parameters; negative: fewer.
    pub added: f64,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            flops: self.flops + other.flops,
            elements: self.elements + other.elements,
            added: self.added + other.added,
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Self::add)
    }
}

/// Has blocks mapped: where they are if there is one on either side, otherwise by way of matrices in one
/// piece.
pub(super) fn together<R: Real>(
    from: InBlocks<'_, &[R]>,
    mut to: InBlocks<'_, &mut [R]>,
    workspace: &mut Workspace<R>,
    map: impl FnOnce(ArrayView2<'_, R>, ArrayViewMut2<'_, R>, &mut Workspace<R>),
) {
    let shapes = [(from.rows(), from.width()), (to.rows(), to.width())];
    let map = |from: &[R], to: &mut [R], workspace: &mut Workspace<R>| {
        let from = ArrayView2::from_shape(shapes[0], from).expect("whole rows");
        map(from, ArrayViewMut2::from_shape(shapes[1], to).expect("whole rows"), workspace);
    };
    if let (Some(from), Some(to)) = (from.in_one(), to.in_one_mut()) {
        return map(from, to, workspace);
    }
    let (buffers, workspace) = workspace.take_and_rest(shapes.map(|(rows, width)| rows * width));
    let [rows, mapped] = buffers;
    from.copy_to(rows);
    map(rows, mapped, workspace);
    to.copy_from(mapped);
}

/// Entries up to which a matrix is written down: half a gigabyte.
const WRITTEN: usize = 1 << 26;

/// J of a linear map, from where unit vectors go, unless it is too large.
pub(super) fn written_down<R: Real>(map: &impl LinearMap<R>) -> Option<Array2<f64>> {
    let (trained, original) = (map.trained(), map.original());
    (trained.saturating_mul(original) <= WRITTEN).then(|| {
        let mut columns = Array2::zeros((trained, original));
        let units = Array2::eye(trained);
        map.to_original(units.view(), columns.view_mut(), &mut Workspace::new());
        Array2::from_shape_fn((original, trained), |(i, j)| to_f64(columns[(j, i)]))
    })
}
