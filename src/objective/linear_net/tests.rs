use ndarray::{Array2, Axis, concatenate};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

use super::*;
use crate::data::Examples;
use crate::objective::checks::{self, gradient, rng};

fn network(widths: &[usize], classes: bool, count: usize) -> LinearNet<f64> {
    LinearNet::new(&widths[1..widths.len() - 1], checks::data(widths, classes, count))
}

fn cast<R: Real>(network: &LinearNet<f64>) -> LinearNet<R> {
    let widths = &network.widths;
    LinearNet::new(&widths[1..widths.len() - 1], network.data().cast())
}

#[test]
fn gradients_match_central_differences() {
    for widths in [&[4, 3][..], &[4, 3, 2], &[3, 5, 1, 4], &[1, 3, 4, 2, 2]] {
        for classes in [false, true] {
            checks::gradients_match_central_differences(&network(widths, classes, 600), &[7, 515]);
        }
    }
}

/// The definition: every example through every layer.
#[test]
fn the_loss_is_that_of_examples_passed_through_the_layers() {
    let widths = [6, 5, 4, 3];
    let network = network(&widths, false, 40);
    let theta = checks::parameters::<f64>(network.layout(), 3);
    let (values, _) = gradient(&network, &theta, Batch::Full);
    let Targets::Vectors(targets) = network.data().training.targets() else { unreachable!() };
    for (lane, value) in values.iter().enumerate() {
        let mut activations = network.data().training.inputs().to_owned();
        for (index, pair) in widths.windows(2).enumerate() {
            let weights = matrix(network.weights(&theta, lane, index), pair[1], pair[0]);
            activations = activations.dot(&weights.t());
        }
        let expected = (activations - targets).mapv(|residual| residual * residual).mean().unwrap();
        // Sums in another order: a few dozen roundings.
        assert!((value / expected - 1.0).abs() < 1e-13, "{value} and {expected}");
    }
}

#[test]
fn a_lane_does_not_depend_on_the_lanes_beside_it() {
    let cases = [
        (network(&[10, 50, 30, 10], false, 700), 500),
        (network(&[10, 50, 30, 10], false, 700), 700),
        (network(&[1, 2, 1], false, 200), 1),
        (network(&[5, 1], false, 200), 100),
    ];
    for (network, batch) in cases {
        checks::lanes_do_not_depend_on_each_other::<f64>(&network, batch);
        checks::lanes_do_not_depend_on_each_other::<f32>(&cast(&network), batch);
    }
}

#[test]
fn overflow_stays_in_its_lane() {
    checks::overflow_stays_in_its_lane(&network(&[6, 8, 3], false, 40));
}

#[test]
fn single_precision_agrees_with_double() {
    let network = network(&[20, 10, 5], false, 600);
    checks::single_precision_agrees(&network, &cast(&network));
}

#[test]
fn a_realizable_linear_network_knows_its_minimum() {
    let inputs: Array2<f64> = Array2::random_using((50, 4), StandardNormal, &mut rng(6));
    let teacher: Array2<f64> = Array2::random_using((4, 3), StandardNormal, &mut rng(7));
    let targets = Targets::Vectors(inputs.dot(&teacher));
    let training = Examples::new(inputs, targets);
    let network = LinearNet::realizable(&[4], DataSet { training, validation: None, test: None });
    assert_eq!(network.minimum(), Some(0.0));
    let teacher = teacher.reversed_axes();
    let theta = concatenate![
        Axis(0),
        Array2::eye(4).into_flat(),
        teacher.as_standard_layout().into_owned().into_flat()
    ];
    let theta = Lanes::broadcast(network.layout(), 1, theta.view());
    let (values, _) = gradient(&network, &theta, Batch::Full);
    assert!(
        values[0] <= network.numerical_floor(),
        "{} > {}",
        values[0],
        network.numerical_floor()
    );
    assert!(network.numerical_floor() < 1e-31);
}
