//! Bases that are estimated anew while runs train: what does not see the basis does not notice, and what
//! does goes on as it is said to.

use std::ops::Range;

use egop::basis::{
    Complement, EgopBasis, Followed, InputBasis, InputSource, KroneckerBasis, LowRank, Rank, Scope,
    Sides, Spec as _,
};
use egop::data::InputMoments;
use egop::distribution::Distribution;
use egop::egop::Solver;
use egop::gradients::{At, Gradients, Statistic};
use egop::lanes::{Lanes, Layout, Workspace};
use egop::minibatch::{Minibatches, Order};
use egop::objective::Batch;
use egop::optimizer::{Adagrad, Adam, Momentum, Sgd, Spec};
use egop::rng::Streams;
use egop::trial::{
    Control, CurvePoints, Follow, Method, Origin, Outcome, Problem, Recording, Reestimation, State,
    Training, train, train_following,
};
use ndarray::{Array1, Array2};

use crate::instances::objectives;

/// A small network without biases, or with them, and a rate for it.
fn problem(kind: &str) -> (Problem<f64>, f64) {
    let instance = objectives().iter().find(|one| one.kind == kind).unwrap();
    let (objective, streams) = (instance.draw::<f64>(0), Streams::new(21, 0));
    let distribution = Distribution::Gaussian { scale: 0.5 };
    let start = distribution.sample(objective.layout(), &mut streams.rng("start"));
    (Problem { objective, start, streams }, instance.stable_rate)
}

/// A basis of each form.
fn forms(layout: &Layout) -> Vec<Followed> {
    let leading = |scope, rank| {
        let low_rank =
            Some(LowRank { rank, complement: Complement::Reflector, solver: Solver::Auto });
        EgopBasis { scope, low_rank }.followed(layout).unwrap()
    };
    let every = || Scope::Block(Vec::new());
    let kronecker = |sides| KroneckerBasis { scope: every(), sides }.followed(layout).unwrap();
    let input = InputBasis(InputSource::Gradients { samples: 8, at: At::Distribution });
    vec![
        leading(every(), Rank::Number(3)),
        leading(every(), Rank::Energy(0.9)),
        leading(Scope::Global, Rank::Number(4)),
        kronecker(Sides::Both),
        kronecker(Sides::Outputs),
        input.followed(layout).unwrap(),
    ]
}

fn training(epochs: usize, minibatches: Option<Minibatches>) -> Training {
    Training {
        minibatches,
        gradient_tolerance: 0.0,
        curve: CurvePoints::Every,
        ..Training::full_batch(epochs)
    }
}

fn rule(every: usize, state: State) -> Reestimation {
    Reestimation { every, times: None, from: Origin::Trajectory, state }
}

fn run(
    problem: &Problem<f64>,
    follow: Option<(Reestimation, &Followed)>,
    (optimizer, rate): (&dyn Spec, f64),
    training: &Training,
) -> Outcome {
    let methods = [Method { optimizer, learning_rates: &[rate] }];
    let original = problem.coordinates(&[]);
    let recording = match training.minibatches {
        None => Recording::Trajectory,
        Some(_) => Recording::Curve,
    };
    let control = Control::none();
    let runs = match follow {
        None => train(problem, &original, &methods, training, recording, control),
        Some((rule, followed)) => {
            let follow = Follow { rule, basis: followed.spec() };
            train_following(problem, &original, follow, &methods, training, recording, control)
        }
    };
    runs.unwrap().remove(0)
}

/// How far two runs come apart, relative to the size of the iterates.
fn apart(one: &Outcome, other: &Outcome) -> f64 {
    assert_eq!(one.trajectory.len(), other.trajectory.len());
    let pairs = one.trajectory.iter().zip(&other.trajectory);
    let off = pairs.map(|(a, b)| {
        let difference = &a.theta - &b.theta;
        (difference.dot(&difference) / a.theta.dot(&a.theta)).sqrt()
    });
    off.fold(0.0, f64::max)
}

