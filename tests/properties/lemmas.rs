//! What the paper proves beside the properties of EGOP estimates: equation (2), Lemmas 11, 16, 17
//! and 20, and when a basis of the first layer is a transformation of the data.

use egop::data::{self, DataSet, Examples, Targets, gaussian_vector, orthonormal};
use egop::distribution::Distribution;
use egop::egop::{Moments, Spectrum, egop};
use egop::gradients::{At, Gradients, Sampler, Samples, Sampling, Statistic};
use egop::lanes::{Lanes, Workspace};
use egop::linalg::symmetric_eigen;
use egop::minibatch::Order;
use egop::objective::{Batch, FeedForward, LinearNet, Objective};
use egop::rng::Streams;
use ndarray::{Array1, Array2, ArrayView2, Axis, arr2, concatenate};
use ndarray_rand::rand::Rng;

use crate::instances::objectives;

/// Value and gradient at one point, on all training rows.
fn at(objective: &dyn Objective<f64>, theta: &Array1<f64>) -> (f64, Array1<f64>) {
    let theta = Lanes::broadcast(objective.layout(), 1, theta.view());
    let (mut value, mut gradient) = ([f64::NAN], theta.clone());
    let workspace = &mut Workspace::new();
    objective.value_and_gradient(&theta, Batch::Full, &mut value, &mut gradient, workspace);
    (value[0], gradient.lane(0))
}

/// Σ_i ⟨g_i, v_k⟩² for the columns v_k of a matrix.
struct SquaredProjections<'a> {
    vectors: ArrayView2<'a, f64>,
    sums: Array1<f64>,
}

impl Statistic for SquaredProjections<'_> {
    fn add(&mut self, gradients: ArrayView2<'_, f64>) {
        let projections = gradients.dot(&self.vectors);
        self.sums += &projections.mapv(|x| x * x).sum_axis(Axis(0));
    }
}

/// Equation (2), E⟨∇f, v_k⟩² = λ_k, where the expectation is the mean over the same samples.
#[test]
fn eigenvalues_are_mean_squared_directional_derivatives() {
    for instance in objectives() {
        let objective = instance.draw::<f64>(0);
        let d = objective.layout().dimension();
        let sampler = Sampler {
            objective: &*objective,
            distribution: Distribution::Gaussian { scale: 0.5 },
            start: None,
            sampling: Sampling {
                samples: Samples::Count(2 * d),
                minibatch: objective.examples().map(|_| (7, Order::Reshuffled)),
            },
            streams: Streams::new(1, 0),
            progress: &|_: usize| true,
        };
        let all = 0..sampler.samples();
        let matrix = egop(&sampler, all.clone(), std::slice::from_ref(&(0..d))).unwrap().remove(0);
        let spectrum = Spectrum::of(matrix).unwrap();
        let mut projections =
            SquaredProjections { vectors: spectrum.eigenvectors.view(), sums: Array1::zeros(d) };
        sampler.stream(At::Distribution, all.clone(), &mut [&mut projections]).unwrap();
        for (k, (&sum, &lambda)) in projections.sums.iter().zip(&spectrum.eigenvalues).enumerate() {
            // Rounding of the eigenvalues, relative to the largest.
            let rounding = 1e-13 * d as f64 * spectrum.eigenvalues[0];
            let mean = sum / all.len() as f64;
            assert!((mean - lambda).abs() <= rounding, "{}: {k}: {mean:e}", instance.kind);
        }
    }
}

