//! Maps that scale, in training: absorbed by objectives as far as they can be, invisible to gradient
//! descent, and the same as in NumPy.

use std::sync::Arc;

use egop::basis::Part;
use egop::coordinates::{Auxiliary, Coordinates, Form, Frozen, Kronecker, Orthonormal, Reduced};
use egop::data::{
    DataSet, Decay, Examples, InputMoments, Inputs, Split, Targets, gaussian_vector, orthonormal,
    spectral_matrix,
};
use egop::distribution::Distribution;
use egop::lanes::{Lanes, Workspace};
use egop::linalg::orthonormality_defect;
use egop::objective::{
    Batch, Composite, FeedForward, LeastSquares, LinearNet, Metrics, Objective, PerLane,
    PointObjective,
};
use egop::optimizer::{self, Adagrad, Adam};
use egop::rng::Streams;
use egop::trial::{Control, Method, Outcome, Precision, Problem, Recording, Training, train};
use ndarray::{Array1, Array2, Axis};
use serde_json::Value;

use crate::bases::trained;
use crate::instances::optimizers;
use crate::maps::{cases, kronecker};

const STANDARD: Distribution = Distribution::Gaussian { scale: 1.0 };

fn part(blocks: std::ops::Range<usize>, form: Arc<dyn Form>) -> Part {
    Part { blocks, map: form, spectrum: None }
}

fn examples(count: usize, classes: bool, seed: u64) -> Examples<f64> {
    let mut rng = Streams::new(seed, 0).rng("examples");
    let mut matrix = |columns: usize| {
        let all = gaussian_vector(count * columns, &mut rng);
        all.into_shape_with_order((count, columns)).unwrap()
    };
    let inputs = matrix(5) + 0.5;
    let targets = match classes {
        true => Targets::Classes { labels: (0..count).map(|i| i * i % 3).collect(), classes: 3 },
        false => Targets::Vectors(matrix(3)),
    };
    Examples::new(inputs, targets)
}

/// Examples with 5 inputs and 3 outputs, in three splits.
fn data(classes: bool) -> DataSet<f64> {
    let [training, validation, test] = [40, 9, 7].map(|count| examples(count, classes, 1));
    DataSet { training, validation: Some(validation), test: Some(test) }
}

fn relu_net() -> FeedForward<f64> {
    FeedForward::new(&[4], true, data(true))
}

