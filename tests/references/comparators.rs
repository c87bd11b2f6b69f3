//! Optimizers that the paper's methods are compared with, against 40 steps of their authors' code in
//! double precision: `tests/data/comparators.json`, whose iterates are rounded to 13 digits.
//!
//! `agreement` is how far two independent programs were apart: 10 times that is allowed, and 1e-10.

use std::collections::BTreeMap;

use egop::coordinates::{Coordinates, Orthonormal};
use egop::data::{DataSet, Examples, Targets};
use egop::lanes::{Lanes, Workspace};
use egop::objective::{Batch, Composite, FeedForward, LeastSquares, LogSumExp, Objective};
use egop::optimizer::{
    Adagrad, Adam, EpsPlacement, FullAdagrad, GaLore, Muon, Shampoo, Side, Sides, Soap, Spec,
    VectorAdam, Vectors,
};
use egop::trial::Precision;
use ndarray::{Array1, linalg::kron};
use serde_json::Value;

use crate::values::{matrix, numbers};

const STEPS: usize = 40;

/// The objectives, and where they are started.
struct Problems {
    comparators: Value,
    /// That of `mlp.json`.
    network: Value,
}

impl Problems {
    fn read() -> Self {
        Self {
            comparators: serde_json::from_str(include_str!("../data/comparators.json")).unwrap(),
            network: serde_json::from_str(include_str!("../data/mlp.json")).unwrap(),
        }
    }

    fn get(&self, name: &str) -> (Box<dyn Objective<f64>>, Array1<f64>) {
        let convex = &self.comparators["convex"];
        let (a, y) = (matrix(&convex["A"]), Array1::from(numbers(&convex["y"])));
        let start = Array1::from(numbers(&convex["theta0"]));
        match name {
            "lsq" => (Box::new(Composite::new(a.view(), LeastSquares::new(&y))), start),
            "lse" => (Box::new(Composite::new(a.view(), LogSumExp::new(&y))), start),
            "mlp" => network(&self.network, 2),
            "mlp3" => network(&self.comparators["mlp3"], 3),
            other => panic!("no objective {other}"),
        }
    }
}

fn network(reference: &Value, classes: usize) -> (Box<dyn Objective<f64>>, Array1<f64>) {
    let labels = numbers(&reference["y"]).into_iter().map(|y| y as usize).collect();
    let targets = Targets::Classes { labels, classes };
    let training = Examples::new(matrix(&reference["X"]), targets);
    let data = DataSet { training, validation: None, test: None };
    let weights = |name: &str| matrix(&reference[name]).into_flat().to_vec();
    let bias = |name: &str| numbers(&reference[name]);
    let start = [weights("W1"), bias("b1"), weights("W2"), bias("b2")].concat();
    (Box::new(FeedForward::new(&[3], true, data)), start.into())
}

/// The settings of a run.
struct Settings<'a>(&'a Value);

impl Settings<'_> {
    fn optional(&self, key: &str) -> Option<f64> {
        self.0["settings"][key].as_f64()
    }

    fn number(&self, key: &str) -> f64 {
        self.optional(key).unwrap_or_else(|| panic!("no {key}"))
    }

    fn count(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    fn is(&self, key: &str) -> bool {
        self.0["settings"][key].as_bool().unwrap()
    }

    fn name(&self, key: &str) -> &str {
        self.0["settings"][key].as_str().unwrap_or_default()
    }

    fn shape(&self) -> Option<(usize, usize)> {
        match numbers_or_none(&self.0["shape"])[..] {
            [rows, columns] => Some((rows as usize, columns as usize)),
            _ => None,
        }
    }

    fn blocks<T>(&self, of: impl Fn(&Value) -> T) -> Vec<T> {
        self.0["blocks"].as_array().unwrap().iter().map(of).collect()
    }
}

fn numbers_or_none(value: &Value) -> Vec<f64> {
    if value.is_null() { Vec::new() } else { numbers(value) }
}

