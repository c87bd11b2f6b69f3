//! A statistic of sampled gradients: the mean of their squared norms, the trace of the EGOP.

use egop::data;
use egop::distribution::Distribution;
use egop::egop::{Gram, egop};
use egop::gradients::{At, Gradients, Sampler, Samples, Sampling, Statistic};
use egop::linalg::Real;
use egop::objective::LeastSquares;
use egop::rng::Streams;
use ndarray::{Array1, Array2, ArrayView2};

#[derive(Default)]
struct SquaredNorm {
    sum: f64,
    samples: usize,
}

impl Statistic for SquaredNorm {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.sum += gradients.iter().map(|g| g * g).sum::<f64>();
        self.samples += gradients.nrows();
    }
}

#[test]
fn statistics_share_one_stream() {
    let mut rng = Streams::new(3, 0).rng("data");
    let matrix = data::spectral_matrix(9, 5, data::Decay::Power { exponent: 0.5 }, &mut rng);
    let minimizer = data::gaussian_vector(5, &mut rng);
    let sampler = Sampler {
        objective: &LeastSquares::<f64>::realizable(matrix.view(), &minimizer),
        distribution: Distribution::Gaussian { scale: 1.0 },
        start: None,
        sampling: Sampling { samples: Samples::Count(700), minibatch: None },
        streams: Streams::new(3, 0),
        progress: &|_| true,
    };
    let all = 0..5;
    let (mut norm, mut gram) = (SquaredNorm::default(), Gram::new(all.clone()));
    sampler.stream(At::Distribution, 0..700, &mut [&mut norm, &mut gram]).unwrap();
    assert_eq!(norm.samples, 700);
    let gram = gram.mean();
    // Sums of 3500 squares in another order.
    let trace = gram.diag().sum();
    assert!((norm.sum / 700.0 / trace - 1.0).abs() < 1e-12);
    assert_eq!(egop(&sampler, 0..700, std::slice::from_ref(&all)).unwrap(), [gram]);
}

#[test]
fn singles_are_added_as_their_doubles() {
    let gradients = Array2::from_shape_fn((3, 4), |(sample, k)| (sample as f32 + 0.1) * k as f32);
    let (mut singles, mut doubles) = (SquaredNorm::default(), SquaredNorm::default());
    singles.add_singles(gradients.view());
    doubles.add(gradients.mapv(f64::from).view());
    assert_eq!((singles.sum, singles.samples), (doubles.sum, 3));
    assert!(singles.sum > 0.0);
}

/// The samples that it was given in singles and in doubles.
#[derive(Default)]
struct Given([usize; 2]);

impl Statistic for Given {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        self.0[1] += gradients.nrows();
    }

    fn add_singles(&mut self, gradients: ArrayView2<'_, f32>) {
        self.0[0] += gradients.nrows();
    }
}

fn given<R: Real>() -> [usize; 2] {
    let sampler = Sampler {
        objective: &LeastSquares::<R>::realizable(Array2::eye(3).view(), &Array1::ones(3)),
        distribution: Distribution::Gaussian { scale: 1.0 },
        start: None,
        sampling: Sampling { samples: Samples::Count(20), minibatch: None },
        streams: Streams::new(3, 0),
        progress: &|_| true,
    };
    let mut given = Given::default();
    sampler.stream(At::Distribution, 0..20, &mut [&mut given]).unwrap();
    given.0
}

#[test]
fn gradients_are_given_in_the_precision_of_the_runs() {
    assert_eq!(given::<f32>(), [20, 0]);
    assert_eq!(given::<f64>(), [0, 20]);
}
