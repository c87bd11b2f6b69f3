//! (a) The least-squares sweep of `configs/lsq-large.toml` at fixed learning rates, in doubles.

use egop::basis::{EgopBasis, Part, Scope};
use egop::coordinates::Coordinates;
use egop::data::{self, Decay};
use egop::distribution::Distribution;
use egop::gradients::{Counted, Samples, Sampling};
use egop::objective::LeastSquares;
use egop::optimizer::{Adagrad, Adam, EpsPlacement, Momentum, Sgd};
use egop::rng::Streams;
use egop::trial::{Control, CurvePoints, Method, Outcome, Problem, Recording, Training, train};
use ndarray::{Array, Array1, Array2, Axis, Dimension, RemoveAxis, stack};
use serde_json::json;

use crate::output::{Folder, Line, losses, time};
use crate::{Args, Result, SEED};

const TRIALS: usize = 5;
const ROWS: usize = 200;
const COLUMNS: usize = 100;
const RATES: usize = 15;

/// One trial with its reparameterized coordinates, and the numbers that it is made of.
struct Instance {
    problem: Problem<f64>,
    coordinates: Coordinates<f64>,
    matrix: Array2<f64>,
    targets: Array1<f64>,
    vectors: Array2<f64>,
}

impl Instance {
    fn draw(trial: usize) -> Result<Self> {
        let streams = Streams::new(SEED, trial);
        let mut rng = streams.rng("data");
        let decay = Decay::Power { exponent: 1.0 };
        let matrix = data::spectral_matrix(ROWS, COLUMNS, decay, &mut rng);
        let minimizer = data::gaussian_vector(COLUMNS, &mut rng);
        let rho = Distribution::Gaussian { scale: 1.0 };
        let objective = LeastSquares::realizable(matrix.view(), &minimizer);
        let problem = Problem::new(objective, rho, streams);
        let sampling =
            Sampling { samples: Samples::PerParameter(2.0, Counted::All), minibatch: None };
        let egop = EgopBasis::new(Scope::Global);
        let parts = problem.parts(&egop, rho, sampling, Control::none())?;
        let coordinates = problem.coordinates(&parts);
        let targets = matrix.dot(&minimizer);
        Ok(Self { coordinates, vectors: eigenvectors(&parts)?, problem, matrix, targets })
    }

    /// All algorithms and learning rates in both coordinate systems.
    fn train(&self, methods: &[Method<'_>], training: &Training) -> Result<Vec<Outcome>> {
        let mut all = Vec::new();
        let original = Coordinates::original(self.problem.objective.layout());
        for coordinates in [&original, &self.coordinates] {
            let (recording, control) = (Recording::Curve, Control::none());
            let runs = train(&self.problem, coordinates, methods, training, recording, control)?;
            all.extend(runs);
        }
        Ok(all)
    }
}

/// The eigenvectors of a global EGOP.
pub fn eigenvectors(parts: &[Part]) -> Result<Array2<f64>> {
    match parts {
        [Part { spectrum: Some(spectrum), .. }] => Ok(spectrum.eigenvectors.to_owned()),
        _ => Err("one eigenbasis was asked for".into()),
    }
}

pub fn run(args: &Args) -> Result<()> {
    let steps = if args.quick { 200 } else { 1000 };
    let early = steps / 10;
    // All lanes make all steps, so that both sides do the same work: no tolerance.
    let training = Training {
        gradient_tolerance: 0.0,
        curve: CurvePoints::Every,
        ..Training::full_batch(steps)
    };
    let rates: Vec<f64> = Array1::logspace(10.0, -3.0, 0.0, RATES).into_iter().collect();
    let (adam, sgd, momentum) = (Adam::default(), Sgd, Momentum { momentum: 0.9 });
    let adagrad =
        Adagrad { initial_accumulator: 0.1, eps: 1e-7, eps_placement: EpsPlacement::Inside };
    let methods = [
        Method { optimizer: &adam, learning_rates: &rates },
        Method { optimizer: &adagrad, learning_rates: &rates },
        Method { optimizer: &sgd, learning_rates: &rates },
        Method { optimizer: &momentum, learning_rates: &rates },
    ];
    let instances: Vec<Instance> = (0..TRIALS).map(Instance::draw).collect::<Result<_>>()?;

    let folder = Folder::create(args, "a")?;
    folder.settings(&json!({ "steps": steps, "early": early }))?;
    folder.array("rates", &Array1::from(rates.clone()))?;
    let start = |one: &Instance| one.problem.start.clone();
    folder.array("start", &stacked(instances.iter().map(start))?)?;
    folder.array("targets", &stacked(instances.iter().map(|one| one.targets.clone()))?)?;
    folder.array("matrix", &stacked(instances.iter().map(|one| one.matrix.clone()))?)?;
    folder.array("vectors", &stacked(instances.iter().map(|one| one.vectors.clone()))?)?;

    for _ in 0..args.runs {
        let (trained, elapsed) = time(|| {
            let trained = instances.iter().map(|one| one.train(&methods, &training));
            trained.collect::<Result<Vec<_>>>()
        });
        let outcomes = trained?.concat();
        let (early, last) = losses(&outcomes, early)?;
        Line::new("a", "sweep".into(), outcomes.len(), elapsed).results(early, last).print()?;
    }
    Ok(())
}

/// Arrays of one shape, along a new first axis.
fn stacked<D>(arrays: impl Iterator<Item = Array<f64, D>>) -> Result<Array<f64, D::Larger>>
where
    D: Dimension,
    D::Larger: RemoveAxis,
{
    let arrays: Vec<_> = arrays.collect();
    let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
    Ok(stack(Axis(0), &views)?)
}
