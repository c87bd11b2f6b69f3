//! A rotation of the two sides of a layer's weights.

use std::sync::Arc;

use ndarray::{ArcArray2, Array2, ArrayView2, ArrayViewMut2};

use super::map::written_down;
use super::tall::{CONTIGUOUS, view, view_mut};
use super::{Build, Cost, Form, InputSide, LinearMap, Structure};
use crate::lanes::Workspace;
use crate::linalg::{Accum, Factor, Real, from_f64, product};

/// W = U_out W̃ U_inᵀ for a layer's weights W, outputs × inputs: V = U_out ⊗ U_in, as weights are
/// stored row by row. In doubles; shares its entries with its clones.
#[derive(Clone, Debug)]
pub struct Kronecker {
    /// Outputs × inputs of the weights.
    pub shape: (usize, usize),
    /// U_out, orthogonal; `None`: I.
    pub outputs: Option<ArcArray2<f64>>,
    /// U_in, orthogonal; `None`: I.
    pub inputs: Option<ArcArray2<f64>>,
}

impl Kronecker {
    /// What a map of weights of this shape takes that turns these sides.
    pub fn cost(shape: (usize, usize), outputs: bool, inputs: bool) -> Cost {
        let (h, i) = (shape.0 as f64, shape.1 as f64);
        let side = |is: bool, size: f64, copies: f64| match is {
            true => Cost { flops: 4.0 * h * i * size, elements: copies * size * size, added: 0.0 },
            false => Cost::default(),
        };
        side(outputs, h, 1.0) + side(inputs, i, 2.0)
    }

    /// Floating-point operations of taking squares from one such map to another.
    pub fn squares_flops(shape: (usize, usize), outputs: bool, inputs: bool) -> f64 {
        let (h, i) = (shape.0 as f64, shape.1 as f64);
        let side = |is: bool, size: f64, other: f64| match is {
            true => 2.0 * size.powi(3) + 2.0 * size * size * other,
            false => 0.0,
        };
        side(outputs, h, i) + side(inputs, i, h)
    }
}

impl Form for Kronecker {
    /// U_out and U_in.
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        let sides = [("-outputs", &self.outputs), ("-inputs", &self.inputs)];
        sides.into_iter().filter_map(|(name, side)| Some((name, side.clone()?))).collect()
    }

    fn structure(&self) -> Option<Structure> {
        Some(Structure::Kronecker(self.clone()))
    }
}

impl<R: Real> Build<R> for Kronecker {
    /// # Panics
    /// When a side's matrix does not have its size.
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        let (h, i) = self.shape;
        let rounded = |side: &Option<ArcArray2<f64>>, size: usize| {
            side.as_ref().map(|matrix| {
                assert_eq!(matrix.dim(), (size, size), "a side has a square matrix of its size");
                matrix.mapv(from_f64::<R>).as_standard_layout().into_owned()
            })
        };
        let inputs = rounded(&self.inputs, i).map(|matrix| Inputs {
            transposed: Factor::new(matrix.t()),
            matrix: Factor::new(matrix.view()),
        });
        Arc::new(Sides { shape: self.shape, outputs: rounded(&self.outputs, h), inputs })
    }
}

/// [`Kronecker`] in one precision.
#[derive(Debug)]
struct Sides<R> {
    shape: (usize, usize),
    outputs: Option<Array2<R>>,
    inputs: Option<Inputs<R>>,
}

#[derive(Debug)]
struct Inputs<R> {
    matrix: Factor<R>,
    transposed: Factor<R>,
}

impl<R: Real> Sides<R> {
    /// A W B of each row W, h × i, with the left factor A and the right factor B that are given.
    fn apply(
        &self,
        left: Option<ArrayView2<'_, R>>,
        right: Option<&Factor<R>>,
        from: ArrayView2<'_, R>,
        mut to: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let (h, i) = self.shape;
        let [turned, work] = workspace.take([from.len(); 2]);
        let mut from = from.to_slice().expect(CONTIGUOUS);
        if let Some(right) = right {
            // The matrices of all lanes, one on top of the other, are one tall matrix.
            let units = from.len() / i;
            right.multiply(view(from, units), view_mut(turned, units), work);
            from = turned;
        }
        let to = to.as_slice_mut().expect(CONTIGUOUS);
        let Some(left) = left else { return to.copy_from_slice(from) };
        for (from, to) in from.chunks_exact(h * i).zip(to.chunks_exact_mut(h * i)) {
            product(left, view(from, h), Accum::Overwrite, view_mut(to, h));
        }
    }
}

impl<R: Real> LinearMap<R> for Sides<R> {
    fn trained(&self) -> usize {
        self.shape.0 * self.shape.1
    }

    fn original(&self) -> usize {
        self.shape.0 * self.shape.1
    }

    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        theta: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let left = self.outputs.as_ref().map(|matrix| matrix.view());
        let right = self.inputs.as_ref().map(|inputs| &inputs.transposed);
        self.apply(left, right, z, theta, workspace);
    }

    /// U_outᵀ G U_in.
    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        out: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let left = self.outputs.as_ref().map(|matrix| matrix.t());
        let right = self.inputs.as_ref().map(|inputs| &inputs.matrix);
        self.apply(left, right, gradient, out, workspace);
    }

    fn split_inputs(&self) -> Option<InputSide<R>> {
        let inputs = self.inputs.as_ref()?.matrix.to_matrix();
        let rest = self.outputs.clone().map(|outputs| -> Arc<dyn LinearMap<R>> {
            Arc::new(Self { shape: self.shape, outputs: Some(outputs), inputs: None })
        });
        Some(InputSide { inputs, rest })
    }

    fn cost(&self) -> Cost {
        Kronecker::cost(self.shape, self.outputs.is_some(), self.inputs.is_some())
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        written_down(self)
    }
}