/// The optimizer of a run; `None`: not one of those compared here.
fn optimizer(method: &str, settings: &Settings<'_>) -> Option<Box<dyn Spec>> {
    Some(match method {
        "soap" => Box::new(Soap {
            beta1: settings.number("beta1"),
            beta2: settings.number("beta2"),
            shampoo_beta: settings.optional("shampoo_beta"),
            eps: settings.number("eps"),
            refresh: settings.count("precondition_frequency"),
            sides: settings.blocks(|side| match side.as_str().unwrap() {
                "both" => Sides::Both,
                "left" => Sides::Left,
                "right" => Sides::Right,
                "none" => Sides::None,
                other => panic!("no side {other}"),
            }),
            normalize_grads: settings.is("normalize_grads"),
            correct_bias: settings.is("correct_bias"),
            weight_decay: settings.number("weight_decay"),
            shape: settings.shape(),
            ..Soap::default()
        }),
        "galore" => Box::new(GaLore {
            beta1: settings.number("beta1"),
            beta2: settings.number("beta2"),
            eps: settings.number("eps"),
            ranks: settings.blocks(|rank| rank.as_u64().unwrap_or(0) as usize),
            gap: settings.count("gap"),
            scale: settings.number("scale"),
            side: match settings.name("proj") {
                "std" => Side::Shorter,
                "reverse_std" => Side::Longer,
                "left" => Side::Left,
                "right" => Side::Right,
                "full" => Side::Both,
                other => panic!("no projection {other}"),
            },
            shape: settings.shape(),
        }),
        "vector-adam" => {
            // An axis −1 on a bias, which is the second and fourth block, makes it one vector.
            let axes = settings.blocks(Value::as_i64).into_iter().enumerate();
            let vectors = axes.map(|(block, axis)| match axis {
                None => Vectors::Entries,
                Some(0) => Vectors::Columns,
                Some(-1) if block % 2 == 1 => Vectors::Whole,
                Some(-1) => Vectors::Rows,
                Some(other) => panic!("no axis {other}"),
            });
            Box::new(VectorAdam {
                beta1: settings.number("beta1"),
                beta2: settings.number("beta2"),
                eps: settings.number("eps"),
                vectors: vectors.collect(),
                shape: settings.shape(),
            })
        }
        "shampoo" => Box::new(Shampoo {
            beta1: settings.number("beta1"),
            beta2: settings.number("beta2"),
            eps: settings.number("eps"),
            exponent: settings.optional("exponent"),
            refresh: settings.count("update_every"),
            start: settings.count("start"),
            momentum: settings.optional("momentum").unwrap_or(0.0),
            graft: settings.name("graft") == "adam",
            shape: settings.shape(),
        }),
        "full-adagrad" => Box::new(FullAdagrad {
            whole: true,
            eps: settings.number("eps"),
            eps_placement: match settings.name("placement") {
                "inside" => EpsPlacement::Inside,
                "outside" => EpsPlacement::Outside,
                other => panic!("no place {other}"),
            },
        }),
        "muon" => Box::new(Muon {
            momentum: settings.number("momentum"),
            // The reference has Adam's rate itself, and none where there are no biases.
            adam_rate: settings.optional("aux_lr").map_or(1.0, |rate| rate / rate_of(settings.0)),
            shape: settings.shape(),
            ..Muon::default()
        }),
        _ => return None,
    })
}

fn rate_of(run: &Value) -> f64 {
    run["lr"].as_f64().unwrap()
}

/// Trains three lanes, of which the second is the run, and compares it; the largest disagreements of
/// losses (relative) and iterates over what is allowed.
fn follow(
    (objective, start): (Box<dyn Objective<f64>>, Array1<f64>),
    coordinates: &Coordinates<f64>,
    spec: &dyn Spec,
    run: &Value,
    allowed: [f64; 2],
    what: &str,
) -> [f64; 2] {
    const LANES: usize = 3;
    let layout = objective.layout().clone();
    let mut original = Lanes::broadcast(&layout, LANES, start.view());
    let (mut theta, mut gradient, mut direction) =
        (original.clone(), original.clone(), original.clone());
    let (mut workspace, mut values) = (Workspace::new(), [0.0; LANES]);
    coordinates.start(&original, &mut theta, &mut workspace);
    let mut optimizer = f64::optimizer(spec, &layout, LANES);
    let rates = [0.5, 1.0, 0.25].map(|factor| factor * rate_of(run));
    let losses = numbers(&run["losses"]);
    assert_eq!(losses.len(), STEPS + 1, "{what}");
    let mut worst = [0.0_f64; 2];
    let mut checked = 0;
    for (step, &loss) in losses.iter().enumerate() {
        coordinates.to_original(&theta, &mut original, &mut workspace);
        objective.value_and_gradient(
            &original,
            Batch::Full,
            &mut values,
            &mut gradient,
            &mut workspace,
        );
        let of_loss = (values[1] - loss).abs() / loss.abs();
        assert!(of_loss <= allowed[0], "{what}, step {step}: a loss {of_loss:e} off");
        worst[0] = worst[0].max(of_loss / allowed[0]);
        if let Some(expected) = run["theta"].get(step.to_string()) {
            let differences = original.lane(1) - Array1::from(numbers(expected));
            let of_theta = differences.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            assert!(of_theta <= allowed[1], "{what}, step {step}: an iterate {of_theta:e} off");
            worst[1] = worst[1].max(of_theta / allowed[1]);
            checked += 1;
        }
        coordinates.pull_back(&gradient, &mut direction, &mut workspace);
        optimizer.step(theta.view_mut(0..LANES), direction.view(0..LANES), &rates).unwrap();
    }
    assert_eq!(checked, 6, "{what}");
    worst
}

