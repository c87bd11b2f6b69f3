use ndarray::{Array1, Array2, Axis, concatenate};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use ndarray_rand::rand_distr::{Normal, StandardNormal};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::linalg;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Random inputs with classes or vectors as targets.
fn examples(count: usize, inputs: usize, outputs: usize, classes: bool) -> Examples<f64> {
    let mut rng = rng(count as u64);
    let targets = if classes {
        let labels = (0..count).map(|i| i * i % outputs).collect();
        Targets::Classes { labels, classes: outputs }
    } else {
        Targets::Vectors(Array2::random_using((count, outputs), StandardNormal, &mut rng))
    };
    Examples::new(Array2::random_using((count, inputs), StandardNormal, &mut rng), targets)
}

/// A network on random data; validation has half as many examples as training.
fn network(
    activation: Activation,
    widths: &[usize],
    classes: bool,
    count: usize,
) -> FeedForward<f64> {
    let (inputs, rest) = widths.split_first().unwrap();
    let (outputs, hidden) = rest.split_last().unwrap();
    let data = DataSet {
        training: examples(count, *inputs, *outputs, classes),
        validation: Some(examples(count.div_ceil(2), *inputs, *outputs, classes)),
        test: None,
    };
    FeedForward::new(hidden, activation, data)
}

fn cast<R: Real>(network: &FeedForward<f64>) -> FeedForward<R> {
    let hidden: Vec<usize> = network.layers[1..].iter().map(|layer| layer.inputs).collect();
    FeedForward::new(&hidden, network.activation, network.data.cast())
}

/// Random parameters for each lane, of a size that keeps activations of the order of 1.
fn parameters<R: Real>(layout: &Layout, lanes: usize) -> Lanes<R> {
    let mut theta = Lanes::zeros(layout, lanes);
    for lane in 0..lanes {
        let mut rng = rng(1000 + lane as u64);
        let draws = layout.blocks().iter().map(|block| {
            let scale = Normal::new(0.0, (block.fan.0 as f64).powf(-0.5)).unwrap();
            Array1::random_using(block.size(), scale, &mut rng).mapv(real)
        });
        let all: Vec<R> = draws.flatten().collect();
        theta.set_lane(lane, Array1::from(all).view());
    }
    theta
}

fn gradient<R: Real>(
    network: &FeedForward<R>,
    theta: &Lanes<R>,
    batch: Batch<'_>,
) -> (Vec<f64>, Lanes<R>) {
    let mut values = vec![f64::NAN; theta.lanes()];
    let mut gradient = Lanes::filled(network.layout(), theta.lanes(), R::nan());
    network.value_and_gradient(theta, batch, &mut values, &mut gradient, &mut Scratch::new());
    (values, gradient)
}

#[test]
fn blocks_are_laid_out_layer_by_layer() {
    let relu = network(Activation::Relu, &[4, 3, 2], true, 5);
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
    let linear = network(Activation::Identity, &[10, 50, 30, 10], false, 5);
    assert_eq!(linear.layout().dimension(), 2300);
    assert!(linear.layout().blocks().iter().all(|block| block.role == Role::Weight));
}

#[test]
fn gradients_match_central_differences() {
    const STEP: f64 = 1e-5;
    for activation in [Activation::Identity, Activation::Relu] {
        for widths in [&[4, 3][..], &[4, 3, 2], &[3, 5, 1, 4], &[1, 3, 4, 2, 2]] {
            for classes in [false, true] {
                // The number of examples leaves a last chunk that is not full.
                let network = network(activation, widths, classes, CHUNK + 100);
                let mut rows: Vec<usize> = (0..CHUNK + 100).collect();
                rows.shuffle(&mut rng(1));
                for batch in [Batch::Full, Batch::Rows(&rows[..7]), Batch::Rows(&rows[..CHUNK + 3])]
                {
                    let theta = parameters::<f64>(network.layout(), 1);
                    let (_, found) = gradient(&network, &theta, batch);
                    // Lanes 2i and 2i + 1 differ from theta in parameter i only.
                    let dimension = network.layout().dimension();
                    let mut shifted =
                        Lanes::broadcast(network.layout(), 2 * dimension, theta.lane(0).view());
                    for i in 0..dimension {
                        for (lane, step) in [(2 * i, STEP), (2 * i + 1, -STEP)] {
                            let mut vector = theta.lane(0);
                            vector[i] += step;
                            shifted.set_lane(lane, vector.view());
                        }
                    }
                    let (values, _) = gradient(&network, &shifted, batch);
                    for i in 0..dimension {
                        let difference = (values[2 * i] - values[2 * i + 1]) / (2.0 * STEP);
                        let found = found.lane(0)[i];
                        // Cut-off STEP² ≈ 1e-10 and rounding 1e-16/STEP, times moderate numbers;
                        // a kink of a ReLU within STEP moves one example's share.
                        assert!(
                            (difference - found).abs() < 1e-6,
                            "{activation:?} {widths:?} {i}: {difference} and {found}"
                        );
                    }
                }
            }
        }
    }
}

