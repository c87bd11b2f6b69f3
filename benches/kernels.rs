//! The kernels that experiments spend their time in: `cargo bench --bench kernels [FILTER]`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use egop::basis::Part;
use egop::coordinates::Reflector;
use egop::data::{self, Decay, digits};
use egop::distribution::Distribution;
use egop::egop::{Spectrum, egop};
use egop::gradients::{Gradients, Sampler, Samples, Sampling};
use egop::lanes::{Lanes, Layout, Workspace};
use egop::linalg::{self, Accum, Real, from_f64};
use egop::objective::PointObjective;
use egop::objective::{
    Batch, FeedForward, LinearNet, LinearNetSpec, LogSumExp, Objective, PerLane,
};
use egop::optimizer::{Adagrad, Adam, Build, Momentum, Sgd};
use egop::rng::Streams;
use egop::trial::{Precision, Problem};
use ndarray::{Array1, Array2};

/// Parameters of the linear network.
const DIMENSION: usize = 2300;
const RHO: Distribution = Distribution::Gaussian { scale: 1.0 };

fn streams() -> Streams {
    Streams::new(1, 0)
}

/// K lanes drawn from a distribution.
fn lanes<R: Real>(layout: &Layout, count: usize, distribution: Distribution) -> Lanes<R> {
    let mut lanes = Lanes::zeros(layout, count);
    for lane in 0..count {
        let point = distribution.sample(layout, &mut streams().indexed("lanes", lane));
        lanes.set_lane(lane, point.view());
    }
    lanes
}

/// A symmetric positive definite matrix with a decaying spectrum.
fn gram_matrix(size: usize) -> Array2<f64> {
    let decay = Decay::Power { exponent: 1.0 };
    let matrix = data::spectral_matrix(size, size, decay, &mut streams().rng("gram"));
    let mut gram = Array2::zeros((size, size));
    linalg::product(matrix.t(), matrix.view(), Accum::Overwrite, gram.view_mut());
    gram
}

/// f = 0: a problem that has a dimension and nothing else.
struct Flat(usize);

impl PointObjective for Flat {
    fn dimension(&self) -> usize {
        self.0
    }

    fn value_and_gradient(&self, _: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        0.0
    }
}

fn product_with_v<R: Precision>(criterion: &mut Criterion, precision: &str) {
    let vectors = data::orthonormal(DIMENSION, DIMENSION, &mut streams().rng("basis"));
    let parts = [Part::orthonormal(0..1, vectors)];
    let problem = Problem::<R>::new(PerLane::new(Flat(DIMENSION)), RHO, streams());
    let coordinates = problem.coordinates(&parts);
    let layout = problem.objective.layout();
    let mut group = criterion.benchmark_group(format!("product with V, {precision}"));
    for count in [1, 16, 80] {
        let (from, mut to) = (lanes::<R>(layout, count, RHO), Lanes::zeros(layout, count));
        let mut workspace = Workspace::new();
        group.throughput(Throughput::Elements((2 * count * DIMENSION * DIMENSION) as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| coordinates.to_original(black_box(&from), &mut to, &mut workspace));
        });
    }
    group.finish();
}

fn products(criterion: &mut Criterion) {
    product_with_v::<f32>(criterion, "f32");
    product_with_v::<f64>(criterion, "f64");
}

/// To original coordinates by a reflector, for a layer of digits and one of Fashion-MNIST.
fn reflectors(criterion: &mut Criterion) {
    const COLUMNS: usize = 100;
    let mut group = criterion.benchmark_group("reflector, f32, 100 columns");
    for dimension in [2048, 78_400] {
        let vectors = data::orthonormal(dimension, COLUMNS, &mut streams().rng("basis"));
        let reflector = Reflector::new(vectors.view()).expect("the columns are orthonormal");
        let map = f32::linear_map(&reflector);
        for count in [1, 16, 48] {
            let layout = Layout::vector(dimension);
            let (from, mut to) = (lanes::<f32>(&layout, count, RHO), Lanes::zeros(&layout, count));
            let mut workspace = Workspace::new();
            group.throughput(Throughput::Elements((4 * count * dimension * COLUMNS) as u64));
            group.bench_function(BenchmarkId::new(dimension.to_string(), count), |bencher| {
                bencher.iter(|| {
                    map.to_original(black_box(&from).block(0), to.block_mut(0), &mut workspace);
                });
            });
        }
    }
    group.finish();
}

