//! The two back ends against each other.

use ndarray::{Array1, Array2, ArrayView2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;
use proptest::prelude::*;

use super::{Accum, Real, from_f64, largest, to_f64, with_faer, with_openblas};
use crate::rng::Streams;

/// Standard Gaussian entries, row-major or column-major.
fn matrix<R: Real>(shape: (usize, usize), column_major: bool, seed: u64) -> Array2<R> {
    let mut rng = Streams::new(seed, 0).rng("matrix");
    let stored = if column_major { (shape.1, shape.0) } else { shape };
    let matrix = Array2::random_using(stored, StandardNormal, &mut rng).mapv(from_f64::<R>);
    if column_major { matrix.reversed_axes() } else { matrix }
}

/// The largest difference between two matrices.
fn difference<R: Real>(a: ArrayView2<'_, R>, b: ArrayView2<'_, R>) -> f64 {
    largest(a.iter().zip(b).map(|(&a, &b)| to_f64((a - b).abs())))
}

/// Rounding of sums of `terms` products of standard Gaussians, which seldom exceed 5 each.
fn rounding<R: Real>(terms: usize) -> f64 {
    25.0 * terms.max(1) as f64 * to_f64(R::epsilon())
}

fn products_agree<R: Real>((m, k, n): (usize, usize, usize), layouts: [bool; 2], seed: u64) {
    let (a, b) = (matrix::<R>((m, k), layouts[0], seed), matrix::<R>((k, n), layouts[1], seed + 1));
    for into in [Accum::Overwrite, Accum::Add] {
        let mut first = matrix::<R>((m, n), false, seed + 2);
        let mut second = first.clone();
        with_faer::product(a.view(), b.view(), into, first.view_mut());
        with_openblas::product(a.view(), b.view(), into, second.view_mut());
        let found = difference(first.view(), second.view());
        assert!(found <= rounding::<R>(k), "{m} × {k} × {n}, {layouts:?}, {into:?}: {found:e}");
    }
}

/// A symmetric matrix with these eigenvalues; above the diagonal there is rubbish.
fn symmetric<R: Real>(eigenvalues: &Array1<f64>, seed: u64) -> Array2<R> {
    let n = eigenvalues.len();
    let v = crate::data::orthonormal(n, n, &mut Streams::new(seed, 0).rng("eigenvectors"));
    let full = (&v * eigenvalues).dot(&v.t());
    let below = |i, j| if i >= j { from_f64(full[(i, j)]) } else { R::nan() };
    Array2::from_shape_fn((n, n), |(i, j)| below(i, j))
}

/// V diag(f(λ)) Vᵀ, which does not depend on the choice of eigenvectors.
fn function<R: Real>(
    (values, vectors): &(Vec<R>, Array2<R>),
    f: impl Fn(f64) -> f64,
) -> Array2<f64> {
    let v = vectors.mapv(to_f64);
    let values: Array1<f64> = values.iter().map(|&value| f(to_f64(value))).collect();
    (&v * &values).dot(&v.t())
}

fn eigendecompositions_agree<R: Real>(n: usize, seed: u64) {
    let epsilon = to_f64(R::epsilon());
    // Eigenvalues 1, 2, …, n in units of n: gaps of 1/n.
    let spread: Array1<f64> = (1..=n).map(|k| k as f64 / n as f64).collect();
    let a = symmetric::<R>(&spread, seed);
    let one = with_faer::symmetric_eigen(a.clone()).unwrap();
    let other = with_openblas::symmetric_eigen(a).unwrap();
    // A matrix of norm 1: eigenvalues to a few ε, eigenvectors to a few ε over the gaps.
    let tolerance = 10.0 * (n as f64).sqrt() * epsilon;
    for ((&one, &other), expected) in one.0.iter().zip(&other.0).zip(&spread) {
        assert!((to_f64(one) - to_f64(other)).abs() <= tolerance, "{one} and {other}");
        assert!((to_f64(one) - expected).abs() <= tolerance, "{one} for {expected}");
    }
    for k in 0..n {
        let (one, other) = (one.1.column(k), other.1.column(k));
        let sign = if one.dot(&other) < R::zero() { -R::one() } else { R::one() };
        let found = one.iter().zip(other).map(|(&a, &b)| to_f64((a - sign * b).abs()));
        let found = found.fold(0.0, f64::max);
        assert!(found <= tolerance * n as f64, "vector {k} of {n}: {found:e}");
    }

    // Two eigenvalues, each many times: the vectors are arbitrary, the matrix's functions are not.
    let twofold = Array1::from_shape_fn(n, |k| if k < n / 2 { 0.25 } else { 1.0 });
    let a = symmetric::<R>(&twofold, seed + 1);
    let one = with_faer::symmetric_eigen(a.clone()).unwrap();
    let other = with_openblas::symmetric_eigen(a).unwrap();
    let (one, other) = (function(&one, f64::sqrt), function(&other, f64::sqrt));
    assert!(difference(one.view(), other.view()) <= tolerance, "{n}, degenerate");
}

/// Columns that agree but for their signs; the largest difference.
fn unsigned_difference<R: Real>(a: &Array2<R>, b: &Array2<R>) -> f64 {
    let pairs = a.columns().into_iter().zip(b.columns());
    largest(pairs.map(|(a, b)| {
        let sign = if a.dot(&b) < R::zero() { -R::one() } else { R::one() };
        largest(a.iter().zip(b).map(|(&a, &b)| to_f64((a - sign * b).abs())))
    }))
}

fn factors_agree<R: Real>((m, n): (usize, usize), seed: u64) {
    let orthonormal = |size, columns, purpose: &str| {
        crate::data::orthonormal(size, columns, &mut Streams::new(seed, 0).rng(purpose))
    };
    // Singular values 1, 2, …, k in units of k: gaps, and the least of them, of 1/k.
    let k = m.min(n);
    let spread: Array1<f64> = (1..=k).map(|i| i as f64 / k as f64).collect();
    let (u, v) = (orthonormal(m, k, "left"), orthonormal(n, k, "right"));
    let a: Array2<R> = (&u * &spread).dot(&v.t()).mapv(from_f64);
    let tolerance = 10.0 * (m.max(n) as f64).sqrt() * to_f64(R::epsilon());

    let (one, other) = (with_faer::svd(a.view()).unwrap(), with_openblas::svd(a.view()).unwrap());
    for ((&one, &other), expected) in one.1.iter().zip(&other.1).zip(spread.iter().rev()) {
        assert!((to_f64(one) - to_f64(other)).abs() <= tolerance, "{one} and {other}");
        assert!((to_f64(one) - expected).abs() <= tolerance, "{one} for {expected}");
    }
    for found in [unsigned_difference(&one.0, &other.0), unsigned_difference(&one.2, &other.2)] {
        assert!(found <= tolerance * k as f64, "singular vectors, {m} × {n}: {found:e}");
    }

    let square: Array2<R> = (&u * &spread).dot(&u.t()).mapv(from_f64);
    if m == k {
        let one = with_faer::orthogonal_factor(square.view()).unwrap();
        let other = with_openblas::orthogonal_factor(square.view()).unwrap();
        let found = unsigned_difference(&one, &other);
        assert!(found <= tolerance * k as f64, "orthogonal factors, {m}: {found:e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn products_of_any_shape_and_layout_agree(
        m in 1..70_usize, k in 1..300_usize, n in 1..70_usize, layouts: [bool; 2], seed: u32,
    ) {
        products_agree::<f64>((m, k, n), layouts, seed.into());
        products_agree::<f32>((m, k, n), layouts, seed.into());
    }

    #[test]
    fn eigendecompositions_of_any_size_agree(n in 1..90_usize, seed: u32) {
        eigendecompositions_agree::<f64>(n, seed.into());
        eigendecompositions_agree::<f32>(n, seed.into());
    }

    #[test]
    fn factors_of_any_shape_agree(m in 1..70_usize, n in 1..70_usize, seed: u32) {
        factors_agree::<f64>((m, n), seed.into());
        factors_agree::<f32>((m, n), seed.into());
    }
}

#[test]
fn large_products_agree() {
    products_agree::<f64>((64, 1200, 700), [false, true], 1);
    products_agree::<f32>((64, 1200, 700), [true, false], 2);
}

#[test]
fn what_the_module_offers_comes_from_openblas() {
    let a = symmetric::<f64>(&Array1::from_vec(vec![1.0, 3.0, 2.0]), 4);
    let (values, vectors) =
        super::symmetric_eigen(a.mapv(|x| if x.is_nan() { 7.0 } else { x })).unwrap();
    let expected = with_openblas::symmetric_eigen(a.clone()).unwrap().0;
    assert!(values.iter().eq(expected.iter().rev()));
    for (column, expected) in vectors.columns().into_iter().zip([3.0, 2.0, 1.0]) {
        let largest = column.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        assert!(largest.is_some_and(|entry| entry > 0.0), "the sign rule");
        let lower = Array2::from_shape_fn((3, 3), |(i, j)| a[(i.max(j), i.min(j))]);
        let residual = lower.dot(&column) - expected * &column;
        // A few roundings of numbers up to 3.
        assert!(residual.iter().all(|x| x.abs() < 1e-14));
    }
}
