//! The symmetry of hidden units (docs/symmetry.md), exactly: expectations over finite sets of
//! parameters that permutations, or signed permutations, map to themselves.

use std::ops::Range;

use egop::data::{DataSet, Examples, Targets};
use egop::egop::Symmetry;
use egop::lanes::{Lanes, Layout, Role, Workspace};
use egop::linalg::symmetric_eigen;
use egop::objective::{Batch, FeedForward, LinearNet, Objective};
use egop::rng::Streams;
use ndarray::{Array1, Array2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

/// A permutation of some hidden units, with signs: unit i takes the place of unit `.0[i]`, times
/// `.1[i]`.
type Move = (Vec<usize>, Vec<f64>);

fn moves(width: usize, signed: bool) -> Vec<Move> {
    let mut all: Vec<Move> = vec![(Vec::new(), Vec::new())];
    for _ in 0..width {
        let longer = |(places, signs): &Move| {
            let free = (0..width).filter(|place| !places.contains(place));
            let signs_next: &[f64] = if signed { &[1.0, -1.0] } else { &[1.0] };
            let add = |place: usize| {
                let one = (places.clone(), signs.clone());
                signs_next.iter().map(move |&sign| {
                    let mut next = one.clone();
                    next.0.push(place);
                    next.1.push(sign);
                    next
                })
            };
            free.flat_map(add).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// Parameters after hidden units have moved: a matrix for each pair of layers, and what is done with
/// rows is undone in the next layer's columns.
fn moved(layout: &Layout, theta: &Array1<f64>, hidden: &[&Move]) -> Array1<f64> {
    let mut result = theta.clone();
    let mut layer = 0;
    for block in layout.blocks() {
        layer += usize::from(block.role == Role::Weight);
        let (rows, columns) = block.shape;
        let entries = || (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c)));
        for (row, column) in entries() {
            let (r, row_sign) = hidden
                .get(layer - 1)
                .map_or((row, 1.0), |(places, signs)| (places[row], signs[row]));
            let before = layer.checked_sub(2).filter(|_| block.role == Role::Weight);
            let (c, column_sign) = before.map_or((column, 1.0), |before| {
                let (places, signs) = hidden[before];
                (places[column], signs[column])
            });
            let start = block.range.start;
            result[start + row * columns + column] =
                row_sign * column_sign * theta[start + r * columns + c];
        }
    }
    result
}

/// The mean of ∇f∇fᵀ over all that moves of two hidden layers make of some parameters.
fn mean(objective: &dyn Objective<f64>, widths: [usize; 2], signed: bool) -> Array2<f64> {
    let layout = objective.layout();
    let d = layout.dimension();
    let theta: Array1<f64> = Array1::random_using(d, StandardNormal, &mut rng("theta"));
    let [first, second] = widths.map(|width| moves(width, signed));
    let mut sum = Array2::<f64>::zeros((d, d));
    let mut losses = Vec::new();
    for (one, two) in first.iter().flat_map(|one| second.iter().map(move |two| (one, two))) {
        let point = moved(layout, &theta, &[one, two]);
        let theta = Lanes::broadcast(layout, 1, point.view());
        let (mut gradient, mut value) = (theta.clone(), [0.0]);
        let workspace = &mut Workspace::new();
        objective.value_and_gradient(&theta, Batch::Full, &mut value, &mut gradient, workspace);
        let gradient = gradient.lane(0);
        sum += &Array2::from_shape_fn((d, d), |(p, q)| gradient[p] * gradient[q]);
        losses.push(value[0]);
    }
    // The moves leave the function as it is: a dozen roundings of 1e-16.
    assert!(losses.iter().all(|loss| (loss / losses[0] - 1.0).abs() < 1e-13), "{losses:?}");
    sum / losses.len() as f64
}

fn rng(purpose: &str) -> impl ndarray_rand::rand::Rng {
    Streams::new(8, 0).rng(purpose)
}

fn data(inputs: usize, targets: Targets<f64>) -> DataSet<f64> {
    let x = Array2::random_using((9, inputs), StandardNormal, &mut rng("inputs"));
    DataSet { training: Examples::new(x, targets), validation: None, test: None }
}

fn part_of(matrix: &Array2<f64>, rows: Range<usize>, columns: Range<usize>) -> Array2<f64> {
    let shape = (rows.len(), columns.len());
    Array2::from_shape_fn(shape, |(p, q)| matrix[(rows.start + p, columns.start + q)])
}

fn norm(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn the_egop_of_a_network_is_what_permutations_of_hidden_units_leave() {
    let labels = (0..9).map(|i| i * i % 3).collect();
    let network = FeedForward::new(&[3, 3], true, data(4, Targets::Classes { labels, classes: 3 }));
    let egop = mean(&network, [3, 3], false);
    let layout = network.layout();
    for blocks in [0..6, 0..1, 2..3, 4..5] {
        let range = layout.parameters(&blocks);
        let block = part_of(&egop, range.clone(), range);
        let part = Symmetry::of(layout, &blocks).part(block.view()).unwrap();
        assert!(part.distance < 1e-12, "{blocks:?}: {}", part.distance);
        let (eigenvalues, _) = symmetric_eigen(block).unwrap();
        for (found, expected) in part.eigenvalues.iter().zip(&eigenvalues) {
            assert!((found - expected).abs() < 1e-12 * eigenvalues[0], "{found}, {expected}");
        }
    }
    // Not every matrix is such a mean.
    let row = egop.row(0).to_owned();
    let alone = Array2::from_shape_fn(egop.raw_dim(), |(p, q)| row[p] * row[q] * (p + q) as f64);
    assert!(Symmetry::of(layout, &(0..6)).part(alone.view()).unwrap().distance > 0.1);
}

#[test]
fn a_linear_network_has_a_flat_middle_layer_and_no_cross_blocks() {
    let (inputs, outputs) = (3, 2);
    let y = Array2::random_using((9, outputs), StandardNormal, &mut rng("targets"));
    let network = LinearNet::new(&[3, 2], data(inputs, Targets::Vectors(y)));
    let egop = mean(&network, [3, 2], true);
    let layout = network.layout();
    let ranges: Vec<_> = layout.blocks().iter().map(|block| block.range.clone()).collect();
    let block = |a: usize, b: usize| part_of(&egop, ranges[a].clone(), ranges[b].clone());
    let error = |found: &Array2<f64>, wanted: &Array2<f64>| norm(&(found - wanted)) / norm(found);

    let middle = block(1, 1);
    let flat = Array2::eye(6) * middle[(0, 0)];
    assert!(error(&middle, &flat) < 1e-12, "{middle}");
    // I ⊗ A: a row of the weights for each hidden unit, all alike and unrelated.
    let first = block(0, 0);
    let a = part_of(&first, 0..inputs, 0..inputs);
    let wanted = Array2::from_shape_fn((9, 9), |(p, q)| {
        if p / inputs == q / inputs { a[(p % inputs, q % inputs)] } else { 0.0 }
    });
    assert!(error(&first, &wanted) < 1e-12, "{first}");
    // A′ ⊗ I.
    let last = block(2, 2);
    let wanted = Array2::from_shape_fn((4, 4), |(p, q)| {
        if p % 2 == q % 2 { last[(p / 2 * 2, q / 2 * 2)] } else { 0.0 }
    });
    assert!(error(&last, &wanted) < 1e-12, "{last}");
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        assert!(norm(&block(one, other)) < 1e-12 * norm(&egop));
    }
}
