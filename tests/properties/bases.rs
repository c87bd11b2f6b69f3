//! Every registered basis: orthonormal, undone by its transpose, invisible to gradient descent.

use egop::basis::{self, Part};
use egop::coordinates::Coordinates;
use egop::distribution::Distribution;
use egop::gradients::{Counted, Samples, Sampling};
use egop::lanes::{Block, Lanes, Layout, Role, Workspace};
use egop::linalg::{from_f64, orthonormality_defect};
use egop::objective::Objective;
use egop::optimizer;
use egop::rng::Streams;
use egop::schedule::Schedule;
use egop::trial::{
    Control, CurvePoints, Method, Outcome, Precision, Problem, Recording, Training, train,
};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

use crate::instances::{self, objectives, optimizers};
use crate::wrapped::CutIntoBlocks;

const STANDARD: Distribution = Distribution::Gaussian { scale: 1.0 };

/// An objective with its start.
pub fn whole(instance: usize, trial: usize) -> Problem<f64> {
    let streams = Streams::new(11, trial);
    let objective = objectives()[instance].draw::<f64>(trial);
    let start = STANDARD.sample(objective.layout(), &mut streams.rng("start"));
    Problem { objective, start, streams }
}

/// An objective of several blocks of parameters, with its start.
fn problem(instance: usize, trial: usize) -> Problem<f64> {
    let whole = whole(instance, trial);
    if whole.objective.layout().blocks().len() > 1 {
        return whole;
    }
    let objective: Box<dyn Objective<f64>> = Box::new(CutIntoBlocks::new(whole.objective));
    let start = STANDARD.sample(objective.layout(), &mut whole.streams.rng("start"));
    Problem { objective, start, ..whole }
}

/// Objectives as they are and, if that is something else, in several blocks.
fn problems(instance: usize, trial: usize) -> Vec<Problem<f64>> {
    let mut problems = vec![whole(instance, trial), problem(instance, trial)];
    problems.dedup_by_key(|problem| problem.objective.layout().blocks().len());
    problems
}

/// Every registered basis, in every scope; one of them mixes the last weights only.
pub fn bases(problem: &Problem<f64>) -> Vec<(String, Box<dyn basis::Spec>)> {
    let blocks = problem.objective.layout().blocks();
    let last = blocks.iter().rfind(|block| block.role == Role::Weight).unwrap();
    instances::bases(&[&last.name])
}

/// V's diagonal blocks for an objective.
pub fn parts(problem: &Problem<f64>, spec: &dyn basis::Spec) -> Vec<Part> {
    let sampling = Sampling { samples: Samples::PerParameter(2.0, Counted::All), minibatch: None };
    problem.parts(spec, STANDARD, sampling, Control::none()).unwrap()
}

fn matrix(part: &Part) -> Array2<f64> {
    f64::linear_map(&*part.map).to_dense().unwrap()
}

fn lanes<R: Precision>(layout: &Layout, count: usize, trial: usize) -> Lanes<R> {
    let mut lanes = Lanes::zeros(layout, count);
    for lane in 0..count {
        let mut rng = Streams::new(5, trial).indexed("lanes", lane);
        lanes.set_lane(lane, STANDARD.sample::<R>(layout, &mut rng).view());
    }
    lanes
}

/// Largest difference of two matrices of lanes.
fn distance<R: Precision>(a: &Lanes<R>, b: &Lanes<R>) -> f64 {
    let pairs = a.as_slice().iter().zip(b.as_slice());
    pairs.map(|(&a, &b)| egop::linalg::to_f64((a - b).abs())).fold(0.0, f64::max)
}

fn coordinates<R: Precision>(layout: &Layout, parts: &[Part]) -> Coordinates<R> {
    Coordinates::new(
        layout,
        parts.iter().map(|part| (part.blocks.clone(), R::linear_map(&*part.map))),
    )
}

