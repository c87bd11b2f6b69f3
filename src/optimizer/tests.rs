//! The tests that every optimizer passes: see also `tests/reference.rs`.

use ndarray::{Array1, Array2};

use super::{
    Adagrad, Adam, Build, FullAdagrad, GaLore, Momentum, Muon, REGISTRY, Sgd, Shampoo, Soap, Spec,
    VectorAdam, shape_problem,
};
use crate::config::{Overlay, Source, read};
use crate::lanes::{Lanes, Layout, Role};
use crate::linalg::from_f64;
use crate::trial::Precision;

/// Every registered optimizer with its default hyperparameters.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Box<dyn Spec>)> {
    REGISTRY.iter().map(|entry| {
        let source = Source::parse("test", b"").unwrap();
        let spec = read(&source, &Overlay::default(), |reader| (entry.read)(reader)).unwrap();
        (entry.name, spec.value)
    })
}

/// A network's weights and biases.
fn matrices() -> Layout {
    let block = |name: &str, shape, role| (name.into(), shape, role, (1, 1));
    Layout::new([
        block("a", (3, 4), Role::Weight),
        block("b", (3, 1), Role::Bias),
        block("c", (2, 3), Role::Weight),
    ])
}

/// No lane whose rate is below this may fail.
const ABSURD: f64 = 1e10;

/// Runs 400 steps on Σ i·θ_i²/2 from θ = (1, …) in each lane, where i goes from 1 to 4 again and
/// again; returns the lanes' last points.
fn minimize<R: Precision>(
    spec: &dyn Spec,
    layout: &Layout,
    rates: &[f64],
    retain_after: Option<(usize, &[usize])>,
) -> Lanes<R> {
    let mut theta = Lanes::filled(layout, rates.len(), R::one());
    let mut rates: Vec<R> = rates.iter().map(|&rate| from_f64(rate)).collect();
    let mut optimizer = R::optimizer(spec, layout, rates.len());
    for step in 0..400 {
        if let Some((_, keep)) = retain_after.filter(|(at, _)| *at == step) {
            theta.retain(keep);
            optimizer.retain(keep);
            rates = keep.iter().map(|&lane| rates[lane]).collect();
        }
        let mut gradient = theta.clone();
        for block in 0..layout.blocks().len() {
            for mut row in gradient.block_mut(block).rows_mut() {
                let weights = (0..row.len()).map(|i| from_f64::<R>((i % 4 + 1) as f64));
                row.iter_mut().zip(weights).for_each(|(g, weight)| *g *= weight);
            }
        }
        let lanes = theta.lanes();
        let updated = optimizer.step(theta.view_mut(0..lanes), gradient.view(0..lanes), &rates);
        for lane in updated.err().map(|failure| failure.lanes).unwrap_or_default() {
            assert!(rates[lane] > from_f64(ABSURD), "{spec:?}, step {step}: lane {lane} failed");
        }
    }
    theta
}

#[test]
fn a_quadratic_is_minimized() {
    for (name, spec) in all() {
        // Steps of Muon do not become smaller by themselves.
        let rates = [0.3, 0.1, 0.03, 0.003];
        let last = minimize::<f64>(&*spec, &Layout::vector(4), &rates, None);
        let height = |lane: usize| last.lane(lane).dot(&last.lane(lane));
        let best = (0..rates.len()).map(height).fold(f64::INFINITY, f64::min);
        assert!(best < 1e-3, "{name} ends at squared distance {best}");
    }
}

fn lanes_do_not_see_each_other<R: Precision>(layout: &Layout, absurd: f64) {
    for (name, spec) in all() {
        let rates = [0.05, absurd, 0.1, 0.2];
        let minimize = |rates: &[f64], retain| minimize::<R>(&*spec, layout, rates, retain);
        let together = minimize(&rates, None);
        let compacted = minimize(&rates, Some((17, &[0, 3])));
        for (lane, kept) in [(0, 0), (3, 1)] {
            let alone = minimize(&rates[lane..=lane], None);
            assert_eq!(together.lane(lane), alone.lane(0), "{name}, lane {lane}");
            assert_eq!(together.lane(lane), compacted.lane(kept), "{name}, lane {lane}");
        }
    }
}

#[test]
fn lanes_are_independent_and_survive_the_loss_of_others() {
    for layout in [Layout::vector(4), matrices()] {
        lanes_do_not_see_each_other::<f64>(&layout, 1e300);
        lanes_do_not_see_each_other::<f32>(&layout, 1e35);
    }
}

