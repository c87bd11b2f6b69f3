//! What optimizers make of a change of coordinates.

use std::sync::Arc;

use ndarray::{Array1, Array2, Axis};

use super::tests::all;
use super::{
    Adagrad, Adam, Build, Carry, Momentum, Muon, Optimizer, Sgd, Spec, VectorAdam, Vectors,
};
use crate::coordinates::{self, Change, Coordinates, Form, Forms, Orthonormal, Reflector};
use crate::data;
use crate::lanes::{Lanes, Layout, Workspace};
use crate::rng::Streams;

/// From original coordinates to those of a form on the only block, or between two forms.
fn change(layout: &Layout, from: &Forms, to: &Forms) -> Change<f64> {
    let coordinates = |forms: &Forms| {
        let maps = forms
            .iter()
            .map(|(blocks, form)| (blocks.clone(), coordinates::Build::<f64>::build(&**form)));
        Coordinates::new(layout, maps)
    };
    Change::new((&coordinates(from), from), (&coordinates(to), to))
}

/// Σ i·θ_i²/2 in the coordinates of `v`, or in θ.
fn path(spec: &dyn Spec, change_in: Option<usize>, carry: Carry<'_, f64>) -> Array1<f64> {
    let layout = Layout::vector(4);
    let v = data::orthonormal(4, 4, &mut Streams::new(6, 0).rng("rotation"));
    let form: Arc<dyn Form> = Arc::new(Orthonormal(v.clone().into()));
    let change = change(&layout, &Vec::new(), &vec![(0..1, form)]);
    let mut workspace = Workspace::new();
    let mut optimizer = Build::<f64>::build(spec, &layout, 1);
    let (mut z, mut rotated) = (Lanes::filled(&layout, 1, 1.0), false);
    for step in 0..60 {
        if change_in == Some(step) {
            change.linear(&mut z, &mut workspace);
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
    // All that matters of these methods' states is linear in the gradients, or does not see rotations.
    let whole = VectorAdam { vectors: vec![Vectors::Whole], ..VectorAdam::default() };
    let specs: [&dyn Spec; 3] = [&Momentum::default(), &whole, &Muon::default()];
    for spec in specs {
        let stays = path(spec, None, Carry::Index);
        // 60 steps of roundings of numbers of at most 1.
        let carried = path(spec, Some(23), Carry::Index) - &stays;
        assert!(carried.iter().all(|error| error.abs() < 1e-14), "{spec:?}: {carried}");
        let reset = path(spec, Some(23), Carry::Reset) - &stays;
        assert!(reset.iter().any(|error| error.abs() > 1e-3), "{spec:?}: {reset}");
    }
}

#[test]
fn after_a_reset_a_method_is_as_new() {
    let layout = Layout::vector(3);
    let none = Change::none(&layout);
    for (name, spec) in all() {
        let last = |resets: &[usize]| {
            let mut optimizer = Build::<f64>::build(&*spec, &layout, 1);
            let mut theta = Lanes::filled(&layout, 1, 1.0);
            for step in 0..20 {
                if resets.contains(&step) {
                    optimizer.change_coordinates(&none, Carry::Reset);
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

const SIZE: usize = 9;

/// Some gradients, one in each row.
fn recorded(number: usize) -> Array2<f64> {
    Array2::from_shape_fn((number, SIZE), |(j, i)| (((5 * j + 3 * i) % 13) as f64 - 6.0) / 4.0)
}

/// A reflector with random columns first, and the matrix that it stands for.
fn reflector(k: usize) -> (Forms, Array2<f64>) {
    let vectors = data::orthonormal(SIZE, k, &mut Streams::new(8, k).rng("vectors"));
    let reflector = Reflector::new(vectors.view()).unwrap();
    let matrix = reflector.to_matrix();
    (vec![(0..1, Arc::new(reflector))], matrix)
}

fn lanes(gradients: &Array2<f64>) -> Lanes<f64> {
    let mut lanes = Lanes::zeros(&Layout::vector(SIZE), gradients.nrows());
    (0..gradients.nrows()).for_each(|j| lanes.set_lane(j, gradients.row(j)));
    lanes
}

/// Makes steps of length 0 with these gradients.
fn feed(optimizer: &mut dyn Optimizer<f64>, gradients: &Array2<f64>) {
    let layout = Layout::vector(SIZE);
    let mut theta = Lanes::zeros(&layout, 1);
    for gradient in gradients.rows() {
        let gradient = Lanes::broadcast(&layout, 1, gradient);
        optimizer.step(theta.view_mut(0..1), gradient.view(0..1), &[0.0]).unwrap();
    }
}

/// The next step, with a gradient of equal entries.
fn next(optimizer: &mut dyn Optimizer<f64>) -> Array1<f64> {
    let layout = Layout::vector(SIZE);
    let (mut theta, gradient) = (Lanes::zeros(&layout, 1), Lanes::filled(&layout, 1, 0.3));
    optimizer.step(theta.view_mut(0..1), gradient.view(0..1), &[1.0]).unwrap();
    theta.lane(0)
}

fn are_close(a: &Array1<f64>, b: &Array1<f64>, what: &dyn std::fmt::Debug) {
    let off = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // Roots and quotients of sums of some hundred products of numbers below 10.
    assert!(off < 1e-12, "{what:?}: {off:e}");
}

#[test]
fn a_replay_from_the_first_step_makes_the_state_of_the_same_gradients_in_the_new_variables() {
    let layout = Layout::vector(SIZE);
    let (to, v) = reflector(4);
    let gradients = recorded(7);
    let turned = gradients.dot(&v);
    let specs: [&dyn Spec; 6] = [
        &Sgd,
        &Momentum::default(),
        &Adam::default(),
        &Adam { amsgrad: true, ..Adam::default() },
        &Adagrad::PYTORCH,
        &Adagrad::OPTAX,
    ];
    for spec in specs {
        assert!(spec.replays());
        let [mut moved, mut there, mut carried] =
            [(); 3].map(|()| Build::<f64>::build(spec, &layout, 1));
        feed(&mut *moved, &gradients);
        let onto = change(&layout, &Vec::new(), &to);
        moved.change_coordinates(&onto, Carry::Replay(&lanes(&turned)));
        feed(&mut *there, &turned);
        let expected = next(&mut *there);
        are_close(&next(&mut *moved), &expected, &spec);
        // Where there are squares, they are not those of the old variables.
        feed(&mut *carried, &gradients);
        carried.change_coordinates(&onto, Carry::Index);
        let off = (next(&mut *carried) - expected).mapv(f64::abs).sum();
        let squares = !["Sgd", "Momentum { momentum: 0.9 }"].contains(&&*format!("{spec:?}"));
        assert_eq!(off > 1e-3, squares, "{spec:?}: {off}");
    }
}

#[test]
fn what_was_before_a_window_is_mapped_by_the_squares_of_the_change() {
    let layout = Layout::vector(SIZE);
    let ((first, v), (second, w)) = (reflector(3), reflector(5));
    let (early, late) = (recorded(7), recorded(11).slice_axis_move(Axis(0), (7..).into()));
    let (early, late_before) = (early.dot(&v), late.dot(&v));
    let late_after = late.dot(&w);
    let b = w.t().dot(&v).mapv(|entry| entry * entry);
    let squares = |rows: &Array2<f64>, decay: f64, start: Array1<f64>, share: f64| {
        rows.rows().into_iter().fold(start, |sum, row| sum * decay + row.mapv(|g| share * g * g))
    };
    let replayed = |spec: &dyn Spec| {
        let mut optimizer = Build::<f64>::build(spec, &layout, 1);
        let start = change(&layout, &Vec::new(), &first);
        feed(&mut *optimizer, &recorded(7));
        optimizer.change_coordinates(&start, Carry::Replay(&lanes(&early)));
        feed(&mut *optimizer, &late_before);
        let on = change(&layout, &first, &second);
        optimizer.change_coordinates(&on, Carry::Replay(&lanes(&late_after)));
        next(&mut *optimizer)
    };
    let zeros = Array1::zeros(SIZE);
    let sum = squares(&late_after, 1.0, b.dot(&squares(&early, 1.0, zeros.clone(), 1.0)), 1.0);
    let expected = sum.mapv(|s| -0.3 / ((s + 0.09).sqrt() + 1e-10));
    are_close(&replayed(&Adagrad::PYTORCH), &expected, &"Adagrad");

    let average = b.dot(&squares(&early, 0.999, zeros, 0.001));
    let average = squares(&late_after, 0.999, average, 0.001) * 0.999 + 0.001 * 0.09;
    let corrected = average / (1.0 - 0.999_f64.powi(12));
    let expected = corrected.mapv(|v| -0.3 / (v.sqrt() + 1e-8));
    are_close(&replayed(&Adam { beta1: 0.0, ..Adam::default() }), &expected, &"Adam");
}