/// There and back for lanes of standard Gaussians, and the other way round.
fn round_trips<R: Precision>(layout: &Layout, parts: &[Part], count: usize, trial: usize) {
    let basis = coordinates::<R>(layout, parts);
    let theta = lanes::<R>(layout, count, trial);
    let (mut there, mut back, mut workspace) = (theta.clone(), theta.clone(), Workspace::new());
    // Sums of at most 160 products of entries below 5, each with a rounding error; four of them, one
    // after the other, where a reflector goes there and back.
    let tolerance = 1200.0 * egop::linalg::to_f64(R::epsilon());
    basis.to_original(&theta, &mut there, &mut workspace);
    basis.pull_back(&there, &mut back, &mut workspace);
    let off = distance(&theta, &back);
    assert!(off <= tolerance, "VᵀVθ is off θ by {off:e}, not at most {tolerance:e}");
    basis.pull_back(&theta, &mut there, &mut workspace);
    basis.to_original(&there, &mut back, &mut workspace);
    let off = distance(&theta, &back);
    assert!(off <= tolerance, "VVᵀθ is off θ by {off:e}, not at most {tolerance:e}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn matrices_are_orthonormal_and_their_transposes_undo_them(
        instance in 0..objectives().len(), trial in 0..1000_usize, count in 1..20_usize,
    ) {
        let problem = problem(instance, trial);
        for (_, spec) in bases(&problem) {
            let parts = parts(&problem, &*spec);
            prop_assert_eq!(parts.is_empty(), spec.is_identity());
            for part in &parts {
                // Sums of at most 160 products of numbers below 1, and the solver's accuracy.
                prop_assert!(orthonormality_defect(matrix(part).view()) < 1e-13);
            }
            round_trips::<f64>(problem.objective.layout(), &parts, count, trial);
            round_trips::<f32>(problem.objective.layout(), &parts, count, trial);
        }
    }

    #[test]
    fn a_basis_of_blocks_leaves_the_others_alone(
        instance in 0..objectives().len(), trial in 0..1000_usize, count in 1..20_usize,
    ) {
        let problem = problem(instance, trial);
        let layout = problem.objective.layout();
        for (name, spec) in bases(&problem) {
            let groups = spec.groups(layout);
            // One output, or input, has nothing to be mixed with.
            let single = |block: &Block| {
                let (outputs, inputs) = block.matrix();
                name.contains("\"outputs\"") && outputs == 1
                    || name.contains("\"inputs\"") && inputs == 1
            };
            let mixed = |index: usize, block: &Block| {
                groups.iter().any(|group| group.contains(&index)) && !single(block)
            };
            let basis = problem.coordinates(&parts(&problem, &*spec));
            let theta = lanes::<f64>(layout, count, trial);
            let (mut there, mut workspace) = (theta.clone(), Workspace::new());
            for reparameterize in [false, true] {
                if reparameterize {
                    basis.pull_back(&theta, &mut there, &mut workspace);
                } else {
                    basis.to_original(&theta, &mut there, &mut workspace);
                }
                for (index, block) in layout.blocks().iter().enumerate() {
                    let same = there.block(index) == theta.block(index);
                    prop_assert_eq!(same, !mixed(index, block), "{}, block {}", name, block.name);
                }
            }
        }
    }
}

/// 50 steps with one optimizer at two learning rates, every iterate kept.
pub fn trained(
    problem: &Problem<f64>,
    parts: &[Part],
    optimizer: &dyn optimizer::Spec,
    rate: f64,
) -> Vec<Outcome> {
    let training = Training {
        epochs: 50,
        minibatches: None,
        schedule: Schedule::Constant,
        gradient_tolerance: 0.0,
        divergence: 1e6,
        target: 1e-6,
        curve: CurvePoints::Every,
    };
    let methods = [Method { optimizer, learning_rates: &[rate, rate / 4.0] }];
    let coordinates = problem.coordinates(parts);
    let recording = Recording::Trajectory;
    train(problem, &coordinates, &methods, &training, recording, Control::none()).unwrap()
}

