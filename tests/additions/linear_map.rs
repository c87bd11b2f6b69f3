//! Two linear maps that are not square: each parameter trained as two variables, and every second
//! parameter not trained at all.

use std::sync::Arc;

use egop::coordinates::{Build, Coordinates, Cost, Form, LinearMap};
use egop::data;
use egop::distribution::Distribution;
use egop::lanes::{Lanes, Layout, Role, Workspace};
use egop::linalg::{Real, from_f64, to_f64};
use egop::objective::LeastSquares;
use egop::optimizer::{Adam, Sgd};
use egop::rng::Streams;
use egop::trial::{Control, Method, Outcome, Precision, Problem, Recording, Training, train};
use ndarray::{ArcArray2, Array1, Array2, ArrayView2, ArrayViewMut2};
use proptest::prelude::*;

/// θ = (z₁ + z₂)/√2 with two variables for each parameter: J Jᵀ = I.
#[derive(Clone, Copy, Debug)]
struct Doubled(usize);

/// θ = (z₁, 0, z₂, 0, …): Jᵀ J = I.
#[derive(Clone, Copy, Debug)]
struct EverySecond(usize);

impl Form for Doubled {
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        Vec::new()
    }
}

impl<R: Real> Build<R> for Doubled {
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        Arc::new(*self)
    }
}

impl<R: Real> LinearMap<R> for Doubled {
    fn trained(&self) -> usize {
        2 * self.0
    }

    fn original(&self) -> usize {
        self.0
    }

    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        mut theta: ArrayViewMut2<'_, R>,
        _: &mut Workspace<R>,
    ) {
        let half = from_f64::<R>(0.5).sqrt();
        for ((lane, i), theta) in theta.indexed_iter_mut() {
            *theta = half * (z[(lane, i)] + z[(lane, self.0 + i)]);
        }
    }

    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        mut out: ArrayViewMut2<'_, R>,
        _: &mut Workspace<R>,
    ) {
        let half = from_f64::<R>(0.5).sqrt();
        for ((lane, j), out) in out.indexed_iter_mut() {
            *out = half * gradient[(lane, j % self.0)];
        }
    }

    fn cost(&self) -> Cost {
        Cost { flops: 4.0 * self.0 as f64, elements: 0.0, added: 0.0 }
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        let entry = |(i, j): (usize, usize)| if j % self.0 == i { 0.5_f64.sqrt() } else { 0.0 };
        Some(Array2::from_shape_fn((self.0, 2 * self.0), entry))
    }
}

impl Form for EverySecond {
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        Vec::new()
    }
}

impl<R: Real> Build<R> for EverySecond {
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        Arc::new(*self)
    }
}

impl<R: Real> LinearMap<R> for EverySecond {
    fn trained(&self) -> usize {
        self.0.div_ceil(2)
    }

    fn original(&self) -> usize {
        self.0
    }

    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        mut theta: ArrayViewMut2<'_, R>,
        _: &mut Workspace<R>,
    ) {
        for ((lane, i), theta) in theta.indexed_iter_mut() {
            *theta = if i % 2 == 0 { z[(lane, i / 2)] } else { R::zero() };
        }
    }

    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        mut out: ArrayViewMut2<'_, R>,
        _: &mut Workspace<R>,
    ) {
        for ((lane, j), out) in out.indexed_iter_mut() {
            *out = gradient[(lane, 2 * j)];
        }
    }

    fn cost(&self) -> Cost {
        Cost::default()
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        let entry = |(i, j): (usize, usize)| f64::from(u8::from(i == 2 * j));
        Some(Array2::from_shape_fn((self.0, self.0.div_ceil(2)), entry))
    }
}

/// What every map must be: as its dense form says, and the pull-back its transpose.
fn is_as_it_says<R: Precision>(form: &dyn Form, trial: usize) {
    let map = R::linear_map(form);
    let dense = map.to_dense().unwrap();
    assert_eq!(dense.dim(), (map.original(), map.trained()));
    let draw = |size: usize, purpose: &str| -> Lanes<R> {
        let layout = Layout::vector(size);
        let mut rng = Streams::new(9, trial).rng(purpose);
        let vector = data::gaussian_vector(size, &mut rng).mapv(from_f64);
        Lanes::broadcast(&layout, 2, vector.view())
    };
    let (z, g) = (draw(map.trained(), "z"), draw(map.original(), "g"));
    let (mut theta, mut back) = (g.clone(), z.clone());
    let mut workspace = Workspace::new();
    map.to_original(z.block(0), theta.block_mut(0), &mut workspace);
    map.pull_back(g.block(0), back.block_mut(0), &mut workspace);
    // Sums of two products of numbers below 5.
    let tolerance = 20.0 * to_f64(R::epsilon());
    let close = |found: &Lanes<R>, expected: Array1<f64>| {
        let found = found.lane(1).mapv(to_f64);
        assert!((&found - &expected).iter().all(|error| error.abs() <= tolerance), "{found}");
    };
    close(&theta, dense.dot(&z.lane(0).mapv(to_f64)));
    close(&back, dense.t().dot(&g.lane(0).mapv(to_f64)));
}

