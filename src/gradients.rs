//! Gradients at random points: ∇f(θ₁), …, ∇f(θ_M) with θ_i ~ ρ (paper, Algorithm 1, line 1), as a
//! stream into statistics that do not keep them.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array1, ArrayView1};
use rayon::prelude::*;

use crate::config::{Allowed, Reader, key};
use crate::data::InputMoments;
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::lanes::{Block, Lanes, Layout, Role, Workspace};
use crate::linalg::{self, Real, is_single, to_f64};
use crate::minibatch::{Minibatches, Order};
use crate::objective::{Batch, Objective};
use crate::rng::Streams;

mod statistic;

use statistic::PIECES;
pub use statistic::{Statistic, portion};
pub(crate) use statistic::{give, portions};

/// Number M of sampled gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Samples {
    /// M.
    Count(usize),
    /// M as a multiple of the number of parameters that count.
    PerParameter(f64, Counted),
}

/// Which parameters count for the number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All d.
    All,
    /// Weights, not biases: those that block bases mix (spec: paper, section 6; authors' code).
    Weights,
}

impl Counted {
    /// The names used in configs.
    const NAMES: [(&'static str, Self); 2] = [("all", Self::All), ("weights", Self::Weights)];

    fn of(self, layout: &Layout) -> usize {
        let counts = |block: &&Block| self == Self::All || block.role == Role::Weight;
        layout.blocks().iter().filter(counts).map(Block::size).sum()
    }
}

/// What a value is called.
fn name_of<T: Copy + PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, one)| *one == value).map_or("", |(name, _)| name)
}

/// How an EGOP is estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Number of gradients.
    pub samples: Samples,
    /// Rows and order of minibatches; `None`: full-batch gradients. Sample number i uses the i-th
    /// minibatch of passes over the training rows.
    pub minibatch: Option<(usize, Order)>,
}

impl Default for Sampling {
    /// Twice as many gradients, of all rows, as parameters.
    fn default() -> Self {
        Self { samples: Samples::PerParameter(2.0, Counted::All), minibatch: None }
    }
}

impl Sampling {
    /// The keys that say how many.
    pub const COUNTS: [&'static str; 3] = ["samples", "samples_per_parameter", "counted"];

    /// Reads `samples` (M) or `samples_per_parameter` and `counted`; `batch` and `order`. What is not
    /// stated is as in `general`.
    pub fn read(reader: &mut Reader<'_>, general: Self) -> Option<Self> {
        let samples = Self::samples(reader, general);
        let minibatch = Self::read_minibatch(reader, general);
        Some(Self { samples: samples?, minibatch: minibatch? })
    }

    fn samples(reader: &mut Reader<'_>, general: Self) -> Option<Samples> {
        let [number, multiple, counted] = Self::COUNTS;
        let given = reader.alternative(&[&[number], &[multiple, counted]])?;
        let number = key(number, "number M of sampled gradients");
        let numbers = 1..=100_000_000;
        let allowed = Allowed::between(1e-3, 1e3);
        let (by, of) = match (given, general.samples) {
            (Some(0), _) => return reader.count(number, numbers).map(Samples::Count),
            (None, Samples::Count(default)) => {
                return reader.count_or(number, default, numbers).map(Samples::Count);
            }
            (_, Samples::PerParameter(by, of)) => (Some(by), of),
            // Nothing says yet how many there are for each.
            (_, Samples::Count(_)) => (None, Counted::All),
        };
        let multiple = key(multiple, "M as a multiple of the number of parameters");
        let multiple = match by {
            Some(by) => reader.number_or(multiple, by, allowed),
            None => reader.number(multiple, allowed),
        };
        let counted = key(counted, "whether all parameters count, or weights alone");
        let counted = reader.choice_or(counted, name_of(&Counted::NAMES, of), &Counted::NAMES);
        multiple.zip(counted).map(|(by, counted)| Samples::PerParameter(by, counted))
    }

    /// Reads `batch` and `order` alone.
    pub fn read_minibatch(
        reader: &mut Reader<'_>,
        general: Self,
    ) -> Option<Option<(usize, Order)>> {
        let stated = reader.alternative(&[&["batch", "order"]])?.is_some();
        let batch = key("batch", "rows in each sample's minibatch; otherwise gradients are of all");
        let sizes = 1..=10_000_000;
        let (batch, usual) = match general.minibatch {
            None if !stated => return Some(None),
            None => (reader.count(batch, sizes), Order::Reshuffled),
            Some((size, order)) => (reader.count_or(batch, size, sizes), order),
        };
        let order = key("order", "order of the rows in which samples pass over them");
        let order = reader.choice_or(order, name_of(&Order::NAMES, usual), &Order::NAMES);
        batch.zip(order).map(Some)
    }

    /// The minibatches of an objective with this many examples; `None`: full-batch gradients.
    pub fn minibatches(&self, examples: Option<usize>) -> Option<Minibatches> {
        self.minibatch.zip(examples).map(|((size, order), examples)| {
            let size = size.min(examples);
            Minibatches { examples, size, order }
        })
    }

    /// M for a model, at least 1.
    pub fn count(&self, layout: &Layout) -> usize {
        match self.samples {
            Samples::Count(count) => count,
            Samples::PerParameter(multiple, counted) => {
                ((multiple * counted.of(layout) as f64).round() as usize).max(1)
            }
        }
    }
}

/// Where gradients are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// At points θ ~ ρ.
    Distribution,
    /// At θ₀: those of minibatches are the gradients of the first steps.
    Start,
}