#[test]
fn a_lane_without_a_decomposition_fails_alone() {
    let layout = matrices();
    let mut failing = Vec::new();
    for (name, spec) in all() {
        let run = |lanes: &[f64]| {
            let mut optimizer = f64::optimizer(&*spec, &layout, lanes.len());
            let mut theta = Lanes::filled(&layout, lanes.len(), 1.0);
            let mut gradient = theta.clone();
            for (lane, &first) in lanes.iter().enumerate() {
                let mut entries = Array1::linspace(1.0, 2.0, layout.dimension());
                entries[0] = first;
                gradient.set_lane(lane, entries.view());
            }
            let all = 0..lanes.len();
            let rates = vec![0.1; lanes.len()];
            let mut failed = Vec::new();
            for _ in 0..3 {
                let step =
                    optimizer.step(theta.view_mut(all.clone()), gradient.view(all.clone()), &rates);
                failed.extend(step.err());
            }
            (theta, failed)
        };
        let (together, failed) = run(&[1.0, f64::INFINITY, 2.0]);
        for failure in &failed {
            assert_eq!(failure.lanes, [1], "{name}");
            assert!(failure.message.contains("not finite"), "{name}: {}", failure.message);
        }
        if !failed.is_empty() {
            failing.push(name);
        }
        for (lane, first) in [(0, 1.0), (2, 2.0)] {
            let (alone, failed) = run(&[first]);
            assert!(failed.is_empty(), "{name}");
            assert_eq!(together.lane(lane), alone.lane(0), "{name}, lane {lane}");
        }
    }
    assert_eq!(failing, ["full-adagrad", "shampoo", "soap", "galore"]);
}

#[test]
fn shapes_and_lists_that_do_not_fit_a_model_are_problems() {
    let problem = |kind: &str, text: &str, layout: &Layout| {
        let entry = REGISTRY.iter().find(|entry| entry.name == kind).unwrap();
        let spec = read_spec(entry, text).unwrap();
        let misshapen = shape_problem(spec.shape(), layout).map(|problem| ("shape", problem));
        misshapen.or_else(|| spec.problem(layout, f64::EPSILON))
    };
    for kind in ["vector-adam", "shampoo", "soap", "galore", "muon"] {
        let low = if kind == "galore" { "ranks = [1]\n" } else { "" };
        assert_eq!(problem(kind, &format!("{low}shape = [4, 5]"), &Layout::vector(20)), None);
        assert_eq!(problem(kind, low, &matrices()), None);
        let (key, message) = problem(kind, "shape = [4, 5]", &Layout::vector(21)).unwrap();
        assert_eq!((key, &*message), ("shape", "4 × 5 are not the 21 parameters"));
        let (key, message) = problem(kind, "shape = [3, 7]", &matrices()).unwrap();
        assert_eq!(key, "shape");
        assert!(message.contains("a model of one block"), "{message}");
        for wrong in ["shape = [20]", "shape = [4, 5, 1]", "shape = [0, 20]", "shape = 20"] {
            let entry = REGISTRY.iter().find(|entry| entry.name == kind).unwrap();
            assert!(read_spec(entry, wrong).is_err(), "{kind}: {wrong}");
        }
    }
    for (kind, key, one, all) in [
        ("vector-adam", "vectors", "'whole'", "'rows', 'entries', 'columns'"),
        ("soap", "sides", "'left'", "'left', 'none', 'both'"),
        ("galore", "ranks", "2", "2, 0, 1"),
    ] {
        assert_eq!(problem(kind, &format!("{key} = [{one}]"), &matrices()), None);
        assert_eq!(problem(kind, &format!("{key} = [{all}]"), &matrices()), None);
        let (found, message) =
            problem(kind, &format!("{key} = [{one}, {one}]"), &matrices()).unwrap();
        assert_eq!(found, key);
        assert!(message.contains("one for each of the 3 blocks"), "{message}");
    }
}