fn optimizer_steps(criterion: &mut Criterion) {
    const LANES: usize = 80;
    let layout = Layout::vector(DIMENSION);
    let specs: [(&str, &dyn Build<f32>); 4] = [
        ("adam", &Adam::default()),
        ("adagrad", &Adagrad::PYTORCH),
        ("momentum", &Momentum { momentum: 0.9 }),
        ("sgd", &Sgd),
    ];
    let mut group = criterion.benchmark_group("optimizer step, 80 lanes");
    group.throughput(Throughput::Elements((LANES * DIMENSION) as u64));
    for (name, spec) in specs {
        let mut optimizer = spec.build(&layout, LANES);
        let (gradient, rates) = (lanes(&layout, LANES, RHO), [1e-3; LANES]);
        let mut theta = lanes(&layout, LANES, RHO);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                optimizer.step(theta.view_mut(0..LANES), gradient.view(0..LANES), &rates).is_ok()
            });
        });
    }
    group.finish();
}

fn gradient(criterion: &mut Criterion, name: &str, objective: &dyn Objective<f32>, rows: usize) {
    let mut group = criterion.benchmark_group(format!("gradient, {name}"));
    let rows: Vec<usize> = (0..rows).collect();
    for count in [1, 16, 80] {
        let theta = lanes(objective.layout(), count, Distribution::XavierNormal);
        let mut gradient = theta.clone();
        let (mut values, mut workspace) = (vec![0.0; count], Workspace::new());
        let batch = if rows.is_empty() { Batch::Full } else { Batch::Rows(&rows) };
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                let theta = black_box(&theta);
                let values = &mut values;
                objective.value_and_gradient(theta, batch, values, &mut gradient, &mut workspace);
            });
        });
    }
    group.finish();
}

fn gradients(criterion: &mut Criterion) {
    let digits = digits::load(0).expect("the digits are embedded in the library");
    gradient(criterion, "digits", &FeedForward::<f32>::new(&[32], true, digits.cast()), 300);
    let decay = Decay::Power { exponent: 2.0 };
    let spec = LinearNetSpec { widths: vec![10, 50, 30, 10], rows: [10_000, 10, 10], decay };
    let linear = LinearNet::<f32>::realizable(&[50, 30], spec.draw(&streams()).cast());
    gradient(criterion, "linear network", &linear, 500);
}

/// Log-sum-exp of many terms in few parameters: its gradient is exponentials for the most part.
fn exponentials(criterion: &mut Criterion) {
    let decay = Decay::Power { exponent: 1.0 };
    let matrix = data::spectral_matrix(4000, 2, decay, &mut streams().rng("data"));
    let objective = LogSumExp::realizable(matrix.view(), &Array1::from_elem(2, from_f64(1.0)));
    gradient(criterion, "log-sum-exp, 4000 terms", &objective, 0);
}

/// 256 gradients of zeros added to the Gram matrix, with the drawing of as many points.
fn gram(criterion: &mut Criterion) {
    let objective = PerLane::new(Flat(DIMENSION));
    let sampler = Sampler {
        objective: &objective as &dyn Objective<f32>,
        distribution: RHO,
        start: None,
        sampling: Sampling { samples: Samples::Count(256), minibatch: None },
        streams: streams(),
        progress: &|_| true,
    };
    let mut group = criterion.benchmark_group("256 gradients, d = 2300");
    let everything = 0..DIMENSION;
    group.bench_function("drawn", |bencher| {
        bencher.iter(|| egop(&sampler, 0..sampler.samples(), &[]))
    });
    group.bench_function("drawn and added to the Gram matrix", |bencher| {
        bencher.iter(|| egop(&sampler, 0..sampler.samples(), std::slice::from_ref(&everything)));
    });
    group.finish();
}

fn eigenbasis(criterion: &mut Criterion) {
    let matrix = gram_matrix(500);
    criterion.bench_function("eigenbasis, d = 500", |bencher| {
        bencher.iter(|| Spectrum::of(black_box(matrix.clone())));
    });
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    products(&mut criterion);
    reflectors(&mut criterion);
    optimizer_steps(&mut criterion);
    gradients(&mut criterion);
    exponentials(&mut criterion);
    gram(&mut criterion);
    eigenbasis(&mut criterion);
    criterion.final_summary();
}
