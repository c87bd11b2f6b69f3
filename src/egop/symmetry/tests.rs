use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

use super::*;
use crate::rng::Streams;

/// The layout of a network with biases or without.
fn network(widths: &[usize], biases: bool) -> Layout {
    let layers = widths.windows(2).enumerate().flat_map(|(index, pair)| {
        let fan = (pair[0], pair[1]);
        let weight = (format!("{index}.weight"), (pair[1], pair[0]), Role::Weight, fan);
        let bias = (format!("{index}.bias"), (pair[1], 1), Role::Bias, fan);
        [Some(weight), biases.then_some(bias)]
    });
    Layout::new(layers.flatten())
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(of - 1);
    let insert = |rest: &Vec<usize>, at: usize| {
        let mut one = rest.clone();
        one.insert(at, of - 1);
        one
    };
    shorter.iter().flat_map(|rest| (0..of).map(move |at| insert(rest, at))).collect()
}

/// Where each parameter goes when hidden units do: all ways.
fn actions(layout: &Layout, blocks: &Range<usize>) -> Vec<Vec<usize>> {
    let weights: Vec<_> =
        layout.blocks().iter().filter(|block| block.role == Role::Weight).collect();
    let widths = weights[..weights.len() - 1].iter().map(|block| block.shape.0);
    let mut choices: Vec<Vec<Vec<usize>>> = vec![Vec::new()];
    for width in widths {
        let all = permutations(width);
        let longer = |one: &Vec<Vec<usize>>| {
            let one = one.clone();
            all.iter().map(move |next| [one.clone(), vec![next.clone()]].concat()).collect()
        };
        choices = choices.iter().flat_map(|one| -> Vec<_> { longer(one) }).collect();
    }
    let start = layout.parameters(blocks).start;
    let action = |permuted: &Vec<Vec<usize>>| {
        let mut layer = 0;
        let mut places = Vec::new();
        for (number, block) in layout.blocks().iter().enumerate() {
            layer += usize::from(block.role == Role::Weight);
            let (rows, columns) = block.shape;
            let row = |row: usize| permuted.get(layer - 1).map_or(row, |of| of[row]);
            let column = |column: usize| match layer.checked_sub(2) {
                Some(before) if block.role == Role::Weight => permuted[before][column],
                _ => column,
            };
            if blocks.contains(&number) {
                let here = (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c)));
                let first = block.range.start - start;
                places.extend(here.map(|(r, c)| first + row(r) * columns + column(c)));
            }
        }
        places
    };
    choices.iter().map(action).collect()
}

fn frobenius(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn the_symmetric_part_is_the_mean_over_all_permutations() {
    let cases = [
        (network(&[2, 3, 2], true), 0..4),
        (network(&[2, 3, 2], true), 0..1),
        (network(&[2, 3, 2], true), 2..3),
        (network(&[2, 3, 2], false), 0..2),
        (network(&[2, 3, 4, 2], true), 0..6),
        (network(&[2, 3, 4, 2], true), 2..3),
        (network(&[2, 3, 4, 2], true), 2..5),
        (network(&[1, 2, 1, 3, 2], false), 0..4),
        (network(&[3, 2], true), 0..2),
    ];
    for (layout, blocks) in cases {
        let d = layout.parameters(&blocks).len();
        let root = Array2::<f64>::random_using(
            (d, d + 3),
            StandardNormal,
            &mut Streams::new(5, 0).rng("egop"),
        );
        let egop = root.dot(&root.t());
        let actions = actions(&layout, &blocks);
        let mut mean = Array2::zeros((d, d));
        for places in &actions {
            mean += &Array2::from_shape_fn((d, d), |(p, q)| egop[(places[p], places[q])]);
        }
        mean /= actions.len() as f64;

        let symmetry = Symmetry::of(&layout, &blocks);
        let lower =
            Array2::from_shape_fn((d, d), |(p, q)| if p < q { f64::NAN } else { egop[(p, q)] });
        let part = symmetry.part(lower.view()).unwrap();
        // Roundings of 1e-16 of some hundred terms.
        let distance = frobenius(&(&egop - &mean)) / frobenius(&egop);
        assert!((part.distance - distance).abs() < 1e-13, "{} or {distance}", part.distance);
        let (eigenvalues, _) = linalg::symmetric_eigen(mean.clone()).unwrap();
        assert_eq!(part.eigenvalues.len(), d);
        for (found, expected) in part.eigenvalues.iter().zip(&eigenvalues) {
            assert!((found - expected).abs() < 1e-12 * eigenvalues[0], "{found} or {expected}");
        }
        // Of the mean itself nothing is left.
        assert!(symmetry.part(mean.view()).unwrap().distance < 1e-14);
    }
}

#[test]
fn shelves_are_as_wide_as_the_hidden_layer_less_one() {
    // 5 inputs, 4 hidden units, 3 outputs: of the first layer 5 single eigenvalues and 5 shelves.
    let layout = network(&[5, 4, 3], true);
    for (block, single, shelves) in [(0, 5, 5), (2, 3, 3)] {
        let symmetry = Symmetry::of(&layout, &(block..block + 1));
        let d = layout.blocks()[block].size();
        let root = Array2::<f64>::random_using(
            (d, d),
            StandardNormal,
            &mut Streams::new(6, 0).rng("egop"),
        );
        let found = symmetry.part(root.dot(&root.t()).view()).unwrap().eigenvalues.to_vec();
        let runs: Vec<usize> = found.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
        assert_eq!(runs.iter().filter(|&&run| run == 1).count(), single);
        assert_eq!(runs.iter().filter(|&&run| run == 3).count(), shelves);
    }
}
