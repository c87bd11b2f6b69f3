//! (h) The network of `configs/fashion-large.toml`, with Adam at many learning rates in original
//! coordinates and in those of its inputs, in singles. There is no V in it: its products are those of
//! the network's layers.

use egop::basis::{InputBasis, InputSource};
use egop::coordinates::Coordinates;
use egop::data::{DataSet, Examples, Split, fashion_mnist};
use egop::distribution::Distribution;
use egop::gradients::{At, Samples, Sampling};
use egop::lanes::{Lanes, Workspace};
use egop::linalg::{Accum, product};
use egop::minibatch::{Minibatches, Order};
use egop::objective::FeedForward;
use egop::rng::Streams;
use egop::trial::{Control, Problem};
use ndarray::Array2;

use crate::networks::{Network, training};
use crate::output::{Products, median_cpu_seconds};
use crate::timed_products::square_product_gflops;
use crate::{Args, Result, SEED};

pub const INPUTS: usize = 784;
pub const HIDDEN: usize = 100;
pub const OUTPUTS: usize = 10;
pub const BATCH: usize = 300;
pub const RHO: Distribution = Distribution::UniformFanIn;
const LANES: [usize; 3] = [1, 16, 48];
/// From this number of lanes on, the products are compared with a square product.
const MANY_LANES: usize = 16;
/// Examples of an evaluation that pass through the network together.
const EVALUATED: usize = 512;

/// All ten classes of Fashion-MNIST.
pub fn examples() -> Result<DataSet<f32>> {
    let selection = fashion_mnist::Selection { classes: (0..OUTPUTS).collect(), pooled: false };
    Ok(fashion_mnist::load(&selection, None)?.cast())
}

/// The network on these data, from the start of the first trial.
pub fn problem(data: DataSet<f32>) -> Problem<f32> {
    Problem::new(FeedForward::new(&[HIDDEN], true, data), RHO, Streams::new(SEED, 0))
}

/// Gradients on minibatches.
pub fn sampling(samples: usize) -> Sampling {
    Sampling { samples: Samples::Count(samples), minibatch: Some((BATCH, Order::Reshuffled)) }
}

/// The rotation of the inputs that some gradients make.
pub fn rotation(problem: &Problem<f32>, samples: usize) -> Result<Coordinates<f32>> {
    let basis = InputBasis(InputSource::Gradients { samples, at: At::Distribution });
    let parts = problem.parts(&basis, RHO, sampling(samples), Control::none())?;
    Ok(problem.coordinates(&parts))
}

pub fn run(args: &Args) -> Result<()> {
    let mut data = examples()?;
    if args.quick {
        let rows: Vec<usize> = (0..3000).collect();
        data.training = data.training.select(&rows);
    }
    let minibatches =
        Minibatches { examples: data.training.len(), size: BATCH, order: Order::Reshuffled };
    let network = |problem| Network {
        job: "h",
        problem,
        parts: Vec::new(),
        training: training(2, minibatches),
        rates: (1e-4, 4e-3),
        early: 1,
    };
    let original = network(problem(data.clone()));
    let lanes = args.lanes.as_deref().unwrap_or(&LANES);
    let folder = original.write(args, &data, lanes)?;

    // What `train` does before the first step in such coordinates.
    let coordinates = rotation(&original.problem, 8)?;
    let (vectors, _) = coordinates.split_inputs(0).ok_or("the inputs can be turned")?;
    folder.array("rotation", &vectors)?;
    let mut turned = problem(data.turned(vectors.view()));
    let layout = turned.objective.layout();
    let start = Lanes::broadcast(layout, 1, turned.start.view());
    let mut moved = start.clone();
    coordinates.start(&start, &mut moved, &mut Workspace::new());
    turned.start = moved.lane(0);
    let turned = network(turned);

    for &count in lanes {
        for _ in 0..args.runs {
            for (name, network) in [("original", &original), ("input", &turned)] {
                let here = Coordinates::original(network.problem.objective.layout());
                let products =
                    (count >= MANY_LANES).then(|| products(count, &data, minibatches, 2));
                let case = format!("{name}, lanes: {count}");
                network.time(case, count, &here)?.products(products).print()?;
            }
        }
    }
    Ok(())
}

