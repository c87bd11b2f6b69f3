//! How much of the training goes into products with V, and how fast they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use egop::basis::Part;
use egop::coordinates::{Coordinates, Cost, LinearMap};
use egop::lanes::Workspace;
use egop::linalg::{self, Accum, InBlocks};
use egop::trial::{Precision, Problem};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::output::{Products, cpu_seconds, median_cpu_seconds};

/// The processor time spent in changes of variables, and what was done in it.
#[derive(Debug, Default)]
struct Spent {
    nanoseconds: AtomicU64,
    operations: AtomicU64,
}

/// Adds up the time spent in products with V.
#[derive(Debug, Default)]
pub struct TimedProducts(Arc<Spent>);

impl TimedProducts {
    /// The coordinates that parts make, timed.
    pub fn coordinates(&self, problem: &Problem<f32>, parts: &[Part]) -> Coordinates<f32> {
        let maps = parts.iter().map(|part| {
            let map = Timed { inner: f32::linear_map(&*part.map), spent: Arc::clone(&self.0) };
            (part.blocks.clone(), Arc::new(map) as Arc<dyn LinearMap<f32>>)
        });
        Coordinates::new(problem.objective.layout(), maps)
    }

    /// What was measured, beside a square product's rate.
    pub fn products(&self, reference_gflops: f64) -> Products {
        let seconds = self.0.nanoseconds.load(Ordering::Relaxed) as f64 * 1e-9;
        let operations = self.0.operations.load(Ordering::Relaxed) as f64;
        Products { seconds, gflops: operations / seconds * 1e-9, reference_gflops }
    }
}

#[derive(Debug)]
struct Timed {
    inner: Arc<dyn LinearMap<f32>>,
    spent: Arc<Spent>,
}

impl Timed {
    fn timed(&self, lanes: usize, work: impl FnOnce()) {
        let before = cpu_seconds();
        work();
        let operations = lanes as f64 * self.inner.cost().flops / 2.0;
        let spent = 1e9 * (cpu_seconds() - before);
        self.spent.nanoseconds.fetch_add(spent as u64, Ordering::Relaxed);
        self.spent.operations.fetch_add(operations as u64, Ordering::Relaxed);
    }
}

impl LinearMap<f32> for Timed {
    fn trained(&self) -> usize {
        self.inner.trained()
    }

    fn original(&self) -> usize {
        self.inner.original()
    }

    fn is_linear(&self) -> bool {
        self.inner.is_linear()
    }

    fn to_original(
        &self,
        z: ArrayView2<'_, f32>,
        theta: ArrayViewMut2<'_, f32>,
        workspace: &mut Workspace<f32>,
    ) {
        self.timed(z.nrows(), || self.inner.to_original(z, theta, workspace));
    }

    fn pull_back(
        &self,
        gradient: ArrayView2<'_, f32>,
        out: ArrayViewMut2<'_, f32>,
        workspace: &mut Workspace<f32>,
    ) {
        self.timed(gradient.nrows(), || self.inner.pull_back(gradient, out, workspace));
    }

    fn to_original_in_blocks(
        &self,
        z: InBlocks<'_, &[f32]>,
        theta: InBlocks<'_, &mut [f32]>,
        workspace: &mut Workspace<f32>,
    ) {
        self.timed(z.rows(), || self.inner.to_original_in_blocks(z, theta, workspace));
    }

    fn pull_back_in_blocks(
        &self,
        gradient: InBlocks<'_, &[f32]>,
        out: InBlocks<'_, &mut [f32]>,
        workspace: &mut Workspace<f32>,
    ) {
        self.timed(gradient.rows(), || self.inner.pull_back_in_blocks(gradient, out, workspace));
    }

    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        self.inner.to_dense()
    }
}

/// The GFLOP/s of a 2304 × 2304 × 2304 product: the median of five.
pub fn square_product_gflops() -> f64 {
    const SIZE: usize = 2304;
    let entry = |(i, j): (usize, usize)| ((i * 31 + j * 17) % 101) as f32 * 0.01 - 0.5;
    let (a, b) = (
        Array2::from_shape_fn((SIZE, SIZE), entry),
        Array2::from_shape_fn((SIZE, SIZE), |(i, j)| entry((j, i))),
    );
    let mut c = Array2::zeros((SIZE, SIZE));
    let seconds = median_cpu_seconds(5, || {
        linalg::product(a.view(), b.view(), Accum::Overwrite, c.view_mut());
    });
    2.0 * (SIZE as f64).powi(3) / seconds * 1e-9
}
