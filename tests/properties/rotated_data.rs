//! In EGOP coordinates every method is equivariant to rotations of the data (the sequel, arXiv
//! 2510.23804): trained on X and on XQ, it takes the same steps, turned. Eigenvalues must be distinct.

use egop::basis::Part;
use egop::data::{Decay, gaussian_vector, orthonormal, spectral_matrix};
use egop::linalg::symmetric_eigen;
use egop::objective::{Composite, LeastSquares};
use egop::rng::Streams;
use egop::trial::{Outcome, Problem};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

use crate::bases::trained;
use crate::instances::optimizers;

const COLUMNS: usize = 6;

/// The eigenbasis of the EGOP of ½‖Aθ − y‖² under N(0, I), which is (AᵀA)² + (Aᵀy)(Aᵀy)ᵀ.
fn eigenbasis(a: &Array2<f64>, y: &Array1<f64>) -> Array2<f64> {
    let (s, b) = (a.t().dot(a), a.t().dot(y));
    let square = s.dot(&s);
    let egop = Array2::from_shape_fn(square.raw_dim(), |(i, j)| square[(i, j)] + b[i] * b[j]);
    symmetric_eigen(egop).unwrap().1
}

/// Training losses with every optimizer, in original and in EGOP coordinates, step by step.
fn losses(
    a: &Array2<f64>,
    y: &Array1<f64>,
    start: &Array1<f64>,
    streams: Streams,
) -> [Vec<f64>; 2] {
    let objective = Box::new(Composite::new(a.view(), LeastSquares::new(y)));
    let problem = Problem { objective, start: start.clone(), streams };
    let basis = [Part::orthonormal(0..1, eigenbasis(a, y))];
    [&[][..], &basis].map(|parts| {
        // SOAP's first basis is that of one gradient's outer product, of rank 1 for a vector: what is
        // orthogonal to the gradient is in an arbitrary order of rounding's choice.
        let all = optimizers().into_iter().filter(|(name, _)| *name != "soap");
        let runs = all.flat_map(|(_, of)| trained(&problem, parts, &*of, 0.02));
        let of = |run: Outcome| run.curve.into_iter().map(|point| point.train_loss);
        runs.flat_map(of).collect()
    })
}

/// The largest relative difference.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / a.max(*b)).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..Default::default() })]

    #[test]
    fn rotating_the_data_turns_every_step_in_egop_coordinates(seed in 0..1000_u64) {
        let streams = Streams::new(seed, 0);
        let mut rng = streams.rng("rotated data");
        let a = spectral_matrix(20, COLUMNS, Decay::Power { exponent: 1.0 }, &mut rng);
        let y = a.dot(&gaussian_vector(COLUMNS, &mut rng));
        let start = gaussian_vector(COLUMNS, &mut rng);
        let q = orthonormal(COLUMNS, COLUMNS, &mut rng);
        let [original, egop] = losses(&a, &y, &start, streams);
        let [other_original, other_egop] = losses(&a.dot(&q), &y, &q.t().dot(&start), streams);
        // Eigenvectors differ by rounding over the gaps, which some tens of steps enlarge.
        let same = apart(&egop, &other_egop);
        prop_assert!(same < 1e-6, "{}", same);
        // In original coordinates Adam and Adagrad take other ways.
        let other = apart(&original, &other_original);
        prop_assert!(other > 1e-3, "{}", other);
    }
}
