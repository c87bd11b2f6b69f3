use ndarray::{Array1, Array2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

use super::*;
use crate::linalg;
use crate::objective::checks::{self, gradient, parameters, rng};

fn network(widths: &[usize], classes: bool, count: usize) -> FeedForward<f64> {
    let hidden = &widths[1..widths.len() - 1];
    FeedForward::new(hidden, true, checks::data(widths, classes, count))
}

fn cast<R: Real>(network: &FeedForward<f64>) -> FeedForward<R> {
    let hidden: Vec<usize> = network.layers[1..].iter().map(|layer| layer.inputs).collect();
    FeedForward::new(&hidden, true, network.data.cast())
}

#[test]
fn blocks_are_laid_out_layer_by_layer() {
    let relu = network(&[4, 3, 2], true, 5);
    let blocks: Vec<_> = relu
        .layout()
        .blocks()
        .iter()
        .map(|block| (block.name.as_str(), block.shape, block.role, block.fan))
        .collect();
    assert_eq!(
        blocks,
        [
            ("layer1.weight", (3, 4), Role::Weight, (4, 3)),
            ("layer1.bias", (3, 1), Role::Bias, (4, 3)),
            ("layer2.weight", (2, 3), Role::Weight, (3, 2)),
            ("layer2.bias", (2, 1), Role::Bias, (3, 2)),
        ]
    );
    let without = layout(&[10, 50, 30, 10], false);
    assert_eq!(without.dimension(), 2300);
    assert!(without.blocks().iter().all(|block| block.role == Role::Weight));
}

#[test]
fn gradients_match_central_differences() {
    for widths in [&[4, 3][..], &[4, 3, 2], &[3, 5, 1, 4], &[1, 3, 4, 2, 2]] {
        for classes in [false, true] {
            // The number of examples leaves a last chunk that is not full.
            let network = network(widths, classes, CHUNK + 100);
            checks::gradients_match_central_differences(&network, &[7, CHUNK + 3]);
            let hidden = &widths[1..widths.len() - 1];
            let without = FeedForward::new(hidden, false, network.data);
            checks::gradients_match_central_differences(&without, &[7]);
        }
    }
}

#[test]
fn a_lane_does_not_depend_on_the_lanes_beside_it() {
    let cases = [
        (network(&[64, 32, 10], true, 700), 300),
        (network(&[64, 32, 10], true, 700), 223),
        (network(&[196, 20, 4], true, 700), 300),
        (network(&[3, 1, 2], true, 200), 100),
    ];
    for (network, batch) in cases {
        checks::lanes_do_not_depend_on_each_other::<f64>(&network, batch);
        checks::lanes_do_not_depend_on_each_other::<f32>(&cast(&network), batch);
    }
}

#[test]
fn overflow_stays_in_its_lane() {
    for classes in [true, false] {
        checks::overflow_stays_in_its_lane(&network(&[6, 8, 3], classes, 40));
    }
}

#[test]
fn single_precision_agrees_with_double() {
    let network = network(&[20, 10, 5], true, 600);
    checks::single_precision_agrees(&network, &cast(&network));
}

#[test]
fn large_logits_do_not_overflow() {
    let training =
        Examples::new(Array2::ones((1, 2)), Targets::Classes { labels: vec![1], classes: 2 });
    let network = FeedForward::new(&[], false, DataSet { training, validation: None, test: None });
    // Logits 4000 and 2000, and the other way round: −log softmax of the second is 2000 or 0.
    let mut theta = Lanes::zeros(network.layout(), 2);
    theta.set_lane(0, Array1::from(vec![2000.0, 2000.0, 1000.0, 1000.0]).view());
    theta.set_lane(1, Array1::from(vec![1000.0, 1000.0, 2000.0, 2000.0]).view());
    let (values, gradients) = gradient(&network, &theta, Batch::Full);
    assert_eq!(values, [2000.0, 0.0]);
    assert_eq!(gradients.lane(0).to_vec(), [1.0, 1.0, -1.0, -1.0]);
    assert_eq!(gradients.lane(1).to_vec(), [0.0; 4]);
}

#[test]
fn evaluation_agrees_with_the_training_loss_and_counts_the_first_of_equal_logits() {
    let network = network(&[5, 4, 3], true, 2 * CHUNK + 1);
    let mut theta = parameters::<f64>(network.layout(), 3);
    theta.set_lane(1, Array1::zeros(network.layout().dimension()).view());
    let (values, _) = gradient(&network, &theta, Batch::Full);
    let metrics = network.evaluate(&theta, Split::Training, &mut Workspace::new()).unwrap();
    let losses: Vec<f64> = metrics.iter().map(|metrics| metrics.loss).collect();
    assert_eq!(losses, values);

    let Targets::Classes { labels, .. } = network.data.training.targets() else { unreachable!() };
    let zeros = labels.iter().filter(|&&label| label == 0).count();
    assert_eq!(metrics[1].accuracy, Some(zeros as f64 / labels.len() as f64));
    // log 3 to rounding of a mean.
    assert!((metrics[1].loss - 3_f64.ln()).abs() < 1e-14);

    let test = network.evaluate(&theta, Split::Test, &mut Workspace::new());
    assert_eq!(test, None);
}

#[test]
fn softmax_residuals_sum_to_zero_so_the_last_layer_has_a_deficient_rank() {
    let network = network(&[6, 5, 4], true, 400);
    let samples =
        Array2::random_using((100, network.layout().dimension()), StandardNormal, &mut rng(5));
    let mut theta = Lanes::zeros(network.layout(), 100);
    for (lane, row) in samples.rows().into_iter().enumerate() {
        theta.set_lane(lane, row);
    }
    let (_, gradients) = gradient(&network, &theta, Batch::Full);
    for (block, rank) in [(0, 30), (2, 5 * 3)] {
        let bundle = gradients.block(block);
        let gram = bundle.t().dot(&bundle);
        let (eigenvalues, _) = linalg::symmetric_eigen(gram).unwrap();
        // Between the smallest eigenvalue of a full-rank part and the rounding of the others.
        let found = eigenvalues.iter().filter(|&&value| value > 1e-12 * eigenvalues[0]).count();
        assert_eq!(found, rank, "{eigenvalues}");
    }
}

#[test]
fn the_work_space_does_not_grow_with_the_data() {
    let network = network(&[64, 32, 10], true, 20 * CHUNK);
    let theta = parameters::<f64>(network.layout(), 64);
    let mut workspace = Workspace::new();
    network.evaluate(&theta, Split::Training, &mut workspace).unwrap();
    let entries: usize = workspace.entries();
    assert!(entries * size_of::<f64>() < 2 * GROUP_BYTES, "{entries}");
}
