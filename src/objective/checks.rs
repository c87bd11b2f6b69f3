//! What must hold for every network, whatever its layers: checks for the tests of each.

use ndarray::{Array1, Array2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use ndarray_rand::rand_distr::{Normal, StandardNormal};
use rand_chacha::ChaCha8Rng;

use super::{Batch, Objective, Split, Workspace};
use crate::data::{DataSet, Examples, Targets};
use crate::lanes::{Lanes, Layout};
use crate::linalg::{Real, from_f64};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Random inputs with classes or vectors as targets.
pub fn examples(count: usize, inputs: usize, outputs: usize, classes: bool) -> Examples<f64> {
    let mut rng = rng(count as u64);
    let targets = if classes {
        let labels = (0..count).map(|i| i * i % outputs).collect();
        Targets::Classes { labels, classes: outputs }
    } else {
        Targets::Vectors(Array2::random_using((count, outputs), StandardNormal, &mut rng))
    };
    Examples::new(Array2::random_using((count, inputs), StandardNormal, &mut rng), targets)
}

/// Random data; validation has half as many examples as training.
pub fn data(widths: &[usize], classes: bool, count: usize) -> DataSet<f64> {
    let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
    DataSet {
        training: examples(count, inputs, outputs, classes),
        validation: Some(examples(count.div_ceil(2), inputs, outputs, classes)),
        test: None,
    }
}

/// Random parameters for each lane, of a size that keeps activations of the order of 1.
pub fn parameters<R: Real>(layout: &Layout, lanes: usize) -> Lanes<R> {
    let mut theta = Lanes::zeros(layout, lanes);
    for lane in 0..lanes {
        let mut rng = rng(1000 + lane as u64);
        let draws = layout.blocks().iter().map(|block| {
            let scale = Normal::new(0.0, (block.fan.0 as f64).powf(-0.5)).unwrap();
            Array1::random_using(block.size(), scale, &mut rng).mapv(from_f64)
        });
        let all: Vec<R> = draws.flatten().collect();
        theta.set_lane(lane, Array1::from(all).view());
    }
    theta
}

pub fn gradient<R: Real>(
    objective: &dyn Objective<R>,
    theta: &Lanes<R>,
    batch: Batch<'_>,
) -> (Vec<f64>, Lanes<R>) {
    let mut values = vec![f64::NAN; theta.lanes()];
    let mut gradient = Lanes::filled(objective.layout(), theta.lanes(), R::nan());
    objective.value_and_gradient(theta, batch, &mut values, &mut gradient, &mut Workspace::new());
    (values, gradient)
}

/// Gradients against central differences, on the whole training set and on parts of it.
pub fn gradients_match_central_differences(objective: &dyn Objective<f64>, batches: &[usize]) {
    const STEP: f64 = 1e-5;
    let mut rows: Vec<usize> = (0..objective.examples().unwrap()).collect();
    rows.shuffle(&mut rng(1));
    let parts = batches.iter().map(|&size| Batch::Rows(&rows[..size]));
    for batch in parts.chain([Batch::Full]) {
        let theta = parameters::<f64>(objective.layout(), 1);
        let (_, found) = gradient(objective, &theta, batch);
        // Lanes 2i and 2i + 1 differ from theta in parameter i only.
        let dimension = objective.layout().dimension();
        let mut shifted = Lanes::broadcast(objective.layout(), 2 * dimension, theta.lane(0).view());
        for i in 0..dimension {
            for (lane, step) in [(2 * i, STEP), (2 * i + 1, -STEP)] {
                let mut vector = theta.lane(0);
                vector[i] += step;
                shifted.set_lane(lane, vector.view());
            }
        }
        let (values, _) = gradient(objective, &shifted, batch);
        for i in 0..dimension {
            let difference = (values[2 * i] - values[2 * i + 1]) / (2.0 * STEP);
            let found = found.lane(0)[i];
            // Cut-off STEP² ≈ 1e-10 and rounding 1e-16/STEP, times moderate numbers; a kink of a
            // ReLU within STEP moves one example's share.
            assert!((difference - found).abs() < 1e-6, "{i}: {difference} and {found}");
        }
    }
}

/// Values, gradients and metrics of lane k are the same for every number of lanes.
pub fn lanes_do_not_depend_on_each_other<R: Real>(objective: &dyn Objective<R>, batch: usize) {
    let mut rows: Vec<usize> = (0..objective.examples().unwrap()).collect();
    rows.shuffle(&mut rng(2));
    let batch = Batch::Rows(&rows[..batch]);
    let all = parameters::<R>(objective.layout(), 64);
    let (all_values, all_gradients) = gradient(objective, &all, batch);
    let mut workspace = Workspace::new();
    let all_metrics = objective.evaluate(&all, Split::Validation, &mut workspace).unwrap();
    for lanes in [1, 2, 3, 7, 16] {
        let first = 64 - lanes;
        let mut theta = all.clone();
        theta.retain(&(first..64).collect::<Vec<_>>());
        let (values, gradients) = gradient(objective, &theta, batch);
        let metrics = objective.evaluate(&theta, Split::Validation, &mut workspace).unwrap();
        assert_eq!(values, all_values[first..]);
        assert_eq!(metrics, all_metrics[first..]);
        for lane in 0..lanes {
            assert_eq!(gradients.lane(lane), all_gradients.lane(first + lane), "{lanes} lanes");
        }
    }
}

/// A lane with numbers that overflow has a loss that is not finite, and the others do not notice.
pub fn overflow_stays_in_its_lane(objective: &dyn Objective<f64>) {
    let sound = parameters::<f64>(objective.layout(), 4);
    let (sound_values, sound_gradients) = gradient(objective, &sound, Batch::Full);
    let all = |bad| Array1::from_elem(objective.layout().dimension(), bad);
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
        let (values, gradients) = gradient(objective, &theta, Batch::Full);
        let metrics = objective.evaluate(&theta, Split::Training, &mut Workspace::new()).unwrap();
        assert!(!values[2].is_finite(), "{vector}: {}", values[2]);
        assert!(!metrics[2].loss.is_finite());
        for lane in [0, 1, 3] {
            assert_eq!(values[lane], sound_values[lane]);
            assert_eq!(gradients.lane(lane), sound_gradients.lane(lane));
        }
    }
}

/// The same network in both precisions.
pub fn single_precision_agrees(double: &dyn Objective<f64>, single: &dyn Objective<f32>) {
    let theta = parameters::<f64>(double.layout(), 2);
    let (values, gradients) = gradient(double, &theta, Batch::Full);
    let mut rounded = Lanes::zeros(single.layout(), 2);
    for lane in 0..2 {
        rounded.set_lane(lane, theta.lane(lane).mapv(|x| x as f32).view());
    }
    let (single_values, single_gradients) = gradient(single, &rounded, Batch::Full);
    for lane in 0..2 {
        // A few dozen roundings of 6e-8 at most.
        assert!((single_values[lane] / values[lane] - 1.0).abs() < 2e-6);
        let error = single_gradients.lane(lane).mapv(f64::from) - gradients.lane(lane);
        let norm = |vector: &Array1<f64>| vector.dot(vector).sqrt();
        assert!(norm(&error) < 2e-6 * norm(&gradients.lane(lane)));
    }
}
