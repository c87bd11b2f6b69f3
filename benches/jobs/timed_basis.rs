//! How much of the training goes into products with V, and how fast they are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use egop::basis::Basis;
use egop::lanes::Lanes;
use egop::linalg::{self, Into};
use egop::objective::Scratch;
use ndarray::Array2;

use crate::output::{Products, time};

/// A basis that adds up the time spent in it.
pub struct TimedBasis {
    inner: Box<dyn Basis<f32>>,
    /// Floating-point operations that one application to one lane takes.
    cost: u64,
    nanoseconds: AtomicU64,
    operations: AtomicU64,
}

impl TimedBasis {
    /// A basis whose V has diagonal blocks of these sizes.
    pub fn new(inner: Box<dyn Basis<f32>>, sizes: &[usize]) -> Self {
        let cost = sizes.iter().map(|&size| 2 * (size * size) as u64).sum();
        Self { inner, cost, nanoseconds: AtomicU64::new(0), operations: AtomicU64::new(0) }
    }

    /// What was measured, beside a square product's rate.
    pub fn products(&self, reference_gflops: f64) -> Products {
        let seconds = self.nanoseconds.load(Ordering::Relaxed) as f64 * 1e-9;
        let operations = self.operations.load(Ordering::Relaxed) as f64;
        Products { seconds, gflops: operations / seconds * 1e-9, reference_gflops }
    }

    fn timed(&self, lanes: usize, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        self.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        self.operations.fetch_add(lanes as u64 * self.cost, Ordering::Relaxed);
    }
}

impl Basis<f32> for TimedBasis {
    fn to_original(&self, from: &Lanes<f32>, to: &mut Lanes<f32>, scratch: &mut Scratch<f32>) {
        self.timed(from.lanes(), || self.inner.to_original(from, to, scratch));
    }

    fn to_reparameterized(
        &self,
        from: &Lanes<f32>,
        to: &mut Lanes<f32>,
        scratch: &mut Scratch<f32>,
    ) {
        self.timed(from.lanes(), || self.inner.to_reparameterized(from, to, scratch));
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
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let product = || linalg::product(a.view(), b.view(), Into::Overwrite, c.view_mut());
            time(product).1.as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    2.0 * (SIZE as f64).powi(3) / seconds[2] * 1e-9
}
