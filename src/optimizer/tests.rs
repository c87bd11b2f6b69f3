//! The tests that every optimizer passes: see also `tests/reference.rs`.

use ndarray::{Array1, Array2};

use super::{Adagrad, Adam, Build, Carry, Momentum, REGISTRY, Sgd, Spec};
use crate::config::{Overlay, Source, read};
use crate::coordinates::{self, Coordinates, Orthonormal};
use crate::data;
use crate::lanes::{Lanes, Layout, Role, Workspace};
use crate::rng::Streams;

/// Every registered optimizer with its default hyperparameters.
fn all() -> impl Iterator<Item = (&'static str, Box<dyn Spec>)> {
    REGISTRY.iter().map(|entry| {
        let source = Source::parse("test", b"").unwrap();
        let spec = read(&source, &Overlay::default(), |reader| (entry.read)(reader)).unwrap();
        (entry.name, spec.value)
    })
}

/// Runs 400 steps on Σ i·θ_i²/2 from θ = (1, …) in each lane; returns the lanes' last points.
fn minimize(spec: &dyn Spec, rates: &[f64], retain_after: Option<(usize, &[usize])>) -> Lanes<f64> {
    let layout = Layout::vector(4);
    let mut theta = Lanes::filled(&layout, rates.len(), 1.0);
    let mut rates = rates.to_vec();
    let mut optimizer = Build::<f64>::build(spec, &layout, rates.len());
    for step in 0..400 {
        if let Some((_, keep)) = retain_after.filter(|(at, _)| *at == step) {
            theta.retain(keep);
            optimizer.retain(keep);
            rates = keep.iter().map(|&lane| rates[lane]).collect();
        }
        let mut gradient = theta.clone();
        for (i, g) in gradient.as_mut_slice().iter_mut().enumerate() {
            *g *= (i % 4 + 1) as f64;
        }
        let lanes = theta.lanes();
        optimizer.step(theta.view_mut(0..lanes), gradient.view(0..lanes), &rates).unwrap();
    }
    theta
}

#[test]
fn a_quadratic_is_minimized() {
    for (name, spec) in all() {
        let rates = [0.3, 0.1, 0.03];
        let last = minimize(&*spec, &rates, None);
        let height = |lane: usize| last.lane(lane).dot(&last.lane(lane));
        let best = (0..rates.len()).map(height).fold(f64::INFINITY, f64::min);
        assert!(best < 1e-3, "{name} ends at squared distance {best}");
    }
}

#[test]
fn lanes_are_independent_and_survive_the_loss_of_others() {
    for (name, spec) in all() {
        let rates = [0.05, 1e300, 0.1, 0.2];
        let together = minimize(&*spec, &rates, None);
        let compacted = minimize(&*spec, &rates, Some((17, &[0, 3])));
        for (lane, kept) in [(0, 0), (3, 1)] {
            let alone = minimize(&*spec, &rates[lane..=lane], None);
            assert_eq!(together.lane(lane), alone.lane(0), "{name}, lane {lane}");
            assert_eq!(together.lane(lane), compacted.lane(kept), "{name}, lane {lane}");
        }
    }
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
    let defaults =
        [default::<Sgd>(), default::<Momentum>(), default::<Adagrad>(), default::<Adam>()];
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

/// Σ i·θ_i²/2 in the coordinates of `v`, or in θ.
fn momentum_path(change_in: Option<usize>, carry: Carry) -> Array1<f64> {
    let layout = Layout::vector(4);
    let v = data::orthonormal(4, 4, &mut Streams::new(6, 0).rng("rotation"));
    let map = coordinates::Build::<f64>::build(&Orthonormal(v.clone().into()));
    let change = Coordinates::new(&layout, [(0..1, map)]);
    let mut workspace = Workspace::new();
    let mut optimizer = Build::<f64>::build(&Momentum::default(), &layout, 1);
    let (mut z, mut rotated) = (Lanes::filled(&layout, 1, 1.0), false);
    for step in 0..60 {
        if change_in == Some(step) {
            let theta = z.clone();
            change.start(&theta, &mut z, &mut workspace);
            optimizer.change_coordinates(&change, carry);
            rotated = true;
        }
        let theta = if rotated { v.dot(&z.lane(0)) } else { z.lane(0) };
        let gradient = theta * Array1::linspace(1.0, 4.0, 4);
        let gradient = if rotated { v.t().dot(&gradient) } else { gradient };
        let gradient = Lanes::broadcast(&layout, 1, gradient.view());
        optimizer.step(z.view_mut(0..1), gradient.view(0..1), &[0.01]).unwrap();
    }
    if rotated { v.dot(&z.lane(0)) } else { z.lane(0) }
}

#[test]
fn what_is_linear_in_the_gradients_changes_coordinates_with_them() {
    let stays = momentum_path(None, Carry::Index);
    // 60 steps of roundings of numbers of at most 1.
    let carried = momentum_path(Some(23), Carry::Index) - &stays;
    assert!(carried.iter().all(|error| error.abs() < 1e-14), "{carried}");
    let reset = momentum_path(Some(23), Carry::Reset) - &stays;
    assert!(reset.iter().any(|error| error.abs() > 1e-3), "{reset}");
}

#[test]
fn after_a_reset_a_method_is_as_new() {
    let layout = Layout::vector(3);
    let original = Coordinates::original(&layout);
    for (name, spec) in all() {
        let last = |resets: &[usize]| {
            let mut optimizer = Build::<f64>::build(&*spec, &layout, 1);
            let mut theta = Lanes::filled(&layout, 1, 1.0);
            for step in 0..20 {
                if resets.contains(&step) {
                    optimizer.change_coordinates(&original, Carry::Reset);
                    theta = Lanes::filled(&layout, 1, 1.0);
                }
                let gradient = theta.clone();
                optimizer.step(theta.view_mut(0..1), gradient.view(0..1), &[0.1]).unwrap();
            }
            theta
        };
        assert_eq!(last(&[10]), last(&[5, 10]), "{name}");
        assert_ne!(last(&[10]), last(&[]), "{name}");
    }
}
