//! EGOP estimates against the closed form and the theorems (paper, Lemmas 14, 18 and 19 and
//! Corollary 15).

use std::ops::Range;

use egop::coordinates::{Coordinates, Orthonormal};
use egop::data::{Decay, gaussian_vector, orthonormal, spectral_matrix};
use egop::distribution::Distribution;
use egop::egop::egop;
use egop::gradients::{Gradients, Sampler, Samples, Sampling};
use egop::lanes::{Lanes, Layout, Workspace};
use egop::linalg::symmetric_eigen;
use egop::minibatch::Order;
use egop::objective::{Batch, Composite, LeastSquares, LogSumExp, Logistic, Objective, Outer};
use egop::rng::Streams;
use egop::trial::Precision;
use ndarray::{Array1, Array2, ArrayView2};
use proptest::prelude::*;

use crate::wrapped::{Recorder, Reparameterized};

/// The whole estimate, both triangles.
fn estimate(objective: &dyn Objective<f64>, sampling: Sampling, seed: u64) -> Array2<f64> {
    let d = objective.layout().dimension();
    let lower = blocks(objective, sampling, seed, std::slice::from_ref(&(0..d))).remove(0);
    Array2::from_shape_fn((d, d), |(i, j)| lower[(i.max(j), i.min(j))])
}

fn blocks(
    objective: &dyn Objective<f64>,
    sampling: Sampling,
    seed: u64,
    ranges: &[Range<usize>],
) -> Vec<Array2<f64>> {
    let distribution = Distribution::Gaussian { scale: 1.0 };
    let streams = Streams::new(seed, 0);
    let sampler = Sampler {
        objective,
        distribution,
        start: None,
        sampling,
        streams,
        progress: &|_: usize| true,
    };
    egop(&sampler, 0..sampler.samples(), ranges).unwrap()
}

fn samples(count: usize) -> Sampling {
    Sampling { samples: Samples::Count(count), minibatch: None }
}