/// The products of a training, made again by themselves: those of a step and of an evaluation of the
/// network, as often as training takes them.
fn products(
    lanes: usize,
    data: &DataSet<f32>,
    minibatches: Minibatches,
    epochs: usize,
) -> Products {
    let pieces = |split| {
        let rows = data.split(split).map_or(0, Examples::len);
        rows as f64 / EVALUATED as f64
    };
    let recorded = pieces(Split::Training) + pieces(Split::Validation);
    let mut step = LayerProducts::new(lanes, minibatches.size, true);
    let mut evaluation = LayerProducts::new(lanes, EVALUATED, false);
    let mut start = LayerProducts::new(1, EVALUATED, false);
    let reference_gflops = square_product_gflops();
    let (mut seconds, mut operations) = (0.0, 0.0);
    for (times, all) in [
        ((epochs * minibatches.per_epoch()) as f64, &mut step),
        (epochs as f64 * recorded + pieces(Split::Test), &mut evaluation),
        // The start, which all lanes share.
        (recorded, &mut start),
    ] {
        seconds += times * median_cpu_seconds(9, || all.make());
        operations += times * all.operations();
    }
    Products { seconds, gflops: operations / seconds * 1e-9, reference_gflops }
}

/// The matrices of all lanes' products on some examples.
struct LayerProducts {
    lanes: usize,
    gradient: bool,
    /// Examples × inputs.
    inputs: Array2<f32>,
    /// One lane below the other: (lanes · hidden) × inputs.
    first: Array2<f32>,
    /// (lanes · hidden) × examples.
    hidden: Array2<f32>,
    second: Array2<f32>,
    outputs: Array2<f32>,
    work: Array2<f32>,
    first_gradient: Array2<f32>,
    second_gradient: Array2<f32>,
}

impl LayerProducts {
    fn new(lanes: usize, examples: usize, gradient: bool) -> Self {
        let entry = |(i, j): (usize, usize)| ((i * 31 + j * 17) % 101) as f32 * 0.01 - 0.5;
        let matrix = |rows, columns| Array2::from_shape_fn((rows, columns), entry);
        Self {
            lanes,
            gradient,
            inputs: matrix(examples, INPUTS),
            first: matrix(lanes * HIDDEN, INPUTS),
            hidden: matrix(lanes * HIDDEN, examples),
            second: matrix(OUTPUTS, HIDDEN),
            outputs: matrix(OUTPUTS, examples),
            work: matrix(HIDDEN, examples),
            first_gradient: matrix(lanes * HIDDEN, INPUTS),
            second_gradient: matrix(OUTPUTS, HIDDEN),
        }
    }

    fn operations(&self) -> f64 {
        let [first, second] = [INPUTS, OUTPUTS].map(|width| (width * HIDDEN) as f64);
        let terms = if self.gradient { 2.0 * first + 3.0 * second } else { first + second };
        2.0 * terms * (self.lanes * self.inputs.nrows()) as f64
    }

    /// Once, in the order of training.
    fn make(&mut self) {
        let over = Accum::Overwrite;
        product(self.first.view(), self.inputs.t(), over, self.hidden.view_mut());
        for hidden in self.hidden.axis_chunks_iter(ndarray::Axis(0), HIDDEN) {
            product(self.second.view(), hidden, over, self.outputs.view_mut());
            if self.gradient {
                product(self.outputs.view(), hidden.t(), over, self.second_gradient.view_mut());
                product(self.second.t(), self.outputs.view(), over, self.work.view_mut());
            }
        }
        if self.gradient {
            product(self.hidden.view(), self.inputs.view(), over, self.first_gradient.view_mut());
        }
    }
}
