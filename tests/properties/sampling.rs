//! Sampled gradients: each is a function of its number alone, and all are finite or refused.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use egop::data::Split;
use egop::distribution::Distribution;
use egop::error::Result;
use egop::gradients::{At, Gradients, Sampler, Samples, Sampling, Statistic};
use egop::lanes::{Lanes, Layout, Workspace};
use egop::minibatch::Order;
use egop::objective::{Batch, Metrics, Objective};
use egop::rng::Streams;
use ndarray::ArrayView2;

use crate::instances::objectives;

/// The samples themselves, one after the other.
#[derive(Default)]
struct Rows(Vec<f64>);

impl Statistic for Rows {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.0.extend(gradients);
    }
}

fn sampled(
    objective: &dyn Objective<f64>,
    minibatch: Option<(usize, Order)>,
    samples: Range<usize>,
) -> Result<Vec<f64>> {
    let sampler = Sampler {
        objective,
        distribution: Distribution::Gaussian { scale: 1.0 },
        start: None,
        sampling: Sampling { samples: Samples::Count(samples.end), minibatch },
        streams: Streams::new(5, 0),
        progress: &|_| true,
    };
    let mut rows = Rows::default();
    sampler.stream(At::Distribution, samples, &mut [&mut rows])?;
    Ok(rows.0)
}

/// Whatever was made before in the same memory, and whatever is made beside it.
#[test]
fn a_sample_is_a_function_of_its_number() {
    for instance in objectives() {
        let objective = instance.draw::<f64>(0);
        // Three minibatches in a pass, the last of which is shorter.
        let thirds = objective.examples().map(|all| Some((all / 3 + 1, Order::Reshuffled)));
        for minibatch in [None].into_iter().chain(thirds) {
            let of = |samples| sampled(&*objective, minibatch, samples).unwrap();
            // More than a portion has, of full pieces and a last one that is not.
            let together = of(0..300);
            let d = objective.layout().dimension();
            for sample in [0, 1, 15, 16, 40, 255, 256, 299] {
                let alone = of(sample..sample + 1);
                assert_eq!(together[sample * d..][..d], alone, "{}, {sample}", instance.kind);
            }
            assert_eq!(together[37 * d..], of(37..300), "{}", instance.kind);
        }
    }
}

/// ½‖θ‖², but for one evaluation, at which the gradient of the last lane has an entry that is no number.
struct Poisoned {
    layout: Layout,
    at: u64,
    entry: f64,
    evaluations: AtomicU64,
}

impl Objective<f64> for Poisoned {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn examples(&self) -> Option<usize> {
        Some(10)
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<f64>,
        _: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<f64>,
        _: &mut Workspace<f64>,
    ) {
        let is_poisoned = self.evaluations.fetch_add(1, Ordering::Relaxed) == self.at;
        for lane in 0..values.len() {
            let mut point = theta.lane(lane);
            if is_poisoned && lane + 1 == values.len() {
                point[2] = self.entry;
            }
            gradient.set_lane(lane, point.view());
        }
    }

    fn evaluate(&self, _: &Lanes<f64>, _: Split, _: &mut Workspace<f64>) -> Option<Vec<Metrics>> {
        None
    }
}

#[test]
fn a_gradient_that_is_no_number_is_refused_with_its_portion() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    // Of 600 samples 256 are given to statistics at a time: from minibatches one by one, else 16 at once.
    let full = [(0, "0 to 255"), (15, "0 to 255"), (16, "256 to 511"), (37, "512 to 599")];
    let single = [(255, "0 to 255"), (256, "256 to 511"), (599, "512 to 599")];
    let cases = [(None, &full[..]), (Some((3, Order::Fixed)), &single[..])];
    for (minibatch, places) in cases {
        for &(at, portion) in places {
            for entry in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let layout = Layout::vector(5);
                let objective = Poisoned { layout, at, entry, evaluations: 0.into() };
                let refused = pool.install(|| sampled(&objective, minibatch, 0..600)).unwrap_err();
                let message = refused.to_string();
                let expected = format!("among samples {portion} is not finite");
                assert!(message.contains(&expected), "{at}, {entry}: {message}");
            }
        }
    }
    let never = Poisoned { layout: Layout::vector(5), at: 600, entry: 0.0, evaluations: 0.into() };
    assert_eq!(sampled(&never, None, 0..600).unwrap().len(), 3000);
}
