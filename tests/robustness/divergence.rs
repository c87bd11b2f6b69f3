//! Runs that blow up: they are results, and leave their neighbours alone.

use std::sync::atomic::{AtomicU64, Ordering};

use egop::basis::{self, Identity};
use egop::config::{self, Overlay, Source};
use egop::experiment::Experiment;
use egop::lanes::{Lanes, Layout};
use egop::objective::{self, Batch, Metrics, Objective, Scratch, Split};
use egop::optimizer::{self, Adagrad, Adam, Momentum, Sgd};
use egop::record::Stop;
use egop::rng::Streams;
use egop::run::{Options, Run, Silent};
use egop::store::{Identity as StoreIdentity, Store};
use egop::trial::{Control, Method, Problem, Recording, Training, train};
use ndarray::Array1;

use crate::lab::{CONFIG, folder};

/// A small instance of each objective.
fn objective_settings(kind: &str) -> &'static str {
    match kind {
        "least-squares" | "log-sum-exp" | "logistic" => {
            "rows = 12\ncolumns = 4\ndecay = { kind = \"power\", exponent = 1.0 }"
        }
        "linear-net" => {
            "widths = [3, 2, 2]\ntraining = 20\nvalidation = 5\ntest = 5\n\
             decay = { kind = \"power\", exponent = 1.0 }"
        }
        "relu-net" => "data = \"digits\"\nhidden = []",
        other => panic!("write down a small instance of {other} here"),
    }
}

fn document(objective: &str, optimizer: &str, basis: &str) -> String {
    let scope = if basis == "identity" { "" } else { "scope = \"global\"" };
    let (head, _) = CONFIG.split_once("[objective]").unwrap();
    format!(
        "{head}\n[objective]\nkind = \"{objective}\"\n{}\n\
         [distribution]\nkind = \"gaussian\"\nscale = 1.0\n\
         [coordinates.tested]\nbasis = \"{basis}\"\n{scope}\n\
         [algorithms.tested]\nkind = \"{optimizer}\"\nlearning_rates = [1e-3, 1e10]\n\
         [training]\nsteps = 40\n\
         [sweep]\nmetric = \"final_loss\"\ntune = [\"tested\"]\n",
        objective_settings(objective)
    )
}

#[test]
fn absurd_learning_rates_are_results_for_every_objective_optimizer_and_basis() {
    let (mut combinations, mut diverged) = (0, 0);
    for objective in objective::REGISTRY {
        for optimizer in optimizer::REGISTRY {
            for basis in basis::REGISTRY {
                let text = document(objective.name, optimizer.name, basis.name);
                let source = Source::parse("absurd.toml", text.as_bytes()).unwrap();
                let read = config::read(&source, &Overlay::default(), Experiment::read)
                    .unwrap_or_else(|error| panic!("{error}\n{text}"));
                let root = folder();
                let store = Store::open(root.path(), &StoreIdentity::new(Vec::new())).unwrap();
                let (options, silent) = (Options::default(), Silent::default());
                let run = Run::new(&read.value, &read.table, &store, &options, &silent);
                let swept = run.sweep().unwrap();
                let what = format!("{}, {}, {}", objective.name, optimizer.name, basis.name);
                assert!(swept.failures.is_empty(), "{what}: {:?}", swept.failures);
                assert_eq!(swept.runs.len(), 6, "{what}");
                for run in &swept.runs {
                    let failed = run.stop == Stop::Diverged;
                    assert!(failed || run.final_loss.is_finite(), "{what}: {run:?}");
                    diverged += usize::from(failed);
                }
                // The sane rate is selected, whatever the absurd one reports.
                let selected: Vec<f64> = (swept.rates.iter())
                    .filter(|row| !row.selected.is_empty())
                    .map(|row| row.learning_rate)
                    .collect();
                assert_eq!(selected, [1e-3], "{what}");
                combinations += 1;
            }
        }
    }
    println!("{combinations} combinations at a learning rate of 1e10, {diverged} runs diverged");
    assert!(combinations >= 36 && diverged > combinations, "{combinations}, {diverged}");
}

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
        _: &mut Scratch<f64>,
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

    fn evaluate(&self, _: &Lanes<f64>, _: Split, _: &mut Scratch<f64>) -> Option<Vec<Metrics>> {
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
        train(&problem, &Identity, &[method], &training, Recording::Curve, Control::none()).unwrap()
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
