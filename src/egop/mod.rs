//! The expected gradient outer product EGOP(f; ρ) = E_{θ~ρ}[∇f(θ)∇f(θ)ᵀ] (paper, section 2),
//! estimated by GᵀG/M from M sampled gradients.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::config::{Allowed, Reader};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::lanes::{Lanes, Layout};
use crate::linalg::{self, Into, Real, double};
use crate::minibatch::{Minibatches, Order};
use crate::objective::{Batch, Objective, Scratch};
use crate::rng::Streams;

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
        let samples = if reader.has("samples") && reader.has("samples_per_parameter") {
            reader.problem("samples", "give either samples or samples_per_parameter, not both");
            None
        } else if reader.has("samples") {
            reader.count("samples", 1..=100_000_000).map(Samples::Count)
        } else {
            let multiple =
                reader.number_or("samples_per_parameter", 2.0, Allowed::between(1e-3, 1e3));
            multiple.map(Samples::PerParameter)
        };
        let batch = reader.optional_count("batch", 1..=10_000_000);
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
        for start in samples.clone().step_by(CHUNK) {
            let chunk = start..samples.end.min(start + CHUNK);
            let gradients = self.gradients(chunk.clone());
            if gradients.iter().any(|g| !g.is_finite()) {
                return Err(Error::Numerical(format!(
                    "EGOP estimation: a gradient among samples {} to {} is not finite; \
                     a narrower distribution may help",
                    chunk.start,
                    chunk.end - 1
                )));
            }
            let columns = chunk.len();
            let gradients =
                ArrayView2::from_shape((gradients.len() / columns, columns), &gradients)
                    .expect("d × chunk entries by construction");
            for (sum, range) in sums.iter_mut().zip(ranges) {
                sum.add(rows(gradients, range.clone()));
            }
            if !(self.progress)(chunk.len()) {
                return Err(Error::Interrupted);
            }
        }
        Ok(sums.into_iter().map(|sum| sum.mean(samples.len())).collect())
    }
}

impl<R: Real> Sampler<'_, R> {
    /// The gradients of some samples as the columns of a d × chunk matrix, row-major.
    fn gradients(&self, chunk: Range<usize>) -> Vec<f64> {
        let starts: Vec<usize> = chunk.clone().step_by(LANES).collect();
        let lanes: Vec<Lanes<R>> = starts
            .into_par_iter()
            .map_init(Scratch::new, |scratch, start| {
                self.lanes(start..chunk.end.min(start + LANES), scratch)
            })
            .collect();
        let mut columns = vec![0.0; self.layout().dimension() * chunk.len()];
        for (index, block) in self.layout().blocks().iter().enumerate() {
            columns[block.range.start * chunk.len()..block.range.end * chunk.len()]
                .par_chunks_mut(chunk.len())
                .enumerate()
                .for_each(|(parameter, row)| {
                    let mut entries = row.iter_mut();
                    for lanes in &lanes {
                        for (lane, entry) in lanes.block(index).rows().into_iter().zip(&mut entries)
                        {
                            *entry = double(lane[parameter]);
                        }
                    }
                });
        }
        columns
    }

    /// The gradients of some samples, side by side.
    fn lanes(&self, samples: Range<usize>, scratch: &mut Scratch<R>) -> Lanes<R> {
        let layout = self.layout();
        let mut theta = Lanes::zeros(layout, samples.len());
        for (lane, sample) in samples.clone().enumerate() {
            let mut rng = self.streams.indexed("egop", sample);
            theta.set_lane(lane, self.distribution.sample::<R>(layout, &mut rng).view());
        }
        let mut gradient = Lanes::zeros(layout, samples.len());
        let mut values = vec![0.0; samples.len()];
        let batches = self.sampling.batch.zip(self.objective.examples()).map(|(size, examples)| {
            Minibatches { examples, size: size.min(examples), order: Order::Reshuffled }
        });
        let Some(batches) = batches else {
            self.objective.value_and_gradient(
                &theta,
                Batch::Full,
                &mut values,
                &mut gradient,
                scratch,
            );
            return gradient;
        };
        let mut one = Lanes::zeros(layout, 1);
        let mut pass = (usize::MAX, Vec::new());
        for (lane, sample) in samples.enumerate() {
            let epoch = sample / batches.per_epoch();
            if pass.0 != epoch {
                pass = (epoch, batches.pass(&self.streams, "egop minibatches", epoch));
            }
            let rows = batches.cut(&pass.1).nth(sample % batches.per_epoch()).unwrap_or_default();
            let point = Lanes::broadcast(layout, 1, theta.lane(lane).view());
            let batch = Batch::Rows(rows);
            self.objective.value_and_gradient(&point, batch, &mut values[..1], &mut one, scratch);
            gradient.set_lane(lane, one.lane(0).view());
        }
        gradient
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

    /// Adds G Gᵀ for the size × chunk matrix G.
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.strips.par_iter_mut().enumerate().for_each(|(index, strip)| {
            let start = index * STRIP;
            let end = start + strip.nrows();
            let (left, right) = (rows(gradients, start..end), rows(gradients, 0..end));
            linalg::product(left, right.t(), Into::Add, strip.view_mut());
        });
    }

    /// The lower triangle of the sum over M.
    fn mean(self, samples: usize) -> Array2<f64> {
        let scale = 1.0 / samples as f64;
        let mut mean = Array2::zeros((self.size, self.size));
        for (index, strip) in self.strips.iter().enumerate() {
            for ((row, column), &sum) in strip.indexed_iter() {
                mean[(index * STRIP + row, column)] = sum * scale;
            }
        }
        mean
    }
}

/// Some consecutive rows of a matrix.
fn rows<R>(matrix: ArrayView2<'_, R>, range: Range<usize>) -> ArrayView2<'_, R> {
    let (_, tail) = matrix.split_at(ndarray::Axis(0), range.start);
    tail.split_at(ndarray::Axis(0), range.len()).0
}