fn frobenius(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// f(θ) = ½‖Aθ − y‖² with y = Aθ* + noise, and what is known of its EGOP under N(0, I).
struct LeastSquaresCase {
    objective: Composite<f64, LeastSquares<f64>>,
    singular_values: Array1<f64>,
    /// S = AᵀA and b = Aᵀy: the gradient is Sθ − b.
    s: Array2<f64>,
    b: Array1<f64>,
}

impl LeastSquaresCase {
    fn new(rows: usize, columns: usize, decay: Decay, noise: f64, seed: u64) -> Self {
        let mut rng = Streams::new(seed, 0).rng("case");
        let a = spectral_matrix(rows, columns, decay, &mut rng);
        let minimizer = gaussian_vector(columns, &mut rng);
        let y = a.dot(&minimizer) + noise * gaussian_vector(rows, &mut rng);
        let mut singular_values = Array1::zeros(columns);
        for (to, from) in singular_values.iter_mut().zip(decay.singular_values(rows.min(columns))) {
            *to = from;
        }
        Self {
            objective: Composite::new(a.view(), LeastSquares::new(&y)),
            singular_values,
            s: a.t().dot(&a),
            b: a.t().dot(&y),
        }
    }

    /// (AᵀA)² + (Aᵀy)(Aᵀy)ᵀ.
    fn egop(&self) -> Array2<f64> {
        let square = self.s.dot(&self.s);
        Array2::from_shape_fn(square.raw_dim(), |(i, j)| square[(i, j)] + self.b[i] * self.b[j])
    }

    /// The variance of each entry g_i g_j of one sample: g ~ N(μ, C) with μ = −b and C = S², so
    /// by Isserlis' theorem C_ii C_jj + C_ij² + μ_i² C_jj + μ_j² C_ii + 2 μ_i μ_j C_ij.
    fn variance(&self) -> Array2<f64> {
        let (c, mu) = (self.s.dot(&self.s), -&self.b);
        Array2::from_shape_fn(c.raw_dim(), |(i, j)| {
            c[(i, i)] * c[(j, j)]
                + c[(i, j)].powi(2)
                + mu[i].powi(2) * c[(j, j)]
                + mu[j].powi(2) * c[(i, i)]
                + 2.0 * mu[i] * mu[j] * c[(i, j)]
        })
    }

    /// Lemma 19: σ₁⁴ ≤ λ₁ ≤ σ₁⁴ + ‖Aᵀy‖² and σ_k⁴ ≤ λ_k ≤ σ_{k−1}⁴, up to a tolerance.
    fn interlaces(&self, eigenvalues: &Array1<f64>, tolerance: f64) -> bool {
        let fourth = self.singular_values.mapv(|s| s.powi(4));
        eigenvalues.iter().enumerate().all(|(k, &value)| {
            let above = if k == 0 { fourth[0] + self.b.dot(&self.b) } else { fourth[k - 1] };
            (fourth[k] - tolerance..=above + tolerance).contains(&value)
        })
    }
}

fn decays() -> impl Strategy<Value = Decay> {
    prop_oneof![
        (0.0..2.0).prop_map(|exponent| Decay::Power { exponent }),
        (0.0..1.0).prop_map(|rate| Decay::Exponential { rate }),
    ]
}

#[test]
fn least_squares_has_the_closed_form_within_sampling_error() {
    const SAMPLES: usize = 500;
    const ESTIMATES: usize = 200;
    for (rows, columns) in [(20, 6), (6, 6), (4, 9)] {
        let case = LeastSquaresCase::new(rows, columns, Decay::Power { exponent: 1.0 }, 0.1, 1);
        let (expected, variance) = (case.egop(), case.variance());
        let mut sum = Array2::<f64>::zeros(expected.raw_dim());
        let mut squares = sum.clone();
        for seed in 0..ESTIMATES {
            let found = estimate(&case.objective, samples(SAMPLES), seed as u64);
            // Deviations in standard errors: about standard Gaussians, by the central limit theorem.
            let standard_errors = variance.mapv(|variance| (variance / SAMPLES as f64).sqrt());
            let deviations = (&found - &expected) / standard_errors;
            sum += &deviations;
            squares += &deviations.mapv(|z| z * z);
        }
        let count = ESTIMATES as f64;
        for (&sum, &squares) in sum.iter().zip(&squares) {
            // The mean of 200 standard Gaussians has standard deviation 1/√200, that of their
            // squares √(2/200); 5 standard deviations occur in one of 2 million cases.
            let (mean, mean_square) = (sum / count, squares / count);
            assert!(mean.abs() <= 5.0 / count.sqrt(), "{rows} × {columns}: {mean} on average");
            let spread = (mean_square - 1.0).abs();
            assert!(spread <= 5.0 * (2.0 / count).sqrt(), "{rows} × {columns}: {mean_square}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    #[test]
    fn eigenvalues_of_least_squares_interlace(
        rows in 1..25_usize, columns in 1..25_usize, decay in decays(), noise in 0.0..2.0,
        seed: u32,
    ) {
        let case = LeastSquaresCase::new(rows, columns, decay, noise, seed.into());
        let (exact, _) = symmetric_eigen(case.egop()).unwrap();
        // Rounding of the eigenvalues, relative to the largest.
        prop_assert!(case.interlaces(&exact, 1e-13 * exact[0].max(1.0)));

        // An eigenvalue of the estimate Ê is off by at most ‖Ê − E‖ ≤ ‖Ê − E‖_F (Weyl), whose mean
        // square is the sum of the entries' variances over M. At worst all of it lies in one
        // direction, and 6 standard deviations of a Gaussian occur in one of 500 million cases.
        let count = 2000;
        let found = estimate(&case.objective, samples(count), seed.into());
        let error = (case.variance().sum() / count as f64).sqrt();
        prop_assert!(frobenius(&(&found - &case.egop())) <= 6.0 * error);
        let (estimated, _) = symmetric_eigen(found).unwrap();
        prop_assert!(case.interlaces(&estimated, 6.0 * error));
    }

    // Lemma 14 and Corollary 15. The sampling error is bounded as above: for the distribution of a
    // rotated gradient the entries' variances add up to the same sum.
    #[test]
    fn egops_of_least_squares_turn_with_the_coordinates(
        rows in 1..25_usize, columns in 2..25_usize, decay in decays(), noise in 0.0..2.0,
        seed: u32,
    ) {
        let case = LeastSquaresCase::new(rows, columns, decay, noise, seed.into());
        let (exact, count) = (case.egop(), 2000);
        let error = (case.variance().sum() / count as f64).sqrt();
        let layout = case.objective.layout();
        let turned = |v: &Array2<f64>| {
            let coordinates = in_basis(layout, v);
            let turned = Reparameterized { inner: &case.objective, coordinates: &coordinates };
            estimate(&turned, samples(count), seed.into())
        };
        let (_, v) = rotation(layout, seed.into());
        prop_assert!(frobenius(&(turned(&v) - v.t().dot(&exact).dot(&v))) <= 6.0 * error);

        let (eigenvalues, v) = symmetric_eigen(exact).unwrap();
        let diagonal = Array2::from_diag(&eigenvalues);
        prop_assert!(frobenius(&(turned(&v) - diagonal)) <= 6.0 * error);
    }

    #[test]
    fn singular_values_bound_the_eigenvalues_whatever_the_loss(
        size in 1..12_usize, decay in decays(), seed: u32,
    ) {
        let mut rng = Streams::new(seed.into(), 0).rng("case");
        let a = spectral_matrix(size, size, decay, &mut rng);
        let y = gaussian_vector(size, &mut rng);
        let labels = y.mapv(|y| f64::from(u8::from(y > 0.0)));
        let sigma = decay.singular_values(size);
        check_lemma_18(a.view(), &sigma, LeastSquares::new(&y), seed.into())?;
        check_lemma_18(a.view(), &sigma, LogSumExp::new(&y), seed.into())?;
        check_lemma_18(a.view(), &sigma, Logistic::new(&labels), seed.into())?;
    }
}

/// For f = h(Aθ) the EGOP is AᵀMA with M = E[∇h ∇hᵀ], hence σ_k² λ_min(M) ≤ λ_k ≤ σ_k² λ_max(M).
/// That holds for estimates as well, if both are from the same points.
fn check_lemma_18<H: Outer<f64> + Clone>(
    a: ArrayView2<'_, f64>,
    sigma: &Array1<f64>,
    h: H,
    seed: u64,
) -> Result<(), TestCaseError> {
    let (n, count) = (a.nrows(), 300);
    let found = estimate(&Composite::new(a, h.clone()), samples(count), seed);
    // ∇h(Aθ) by itself is the gradient of h(Iz) at z = Aθ.
    let outer = Composite::new(Array2::eye(n).view(), h);
    let layout = outer.layout();
    let mut middle = Array2::<f64>::zeros((n, n));
    for sample in 0..count {
        let mut rng = Streams::new(seed, 0).indexed("egop", sample);
        let theta: Array1<f64> = Distribution::Gaussian { scale: 1.0 }.sample(layout, &mut rng);
        let z = Lanes::broadcast(layout, 1, a.dot(&theta).view());
        let mut gradient = z.clone();
        let (mut value, mut workspace) = ([0.0], Workspace::new());
        outer.value_and_gradient(&z, Batch::Full, &mut value, &mut gradient, &mut workspace);
        let gradient = gradient.lane(0);
        for ((i, j), entry) in middle.indexed_iter_mut() {
            *entry += gradient[i] * gradient[j] / count as f64;
        }
    }
    let (of_middle, _) = symmetric_eigen(middle).unwrap();
    let (lambda, _) = symmetric_eigen(found).unwrap();
    let (largest, smallest) = (of_middle[0], of_middle[n - 1]);
    for (&lambda, &sigma) in lambda.iter().zip(sigma) {
        // Rounding of the eigenvalues of both matrices.
        let rounding = 1e-13 * largest;
        let allowed = sigma.powi(2) * smallest - rounding..=sigma.powi(2) * largest + rounding;
        prop_assert!(allowed.contains(&lambda), "{lambda:e} outside {allowed:?}");
    }
    Ok(())
}

/// V as a change of variables and as a matrix.
/// The coordinates of V over one block.
fn in_basis(layout: &Layout, v: &Array2<f64>) -> Coordinates<f64> {
    Coordinates::new(layout, [(0..1, f64::linear_map(&Orthonormal(v.clone().into())))])
}

fn rotation(layout: &Layout, seed: u64) -> (Coordinates<f64>, Array2<f64>) {
    let d = layout.dimension();
    let v = orthonormal(d, d, &mut Streams::new(seed, 0).rng("rotation"));
    (in_basis(layout, &v), v)
}

#[test]
fn the_egop_of_a_reparameterized_function_is_the_reparameterized_egop() {
    const SAMPLES: usize = 20_000;
    let mut rng = Streams::new(9, 0).rng("case");
    let a = spectral_matrix(12, 6, Decay::Power { exponent: 1.0 }, &mut rng);
    let objective = LogSumExp::<f64>::realizable(a.view(), &gaussian_vector(6, &mut rng));
    let (basis, v) = rotation(objective.layout(), 4);
    let reparameterized = Reparameterized { inner: &objective, coordinates: &basis };
    let of_f = estimate(&objective, samples(SAMPLES), 1);
    let again = estimate(&objective, samples(SAMPLES), 2);
    let of_f_after_v = estimate(&reparameterized, samples(SAMPLES), 3);
    // Two independent estimates of one matrix differ by the sampling error; so must these two, and
    // a factor of 3 allows for the randomness of both differences (6 directions).
    let error = frobenius(&(&of_f - &again));
    let difference = frobenius(&(of_f_after_v.clone() - v.t().dot(&of_f).dot(&v)));
    assert!(difference <= 3.0 * error, "{difference} against {error}");
    // The test would notice: without the rotation they differ by far more.
    assert!(frobenius(&(of_f_after_v - of_f)) > 10.0 * error);
}

#[test]
fn minibatch_samples_pass_over_all_rows_each_time_in_another_order() {
    let (examples, batch, passes) = (103, 10, 3);
    let recorder = Recorder::new(2, examples);
    let per_pass = 11;
    let sampling = Sampling {
        samples: Samples::Count(passes * per_pass + 4),
        minibatch: Some((batch, Order::Reshuffled)),
    };
    let pool = rayon_pool(1);
    pool.install(|| estimate(&recorder, sampling, 5));
    let asked = recorder.asked.into_inner().unwrap();
    assert_eq!(asked.len(), passes * per_pass + 4);
    let mut orders = Vec::new();
    for pass in asked.chunks(per_pass) {
        assert!(pass.iter().take(10).all(|(_, rows)| rows.len() == batch));
        orders.push(pass.iter().flat_map(|(_, rows)| rows.clone()).collect::<Vec<usize>>());
    }
    assert_eq!(orders[3].len(), 4 * batch, "the pass that the samples do not fill");
    for order in &orders[..3] {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..examples), "a pass has every row once");
    }
    assert!(orders[0] != orders[1] && orders[1] != orders[2]);
    let mut points: Vec<Array1<f64>> = asked.into_iter().map(|(point, _)| point).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    assert!(points.windows(2).all(|pair| pair[0] != pair[1]), "every sample has its own point");
}

#[test]
fn samples_of_a_fixed_order_pass_over_the_same_minibatches_again_and_again() {
    let recorder = Recorder::new(2, 103);
    let sampling = Sampling { samples: Samples::Count(25), minibatch: Some((10, Order::Fixed)) };
    rayon_pool(1).install(|| estimate(&recorder, sampling, 5));
    let asked = recorder.asked.into_inner().unwrap();
    for (sample, (_, rows)) in asked.iter().enumerate() {
        let first = sample % 11 * 10;
        assert!(rows.iter().copied().eq(first..103.min(first + 10)), "sample {sample}");
    }
    assert!(asked[0].0 != asked[11].0, "every sample has its own point");
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let mut rng = Streams::new(3, 0).rng("case");
    // More parameters and samples than one thread sums up, and samples than are summed up at a time (256).
    let a = spectral_matrix(40, 700, Decay::Power { exponent: 0.5 }, &mut rng);
    let full = LogSumExp::<f64>::realizable(a.view(), &gaussian_vector(700, &mut rng));
    let recorder = Recorder::new(700, 1000);
    let minibatches =
        Sampling { samples: Samples::Count(600), minibatch: Some((7, Order::Reshuffled)) };
    let cases: [(&dyn Objective<f64>, Sampling); 2] =
        [(&full, samples(600)), (&recorder, minibatches)];
    for (objective, sampling) in cases {
        let with = |threads| rayon_pool(threads).install(|| estimate(objective, sampling, 8));
        let alone = with(1);
        assert!(alone.iter().any(|x| *x != 0.0));
        for threads in [2, 3, 7] {
            assert!(alone == with(threads), "{threads} threads give other bits");
        }
    }
}

#[test]
fn blocks_are_the_diagonal_blocks_of_the_whole() {
    let case = LeastSquaresCase::new(20, 12, Decay::Power { exponent: 1.0 }, 0.1, 6);
    let whole = estimate(&case.objective, samples(100), 1);
    for (range, block) in
        [0..5, 5..12].into_iter().zip(blocks(&case.objective, samples(100), 1, &[0..5, 5..12]))
    {
        for ((i, j), &entry) in block.indexed_iter().filter(|((i, j), _)| i >= j) {
            // The sums are the same, cut into other tiles.
            let expected = whole[(range.start + i, range.start + j)];
            assert!((entry - expected).abs() <= 1e-14 * frobenius(&whole), "{i}, {j}");
        }
    }
}
