//! QR and singular value decompositions, by whichever back end there is.

use ndarray::Array2;

use super::{
    Accum, Real, from_f64, orthogonal_factor, orthonormality_defect, product, svd, to_f64,
};

fn times<R: Real>(a: &Array2<R>, b: &Array2<R>) -> Array2<R> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    product(a.view(), b.view(), Accum::Overwrite, c.view_mut());
    c
}

fn transposed<R: Real>(a: &Array2<R>) -> Array2<R> {
    a.t().as_standard_layout().into_owned()
}

fn wave<R: Real>(shape: (usize, usize)) -> Array2<R> {
    Array2::from_shape_fn(shape, |(i, j)| from_f64(((i * i + 3 * i * j + 7 * j + 1) as f64).sin()))
}

/// A few roundings for each of n reflections.
fn tolerance<R: Real>(n: usize) -> f64 {
    30.0 * (n.max(1) as f64).sqrt() * to_f64(R::epsilon())
}

fn check_orthogonal_factor<R: Real>(a: &Array2<R>) {
    let n = a.nrows();
    let q = orthogonal_factor(a.view()).unwrap();
    assert!(orthonormality_defect(q.view()) <= tolerance::<R>(n), "{n}");
    let r = times(&transposed(&q), a);
    let scale = a.iter().fold(1.0, |most: f64, &x| most.max(to_f64(x.abs()))) * n as f64;
    for ((i, j), &x) in r.indexed_iter().filter(|((i, j), _)| i > j) {
        assert!(to_f64(x.abs()) <= tolerance::<R>(n) * scale, "{n}: {x} at {i}, {j}");
    }
}

fn check_svd<R: Real>(a: &Array2<R>) {
    let (rows, columns) = a.dim();
    let rank = rows.min(columns);
    let (u, values, v) = svd(a.view()).unwrap();
    assert_eq!((u.dim(), values.len(), v.dim()), ((rows, rank), rank, (columns, rank)));
    assert!(values.iter().rev().is_sorted() && values.iter().all(|&value| value >= R::zero()));
    let tolerance = tolerance::<R>(rows.max(columns));
    assert!(orthonormality_defect(u.view()) <= tolerance, "{rows} × {columns}");
    assert!(orthonormality_defect(v.view()) <= tolerance, "{rows} × {columns}");
    let product = times(&(&u * &values), &transposed(&v));
    let scale = to_f64(values.iter().fold(R::one(), |most, &x| x.max(most)));
    for (&found, &expected) in product.iter().zip(a) {
        let error = to_f64((found - expected).abs());
        assert!(error <= tolerance * scale, "{rows} × {columns}: {error:e}");
    }
}

fn check<R: Real>() {
    for n in [0, 1, 2, 3, 5, 8, 20, 33, 65] {
        check_orthogonal_factor(&wave::<R>((n, n)));
        check_orthogonal_factor(&Array2::<R>::zeros((n, n)));
        check_orthogonal_factor(&Array2::<R>::eye(n));
        // Of rank 1, and with columns of exact zeros, as the image of eigenvectors has them.
        check_orthogonal_factor(&times(&wave::<R>((n, 1)), &wave::<R>((1, n))));
        let mut few = wave::<R>((n, n));
        few.columns_mut().into_iter().skip(n / 2).for_each(|mut column| column.fill(R::zero()));
        check_orthogonal_factor(&few);
    }
    for shape in [(0, 3), (1, 1), (1, 5), (5, 1), (5, 4), (4, 5), (20, 20), (64, 32), (10, 70)] {
        check_svd(&wave::<R>(shape));
        check_svd(&Array2::<R>::zeros(shape));
        check_svd(&times(&wave::<R>((shape.0, 1)), &wave::<R>((1, shape.1))));
    }
}

#[test]
fn factors_are_orthogonal_and_give_the_matrix_back() {
    check::<f64>();
    check::<f32>();
}

#[test]
fn what_is_not_finite_is_refused() {
    for wrong in [f64::NAN, f64::INFINITY] {
        let mut a = wave::<f64>((3, 3));
        a[(1, 2)] = wrong;
        assert!(orthogonal_factor(a.view()).is_err());
        assert!(svd(a.view()).is_err());
    }
}