fn tolerance(agreement: &Value) -> f64 {
    (10.0 * agreement.as_f64().unwrap()).max(1e-10)
}

#[test]
fn every_method_follows_its_authors_code() {
    let problems = Problems::read();
    let mut compared: BTreeMap<&str, (usize, [f64; 2])> = BTreeMap::new();
    for (index, run) in problems.comparators["runs"].as_array().unwrap().iter().enumerate() {
        let method = run["method"].as_str().unwrap();
        let problem = run["problem"].as_str().unwrap();
        let settings = Settings(run);
        let Some(spec) = optimizer(method, &settings) else {
            // Options of Adam.
            assert!(["adamw", "amsgrad"].contains(&method), "{method}");
            continue;
        };
        let (objective, start) = problems.get(problem);
        let coordinates = Coordinates::original(objective.layout());
        let allowed = ["loss", "theta"].map(|which| tolerance(&run["agreement"][which]));
        let what = format!("run {index}, {method}, {problem}, {}", run["settings"]);
        let worst = follow((objective, start), &coordinates, &*spec, run, allowed, &what);
        let (count, so_far) = compared.entry(method).or_default();
        *count += 1;
        *so_far = [0, 1].map(|which| so_far[which].max(worst[which]));
    }
    println!("{compared:?}");
    let counts: Vec<_> = compared.into_iter().map(|(method, (count, _))| (method, count)).collect();
    let expected = [
        ("full-adagrad", 9),
        ("galore", 19),
        ("muon", 5),
        ("shampoo", 17),
        ("soap", 29),
        ("vector-adam", 14),
    ];
    assert_eq!(counts, expected);
}

/// `tests/data/shampoo_momentum.json`, made by `shampoo_momentum.py` beside it.
#[test]
fn shampoo_with_momentum_follows_numpy() {
    let problems = Problems::read();
    let reference: Value =
        serde_json::from_str(include_str!("../data/shampoo_momentum.json")).unwrap();
    let runs = reference["runs"].as_array().unwrap();
    for (index, run) in runs.iter().enumerate() {
        let spec = optimizer("shampoo", &Settings(run)).unwrap();
        let (objective, start) = problems.get(run["problem"].as_str().unwrap());
        let coordinates = Coordinates::original(objective.layout());
        let allowed = ["loss", "theta"].map(|which| tolerance(&run["agreement"][which]));
        let what = format!("run {index}, {}", run["settings"]);
        follow((objective, start), &coordinates, &*spec, run, allowed, &what);
    }
    assert_eq!(runs.len(), 5);
}

#[test]
fn adam_and_adagrad_in_a_kronecker_basis_follow_the_reference() {
    let problems = Problems::read();
    let reference = &problems.comparators["kron"];
    let v = kron(&matrix(&reference["U_L"]), &matrix(&reference["U_R"]));
    let runs = reference["runs"].as_array().unwrap();
    for run in runs {
        let spec: Box<dyn Spec> = match run["method"].as_str().unwrap() {
            "adam" => Box::new(Adam::default()),
            "adagrad" => Box::new(Adagrad::PYTORCH),
            other => panic!("no optimizer {other}"),
        };
        let (objective, start) = problems.get("lse");
        let map = f64::linear_map(&Orthonormal(v.clone().into()));
        let coordinates = Coordinates::new(objective.layout(), [(0..1, map)]);
        let allowed = [tolerance(&run["agreement"]); 2];
        let what = format!("Kronecker, {}", run["method"]);
        follow((objective, start), &coordinates, &*spec, run, allowed, &what);
    }
    assert_eq!(runs.len(), 2);
}