#[test]
fn momentum_does_not_notice() {
    let (problem, rate) = problem("linear-net");
    let training = training(40, None);
    for followed in forms(problem.objective.layout()) {
        for state in [State::Replay, State::Carry] {
            let specs: [(&dyn Spec, bool); 4] = [
                (&Sgd, true),
                (&Momentum::default(), true),
                (&Adam::default(), false),
                (&Adagrad::PYTORCH, false),
            ];
            for (spec, equivariant) in specs {
                let rate = if equivariant { rate } else { 0.01 };
                let stays = run(&problem, None, (spec, rate), &training);
                let follow = Some((rule(6, state), &followed));
                let follows = run(&problem, follow, (spec, rate), &training);
                assert_eq!((stays.reestimations, follows.reestimations), (0, 6));
                let apart = apart(&stays, &follows);
                // Sums of 42 products, in 34 steps, at a rate that amplifies no rounding.
                assert_eq!(apart <= 1e-12, equivariant, "{followed:?}, {spec:?}: {apart:e}");
            }
        }
    }
}

#[test]
fn nor_does_it_with_minibatches() {
    let (problem, rate) = problem("linear-net");
    let minibatches = Minibatches { examples: 40, size: 15, order: Order::Reshuffled };
    let training = training(12, Some(minibatches));
    let method: (&dyn Spec, f64) = (&Momentum::default(), rate);
    let stays = run(&problem, None, method, &training);
    for followed in forms(problem.objective.layout()) {
        let follow = Some((rule(2, State::Replay), &followed));
        let follows = run(&problem, follow, method, &training);
        assert_eq!((follows.steps, follows.reestimations), (36, 5));
        let initial = stays.ends.0.train_loss;
        for (a, b) in stays.curve.iter().zip(&follows.curve) {
            assert!((a.train_loss - b.train_loss).abs() <= 1e-12 * initial, "{followed:?}");
        }
    }
}

/// Gradients, one in each row.
struct Recorded<'a> {
    layout: &'a Layout,
    rows: Array2<f64>,
}

impl Gradients for Recorded<'_> {
    fn layout(&self) -> &Layout {
        self.layout
    }

    fn samples(&self) -> usize {
        self.rows.nrows()
    }

    fn stream(
        &self,
        _: At,
        samples: Range<usize>,
        into: &mut [&mut dyn Statistic],
    ) -> egop::Result<()> {
        assert_eq!(samples, 0..self.samples(), "a basis is made of all gradients");
        into.iter_mut().for_each(|statistic| statistic.add(self.rows.view()));
        Ok(())
    }

    fn start(&self) -> Option<Array1<f64>> {
        None
    }

    fn input_moments(&self) -> Option<InputMoments> {
        None
    }
}

/// The gradients at some points, as lanes.
fn gradients(problem: &Problem<f64>, points: &[Array1<f64>]) -> Lanes<f64> {
    let layout = problem.objective.layout();
    let mut all = Lanes::zeros(layout, points.len());
    for (lane, point) in points.iter().enumerate() {
        let theta = Lanes::broadcast(layout, 1, point.view());
        let mut gradient = theta.clone();
        let (values, workspace) = (&mut [0.0], &mut Workspace::new());
        problem.objective.value_and_gradient(&theta, Batch::Full, values, &mut gradient, workspace);
        all.set_lane(lane, gradient.lane(0).view());
    }
    all
}

/// The step after a basis was made of the gradients at the points before it, for Adagrad.
fn by_hand(
    problem: &Problem<f64>,
    followed: &Followed,
    points: &[Array1<f64>],
    state: State,
    rate: f64,
) -> Array1<f64> {
    let (layout, before) = (problem.objective.layout(), points.len() - 1);
    let all = gradients(problem, points);
    let rows = Array2::from_shape_fn((before, layout.dimension()), |(j, i)| all.lane(j)[i]);
    let parts = followed.spec().build(&Recorded { layout, rows }, &problem.streams).unwrap();
    let (coordinates, workspace) = (problem.coordinates(&parts), &mut Workspace::new());
    let mut turned = all.clone();
    coordinates.pull_back(&all, &mut turned, workspace);
    let squares = |lanes: &Lanes<f64>, count: usize| {
        let zeros = Array1::<f64>::zeros(layout.dimension());
        (0..count).fold(zeros, |sum, j| sum + lanes.lane(j).mapv(|g| g * g))
    };
    let sum = match state {
        State::Replay => squares(&turned, before),
        State::Carry => squares(&all, before),
        State::Reset => squares(&turned, 0),
    };
    let last = turned.lane(before);
    let direction = &last / &(sum + last.mapv(|g| g * g)).mapv(|s| s.sqrt() + 1e-10);
    let direction = Lanes::broadcast(layout, 1, direction.view());
    let mut step = direction.clone();
    coordinates.to_original(&direction, &mut step, workspace);
    &points[before] - &(step.lane(0) * rate)
}