/// Lemma 11: for ρ of mean 0 and covariance c²I, a stationary point θ* with Hessian H, and Hessians
/// that are L-Lipschitz,
/// c²H² − mI ⪯ EGOP ⪯ c²H² + (Hθ*)(Hθ*)ᵀ + mI with m = L‖H‖E‖δ‖³ + ¼L²E‖δ‖⁴, δ = θ − θ*:
/// by Taylor's theorem ∇f(θ) = Hδ + r with ‖r‖ ≤ ½L‖δ‖².
///
/// Here ρ is the uniform distribution on ±c√d e_i, so that expectations are sums, and
/// f = ½δᵀHδ + L Σ_i (½δ_i² + cos δ_i), whose second part has the third derivatives L sin δ_i.
#[test]
fn egops_lie_between_bounds_by_the_squared_hessian() {
    let (d, scale) = (6, 0.3);
    for (trial, lipschitz) in [0.0, 1e-3, 0.1, 1.0].into_iter().enumerate() {
        let mut rng = Streams::new(5, trial).rng("case");
        let decay = data::Decay::Power { exponent: 1.0 };
        let root = data::spectral_matrix(d, d, decay, &mut rng);
        let hessian = root.t().dot(&root);
        let minimizer = 0.2 * gaussian_vector(d, &mut rng);
        let (mut egop, mut third, mut fourth) = (Array2::<f64>::zeros((d, d)), 0.0, 0.0);
        for point in 0..2 * d {
            let mut delta = -&minimizer;
            let sign = if point < d { 1.0 } else { -1.0 };
            delta[point % d] += sign * scale * (d as f64).sqrt();
            let gradient = hessian.dot(&delta) + delta.mapv(|x| lipschitz * (x - x.sin()));
            let share = 1.0 / (2 * d) as f64;
            egop += &(outer(&gradient) * share);
            let square = delta.dot(&delta);
            third += share * square.powf(1.5);
            fourth += share * square.powi(2);
        }
        let below = hessian.dot(&hessian) * (scale * scale);
        let above = &below + &outer(&hessian.dot(&minimizer));
        // ‖H‖ = 1; and a rounding.
        let margin = lipschitz * third + 0.25 * lipschitz.powi(2) * fourth + 1e-15;
        assert!(lowest_eigenvalue(&egop - &below) >= -margin, "L = {lipschitz}");
        assert!(lowest_eigenvalue(&above - &egop) >= -margin, "L = {lipschitz}");
        // The bounds would notice: another c does not fit between them where L is small.
        if lipschitz < 0.01 {
            assert!(lowest_eigenvalue(&above * 0.9 - &egop) < -margin);
        }
    }
}

fn outer(vector: &Array1<f64>) -> Array2<f64> {
    let column = vector.view().insert_axis(Axis(1));
    column.dot(&column.t())
}

fn lowest_eigenvalue(matrix: Array2<f64>) -> f64 {
    let (eigenvalues, _) = symmetric_eigen(matrix).unwrap();
    eigenvalues[eigenvalues.len() - 1]
}

/// A matrix factorization f(L, R) = ½‖𝒜(LRᵀ) − b‖² (paper, eq. 18), as the paper says of networks of
/// two layers: L = W₂, Rᵀ = W₁ and 𝒜(M) = MXᵀ up to a factor that makes ‖·‖² twice a mean.
struct Factorization {
    net: LinearNet<f64>,
    inputs: Array2<f64>,
    outputs: Array2<f64>,
}

impl Factorization {
    const INPUTS: usize = 4;
    const HIDDEN: usize = 7;
    const OUTPUTS: usize = 3;
    const ROWS: usize = 20;

    fn new(rng: &mut impl Rng) -> Self {
        let inputs = gaussian(Self::ROWS, Self::INPUTS, rng);
        let outputs = gaussian(Self::ROWS, Self::OUTPUTS, rng);
        let net = LinearNet::new(&[Self::HIDDEN], training(&inputs, &outputs));
        Self { net, inputs, outputs }
    }

    fn dimension() -> usize {
        Self::HIDDEN * (Self::INPUTS + Self::OUTPUTS)
    }

    /// W₁ and W₂.
    fn factors(theta: &Array1<f64>) -> (Array2<f64>, Array2<f64>) {
        let (first, second) = theta.view().split_at(Axis(0), Self::HIDDEN * Self::INPUTS);
        let first = first.to_shape((Self::HIDDEN, Self::INPUTS)).unwrap().to_owned();
        (first, second.to_shape((Self::OUTPUTS, Self::HIDDEN)).unwrap().to_owned())
    }

    /// 𝒜 of a matrix, outputs × inputs.
    fn map(&self, matrix: &Array2<f64>) -> Array2<f64> {
        self.inputs.dot(&matrix.t()) * (2.0 / self.outputs.len() as f64).sqrt()
    }

