//! An orthonormal matrix, written down.

use std::sync::Arc;

use ndarray::{ArcArray2, Array2, ArrayView2, ArrayViewMut2};

use crate::coordinates::{Build, Cost, Form, LinearMap};
use crate::lanes::Workspace;
use crate::linalg::{Factor, InBlocks, Real, from_f64, to_f64};

/// V (d × d, columns orthonormal), in doubles; shares its entries with its clones.
#[derive(Clone, Debug)]
pub struct Orthonormal(pub ArcArray2<f64>);

impl Form for Orthonormal {
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        vec![("", self.0.clone())]
    }
}

impl<R: Real> Build<R> for Orthonormal {
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        Arc::new(Dense::new(self.0.view()))
    }
}

/// θ = V z with V and Vᵀ as factors of many products.
#[derive(Debug)]
pub struct Dense<R> {
    size: usize,
    matrix: Factor<R>,
    transposed: Factor<R>,
}

impl<R: Real> Dense<R> {
    /// Rounds V (d × d) to `R`.
    ///
    /// # Panics
    /// When it is not square.
    pub fn new(matrix: ArrayView2<'_, f64>) -> Self {
        assert!(matrix.is_square(), "V is square");
        let matrix: Array2<R> = matrix.mapv(from_f64);
        Self {
            size: matrix.nrows(),
            transposed: Factor::new(matrix.t()),
            matrix: Factor::new(matrix.view()),
        }
    }
}

impl Orthonormal {
    /// What a map of d × d takes.
    pub fn cost(size: usize) -> Cost {
        let square = (size as f64).powi(2);
        Cost { flops: 4.0 * square, elements: 2.0 * square, added: 0.0 }
    }
}

impl<R: Real> LinearMap<R> for Dense<R> {
    fn trained(&self) -> usize {
        self.size
    }

    fn original(&self) -> usize {
        self.size
    }

    /// Rows of lanes: Θ = Z Vᵀ.
    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        theta: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let [work] = workspace.take([z.len()]);
        self.transposed.multiply(z, theta, work);
    }

    /// Rows of lanes: G V.
    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        out: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let [work] = workspace.take([gradient.len()]);
        self.matrix.multiply(gradient, out, work);
    }

    fn to_original_in_blocks(
        &self,
        z: InBlocks<'_, &[R]>,
        theta: InBlocks<'_, &mut [R]>,
        workspace: &mut Workspace<R>,
    ) {
        let [work] = workspace.take([z.rows() * self.size]);
        self.transposed.multiply_blocks(z, theta, work);
    }

    fn pull_back_in_blocks(
        &self,
        gradient: InBlocks<'_, &[R]>,
        out: InBlocks<'_, &mut [R]>,
        workspace: &mut Workspace<R>,
    ) {
        let [work] = workspace.take([gradient.rows() * self.size]);
        self.matrix.multiply_blocks(gradient, out, work);
    }

    fn cost(&self) -> Cost {
        Orthonormal::cost(self.size)
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        Some(self.matrix.to_matrix().mapv(to_f64))
    }
}