#[test]
fn squares_become_what_the_state_says() {
    const EVERY: usize = 6;
    let (problem, _) = problem("linear-net");
    let training = training(EVERY + 1, None);
    for followed in forms(problem.objective.layout()) {
        for state in [State::Replay, State::Carry, State::Reset] {
            let rate = 0.01;
            let follow = Some((rule(EVERY, state), &followed));
            let outcome = run(&problem, follow, (&Adagrad::PYTORCH, rate), &training);
            let points: Vec<_> = outcome.trajectory.into_iter().map(|one| one.theta).collect();
            let [before @ .., last] = &points[..] else { panic!("there are iterates") };
            assert_eq!(before.len(), EVERY + 1);
            let off = by_hand(&problem, &followed, before, state, rate) - last;
            // The same operations in another order, on numbers of at most 1.
            let off = off.iter().fold(0.0, |most: f64, error| most.max(error.abs()));
            assert!(off <= 1e-12, "{followed:?}, {state:?}: {off:e}");
        }
    }
}

#[test]
fn after_a_reset_all_parameters_begin_anew() {
    const EVERY: usize = 7;
    let (mut problem, _) = problem("relu-net");
    let forms = forms(problem.objective.layout());
    let reset = Reestimation { from: Origin::None, ..rule(EVERY, State::Reset) };
    let methods: [&dyn Spec; 3] =
        [&Adam::default(), &Adagrad::OPTAX, &Adam { amsgrad: true, ..Adam::default() }];
    for spec in methods {
        let long = training(2 * EVERY, None);
        let whole = run(&problem, Some((reset, &forms[0])), (spec, 0.01), &long);
        let plain = run(&problem, None, (spec, 0.01), &long);
        let start = problem.start.clone();
        problem.start = whole.trajectory[EVERY].theta.clone();
        let second = run(&problem, None, (spec, 0.01), &training(EVERY, None));
        problem.start = start;
        assert_eq!(whole.reestimations, 1);
        for step in 0..=EVERY {
            let [resumed, anew] =
                [&whole.trajectory[EVERY + step], &second.trajectory[step]].map(|one| &one.theta);
            assert_eq!(resumed, anew, "{spec:?}: weights and biases, to the last bit");
        }
        // The biases of a run that goes on are elsewhere.
        let biases = problem.objective.layout().blocks()[1].range.clone();
        let end =
            |run: &Outcome| run.trajectory.last().unwrap().theta.to_vec()[biases.clone()].to_vec();
        assert_ne!(end(&whole), end(&plain), "{spec:?}");
    }
}

/// With the second of two layers at 0, the first one's gradient is 0 at the first step.
#[test]
fn a_block_whose_gradients_vanish_keeps_its_basis_and_others_go_on() {
    let (mut problem, _) = problem("linear-net");
    let layout = problem.objective.layout().clone();
    let [first, second] = layout.blocks() else { panic!("there are two layers") };
    problem.start.iter_mut().skip(second.range.start).for_each(|x| *x = 0.0);
    let of = |names: Vec<String>| {
        let scope = Scope::Block(names);
        Followed::Kronecker(KroneckerBasis { scope, sides: Sides::Both })
    };
    let once = Reestimation { times: Some(1), ..rule(1, State::Replay) };
    let run = |names: Vec<String>| {
        run(&problem, Some((once, &of(names))), (&Adam::default(), 0.1), &training(5, None))
    };
    let [both, dead, alive] =
        [Vec::new(), vec![first.name.clone()], vec![second.name.clone()]].map(run);
    assert_eq!([&both, &dead, &alive].map(|run| run.is_rebased), [true, false, true]);
    assert_eq!(apart(&both, &alive), 0.0);
    assert!(apart(&both, &dead) > 1e-3);
}

#[test]
fn where_gradients_make_no_basis_it_stays() {
    let (mut problem, _) = problem("linear-net");
    // At 0, the gradients of both layers are 0.
    problem.start.fill(0.0);
    let followed = &forms(problem.objective.layout())[0];
    for state in [State::Replay, State::Carry] {
        let follow = Some((rule(2, state), followed));
        let outcome = run(&problem, follow, (&Adam::default(), 0.1), &training(9, None));
        assert_eq!((outcome.stop, outcome.steps), (egop::record::Stop::Budget, 9));
        // What it took to find that out counts.
        assert_eq!((outcome.reestimations, outcome.is_rebased), (4, false));
        assert!(outcome.trajectory.iter().all(|iterate| iterate.theta.iter().all(|&x| x == 0.0)));
    }
}