    /// Lemma 17: vᵀ∇²f(θ)v = ‖𝒜(L V_Rᵀ + V_L Rᵀ)‖² + 2⟨𝒜(V_L V_Rᵀ), 𝒜(LRᵀ) − b⟩.
    fn quadratic_form(&self, theta: &Array1<f64>, v: &Array1<f64>) -> f64 {
        let ((first, second), (v_first, v_second)) = (Self::factors(theta), Self::factors(v));
        let b = &self.outputs * (2.0 / self.outputs.len() as f64).sqrt();
        let residual = self.map(&second.dot(&first)) - b;
        let linear = self.map(&(second.dot(&v_first) + v_second.dot(&first)));
        (&linear * &linear).sum() + 2.0 * (self.map(&v_second.dot(&v_first)) * residual).sum()
    }
}

fn gaussian(rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f64> {
    gaussian_vector(rows * columns, rng).into_shape_with_order((rows, columns)).unwrap()
}

fn training(inputs: &Array2<f64>, outputs: &Array2<f64>) -> DataSet<f64> {
    let training = Examples::new(inputs.clone(), Targets::Vectors(outputs.clone()));
    DataSet { training, validation: None, test: None }
}

#[test]
fn hessians_of_factorizations_are_as_lemma_17_has_them() {
    let mut rng = Streams::new(1, 0).rng("case");
    let case = Factorization::new(&mut rng);
    for _ in 0..20 {
        let theta = gaussian_vector(Factorization::dimension(), &mut rng);
        let v = gaussian_vector(Factorization::dimension(), &mut rng);
        let f = |t: f64| at(&case.net, &(&theta + &(&v * t))).0;
        // Exact for polynomials of degree 5; along a line f has degree 4.
        let second = (16.0 * (f(1.0) + f(-1.0)) - 30.0 * f(0.0) - f(2.0) - f(-2.0)) / 12.0;
        let found = case.quadratic_form(&theta, &v);
        let rounding = 1e-12 * (f(2.0) + f(-2.0));
        assert!((found - second).abs() <= rounding, "{found} and {second}");
    }
}

/// Lemma 16: where ‖θ‖ ≤ B, the Hessian is Lipschitz. From Lemma 17, by ‖𝒜‖ and Cauchy's
/// inequality, the constant (2 + √2)B‖𝒜‖² will do.
#[test]
fn hessians_of_factorizations_are_lipschitz_in_balls() {
    let mut rng = Streams::new(2, 0).rng("case");
    let case = Factorization::new(&mut rng);
    let (eigenvalues, _) = symmetric_eigen(case.inputs.t().dot(&case.inputs)).unwrap();
    let norm = (eigenvalues[0] * 2.0 / case.outputs.len() as f64).sqrt();
    let unit = |rng: &mut _| {
        let vector = gaussian_vector(Factorization::dimension(), rng);
        &vector / vector.dot(&vector).sqrt()
    };
    for radius in [0.1, 1.0, 10.0] {
        let constant = (2.0 + 2.0_f64.sqrt()) * radius * norm.powi(2);
        let mut largest = 0.0_f64;
        for _ in 0..200 {
            let (one, v) = (radius * unit(&mut rng), unit(&mut rng));
            // Far apart, or close together.
            for share in [1.0, 1e-3] {
                let other = (1.0 - share) * &one + share * radius * unit(&mut rng);
                let apart = &one - &other;
                let apart = apart.dot(&apart).sqrt();
                let change = case.quadratic_form(&one, &v) - case.quadratic_form(&other, &v);
                largest = largest.max(change.abs() / apart);
            }
        }
        assert!(largest <= constant, "{largest} in a ball of radius {radius}: {constant}");
        // Not by orders of magnitude, as a bound of another power of the radius would be.
        assert!(largest >= 1e-3 * constant, "{largest} against {constant}");
    }
}

fn kronecker(p: &Array2<f64>, q: &Array2<f64>) -> Array2<f64> {
    let (rows, columns) = q.dim();
    Array2::from_shape_fn((p.nrows() * rows, p.ncols() * columns), |(i, j)| {
        p[(i / rows, j / columns)] * q[(i % rows, j % columns)]
    })
}

/// The part of a square matrix's squared norm that the nearest Kronecker product P ⊗ Q (P of
/// `outer` rows) leaves: with each block of the matrix as a row, a product has rank 1 (Van Loan and
/// Pitsianis 1993).
fn distance_from_kronecker_products(matrix: &Array2<f64>, outer: usize) -> f64 {
    let size = matrix.nrows() / outer;
    let blocks = Array2::from_shape_fn((outer * outer, size * size), |(block, entry)| {
        matrix[(block / outer * size + entry / size, block % outer * size + entry % size)]
    });
    let (eigenvalues, _) = symmetric_eigen(blocks.dot(&blocks.t())).unwrap();
    1.0 - eigenvalues[0] / eigenvalues.sum()
}

/// Lemma 20: every W ↦ PWQᵀ is a change of variables V = P ⊗ Q of vec(W), but not every orthonormal V
/// is of that kind: not one whose first column is constant and whose second has the sign + in its
/// first half and − in its second.
#[test]
fn not_every_basis_is_a_kronecker_product() {
    let mut rng = Streams::new(3, 0).rng("case");
    let (p, q) = (orthonormal(3, 3, &mut rng), orthonormal(4, 4, &mut rng));
    let product = kronecker(&p, &q);
    let w = gaussian(3, 4, &mut rng);
    let both_sides = p.dot(&w).dot(&q.t());
    let flat = product.dot(&w.flatten());
    // Sums of 12 products of numbers about 1.
    assert!((flat - both_sides.flatten()).iter().all(|x| x.abs() < 1e-13));
    assert!(distance_from_kronecker_products(&product, 3).abs() < 1e-13);

    let signs = arr2(&[
        [1.0, 1.0, 1.0, 1.0],
        [1.0, 1.0, -1.0, -1.0],
        [1.0, -1.0, 1.0, -1.0],
        [1.0, -1.0, -1.0, 1.0],
    ]);
    let v = signs * 0.5;
    assert_eq!(v.t().dot(&v), Array2::<f64>::eye(4));
    assert!(distance_from_kronecker_products(&v, 2) > 0.4);
}

/// Appendix E, a single linear layer: E[GGᵀ] and E[GᵀG] are partial traces of the EGOP of vec(G), so that
/// they hold less; and its eigenbasis is no product of theirs, nor of any others.
#[test]
fn the_egop_of_a_linear_layer_is_more_than_its_two_factors() {
    let mut rng = Streams::new(6, 0).rng("case");
    let (inputs, outputs) = (4, 3);
    let data = training(&gaussian(30, inputs, &mut rng), &gaussian(30, outputs, &mut rng));
    let layer = LinearNet::new(&[], data);
    let block = &layer.layout().blocks()[0];
    let sampler = Sampler {
        objective: &layer,
        distribution: Distribution::Gaussian { scale: 1.0 },
        start: None,
        sampling: Sampling { samples: Samples::Count(200), minibatch: None },
        streams: Streams::new(1, 0),
        progress: &|_: usize| true,
    };
    let all = 0..sampler.samples();
    let mut moments = Moments::new(block, true, true);
    sampler.stream(At::Distribution, all.clone(), &mut [&mut moments]).unwrap();
    // Of what is symmetric, the lower triangle is made.
    let whole = |lower: Array2<f64>| {
        Array2::from_shape_fn(lower.raw_dim(), |(i, j)| lower[(i.max(j), i.min(j))])
    };
    let [of_outputs, of_inputs] = moments.means().map(|mean| whole(mean.unwrap()));
    let egop = egop(&sampler, all, std::slice::from_ref(&block.range)).unwrap().remove(0);
    let egop = whole(egop);

    let entry =
        |(a, j): (usize, usize), (b, k): (usize, usize)| egop[(a * inputs + j, b * inputs + k)];
    let over_inputs = Array2::from_shape_fn((outputs, outputs), |(a, b)| {
        (0..inputs).map(|j| entry((a, j), (b, j))).sum()
    });
    let over_outputs = Array2::from_shape_fn((inputs, inputs), |(j, k)| {
        (0..outputs).map(|a| entry((a, j), (a, k))).sum()
    });
    // Means of 200 products, summed in another order.
    let close = |a: &Array2<f64>, b: &Array2<f64>| {
        let most = a.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        (a - b).iter().all(|x: &f64| x.abs() < 1e-13 * most)
    };
    assert!(close(&of_outputs, &over_inputs) && close(&of_inputs, &over_outputs));

    // No product of the factors is the EGOP, and no product of any two matrices is its eigenbasis.
    let product = kronecker(&of_outputs, &of_inputs) / of_inputs.diag().sum();
    assert!(!close(&egop, &product));
    let v = Spectrum::of(egop).unwrap().eigenvectors;
    assert!(distance_from_kronecker_products(&v.to_owned(), outputs) > 0.1);
}

/// Appendix B: a change of variables of the first layer is an orthogonal transformation of the data
/// if V = I ⊗ Q: W₁x = W̃₁(Qᵀx).
#[test]
fn the_same_basis_for_every_unit_of_the_first_layer_transforms_the_data() {
    let mut rng = Streams::new(4, 0).rng("case");
    let (inputs, hidden, outputs) = (5, 6, 3);
    let (x, y) = (gaussian(30, inputs, &mut rng), gaussian(30, outputs, &mut rng));
    let q = orthonormal(inputs, inputs, &mut rng);
    let v = kronecker(&Array2::eye(hidden), &q);
    let on = |x: &Array2<f64>| FeedForward::new(&[hidden], true, training(x, &y));
    let (original, transformed) = (on(&x), on(&x.dot(&q)));
    let size = hidden * inputs;
    for _ in 0..10 {
        let z = gaussian_vector(original.layout().dimension(), &mut rng);
        // The first layer's weights come first, and the others stay.
        let turned = |vector: &Array1<f64>, v: ArrayView2<'_, f64>| {
            let (first, rest) = vector.view().split_at(Axis(0), size);
            concatenate![Axis(0), v.dot(&first), rest]
        };
        let (value, gradient) = at(&original, &turned(&z, v.view()));
        let gradient = turned(&gradient, v.t());
        let (expected, of_data) = at(&transformed, &z);
        // Sums of 30 terms about 1.
        assert!((value - expected).abs() <= 1e-13 * expected);
        assert!((gradient - of_data).iter().all(|x| x.abs() < 1e-12));
    }
}