impl At {
    /// The names used in configs.
    pub const NAMES: [(&'static str, Self); 2] =
        [("distribution", Self::Distribution), ("start", Self::Start)];
}

/// What a change of variables is made of; hides the precision.
pub trait Gradients {
    /// The parameter blocks.
    fn layout(&self) -> &Layout;

    /// The number M of samples.
    fn samples(&self) -> usize;

    /// Whether all entries are numbers in singles: what keeps samples then keeps these, which take half of
    /// the memory.
    fn are_singles(&self) -> bool {
        false
    }

    /// Gives samples to statistics, in order; those of a number are the same, however many there are.
    ///
    /// # Errors
    /// When a sampled gradient is not finite, or on interruption.
    fn stream(&self, at: At, samples: Range<usize>, into: &mut [&mut dyn Statistic]) -> Result<()>;

    /// θ₀ (d entries), where there is one.
    fn start(&self) -> Option<Array1<f64>>;

    /// The moments of the inputs of the objective's training data, where it has any.
    fn input_moments(&self) -> Option<InputMoments>;
}

/// Where gradients come from: an objective, ρ and the trial's random streams.
pub struct Sampler<'a, R: Real> {
    /// f.
    pub objective: &'a dyn Objective<R>,
    /// ρ.
    pub distribution: Distribution,
    /// θ₀, where there is one.
    pub start: Option<&'a Array1<R>>,
    /// M and the minibatches.
    pub sampling: Sampling,
    /// The trial's streams.
    pub streams: Streams,
    /// Called with the number of further samples done; returns whether to go on.
    pub progress: &'a (dyn Fn(usize) -> bool + Sync),
}

/// A pass over the training rows that samples' minibatches are cut from.
#[derive(Default)]
struct Pass {
    epoch: Option<usize>,
    order: Vec<usize>,
}

/// What samples are made in, piece after piece.
struct Room<R> {
    pass: Pass,
    theta: Lanes<R>,
    gradient: Lanes<R>,
    workspace: Workspace<R>,
}

impl<R: Real> Room<R> {
    /// For so many samples side by side.
    fn of(layout: &Layout, samples: usize) -> Self {
        let zeros = Lanes::zeros(layout, samples);
        let workspace = Workspace::new();
        Self { pass: Pass::default(), theta: zeros.clone(), gradient: zeros, workspace }
    }
}

/// Those that no thread is in; what is in them, such as the order of a pass, stays for the next portion.
type Rooms<R> = Mutex<Vec<Room<R>>>;

impl<R: Real> Gradients for Sampler<'_, R> {
    fn layout(&self) -> &Layout {
        self.objective.layout()
    }

    fn samples(&self) -> usize {
        self.sampling.count(self.layout())
    }

    fn are_singles(&self) -> bool {
        is_single::<R>()
    }

    fn start(&self) -> Option<Array1<f64>> {
        Some(self.start?.mapv(to_f64))
    }

    fn input_moments(&self) -> Option<InputMoments> {
        self.objective.input_moments()
    }

    fn stream(&self, at: At, samples: Range<usize>, into: &mut [&mut dyn Statistic]) -> Result<()> {
        if at == At::Start && self.start.is_none() {
            return Err(Error::Numerical("there is no start to sample gradients at".into()));
        }
        let dimension = self.layout().dimension();
        // Filled anew for every portion, in memory that stays.
        let (mut gradients, rooms) = (Vec::new(), Mutex::default());
        for portion in portions(samples, dimension) {
            let count = portion.len();
            gradients.resize(count * dimension, R::zero());
            if !self.fill(at, portion.clone(), &mut gradients, &rooms) {
                return Err(Error::Numerical(format!(
                    "EGOP estimation: a gradient among samples {} to {} is not finite; \
                     a narrower distribution may help",
                    portion.start,
                    portion.end - 1
                )));
            }
            give(&gradients, (count, dimension), into);
            if !(self.progress)(count) {
                return Err(Error::Interrupted);
            }
        }
        Ok(())
    }
}

