//! (b) The linear network of `configs/linear-net.toml` and (c) the digits network of
//! `configs/digits.toml`, with Adam in the EGOP's basis at many learning rates, in singles.

use egop::basis::{EgopBasis, Part, Scope};
use egop::coordinates::Coordinates;
use egop::data::{DataSet, Decay, Examples, Split, Targets, digits};
use egop::distribution::Distribution;
use egop::gradients::{Counted, Samples, Sampling};
use egop::minibatch::{Minibatches, Order};
use egop::objective::{FeedForward, LinearNet, LinearNetSpec};
use egop::optimizer::Adam;
use egop::rng::Streams;
use egop::schedule::Schedule;
use egop::trial::{Control, CurvePoints, Method, Precision, Problem, Recording, Training, train};
use ndarray::{Array1, Array2};
use serde_json::json;

use crate::output::{Folder, Line, losses, time};
use crate::timed_products::{TimedProducts, square_product_gflops};
use crate::{Args, Result, SEED};

/// From this number of lanes on, the products with V are compared with a square product.
const MANY_LANES: usize = 64;

/// A network to train.
pub struct Network {
    pub job: &'static str,
    pub problem: Problem<f32>,
    pub parts: Vec<Part>,
    pub training: Training,
    /// Learning rates between these bounds train without diverging.
    pub rates: (f64, f64),
    /// The epoch after which losses are compared: before rounding errors have grown.
    pub early: usize,
}

pub fn linear(args: &Args) -> Result<()> {
    let streams = Streams::new(SEED, 0);
    let spec = LinearNetSpec {
        widths: vec![10, 50, 30, 10],
        rows: [10_000, 2000, 2000],
        decay: Decay::Power { exponent: 2.0 },
    };
    let data: DataSet<f32> = spec.draw(&streams).cast();
    let objective = LinearNet::realizable(&[50, 30], data.clone());
    let rho = Distribution::XavierNormal;
    let problem = Problem::new(objective, rho, streams);
    let sampling = Sampling {
        samples: Samples::PerParameter(2.0, Counted::All),
        minibatch: Some((500, Order::Reshuffled)),
    };
    let egop = EgopBasis::new(Scope::Global);
    let network = Network {
        job: "b",
        parts: problem.parts(&egop, rho, sampling, Control::none())?,
        problem,
        training: Training {
            schedule: Schedule::CosineAnnealing,
            ..training(
                if args.quick { 5 } else { 100 },
                Minibatches { examples: 10_000, size: 500, order: Order::Reshuffled },
            )
        },
        rates: (1e-4, 1e-1),
        early: 2,
    };
    network.run(args, &data, &[1, 16, 64])
}

pub fn digits(args: &Args) -> Result<()> {
    let streams = Streams::new(SEED, 0);
    let data: DataSet<f32> = digits::load(0)?.cast();
    let rho = Distribution::XavierNormal;
    let problem = Problem::new(FeedForward::new(&[32], true, data.clone()), rho, streams);
    let sampling = Sampling {
        samples: Samples::PerParameter(1.0, Counted::All),
        minibatch: Some((300, Order::Reshuffled)),
    };
    let egop = EgopBasis::new(Scope::Block(Vec::new()));
    let network = Network {
        job: "c",
        parts: problem.parts(&egop, rho, sampling, Control::none())?,
        problem,
        training: training(
            if args.quick { 10 } else { 200 },
            Minibatches { examples: data.training.len(), size: 300, order: Order::Fixed },
        ),
        rates: (1e-4, 3e-2),
        early: 2,
    };
    network.run(args, &data, &[1, 16, 80])
}

pub fn training(epochs: usize, minibatches: Minibatches) -> Training {
    Training {
        minibatches: Some(minibatches),
        curve: CurvePoints::Every,
        ..Training::full_batch(epochs)
    }
}