/// The eigenbasis of the EGOP of vec(W₁), which Algorithm 1 uses, is not of that kind: it mixes the
/// weights of different units, which no transformation of the data does.
#[test]
fn the_egops_basis_of_the_first_layer_transforms_no_data() {
    let instance = objectives().iter().find(|one| one.kind == "linear-net").unwrap();
    let net = instance.draw::<f64>(0);
    let first = &net.layout().blocks()[0];
    let (hidden, inputs) = first.shape;
    let sampler = Sampler {
        objective: &*net,
        distribution: Distribution::XavierNormal,
        start: None,
        sampling: Sampling { samples: Samples::Count(500), minibatch: None },
        streams: Streams::new(1, 0),
        progress: &|_: usize| true,
    };
    let egop = egop(&sampler, 0..500, std::slice::from_ref(&first.range)).unwrap().remove(0);
    let v = Spectrum::of(egop).unwrap().eigenvectors;
    // Of I ⊗ Q, a column has the weights of one unit alone.
    let most = |k: usize| {
        let column = v.column(k).to_shape((hidden, inputs)).unwrap().to_owned();
        column.rows().into_iter().map(|unit| unit.dot(&unit)).fold(0.0, f64::max)
    };
    let leading: Vec<f64> = (0..hidden).map(most).collect();
    assert!(leading.iter().all(|&most| most < 0.9), "{leading:?}");
    // Nor is it any P ⊗ Q, which would transform the data by Q, and the units by P.
    assert!(distance_from_kronecker_products(&v.to_owned(), hidden) > 0.1);
}