impl<R: Real> Sampler<'_, R> {
    /// Writes the gradients of some samples, one after the other, and says whether all are finite.
    fn fill(&self, at: At, samples: Range<usize>, gradients: &mut [R], rooms: &Rooms<R>) -> bool {
        let dimension = self.layout().dimension();
        let piece = portion(dimension) / PIECES;
        let batches = self.sampling.minibatches(self.objective.examples());
        let pieces = gradients.par_chunks_mut(piece * dimension);
        let finite =
            pieces.zip(samples.into_par_iter().step_by(piece)).map(|(gradients, start)| {
                let idle = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
                let count = gradients.len() / dimension;
                // Samples of minibatches are made one by one, and the last piece may have fewer than others.
                let lanes = batches.map_or(count, |_| 1);
                let room = idle().pop().filter(|room| room.theta.lanes() == lanes);
                let mut room = room.unwrap_or_else(|| Room::of(self.layout(), lanes));
                match batches {
                    None => self.full_batch(at, start, gradients, &mut room),
                    Some(batches) => self.minibatches(batches, at, start, gradients, &mut room),
                }
                // They are in the core's caches still.
                let is_finite = linalg::all_finite(gradients.iter());
                idle().push(room);
                is_finite
            });
        finite.reduce(|| true, |all, some| all & some)
    }

    /// Writes the point of a sample.
    fn place(&self, at: At, sample: usize, point: &mut [R]) {
        match (at, self.start) {
            (At::Start, Some(start)) => {
                point.iter_mut().zip(start).for_each(|(to, &from)| *to = from);
            }
            (At::Start | At::Distribution, _) => {
                let mut rng = self.streams.indexed("egop", sample);
                self.distribution.fill(self.layout(), &mut rng, point);
            }
        }
    }

    /// Writes gradients of samples from number `start` on: all side by side.
    fn full_batch(&self, at: At, start: usize, gradients: &mut [R], room: &mut Room<R>) {
        let dimension = self.layout().dimension();
        let Room { theta, gradient, workspace, .. } = room;
        let mut point = vec![R::zero(); dimension];
        for lane in 0..theta.lanes() {
            self.place(at, start + lane, &mut point);
            theta.set_lane(lane, ArrayView1::from(&point));
        }
        let mut values = vec![0.0; theta.lanes()];
        self.objective.value_and_gradient(theta, Batch::Full, &mut values, gradient, workspace);
        for (lane, to) in gradients.chunks_exact_mut(dimension).enumerate() {
            to.copy_from_slice(gradient.lane(lane).as_slice().expect("lanes are contiguous"));
        }
    }

    /// The same from minibatches: one after the other, as no two samples share theirs.
    fn minibatches(
        &self,
        batches: Minibatches,
        at: At,
        start: usize,
        gradients: &mut [R],
        Room { pass, theta, gradient, workspace }: &mut Room<R>,
    ) {
        let dimension = self.layout().dimension();
        for (sample, to) in (start..).zip(gradients.chunks_exact_mut(dimension)) {
            let epoch = sample / batches.per_epoch();
            if pass.epoch != Some(epoch) {
                let order = batches.pass(&self.streams, "egop minibatches", epoch);
                *pass = Pass { epoch: Some(epoch), order };
            }
            let rows = batches.cut(&pass.order).nth(sample % batches.per_epoch());
            let rows = rows.unwrap_or_default();
            // The entries of a lane alone are in the order of the layout.
            self.place(at, sample, theta.as_mut_slice());
            let batch = Batch::Rows(rows);
            self.objective.value_and_gradient(theta, batch, &mut [0.0], gradient, workspace);
            to.copy_from_slice(gradient.as_slice());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_count_for_the_number_of_samples_only_if_they_are_to() {
        let layout = Layout::new([
            ("weight".into(), (3, 5), Role::Weight, (5, 3)),
            ("bias".into(), (3, 1), Role::Bias, (5, 3)),
        ]);
        let count = |samples| Sampling { samples, minibatch: None }.count(&layout);
        assert_eq!(count(Samples::PerParameter(2.0, Counted::All)), 36);
        assert_eq!(count(Samples::PerParameter(2.0, Counted::Weights)), 30);
        assert_eq!(count(Samples::PerParameter(1e-3, Counted::Weights)), 1);
        assert_eq!(count(Samples::Count(7)), 7);
    }
}