/// Values, gradients and metrics of lane k are the same for every number of lanes.
fn lanes_do_not_depend_on_each_other<R: Real>(network: &FeedForward<R>, batch: usize) {
    let mut rows: Vec<usize> = (0..network.data.training.len()).collect();
    rows.shuffle(&mut rng(2));
    let batch = Batch::Rows(&rows[..batch]);
    let all = parameters::<R>(network.layout(), 64);
    let (all_values, all_gradients) = gradient(network, &all, batch);
    let mut scratch = Scratch::new();
    let all_metrics = network.evaluate(&all, Split::Validation, &mut scratch).unwrap();
    for lanes in [1, 2, 3, 7, 16] {
        let first = 64 - lanes;
        let mut theta = all.clone();
        theta.retain(&(first..64).collect::<Vec<_>>());
        let (values, gradients) = gradient(network, &theta, batch);
        let metrics = network.evaluate(&theta, Split::Validation, &mut scratch).unwrap();
        assert_eq!(values, all_values[first..]);
        assert_eq!(metrics, all_metrics[first..]);
        for lane in 0..lanes {
            assert_eq!(gradients.lane(lane), all_gradients.lane(first + lane), "{lanes} lanes");
        }
    }
}

#[test]
fn a_lane_does_not_depend_on_the_lanes_beside_it() {
    let cases = [
        (network(Activation::Relu, &[64, 32, 10], true, 700), 300),
        (network(Activation::Relu, &[64, 32, 10], true, 700), 223),
        (network(Activation::Relu, &[196, 20, 4], true, 700), 300),
        (network(Activation::Identity, &[10, 50, 30, 10], false, 700), 500),
        (network(Activation::Identity, &[10, 50, 30, 10], false, 700), 700),
        (network(Activation::Relu, &[3, 1, 2], true, 200), 100),
        (network(Activation::Identity, &[1, 2, 1], false, 200), 1),
        (network(Activation::Identity, &[5, 1], false, 200), 100),
    ];
    for (network, batch) in cases {
        lanes_do_not_depend_on_each_other::<f64>(&network, batch);
        lanes_do_not_depend_on_each_other::<f32>(&cast(&network), batch);
    }
}

#[test]
fn overflow_stays_in_its_lane() {
    for (activation, classes) in
        [(Activation::Relu, true), (Activation::Relu, false), (Activation::Identity, false)]
    {
        let network = network(activation, &[6, 8, 3], classes, 40);
        let sound = parameters::<f64>(network.layout(), 4);
        let (sound_values, sound_gradients) = gradient(&network, &sound, Batch::Full);
        let all = |bad| Array1::from_elem(network.layout().dimension(), bad);
        let first = |bad| {
            let mut vector = sound.lane(2);
            vector[0] = bad;
            vector
        };
        for vector in [
            all(f64::NAN),
            all(f64::INFINITY),
            all(f64::NEG_INFINITY),
            all(1e300),
            first(f64::NAN),
            first(f64::INFINITY),
        ] {
            let mut theta = sound.clone();
            theta.set_lane(2, vector.view());
            let (values, gradients) = gradient(&network, &theta, Batch::Full);
            let metrics = network.evaluate(&theta, Split::Training, &mut Scratch::new()).unwrap();
            assert!(!values[2].is_finite(), "{activation:?} {vector}: {}", values[2]);
            assert!(!metrics[2].loss.is_finite());
            for lane in [0, 1, 3] {
                assert_eq!(values[lane], sound_values[lane]);
                assert_eq!(gradients.lane(lane), sound_gradients.lane(lane));
            }
        }
    }
}