fn problem(columns: usize, trial: usize) -> Problem<f64> {
    let streams = Streams::new(4, trial);
    let mut rng = streams.rng("data");
    let matrix = data::spectral_matrix(20, columns, data::Decay::Power { exponent: 1.0 }, &mut rng);
    let minimizer = data::gaussian_vector(columns, &mut rng);
    let objective = LeastSquares::realizable(matrix.view(), &minimizer);
    Problem::new(objective, Distribution::Gaussian { scale: 1.0 }, streams)
}

fn trained(problem: &Problem<f64>, form: Option<&dyn Form>, adam: bool) -> Outcome {
    let maps = form.map(|form| (0..1, f64::linear_map(form)));
    let coordinates = Coordinates::new(problem.objective.layout(), maps);
    let adam_or_sgd: &dyn egop::optimizer::Spec = if adam { &Adam::default() } else { &Sgd };
    let methods = [Method { optimizer: adam_or_sgd, learning_rates: &[0.1] }];
    let training = Training { gradient_tolerance: 0.0, ..Training::full_batch(30) };
    let recording = Recording::Trajectory;
    let runs = train(problem, &coordinates, &methods, &training, recording, Control::none());
    runs.unwrap().remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn maps_are_as_their_dense_forms_say(size in 1..20_usize, trial in 0..1000_usize) {
        for form in [&Doubled(size) as &dyn Form, &EverySecond(size)] {
            is_as_it_says::<f64>(form, trial);
            is_as_it_says::<f32>(form, trial);
        }
    }

    #[test]
    fn gradient_descent_does_not_see_a_map_with_more_variables(trial in 0..1000_usize) {
        let problem = problem(7, trial);
        let [original, doubled] = [None, Some(&Doubled(7) as &dyn Form)]
            .map(|form| trained(&problem, form, false));
        for (a, b) in original.trajectory.iter().zip(&doubled.trajectory) {
            // 30 steps of roundings of numbers below 10.
            prop_assert!((&a.theta - &b.theta).iter().all(|error| error.abs() < 1e-12));
        }
        prop_assert!(original.ends.1.train_loss < original.ends.0.train_loss);
    }

    #[test]
    fn what_is_not_trained_stays(trial in 0..1000_usize) {
        let problem = problem(6, trial);
        let run = trained(&problem, Some(&EverySecond(6)), true);
        prop_assert_eq!(run.trajectory.len(), 31);
        for iterate in &run.trajectory {
            prop_assert!(iterate.theta.iter().skip(1).step_by(2).all(|&entry| entry == 0.0));
        }
        prop_assert!(run.ends.1.train_loss < run.ends.0.train_loss);
    }
}

#[test]
fn a_map_over_several_blocks_makes_one_block_and_leaves_the_others() {
    let block = |name: &str, size| (name.to_owned(), (size, 1), Role::Weight, (size, 1));
    let layout = Layout::new([block("a", 2), block("b", 3), block("c", 4)]);
    let map = f64::linear_map(&Doubled(7));
    let coordinates = Coordinates::new(&layout, [(1..3, map)]);
    assert!(!coordinates.is_original());
    let sizes: Vec<usize> = coordinates.trained().blocks().iter().map(|one| one.size()).collect();
    assert_eq!(sizes, [2, 14]);
    let theta = Lanes::broadcast(&layout, 3, Array1::linspace(1.0, 9.0, 9).view());
    let (mut z, mut back) = (Lanes::zeros(coordinates.trained(), 3), theta.clone());
    let mut workspace = Workspace::new();
    coordinates.start(&theta, &mut z, &mut workspace);
    coordinates.to_original(&z, &mut back, &mut workspace);
    assert!((back.lane(2) - theta.lane(2)).iter().all(|error| error.abs() < 1e-14));
    assert_eq!(z.block(0), theta.block(0));
}