#[test]
fn the_identity_matrix_changes_no_bit() {
    for (index, instance) in objectives().iter().enumerate() {
        for problem in problems(index, 0) {
            // Most bases have the same blocks as another.
            let mut ones: Vec<Vec<Part>> = Vec::new();
            let mut known = Vec::new();
            for (_, spec) in bases(&problem) {
                let blocks = parts(&problem, &*spec);
                let blocks = blocks.iter().map(|part| (part.blocks.clone(), matrix(part).nrows()));
                let blocks: Vec<_> = blocks.collect();
                if !known.contains(&blocks) {
                    let one = |(blocks, size): &(_, usize)| {
                        Part::orthonormal(Clone::clone(blocks), Array2::eye(*size))
                    };
                    ones.push(blocks.iter().map(one).collect());
                    known.push(blocks);
                }
            }
            assert!(ones.len() > 1);
            for (name, optimizer) in optimizers() {
                let original = trained(&problem, &[], &*optimizer, instance.stable_rate);
                assert!(original.iter().all(|run| run.trajectory.len() == 51));
                for (ones, blocks) in ones.iter().zip(&known) {
                    let reparameterized =
                        trained(&problem, ones, &*optimizer, instance.stable_rate);
                    let what = format!("{}, {blocks:?}, {name}", instance.kind);
                    assert_eq!(original, reparameterized, "{what}");
                }
            }
        }
    }
}

/// The largest distance between iterates of the same step, relative to the distance travelled.
pub fn separation(a: &[Outcome], b: &[Outcome]) -> f64 {
    let norm = |v: Array1<f64>| v.dot(&v).sqrt();
    let of_runs = a.iter().zip(b).map(|(a, b)| {
        let travelled = norm(&a.trajectory[0].theta - &a.trajectory[50].theta);
        let steps = a.trajectory.iter().zip(&b.trajectory);
        steps.map(|(a, b)| norm(&a.theta - &b.theta)).fold(0.0, f64::max) / travelled
    });
    of_runs.fold(0.0, f64::max)
}

#[test]
fn gradient_descent_and_momentum_do_not_see_the_basis_but_adam_does() {
    for (index, instance) in objectives().iter().enumerate() {
        for problem in (0..2).flat_map(|trial| problems(index, trial)) {
            let blocks = problem.objective.layout().blocks();
            let one_output = blocks.iter().all(|one| one.matrix().0 == 1);
            let mut bases = bases(&problem);
            // One output is turned by nothing.
            bases.retain(|(name, spec)| {
                !(spec.is_identity() || one_output && name.contains("outputs"))
            });
            let parts = bases.iter().map(|(_, spec)| parts(&problem, &**spec));
            let parts: Vec<Vec<Part>> = parts.collect();
            // Of all others tests/properties/equivariance.rs says what they see.
            let known = ["sgd", "momentum", "adagrad", "adam"];
            let all = optimizers().into_iter();
            for (name, optimizer) in all.filter(|(name, _)| known.contains(name)) {
                let rate = instance.stable_rate;
                let original = trained(&problem, &[], &*optimizer, rate);
                for ((basis, _), parts) in bases.iter().zip(&parts) {
                    let reparameterized = trained(&problem, parts, &*optimizer, rate);
                    let separation = separation(&original, &reparameterized);
                    let what = format!("{}, {basis}, {name}: {separation:e}", instance.kind);
                    match name {
                        // At a stable rate rounding is not amplified: 50 steps of roundings, with
                        // room for objectives whose curvature changes along the way.
                        "sgd" | "momentum" => assert!(separation <= 1e-9, "{what}"),
                        // The test would notice: coordinates matter to these.
                        _ => assert!(separation >= 1e-3, "{what}"),
                    }
                }
            }
        }
    }
}

#[test]
fn the_columns_are_where_unit_vectors_go() {
    let problem = problem(3, 0);
    let layout = problem.objective.layout();
    // Written down: a reflector's entries are sums.
    let written = |name: &str| name.contains("global") && !name.contains("rank");
    for (name, spec) in bases(&problem).iter().filter(|(name, _)| written(name)) {
        let parts = parts(&problem, &**spec);
        let basis = coordinates::<f32>(layout, &parts);
        let vectors = matrix(&parts[0]);
        let mut units = Lanes::<f32>::zeros(layout, vectors.ncols());
        for k in 0..vectors.ncols() {
            units.set_lane(k, Array2::<f32>::eye(vectors.ncols()).row(k));
        }
        let mut columns = units.clone();
        basis.to_original(&units, &mut columns, &mut Workspace::new());
        for k in 0..vectors.ncols() {
            let expected: Array1<f32> = vectors.column(k).mapv(from_f64);
            assert_eq!(columns.lane(k), expected, "{name}: V e_{k} is not V's column");
        }
    }
}
