//! (g) Steps of the methods that the paper's are compared with: a gradient and an update of all
//! lanes, in singles on the digits network of `configs/digits.toml`, in original coordinates. The
//! matrix of full-matrix Adagrad is that of a least-squares problem, in doubles.

use egop::data::{self, DataSet, Decay, digits};
use egop::distribution::Distribution;
use egop::lanes::{Lanes, Workspace};
use egop::linalg::from_f64;
use egop::minibatch::{Minibatches, Order};
use egop::objective::{Batch, FeedForward, LeastSquares};
use egop::optimizer::{EpsPlacement, FullAdagrad, GaLore, Muon, Shampoo, Soap, Spec, VectorAdam};
use egop::rng::Streams;
use egop::trial::{Precision, Problem};
use ndarray::Array1;
use serde_json::json;

use crate::networks::{learning_rates, write_examples};
use crate::output::{Folder, Line, time};
use crate::{Args, Result, SEED};

const LANES: [usize; 2] = [1, 16];
const BATCH: usize = 300;
/// Rows and columns of the least-squares problem.
const ROWS: usize = 100;
const COLUMNS: usize = 50;
/// Learning rates with which no method diverges.
const RATES: (f64, f64) = (1e-3, 1e-2);
const VECTOR_RATES: (f64, f64) = (1e-2, 1.0);

pub fn run(args: &Args) -> Result<()> {
    let steps = if args.quick { 40 } else { 800 };
    let lanes = args.lanes.as_deref().unwrap_or(&LANES);
    let streams = Streams::new(SEED, 0);
    let data: DataSet<f32> = digits::load(0)?.cast();
    let minibatches =
        Minibatches { examples: data.training.len(), size: BATCH, order: Order::Fixed };
    let pass = minibatches.pass(&streams, "minibatch", 0);
    let network = Job {
        problem: Problem::<f32>::new(
            FeedForward::new(&[32], true, data.clone()),
            Distribution::XavierNormal,
            streams,
        ),
        batches: minibatches.cut(&pass).map(Batch::Rows).collect(),
        rates: RATES,
        steps,
    };
    let decay = Decay::Power { exponent: 1.0 };
    let mut rng = streams.rng("data");
    let matrix = data::spectral_matrix(ROWS, COLUMNS, decay, &mut rng);
    let minimizer = data::gaussian_vector(COLUMNS, &mut rng);
    let vector = Job {
        problem: Problem::<f64>::new(
            LeastSquares::realizable(matrix.view(), &minimizer),
            Distribution::Gaussian { scale: 1.0 },
            streams,
        ),
        batches: vec![Batch::Full],
        rates: VECTOR_RATES,
        steps,
    };

    let folder = Folder::create(args, "g")?;
    folder.settings(&json!({ "steps": steps, "compared": network.compared(), "batch": BATCH }))?;
    write_examples(&folder, "training", &data.training)?;
    let rows: Vec<i32> =
        pass.iter().map(|&row| i32::try_from(row)).collect::<std::result::Result<_, _>>()?;
    folder.array("pass", &Array1::from(rows))?;
    folder.array("start", &network.problem.start)?;
    folder.array("rates-1", &Array1::from(learning_rates(RATES, 1)))?;
    folder.array("matrix", &matrix)?;
    folder.array("vector-targets", &matrix.dot(&minimizer))?;
    folder.array("vector-start", &vector.problem.start)?;
    folder.array("vector-rates-1", &Array1::from(learning_rates(VECTOR_RATES, 1)))?;

    // At Adam's decay rates, with which SOAP is to be compared.
    let soap = |refresh| Soap { beta1: 0.9, beta2: 0.999, refresh, ..Soap::default() };
    let shampoo =
        |refresh| Shampoo { beta1: 0.9, beta2: 0.999, refresh, graft: true, ..Shampoo::default() };
    let (soap10, soap1) = (soap(10), soap(1));
    let (shampoo10, shampoo1) = (shampoo(10), shampoo(1));
    let galore = GaLore { ranks: vec![8], gap: 200, ..GaLore::default() };
    let methods: [(&str, &dyn Spec); 7] = [
        ("VectorAdam", &VectorAdam::default()),
        ("Muon", &Muon::default()),
        ("GaLore, rank 8", &galore),
        ("SOAP, f = 10", &soap10),
        ("SOAP, f = 1", &soap1),
        ("Shampoo, f = 10", &shampoo10),
        ("Shampoo, f = 1", &shampoo1),
    ];
    let outside = FullAdagrad { eps_placement: EpsPlacement::Outside, ..FullAdagrad::default() };
    for _ in 0..args.runs {
        for &count in lanes {
            for (name, spec) in methods {
                network.time(name, spec, count)?;
            }
            vector.time("full-matrix Adagrad", &FullAdagrad::default(), count)?;
            vector.time("full-matrix Adagrad, ε outside", &outside, count)?;
        }
    }
    Ok(())
}

/// A problem and how it is trained.
struct Job<'a, R: Precision> {
    problem: Problem<R>,
    batches: Vec<Batch<'a>>,
    rates: (f64, f64),
    steps: usize,
}

impl<R: Precision> Job<'_, R> {
    /// The updates before which losses are compared: rounding errors grow while losses vanish.
    fn compared(&self) -> [usize; 2] {
        [8, self.steps / 4]
    }

    fn time(&self, name: &str, spec: &dyn Spec, lanes: usize) -> Result<()> {
        let (losses, elapsed) = time(|| self.train(spec, lanes));
        let [early, last] = losses?;
        let case = format!("{name}, lanes: {lanes}");
        Line::new("g", case, lanes, elapsed).results(early, last).steps(self.steps).print()
    }

    /// The losses of all lanes before the two updates.
    fn train(&self, spec: &dyn Spec, lanes: usize) -> Result<[Vec<f64>; 2]> {
        let objective = &*self.problem.objective;
        let layout = objective.layout();
        let mut theta = Lanes::broadcast(layout, lanes, self.problem.start.view());
        let mut gradient = theta.clone();
        let mut optimizer = R::optimizer(spec, layout, lanes);
        let rates: Vec<R> = learning_rates(self.rates, lanes).into_iter().map(from_f64).collect();
        let (mut values, mut workspace) = (vec![0.0; lanes], Workspace::new());
        let mut compared = [Vec::new(), Vec::new()];
        for step in 0..self.steps {
            let batch = self.batches[step % self.batches.len()];
            objective.value_and_gradient(&theta, batch, &mut values, &mut gradient, &mut workspace);
            for (losses, at) in compared.iter_mut().zip(self.compared()) {
                if step == at {
                    losses.clone_from(&values);
                }
            }
            optimizer
                .step(theta.view_mut(0..lanes), gradient.view(0..lanes), &rates)
                .map_err(|failure| failure.message)?;
        }
        Ok(compared)
    }
}
