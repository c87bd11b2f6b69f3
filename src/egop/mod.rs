//! The expected gradient outer product EGOP(f; ρ) = E_{θ~ρ}[∇f(θ)∇f(θ)ᵀ] (paper, section 2),
//! estimated by GᵀG/M from M sampled gradients.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, Slice, Zip};
use rayon::prelude::*;

use crate::config::{Allowed, Reader, key};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::lanes::{Lanes, Layout};
use crate::linalg::{self, Real, double};
use crate::minibatch::{Minibatches, Order};
use crate::objective::{Batch, Objective, Scratch};
use crate::rng::Streams;
use crate::simd::vectorized;

mod measure;
mod spectrum;

pub use measure::{Measure, measured_subspaces, subspace_distance};
pub use spectrum::Spectrum;

/// Number M of sampled gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Samples {
    /// M.
    Count(usize),
    /// M as a multiple of the number d of parameters.
    PerParameter(f64),
}

/// How an EGOP is estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Number of gradients.
    pub samples: Samples,
    /// Rows in a minibatch; `None`: full-batch gradients. Sample number i uses the i-th minibatch
    /// of reshuffled passes over the training rows.
    pub batch: Option<usize>,
}

impl Sampling {
    /// Reads `samples` (M) or `samples_per_parameter` (M/d), and `batch`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let given = reader.alternative(&[&["samples"], &["samples_per_parameter"]]);
        let samples = match given {
            None => None,
            Some(Some(0)) => reader
                .count(key("samples", "number M of sampled gradients"), 1..=100_000_000)
                .map(Samples::Count),
            Some(_) => {
                let multiple =
                    key("samples_per_parameter", "M as a multiple of the number of parameters");
                let multiple = reader.number_or(multiple, 2.0, Allowed::between(1e-3, 1e3));
                multiple.map(Samples::PerParameter)
            }
        };
        let batch = key(
            "batch",
            "rows in the minibatch of each sample; otherwise gradients are of all rows",
        );
        let batch = reader.optional_count(batch, 1..=10_000_000);
        Some(Self { samples: samples?, batch: batch? })
    }

    /// M for a model of `dimension` parameters, at least 1.
    pub fn count(&self, dimension: usize) -> usize {
        match self.samples {
            Samples::Count(count) => count,
            Samples::PerParameter(multiple) => {
                ((multiple * dimension as f64).round() as usize).max(1)
            }
        }
    }
}

/// Samples added to the estimate at a time; bounds the memory and fixes the summation order.
const CHUNK: usize = 256;
/// Samples evaluated side by side.
const LANES: usize = 16;
/// Rows of the estimate that one thread updates.
const STRIP: usize = 256;

/// Where gradients come from: an objective, ρ and the trial's random streams.
pub struct Sampler<'a, R: Real> {
    /// f.
    pub objective: &'a dyn Objective<R>,
    /// ρ.
    pub distribution: Distribution,
    /// M and the minibatches.
    pub sampling: Sampling,
    /// The trial's streams.
    pub streams: Streams,
    /// Called with the number of further samples done; returns whether to go on.
    pub progress: &'a (dyn Fn(usize) -> bool + Sync),
}

/// Estimates EGOP matrices; hides the precision of the gradients from bases.
pub trait Estimate {
    /// The parameter blocks.
    fn layout(&self) -> &Layout;

    /// The number M of samples.
    fn samples(&self) -> usize;

    /// The estimates GᵀG/m (lower triangles) for ranges of parameters, from m of the M samples.
    ///
    /// # Errors
    /// When a sampled gradient is not finite, or on interruption.
    fn egop_of(&self, samples: Range<usize>, ranges: &[Range<usize>]) -> Result<Vec<Array2<f64>>>;

    /// The estimates GᵀG/M (lower triangles) for ranges of parameters, from all M samples.
    ///
    /// # Errors
    /// As for [`Estimate::egop_of`].
    fn egop(&self, ranges: &[Range<usize>]) -> Result<Vec<Array2<f64>>> {
        self.egop_of(0..self.samples(), ranges)
    }
}

impl<R: Real> Estimate for Sampler<'_, R> {
    fn layout(&self) -> &Layout {
        self.objective.layout()
    }

    fn samples(&self) -> usize {
        self.sampling.count(self.layout().dimension())
    }

    fn egop_of(&self, samples: Range<usize>, ranges: &[Range<usize>]) -> Result<Vec<Array2<f64>>> {
        let mut sums: Vec<_> = ranges.iter().map(|range| GramSum::new(range.len())).collect();
        let dimension = self.layout().dimension();
        // Filled anew for every chunk, in memory that stays.
        let mut gradients = Vec::new();
        for start in samples.clone().step_by(CHUNK) {
            let chunk = start..samples.end.min(start + CHUNK);
            let count = chunk.len();
            gradients.resize(count * dimension, 0.0);
            self.fill(chunk.clone(), &mut gradients);
            if !linalg::all_finite(gradients.iter()) {
                return Err(Error::Numerical(format!(
                    "EGOP estimation: a gradient among samples {} to {} is not finite; \
                     a narrower distribution may help",
                    chunk.start,
                    chunk.end - 1
                )));
            }
            let gradients = ArrayView2::from_shape((count, dimension), &gradients)
                .expect("chunk × d entries by construction");
            for (sum, range) in sums.iter_mut().zip(ranges) {
                sum.add(gradients, range.clone());
            }
            if !(self.progress)(count) {
                return Err(Error::Interrupted);
            }
        }
        Ok(sums.into_iter().map(|sum| sum.mean(samples.len())).collect())
    }
}