#[test]
fn an_epsilon_that_rounding_decides_is_refused_in_that_precision() {
    let problem = |kind: &str, text: &str, epsilon: f64| {
        let entry = REGISTRY.iter().find(|entry| entry.name == kind).unwrap();
        let problem = read_spec(entry, text).unwrap().problem(&matrices(), epsilon);
        problem.map_or(String::new(), |(key, message)| format!("{key} {message}"))
    };
    let (double, single) = (f64::EPSILON, f32::EPSILON.into());
    for (kind, text, in_double, in_single) in [
        ("full-adagrad", "", "", ""),
        ("full-adagrad", "eps = 1e-5", "", "1e-4 with precision = \"f32\""),
        ("full-adagrad", "eps_placement = 'outside'\neps = 1e-3", "", "1e-1 with precision"),
        ("full-adagrad", "eps_placement = 'outside'\neps = 1e-5", "1e-4 with precision", "1e-1"),
        ("shampoo", "", "", ""),
        ("shampoo", "eps = 1e-12", "", "1e-8 with precision = \"f32\""),
    ] {
        for (epsilon, wanted) in [(double, in_double), (single, in_single)] {
            let found = problem(kind, text, epsilon);
            assert_eq!(found.is_empty(), wanted.is_empty(), "{kind} {text}: {found}");
            assert!(found.contains(wanted), "{kind} {text}: {found}");
        }
    }
}

#[test]
fn methods_of_matrices_say_so() {
    let needing = all().filter(|(_, spec)| spec.needs_matrices()).map(|(name, _)| name);
    let needing: Vec<_> = needing.collect();
    assert_eq!(needing, ["vector-adam", "shampoo", "soap", "galore", "muon"]);
}

#[test]
fn retaining_lanes_keeps_their_rows() {
    let layout = Layout::new([
        ("a".into(), (2, 1), crate::lanes::Role::Weight, (1, 2)),
        ("b".into(), (3, 1), crate::lanes::Role::Bias, (1, 3)),
    ]);
    let mut lanes = Lanes::<f64>::zeros(&layout, 4);
    let rows = Array2::from_shape_fn((4, 5), |(i, j)| (10 * i + j) as f64);
    for (lane, row) in rows.rows().into_iter().enumerate() {
        lanes.set_lane(lane, row);
    }
    lanes.retain(&[1, 3]);
    assert_eq!(lanes.lanes(), 2);
    assert_eq!(lanes.lane(0), Array1::from_vec(vec![10.0, 11.0, 12.0, 13.0, 14.0]));
    assert_eq!(lanes.lane(1), rows.row(3));
    assert_eq!(lanes.block(1).row(1).to_vec(), [32.0, 33.0, 34.0]);
}

/// Reads an optimizer from the keys beside `kind`.
fn read_spec(entry: &super::Entry<dyn Spec>, text: &str) -> Result<Box<dyn Spec>, String> {
    let source = Source::parse("test", text.as_bytes()).unwrap();
    read(&source, &Overlay::default(), |reader| (entry.read)(reader))
        .map(|spec| spec.value)
        .map_err(|problems| problems.to_string())
}

#[test]
fn a_config_that_says_nothing_has_the_defaults_of_the_types() {
    fn default<T: Default + std::fmt::Debug>() -> String {
        format!("{:?}", T::default())
    }
    let defaults = [
        default::<Sgd>(),
        default::<Momentum>(),
        default::<Adagrad>(),
        default::<Adam>(),
        default::<VectorAdam>(),
        default::<FullAdagrad>(),
        default::<Shampoo>(),
        default::<Soap>(),
        default::<GaLore>(),
        default::<Muon>(),
    ];
    assert_eq!(defaults.len(), REGISTRY.len());
    for ((_, spec), default) in all().zip(defaults) {
        assert_eq!(format!("{spec:?}"), default);
    }
    assert_eq!(Adagrad::default(), Adagrad::PYTORCH);
}

#[test]
fn hyperparameters_with_which_the_formula_fails_are_refused() {
    for (kind, bad) in [
        ("momentum", &["momentum = 1", "momentum = -0.1", "momentum = nan"][..]),
        (
            "adagrad",
            &[
                "eps = 0",
                "eps = 1e-46",
                "eps = inf",
                "initial_accumulator = -1e-9",
                "initial_accumulator = 1e300",
            ],
        ),
        ("adam", &["beta1 = 1", "beta2 = 1", "beta1 = -0.5", "beta2 = 1.5", "eps = 0", "eps = -1"]),
        ("adam", &["weight_decay = -0.1", "weight_decay = inf"]),
        ("vector-adam", &["beta1 = 1", "beta2 = 1", "eps = 0"]),
        ("full-adagrad", &["eps = 0", "eps = 1e-7"]),
        ("shampoo", &["beta1 = 1", "beta2 = 1.1", "eps = 0", "exponent = 0", "exponent = -2"]),
        ("soap", &["beta1 = 1", "beta2 = 1", "shampoo_beta = 1", "eps = 0", "weight_decay = -1"]),
        ("galore", &["beta1 = 1", "beta2 = 1", "eps = 0", "scale = 0"]),
        ("muon", &["momentum = 1", "adam_beta1 = 1", "adam_beta2 = 1", "adam_eps = 0"]),
    ] {
        let entry = REGISTRY.iter().find(|entry| entry.name == kind).unwrap();
        for text in bad {
            let message = read_spec(entry, text).expect_err(text);
            assert!(message.contains("expected a number from"), "{message}");
        }
    }
}