impl Network {
    fn run(&self, args: &Args, data: &DataSet<f32>, lanes: &[usize]) -> Result<()> {
        let lanes = args.lanes.as_deref().unwrap_or(lanes);
        self.write(args, data, lanes)?;
        for &count in lanes {
            for _ in 0..args.runs {
                let timed = TimedProducts::default();
                let coordinates = timed.coordinates(&self.problem, &self.parts);
                let reference = (count >= MANY_LANES).then(square_product_gflops);
                let line = self.time(format!("lanes: {count}"), count, &coordinates)?;
                line.products(reference.map(|gflops| timed.products(gflops))).print()?;
            }
        }
        Ok(())
    }

    /// Trains so many runs with Adam.
    pub fn time(&self, case: String, lanes: usize, coordinates: &Coordinates<f32>) -> Result<Line> {
        let rates = learning_rates(self.rates, lanes);
        let adam = Adam::default();
        let methods = [Method { optimizer: &adam, learning_rates: &rates }];
        let (recording, control) = (Recording::Curve, Control::none());
        let (outcomes, elapsed) = time(|| {
            train(&self.problem, coordinates, &methods, &self.training, recording, control)
        });
        let (early, last) = losses(&outcomes?, self.early)?;
        Ok(Line::new(self.job, case, lanes, elapsed).results(early, last))
    }

    fn matrices(&self) -> impl Iterator<Item = Array2<f64>> {
        self.parts.iter().filter_map(|part| f64::linear_map(&*part.map).to_dense())
    }

    /// Everything that peers need to train the same runs.
    pub fn write(&self, args: &Args, data: &DataSet<f32>, lanes: &[usize]) -> Result<Folder> {
        let folder = Folder::create(args, self.job)?;
        let epochs = self.training.epochs;
        let minibatches = self.training.minibatches.ok_or("networks train on minibatches")?;
        folder.settings(&json!({
            "epochs": epochs,
            "early": self.early,
            "batch": minibatches.size,
            "lanes": lanes,
        }))?;
        for &count in lanes {
            folder.array(
                &format!("rates-{count}"),
                &Array1::from(learning_rates(self.rates, count)),
            )?;
        }
        let factors = (0..epochs).map(|epoch| self.training.schedule.factor(epoch, epochs));
        folder.array("schedule", &factors.collect::<Array1<f64>>())?;
        let passes: Vec<i32> = (0..epochs)
            .flat_map(|epoch| minibatches.pass(&self.problem.streams, "minibatch", epoch))
            .map(i32::try_from)
            .collect::<std::result::Result<_, _>>()?;
        folder.array("passes", &Array2::from_shape_vec((epochs, minibatches.examples), passes)?)?;
        folder.array("start", &self.problem.start)?;
        for (number, matrix) in (1..).zip(self.matrices()) {
            folder.array(&format!("vectors{number}"), &matrix.mapv(|x| x as f32))?;
        }
        let splits = [
            ("training", Split::Training),
            ("validation", Split::Validation),
            ("test", Split::Test),
        ];
        for (name, split) in splits {
            let examples = data.split(split).ok_or("networks have all three splits")?;
            write_examples(&folder, name, examples)?;
        }
        Ok(folder)
    }
}

/// Spaced evenly on a logarithmic scale between two bounds; a single one lies in the middle.
pub fn learning_rates((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let (low, high) = (low.log10(), high.log10());
    match count {
        1 => vec![10_f64.powf(0.5 * (low + high))],
        _ => Array1::logspace(10.0, low, high, count).into_iter().collect(),
    }
}

/// Inputs (examples × features) and targets: labels, or examples × outputs.
pub fn write_examples(folder: &Folder, name: &str, examples: &Examples<f32>) -> Result<()> {
    folder.array(&format!("{name}-inputs"), &examples.inputs())?;
    let name = format!("{name}-targets");
    match examples.targets() {
        Targets::Classes { labels, .. } => {
            folder.array(&name, &labels.iter().map(|&label| label as i32).collect::<Array1<i32>>())
        }
        Targets::Vectors(vectors) => folder.array(&name, vectors),
    }
}
