//! Gradients that stop being numbers: a result of their run, and nobody else's business.

use std::sync::atomic::{AtomicU64, Ordering};

use egop::coordinates::Coordinates;
use egop::data::Split;
use egop::lanes::{Lanes, Layout, Workspace};
use egop::objective::{Batch, Metrics, Objective};
use egop::optimizer::{self, Adagrad, Adam, Momentum, Sgd};
use egop::record::Stop;
use egop::rng::Streams;
use egop::trial::{Control, CurvePoints, Method, Problem, Recording, Training, train};
use ndarray::Array1;

/// ½‖θ‖², except that at one evaluation the gradient of one lane has an entry that is no number.
struct Poisoned {
    layout: Layout,
    at: u64,
    entry: f64,
    evaluations: AtomicU64,
}

const POISONED_LANE: usize = 1;

impl Objective<f64> for Poisoned {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<f64>,
        _: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<f64>,
        _: &mut Workspace<f64>,
    ) {
        for (lane, value) in values.iter_mut().enumerate() {
            let mut point = theta.lane(lane);
            *value = 0.5 * point.dot(&point);
            if self.evaluations.load(Ordering::Relaxed) == self.at && lane == POISONED_LANE {
                point[2] = self.entry;
            }
            gradient.set_lane(lane, point.view());
        }
        self.evaluations.fetch_add(1, Ordering::Relaxed);
    }

    fn evaluate(&self, _: &Lanes<f64>, _: Split, _: &mut Workspace<f64>) -> Option<Vec<Metrics>> {
        None
    }
}

#[test]
fn a_gradient_that_is_no_number_ends_its_run_and_no_other() {
    const STEPS: u64 = 30;
    let layout = Layout::vector(4);
    let training = Training {
        epochs: STEPS as usize,
        minibatches: None,
        schedule: egop::schedule::Schedule::Constant,
        gradient_tolerance: 0.0,
        divergence: 1e6,
        target: 1e-6,
        curve: CurvePoints::Every,
    };
    let optimizers: [&dyn optimizer::Spec; 4] =
        [&Sgd, &Momentum { momentum: 0.9 }, &Adagrad::PYTORCH, &Adam::default()];
    let outcomes = |optimizer: &dyn optimizer::Spec, at, entry| {
        let objective = Poisoned { layout: layout.clone(), at, entry, evaluations: 0.into() };
        let problem = Problem {
            objective: Box::new(objective),
            start: Array1::from_vec(vec![1.0, -2.0, 3.0, 0.5]),
            streams: Streams::new(1, 0),
        };
        let method = Method { optimizer, learning_rates: &[0.01, 0.02, 0.03] };
        let original = Coordinates::original(problem.objective.layout());
        train(&problem, &original, &[method], &training, Recording::Curve, Control::none()).unwrap()
    };
    let mut cases = 0;
    for optimizer in optimizers {
        let clean = outcomes(optimizer, u64::MAX, 0.0);
        assert!(clean.iter().all(|outcome| outcome.stop == Stop::Budget));
        // The last evaluation is of the last iterate, after the last step.
        for at in [0, STEPS / 2, STEPS - 1, STEPS] {
            for entry in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let poisoned = outcomes(optimizer, at, entry);
                let what = format!("{optimizer:?}, evaluation {at}, {entry}");
                assert_eq!(poisoned[POISONED_LANE].stop, Stop::Diverged, "{what}");
                assert_eq!(poisoned[POISONED_LANE].steps, at, "{what}");
                assert_eq!(poisoned[0], clean[0], "{what}");
                assert_eq!(poisoned[2], clean[2], "{what}");
                cases += 1;
            }
        }
    }
    println!("{cases} poisoned gradients: each ended its run and changed no other");
}