#[test]
fn large_logits_do_not_overflow() {
    let mut network = network(Activation::Identity, &[2, 2], true, 1);
    network.data.training =
        Examples::new(Array2::ones((1, 2)), Targets::Classes { labels: vec![1], classes: 2 });
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
    let network = network(Activation::Relu, &[5, 4, 3], true, 2 * CHUNK + 1);
    let mut theta = parameters::<f64>(network.layout(), 3);
    theta.set_lane(1, Array1::zeros(network.layout().dimension()).view());
    let (values, _) = gradient(&network, &theta, Batch::Full);
    let metrics = network.evaluate(&theta, Split::Training, &mut Scratch::new()).unwrap();
    let losses: Vec<f64> = metrics.iter().map(|metrics| metrics.loss).collect();
    assert_eq!(losses, values);

    let Targets::Classes { labels, .. } = network.data.training.targets() else { unreachable!() };
    let zeros = labels.iter().filter(|&&label| label == 0).count();
    assert_eq!(metrics[1].accuracy, Some(zeros as f64 / labels.len() as f64));
    // log 3 to rounding of a mean.
    assert!((metrics[1].loss - 3_f64.ln()).abs() < 1e-14);

    let test = network.evaluate(&theta, Split::Test, &mut Scratch::new());
    assert_eq!(test, None);
}

#[test]
fn single_precision_agrees_with_double() {
    for (activation, classes) in [(Activation::Relu, true), (Activation::Identity, false)] {
        let double_network = network(activation, &[20, 10, 5], classes, 600);
        let single_network = cast::<f32>(&double_network);
        let theta = parameters::<f64>(double_network.layout(), 2);
        let (values, gradients) = gradient(&double_network, &theta, Batch::Full);
        let mut single = Lanes::zeros(single_network.layout(), 2);
        for lane in 0..2 {
            single.set_lane(lane, theta.lane(lane).mapv(|x| x as f32).view());
        }
        let (single_values, single_gradients) = gradient(&single_network, &single, Batch::Full);
        for lane in 0..2 {
            // A few dozen roundings of 6e-8 at most.
            assert!((single_values[lane] / values[lane] - 1.0).abs() < 2e-6);
            let error = single_gradients.lane(lane).mapv(f64::from) - gradients.lane(lane);
            let norm = |vector: &Array1<f64>| vector.dot(vector).sqrt();
            assert!(norm(&error) < 2e-6 * norm(&gradients.lane(lane)));
        }
    }
}

#[test]
fn softmax_residuals_sum_to_zero_so_the_last_layer_has_a_deficient_rank() {
    let network = network(Activation::Relu, &[6, 5, 4], true, 400);
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
        let (eigenvalues, _) = linalg::symmetric_eigen(gram.view()).unwrap();
        // Between the smallest eigenvalue of a full-rank part and the rounding of the others.
        let found = eigenvalues.iter().filter(|&&value| value > 1e-12 * eigenvalues[0]).count();
        assert_eq!(found, rank, "{eigenvalues}");
    }
}

#[test]
fn a_realizable_linear_network_knows_its_minimum() {
    let inputs: Array2<f64> = Array2::random_using((50, 4), StandardNormal, &mut rng(6));
    let teacher: Array2<f64> = Array2::random_using((4, 3), StandardNormal, &mut rng(7));
    let targets = Targets::Vectors(inputs.dot(&teacher));
    let training = Examples::new(inputs, targets);
    let network =
        FeedForward::realizable_linear(&[4], DataSet { training, validation: None, test: None });
    assert_eq!(network.minimum(), Some(0.0));
    let teacher = teacher.reversed_axes();
    let theta = concatenate![
        Axis(0),
        Array2::eye(4).into_flat(),
        teacher.as_standard_layout().into_owned().into_flat()
    ];
    let theta = Lanes::broadcast(network.layout(), 1, theta.view());
    let (values, _) = gradient(&network, &theta, Batch::Full);
    assert!(values[0] <= network.resolution(), "{} > {}", values[0], network.resolution());
    assert!(network.resolution() < 1e-31);
}

#[test]
fn the_work_space_does_not_grow_with_the_data() {
    let network = network(Activation::Relu, &[64, 32, 10], true, 20 * CHUNK);
    let theta = parameters::<f64>(network.layout(), 64);
    let mut scratch = Scratch::new();
    network.evaluate(&theta, Split::Training, &mut scratch).unwrap();
    let entries: usize = scratch.buffers.iter().map(Vec::len).sum();
    assert!(entries * size_of::<f64>() < 2 * GROUP_BYTES, "{entries}");
}