fn networks() -> [(&'static str, Box<dyn Objective<f64>>); 3] {
    [
        ("classifier", Box::new(relu_net())),
        ("regression", Box::new(FeedForward::new(&[4, 4], false, data(false)))),
        ("linear", Box::new(LinearNet::new(&[4], data(false)))),
    ]
}

fn least_squares() -> Composite<f64, LeastSquares<f64>> {
    let mut rng = Streams::new(8, 0).rng("least squares");
    let matrix = spectral_matrix(30, 20, Decay::Power { exponent: 1.0 }, &mut rng);
    LeastSquares::realizable(matrix.view(), &gaussian_vector(20, &mut rng))
}

/// Losses and gradients on a minibatch, and metrics of every split.
struct Measured {
    values: Vec<f64>,
    gradient: Lanes<f64>,
    metrics: [Option<Vec<Metrics>>; 3],
}

/// The same of f.
fn measured(f: &dyn Objective<f64>, theta: &Lanes<f64>) -> Measured {
    let (mut values, mut gradient) = (vec![f64::NAN; theta.lanes()], theta.clone());
    let mut workspace = Workspace::new();
    let batch = match f.examples() {
        Some(_) => Batch::Rows(&[3, 1, 4, 15, 9, 26]),
        None => Batch::Full,
    };
    f.value_and_gradient(theta, batch, &mut values, &mut gradient, &mut workspace);
    let splits = [Split::Training, Split::Validation, Split::Test];
    let metrics = splits.map(|split| f.evaluate(theta, split, &mut workspace));
    Measured { values, gradient, metrics }
}

/// The same of f∘J, with products with J around f.
fn around(f: &dyn Objective<f64>, coordinates: &Coordinates<f64>, z: &Lanes<f64>) -> Measured {
    let mut theta = Lanes::zeros(f.layout(), z.lanes());
    let (mut pulled, mut workspace) = (z.clone(), Workspace::new());
    coordinates.to_original(z, &mut theta, &mut workspace);
    let measured = measured(f, &theta);
    coordinates.pull_back(&measured.gradient, &mut pulled, &mut workspace);
    Measured { gradient: pulled, ..measured }
}

/// Lanes of standard Gaussians.
fn lanes(coordinates: &Coordinates<f64>) -> Lanes<f64> {
    let mut lanes = Lanes::zeros(coordinates.trained(), 3);
    for lane in 0..3 {
        let mut rng = Streams::new(4, 0).indexed("lanes", lane);
        lanes.set_lane(lane, STANDARD.sample(coordinates.trained(), &mut rng).view());
    }
    lanes
}

/// Values, gradients and metrics agree to 1e-12 of numbers up to some tens: sums of at most 50
/// products of such numbers.
fn agree(found: &Measured, expected: &Measured, what: &str) {
    let close = |a: f64, b: f64| {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{what}: {a} for {b}");
    };
    found.values.iter().zip(&expected.values).for_each(|(&a, &b)| close(a, b));
    let gradients = found.gradient.as_slice().iter().zip(expected.gradient.as_slice());
    gradients.for_each(|(&a, &b)| close(a, b));
    for (found, expected) in found.metrics.iter().zip(&expected.metrics) {
        assert_eq!(found.is_some(), expected.is_some(), "{what}");
        for (a, b) in found.iter().flatten().zip(expected.iter().flatten()) {
            close(a.loss, b.loss);
            assert_eq!(a.accuracy, b.accuracy, "{what}");
        }
    }
}

#[test]
fn networks_turn_their_data_instead_of_the_first_weights() {
    let mut rng = Streams::new(2, 0).rng("sides");
    let [u_out, u_in] = [4, 5].map(|size| orthonormal(size, size, &mut rng));
    for (name, f) in networks() {
        for with_outputs in [false, true] {
            let outputs = if with_outputs { u_out.clone() } else { Array2::eye(4) };
            let sides = Kronecker {
                shape: (4, 5),
                outputs: with_outputs.then(|| u_out.clone().into()),
                inputs: Some(u_in.clone().into()),
            };
            let coordinates =
                |form: &dyn Form| Coordinates::new(f.layout(), [(0..1, f64::linear_map(form))]);
            let dense = Orthonormal(kronecker(outputs.view(), u_in.view()).into());
            let (sides, dense) = (coordinates(&sides), coordinates(&dense));
            let z = lanes(&sides);
            let expected = around(&*f, &dense, &z);
            agree(&around(&*f, &sides, &z), &expected, &format!("{name}, explicit"));

            assert!(f.absorb(&dense).is_none(), "{name}: of a dense matrix nothing is known");
            let (absorbed, remaining) = f.absorb(&sides).unwrap();
            assert_eq!(remaining.is_original(), !with_outputs, "{name}");
            assert_eq!(absorbed.layout(), sides.trained());
            let found = around(&*absorbed, &remaining, &z);
            agree(&found, &expected, &format!("{name}, absorbed, outputs: {with_outputs}"));
            assert_eq!(absorbed.minimum(), f.minimum());
        }
    }
}

#[test]
fn a_map_of_another_layer_or_over_several_blocks_is_not_absorbed() {
    let f = relu_net();
    let sides = Kronecker { shape: (3, 4), outputs: None, inputs: Some(Array2::eye(4).into()) };
    let second = Coordinates::new(f.layout(), [(2..3, f64::linear_map(&sides))]);
    assert!(f.absorb(&second).is_none());
    let sides = Kronecker { shape: (1, 24), outputs: None, inputs: Some(Array2::eye(24).into()) };
    let both = Coordinates::new(f.layout(), [(0..2, f64::linear_map(&sides))]);
    assert!(f.absorb(&both).is_none());
}

#[test]
fn a_convex_objective_absorbs_what_is_linear() {
    let f = least_squares();
    for case in cases((4, 5), 6, 3) {
        let coordinates = Coordinates::new(f.layout(), [(0..1, f64::linear_map(&*case.form))]);
        let Some((absorbed, remaining)) = f.absorb(&coordinates) else {
            assert_eq!(case.name, "frozen", "a constant is not part of AJ");
            continue;
        };
        assert!(remaining.is_original() && coordinates.is_linear(), "{}", case.name);
        let z = lanes(&coordinates);
        let found = around(&*absorbed, &remaining, &z);
        agree(&found, &around(&f, &coordinates, &z), case.name);
        // In fewer variables than parameters the minimum is not attained.
        let attained = case.name != "reduced";
        assert_eq!(absorbed.minimum(), f.minimum().filter(|_| attained), "{}", case.name);
        assert_eq!(absorbed.minimizer().is_some(), attained);
    }
}

/// The largest distance between iterates, relative to the distance travelled.
fn separation(a: &[Outcome], b: &[Outcome]) -> f64 {
    let norm = |v: Array1<f64>| v.dot(&v).sqrt();
    let of_runs = a.iter().zip(b).map(|(a, b)| {
        let travelled = norm(&a.trajectory[0].theta - &a.trajectory[50].theta);
        let steps = a.trajectory.iter().zip(&b.trajectory);
        steps.map(|(a, b)| norm(&a.theta - &b.theta)).fold(0.0, f64::max) / travelled
    });
    of_runs.fold(0.0, f64::max)
}

#[test]
fn gradient_descent_and_momentum_do_not_see_the_maps_but_adam_does() {
    let problems = [
        (Problem::new(relu_net(), STANDARD, Streams::new(5, 0)), 0.02),
        (Problem::new(least_squares(), STANDARD, Streams::new(5, 0)), 0.3),
    ];
    for (problem, rate) in &problems {
        let onto = |name: &str| !["reduced", "frozen", "no side"].contains(&name);
        for case in cases((4, 5), 6, 9).into_iter().filter(|case| onto(case.name)) {
            let parts = [part(0..1, case.form)];
            for (name, optimizer) in optimizers() {
                let original = trained(problem, &[], &*optimizer, *rate);
                let mapped = trained(problem, &parts, &*optimizer, *rate);
                let separation = separation(&original, &mapped);
                let what = format!("{}, {name}: {separation:e}", case.name);
                match name {
                    // At a stable rate rounding is not amplified: 50 steps of roundings, with room
                    // for curvature that changes along the way.
                    "sgd" | "momentum" => assert!(separation <= 1e-10, "{what}"),
                    "adam" | "adagrad" => assert!(separation >= 1e-3, "{what}"),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn what_is_not_trained_stays_where_it_was() {
    let problem = Problem::new(relu_net(), STANDARD, Streams::new(6, 0));
    let mut rng = Streams::new(6, 0).rng("vectors");
    let v = orthonormal(20, 3, &mut rng);
    let beyond = |theta: &Array1<f64>| {
        let weights = theta.slice_axis(Axis(0), (0..20).into()).to_owned();
        &weights - &v.dot(&v.t().dot(&weights))
    };
    let offset = beyond(&problem.start);
    let frozen = Frozen { vectors: v.clone().into(), offset: offset.clone().into() };
    let reduced = Reduced { vectors: v.clone().into() };
    let forms: [(Arc<dyn Form>, Array1<f64>); 2] =
        [(Arc::new(frozen), offset), (Arc::new(reduced), Array1::zeros(20))];
    for (form, expected) in forms {
        let runs = trained(&problem, &[part(0..1, form)], &Adam::default(), 0.02);
        let run = &runs[0];
        for iterate in &run.trajectory {
            // Sums of at most 20 products of numbers below 3.
            assert!((beyond(&iterate.theta) - &expected).iter().all(|off| off.abs() <= 1e-13));
        }
        assert!(run.ends.1.train_loss < run.ends.0.train_loss);
    }
}

/// ½‖Aθ − y‖² for one vector at a time: an objective that absorbs nothing.
struct Pointwise {
    a: Array2<f64>,
    y: Array1<f64>,
}

impl PointObjective for Pointwise {
    fn dimension(&self) -> usize {
        self.a.ncols()
    }

    fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let residual = self.a.dot(&Array1::from(theta.to_vec())) - &self.y;
        gradient.copy_from_slice(self.a.t().dot(&residual).as_slice().unwrap());
        0.5 * residual.dot(&residual)
    }
}

fn numbers(value: &Value) -> Array1<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<_> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

/// `tests/data/low_rank.json`, made by `low_rank.py` beside it.
#[test]
fn auxiliary_and_reduced_variables_follow_numpy() {
    let reference: Value = serde_json::from_str(include_str!("../data/low_rank.json")).unwrap();
    let [a, v] = ["A", "V"].map(|name| matrix(&reference[name]));
    let [y, start] = ["y", "theta0"].map(|name| numbers(&reference[name]));
    assert!(orthonormality_defect(v.view()) <= 1e-14);
    let rate = reference["rate"].as_f64().unwrap();
    let mut compared = 0;
    let runs = reference["runs"].as_array().unwrap().iter();
    for (run, absorbs) in runs.flat_map(|run| [(run, false), (run, true)]) {
        let objective: Box<dyn Objective<f64>> = match absorbs {
            true => Box::new(Composite::new(a.view(), LeastSquares::new(&y))),
            false => Box::new(PerLane::new(Pointwise { a: a.clone(), y: y.clone() })),
        };
        let problem = Problem { objective, start: start.clone(), streams: Streams::new(0, 0) };
        let vectors = v.clone().into();
        let form: Arc<dyn Form> = match run["map"].as_str().unwrap() {
            "auxiliary" => Arc::new(Auxiliary { vectors }),
            "reduced" => Arc::new(Reduced { vectors }),
            other => panic!("no map {other}"),
        };
        let optimizer: &dyn optimizer::Spec = match run["optimizer"].as_str().unwrap() {
            "adam" => &Adam::default(),
            "adagrad" => &Adagrad::PYTORCH,
            other => panic!("no optimizer {other}"),
        };
        let steps = run["steps"].as_array().unwrap();
        let training = Training { gradient_tolerance: 0.0, ..Training::full_batch(steps.len()) };
        let methods = [Method { optimizer, learning_rates: &[rate] }];
        let coordinates = problem.coordinates(&[part(0..1, form)]);
        let recording = Recording::Trajectory;
        let runs = train(&problem, &coordinates, &methods, &training, recording, Control::none());
        let found = runs.unwrap().remove(0);
        for (step, iterate) in steps.iter().zip(&found.trajectory[1..]) {
            // Doubles whose operations differ in order only, after at most 20 steps.
            let off = &iterate.theta - &numbers(&step["theta"]);
            assert!(
                off.iter().all(|off| off.abs() <= 1e-12),
                "{} {}: {off}",
                run["map"],
                iterate.step
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 2 * 4 * 20, "objectives × runs × steps");
}

#[test]
fn inputs_are_shifted_and_scaled_in_every_split() {
    let z = {
        let mut rng = Streams::new(7, 0).rng("z");
        Lanes::broadcast(
            relu_net().layout(),
            1,
            STANDARD.sample(relu_net().layout(), &mut rng).view(),
        )
    };
    for (_, inputs) in Inputs::NAMES {
        let moved = relu_net().with_inputs(inputs).unwrap();
        let expected = FeedForward::new(&[4], true, inputs.of(&data(true)));
        agree(&measured(&*moved, &z), &measured(&expected, &z), "the same network on these data");
    }
    let [raw, centred, standardized, rotated] = Inputs::NAMES
        .map(|(_, inputs)| relu_net().with_inputs(inputs).unwrap().input_moments().unwrap());
    assert_eq!(raw, InputMoments::of(data(true).training.inputs()));
    // Means of 40 numbers below 5.
    let zero = |moments: &InputMoments| moments.mean.iter().all(|mean| mean.abs() <= 1e-15);
    assert!(!zero(&raw) && zero(&centred) && zero(&standardized));
    // What a rotation leaves: the mean square of the inputs' lengths, some hundred.
    let trace = |moments: &InputMoments| moments.second.diag().sum();
    assert!((trace(&rotated) - trace(&raw)).abs() <= 1e-12 * trace(&raw));
    assert!(standardized.second.diag().iter().all(|square| (square - 1.0).abs() <= 1e-14));
}

#[test]
fn a_linear_network_has_a_known_minimum_on_all_inputs_but_shifted_ones() {
    let network = LinearNet::realizable(&[4], data(false));
    let minimum = |inputs| network.with_inputs(inputs).unwrap().minimum();
    assert_eq!(minimum(Inputs::Raw), Some(0.0));
    assert_eq!(minimum(Inputs::Centred), None);
    assert_eq!(minimum(Inputs::Standardized), None);
    assert_eq!(minimum(Inputs::Rotated), Some(0.0));
}

#[test]
fn a_data_matrix_has_moments_and_its_own_scale() {
    let f = least_squares();
    let moments = f.input_moments().unwrap();
    let a = f.matrix();
    let expected = a.t().dot(&a) / a.nrows() as f64;
    assert!((moments.second - expected).iter().all(|off| off.abs() <= 1e-15));
    assert!(f.with_inputs(Inputs::Centred).is_none());
}