#[test]
fn the_variants_of_adam_decay_what_they_say_and_cost_what_they_do() {
    let layout = Layout::new([
        ("weight".into(), (2, 1), Role::Weight, (1, 2)),
        ("bias".into(), (3, 1), Role::Bias, (1, 3)),
    ]);
    let adam = REGISTRY.iter().find(|entry| entry.name == "adam").unwrap();
    for (text, kept, state, flops, title) in [
        ("", [1.0, 1.0], 10, 70.0, "Adam"),
        ("weight_decay = 0.5", [0.9, 0.9], 10, 75.0, "AdamW"),
        ("weight_decay = 0.5\ndecay_biases = false", [0.9, 1.0], 10, 72.0, "AdamW"),
        ("weight_decay = 0.5\namsgrad = true", [0.9; 2], 15, 80.0, "AMSGrad with weight decay"),
        ("amsgrad = true", [1.0, 1.0], 15, 75.0, "AMSGrad"),
    ] {
        let spec = read_spec(adam, text).unwrap();
        assert_eq!(spec.state_len(&layout), state, "{text}");
        assert_eq!(spec.step_flops(&layout), flops, "{text}");
        assert_eq!(spec.title(true), Some(title));
        // Without a gradient nothing is left but the decay: 1 − 0.2·0.5.
        let mut optimizer = Build::<f64>::build(&*spec, &layout, 1);
        let mut theta = Lanes::filled(&layout, 1, 1.0);
        let zeros = Lanes::zeros(&layout, 1);
        optimizer.step(theta.view_mut(0..1), zeros.view(0..1), &[0.2]).unwrap();
        let [weight, bias] = kept;
        assert_eq!(theta.lane(0).to_vec(), [weight, weight, bias, bias, bias], "{text}");
    }
}

/// 0/0 is what a coordinate without gradient would give if ε were 0 in single precision.
#[test]
fn a_gradient_of_zeros_moves_nothing_at_the_edges_of_what_is_allowed() {
    let edges = [
        ("sgd", ""),
        ("momentum", "momentum = 0"),
        ("adagrad", "eps = 1e-30"),
        ("adagrad", "eps = 1e-30\neps_placement = 'inside'"),
        ("adam", "eps = 1e-30\nbeta1 = 0\nbeta2 = 0"),
        ("adam", "eps = 1e-30\nbeta1 = 0.9999999999999999\nbeta2 = 0.9999999999999999"),
        ("vector-adam", "eps = 1e-30\nvectors = ['whole']"),
        ("full-adagrad", "eps = 1e-6"),
        ("full-adagrad", "eps = 1e-4\neps_placement = 'outside'"),
        ("shampoo", "eps = 1e-16\ngraft = 'adam'"),
        ("shampoo", "eps = 1e-16\nbeta1 = 0.9\nbeta2 = 0\nexponent = -1"),
        ("soap", "eps = 1e-30\nnormalize_grads = 'yes'\nrefresh = 1"),
        ("galore", "eps = 1e-30\nside = 'both'\ngap = 1"),
        ("muon", "momentum = 0"),
    ];
    let layout = Layout::vector(3);
    for (kind, text) in edges {
        let entry = REGISTRY.iter().find(|entry| entry.name == kind).unwrap();
        let spec = read_spec(entry, text).unwrap();
        let mut optimizer = Build::<f32>::build(&*spec, &layout, 1);
        let mut theta = Lanes::<f32>::filled(&layout, 1, 1.0);
        let zeros = Lanes::zeros(&layout, 1);
        for _ in 0..3 {
            optimizer.step(theta.view_mut(0..1), zeros.view(0..1), &[0.5]).unwrap();
        }
        assert_eq!(theta.lane(0).to_vec(), [1.0; 3], "{kind}: {text}");
    }
}