impl<R: Real> Sampler<'_, R> {
    /// Writes the gradients of some samples, one after the other.
    fn fill(&self, samples: Range<usize>, gradients: &mut [f64]) {
        let dimension = self.layout().dimension();
        gradients
            .par_chunks_mut(LANES * dimension)
            .zip(samples.into_par_iter().step_by(LANES))
            .for_each_init(Scratch::new, |scratch, (gradients, start)| match self.batches() {
                None => self.full_batch(start, gradients, scratch),
                Some(batches) => self.minibatches(batches, start, gradients, scratch),
            });
    }

    fn batches(&self) -> Option<Minibatches> {
        self.sampling.batch.zip(self.objective.examples()).map(|(size, examples)| Minibatches {
            examples,
            size: size.min(examples),
            order: Order::Reshuffled,
        })
    }

    /// Writes gradients of samples from number `start` on: all side by side.
    fn full_batch(&self, start: usize, gradients: &mut [f64], scratch: &mut Scratch<R>) {
        let layout = self.layout();
        let count = gradients.len() / layout.dimension();
        let mut theta = Lanes::zeros(layout, count);
        for lane in 0..count {
            let mut rng = self.streams.indexed("egop", start + lane);
            theta.set_lane(lane, self.distribution.sample::<R>(layout, &mut rng).view());
        }
        let (mut values, mut all) = (vec![0.0; count], Lanes::zeros(layout, count));
        self.objective.value_and_gradient(&theta, Batch::Full, &mut values, &mut all, scratch);
        for (lane, to) in gradients.chunks_exact_mut(layout.dimension()).enumerate() {
            to.iter_mut().zip(&all.lane(lane)).for_each(|(to, &from)| *to = double(from));
        }
    }

    /// The same from minibatches: one after the other, as no two samples share theirs.
    fn minibatches(
        &self,
        batches: Minibatches,
        start: usize,
        gradients: &mut [f64],
        scratch: &mut Scratch<R>,
    ) {
        let layout = self.layout();
        let (mut theta, mut gradient) = (Lanes::zeros(layout, 1), Lanes::zeros(layout, 1));
        let mut pass = (usize::MAX, Vec::new());
        for (sample, to) in (start..).zip(gradients.chunks_exact_mut(layout.dimension())) {
            let epoch = sample / batches.per_epoch();
            if pass.0 != epoch {
                pass = (epoch, batches.pass(&self.streams, "egop minibatches", epoch));
            }
            let rows = batches.cut(&pass.1).nth(sample % batches.per_epoch()).unwrap_or_default();
            let mut rng = self.streams.indexed("egop", sample);
            // The entries of a lane alone are in the order of the layout.
            self.distribution.fill(layout, &mut rng, theta.as_mut_slice());
            let batch = Batch::Rows(rows);
            self.objective.value_and_gradient(&theta, batch, &mut [0.0], &mut gradient, scratch);
            vectorized(|| {
                to.iter_mut().zip(gradient.as_slice()).for_each(|(to, &from)| *to = double(from));
            });
        }
    }
}

/// A sum of outer products, held as strips of the lower triangle that threads update apart.
struct GramSum {
    size: usize,
    strips: Vec<Array2<f64>>,
}

impl GramSum {
    fn new(size: usize) -> Self {
        let strip = |start: usize| {
            let end = size.min(start + STRIP);
            Array2::zeros((end - start, end))
        };
        Self { size, strips: (0..size).step_by(STRIP).map(strip).collect() }
    }

    /// Adds GᵀG for a range of the columns of a matrix with a gradient in each row.
    fn add(&mut self, gradients: ArrayView2<'_, f64>, range: Range<usize>) {
        let columns = |start, end| range.start + start..range.start + end;
        self.strips.par_iter_mut().enumerate().for_each(|(index, strip)| {
            let start = index * STRIP;
            let end = start + strip.nrows();
            linalg::add_gram(gradients, columns(start, end), columns(0, end), strip.view_mut());
        });
    }

    /// The lower triangle of the sum over M.
    fn mean(self, samples: usize) -> Array2<f64> {
        let scale = 1.0 / samples as f64;
        let mut mean = Array2::zeros((self.size, self.size));
        for (index, strip) in self.strips.into_iter().enumerate() {
            let start = index * STRIP;
            let rows = Slice::from(start..start + strip.nrows());
            let mut part = mean.slice_axis_mut(Axis(0), rows);
            let part = part.slice_axis_mut(Axis(1), (..strip.ncols()).into());
            Zip::from(part).and(&strip).for_each(|mean, sum| *mean = sum * scale);
        }
        mean
    }
}
