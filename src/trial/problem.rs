//! A random instance: objective, start and the changes of variables estimated on it.

use std::sync::Arc;

use ndarray::Array1;
use ndarray_rand::rand::Rng;

use crate::basis::{self, Part};
use crate::coordinates::{self, Coordinates, LinearMap};
use crate::data::{self, Inputs, Split};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::gradients::{Sampler, Sampling};
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::{Real, from_f64};
use crate::objective::{self, Context, Objective};
use crate::optimizer::{self, Optimizer};
use crate::rng::Streams;
use crate::trial::{Control, Method, Outcome, Recording, Training, train};

/// The precisions: lets code that is generic over them build from settings that are not.
pub trait Precision: Real {
    /// The objective of a trial.
    ///
    /// # Errors
    /// As for [`objective::Build::build`].
    fn objective(spec: &dyn objective::Spec, context: &Context)
    -> Result<Box<dyn Objective<Self>>>;

    /// A linear map in this precision.
    fn linear_map(form: &dyn coordinates::Form) -> Arc<dyn LinearMap<Self>>;

    /// An optimizer for `lanes` runs.
    fn optimizer(
        spec: &dyn optimizer::Spec,
        layout: &Layout,
        lanes: usize,
    ) -> Box<dyn Optimizer<Self>>;
}

macro_rules! precision {
    ($real:ty) => {
        impl Precision for $real {
            fn objective(
                spec: &dyn objective::Spec,
                context: &Context,
            ) -> Result<Box<dyn Objective<Self>>> {
                objective::Build::<$real>::build(spec, context)
            }

            fn linear_map(form: &dyn coordinates::Form) -> Arc<dyn LinearMap<Self>> {
                coordinates::Build::<$real>::build(form)
            }

            fn optimizer(
                spec: &dyn optimizer::Spec,
                layout: &Layout,
                lanes: usize,
            ) -> Box<dyn Optimizer<Self>> {
                optimizer::Build::<$real>::build(spec, layout, lanes)
            }
        }
    };
}
precision!(f64);
precision!(f32);

/// Where the iterates start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// Drawn from a distribution.
    Drawn(Distribution),
    /// At a distance from the known minimizer.
    FarFromMinimizer {
        /// ‖θ₀ − θ*‖.
        distance: f64,
        /// Of this many random directions, the one in which the loss is highest.
        directions: usize,
    },
}

/// One random instance.
pub struct Problem<R: Real> {
    /// f.
    pub objective: Box<dyn Objective<R>>,
    /// θ₀, in original coordinates.
    pub start: Array1<R>,
    /// The random streams of its trial.
    pub streams: Streams,
}

impl<R: Precision> Problem<R> {
    /// A given objective with its start drawn from a distribution.
    pub fn new(
        objective: impl Objective<R> + 'static,
        start: Distribution,
        streams: Streams,
    ) -> Self {
        let start = start.sample(objective.layout(), &mut streams.rng("start"));
        Self { objective: Box::new(objective), start, streams }
    }

    /// Draws the instance of a trial.
    ///
    /// # Errors
    /// As for [`objective::Build::build`]; and when the start refers to a minimizer that is not
    /// known.
    pub fn draw(spec: &dyn objective::Spec, start: Start, context: &Context) -> Result<Self> {
        let objective = R::objective(spec, context)?;
        let mut rng = context.streams.rng("start");
        let start = match start {
            Start::Drawn(distribution) => distribution.sample(objective.layout(), &mut rng),
            Start::FarFromMinimizer { distance, directions } => {
                far_from_minimizer(&*objective, distance, directions, &mut rng)?
            }
        };
        Ok(Self { objective, start, streams: context.streams })
    }

    /// The same instance, from the same start, after something was done to the inputs; `None`: they
    /// stay as they are.
    ///
    /// # Errors
    /// When the objective has none.
    pub fn with_inputs(&self, inputs: Inputs) -> Result<Option<Self>> {
        if inputs == Inputs::Raw {
            return Ok(None);
        }
        let none = || Error::Numerical("the objective has no inputs that could be shifted".into());
        let objective = self.objective.with_inputs(inputs).ok_or_else(none)?;
        Ok(Some(Self { objective, start: self.start.clone(), streams: self.streams }))
    }

    /// Estimates or draws a change of variables. Progress is counted in gradient samples.
    ///
    /// # Errors
    /// As for [`basis::Spec::build`].
    pub fn parts(
        &self,
        basis: &dyn basis::Spec,
        distribution: Distribution,
        sampling: Sampling,
        control: Control<'_>,
    ) -> Result<Vec<Part>> {
        let progress = |samples: usize| {
            control.advance(samples as u64);
            !control.interrupted()
        };
        let source = Sampler {
            objective: &*self.objective,
            distribution,
            start: Some(&self.start),
            sampling,
            streams: self.streams,
            progress: &progress,
        };
        basis.build(&source, &self.streams)
    }

    /// Trains one run in the coordinates that `parts` make, and keeps its curve; to train many at
    /// once, see [`train`].
    ///
    /// # Errors
    /// As for [`train`].
    pub fn minimize(
        &self,
        parts: &[Part],
        optimizer: &dyn optimizer::Spec,
        learning_rate: f64,
        training: &Training,
    ) -> Result<Outcome> {
        let methods = [Method { optimizer, learning_rates: &[learning_rate] }];
        let (recording, control) = (Recording::Curve, Control::none());
        let coordinates = self.coordinates(parts);
        let runs = train(self, &coordinates, &methods, training, recording, control)?;
        Ok(runs.into_iter().next().expect("one learning rate is one run"))
    }

    /// The coordinates that parts make; none at all are original ones.
    pub fn coordinates(&self, parts: &[Part]) -> Coordinates<R> {
        let maps = parts.iter().map(|part| (part.blocks.clone(), R::linear_map(&*part.map)));
        Coordinates::new(self.objective.layout(), maps)
    }
}

fn far_from_minimizer<R: Real>(
    objective: &dyn Objective<R>,
    distance: f64,
    directions: usize,
    rng: &mut impl Rng,
) -> Result<Array1<R>> {
    let unknown = || Error::Numerical("a start far from the minimizer: none is known".into());
    let minimizer = objective.minimizer().ok_or_else(unknown)?;
    let mut candidates = Lanes::zeros(objective.layout(), directions);
    for lane in 0..directions {
        let direction = data::gaussian_vector(minimizer.len(), rng);
        let scale = distance / direction.dot(&direction).sqrt();
        let point = &minimizer + &direction.mapv(|x| from_f64::<R>(scale * x));
        candidates.set_lane(lane, point.view());
    }
    let losses = objective
        .evaluate(&candidates, Split::Training, &mut Workspace::new())
        .ok_or_else(unknown)?;
    let highest = losses.iter().enumerate().max_by(|(_, a), (_, b)| a.loss.total_cmp(&b.loss));
    Ok(candidates.lane(highest.map_or(0, |(lane, _)| lane)))
}
