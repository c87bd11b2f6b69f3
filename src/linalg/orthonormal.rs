//! Orthonormal bases of the columns of a matrix.

use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use ndarray::{Array1, Array2, ArrayView2, Axis, CowArray, Ix2};

use super::inner::add_lower;
use super::{Accum, Dense, as_faer, leave_wide_registers, to_array};

/// Rows that are multiplied at a time in a matrix's own memory.
const ROWS: usize = 256;

/// ‖AᵀA − I‖ (Frobenius) over √k of k columns that are orthonormal up to rounding, at most: some times what
/// it is of columns that were orthonormalized, with up to millions of entries.
const ROUNDING: f64 = 1e-14;

/// The orthonormal factor of a thin QR decomposition with R's diagonal positive, which makes it
/// unique; of a Gaussian matrix, it is Haar-distributed.
pub fn orthonormal_columns(a: ArrayView2<'_, f64>) -> Array2<f64> {
    let qr = as_faer(a).qr();
    let thin_q = qr.compute_thin_Q();
    let signs = Array1::from_shape_fn(a.ncols(), |j| qr.thin_R()[(j, j)].signum());
    leave_wide_registers();
    // The reflections are as large as Q: no more is held than there has to be.
    drop(qr);
    to_array(thin_q.as_ref()) * signs
}

/// The same of columns that are nearly orthogonal, as those are that would be so but for rounding: by way
/// of their products, A = (A R⁻¹) R with RᵀR = AᵀA. That takes a fraction of the time of reflections, and is
/// as accurate where the columns, scaled to unit length, are well conditioned (Yamamoto, Nakatsukasa,
/// Yanagisawa & Fukaya 2015). Others are decomposed by reflections. Columns that are orthonormal up to
/// rounding stay as they are.
///
/// # Panics
/// When A is not row-major.
pub fn orthonormalized(a: CowArray<'_, f64, Ix2>) -> CowArray<'_, f64, Ix2> {
    assert!(a.is_standard_layout(), "A is row-major");
    let mut gram = Array2::zeros((a.ncols(), a.ncols()));
    add_lower(a.view(), &mut gram);
    if is_identity(&gram) {
        return a;
    }
    match inverse_triangle(gram) {
        Some(inverse) => in_place(a.into_owned(), &inverse).into(),
        None => orthonormal_columns(a.view()).into(),
    }
}

/// A B for a square B, in A's memory: of tall matrices there are not to be more than have to be. The products
/// take about what `flops::of_qr` says of a decomposition, as which they are counted with those of AᵀA.
fn in_place(mut a: Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    let mut some = Array2::zeros((ROWS.min(a.nrows()), a.ncols()));
    for mut rows in a.axis_chunks_iter_mut(Axis(0), ROWS) {
        let (mut some, _) = some.view_mut().split_at(Axis(0), rows.nrows());
        some.assign(&rows);
        f64::product(some.view(), b.view(), Accum::Overwrite, rows.view_mut());
    }
    a
}

/// Whether the lower triangle is that of the identity up to rounding.
fn is_identity(gram: &Array2<f64>) -> bool {
    // What is below the diagonal stands for what is above it, too.
    let square = |((i, j), &x): ((usize, usize), &f64)| {
        if i == j { (x - 1.0).powi(2) } else { 2.0 * x * x }
    };
    let squares = gram.indexed_iter().map(square).sum::<f64>();
    squares <= ROUNDING.powi(2) * gram.nrows() as f64
}

/// R⁻¹ of the QR decomposition of nearly orthogonal columns, from the lower triangle of their products.
fn inverse_triangle(mut gram: Array2<f64>) -> Option<Array2<f64>> {
    let size = gram.dim();
    // Squares far from overflow and underflow.
    let lengths: Option<Vec<f64>> =
        gram.diag().iter().map(|&x| (1e-200..1e200).contains(&x).then(|| x.sqrt())).collect();
    let lengths = lengths.filter(|lengths| !lengths.is_empty())?;
    gram.indexed_iter_mut().for_each(|((i, j), x)| *x /= lengths[i] * lengths[j]);
    // All singular values of A are within √(1 ± 1/2) then.
    let below = gram.indexed_iter().filter(|((i, j), _)| i > j).map(|(_, x)| 2.0 * x * x);
    let apart = below.sum::<f64>();
    if apart.is_nan() || apart > 0.25 {
        return None;
    }
    let cholesky = as_faer(gram.view()).llt(faer::Side::Lower).ok()?;
    let mut inverse = faer::Mat::<f64>::identity(size.0, size.1);
    solve_lower_triangular_in_place(cholesky.L(), inverse.as_mut(), faer::Par::Seq);
    leave_wide_registers();
    Some(Array2::from_shape_fn(size, |(i, j)| inverse[(j, i)] / lengths[i]))
}

/// The triangular factor R of a thin QR decomposition of a matrix with at least as many rows as
/// columns: ‖Rx‖ = ‖Ax‖ for all x. Its diagonal is not negative, which makes it unique if A has full
/// rank.
pub fn triangular_factor(a: ArrayView2<'_, f64>) -> Array2<f64> {
    let qr = as_faer(a.as_standard_layout().view()).qr();
    leave_wide_registers();
    let thin_r = qr.thin_R();
    let size = (a.ncols(), a.ncols());
    Array2::from_shape_fn(size, |(i, j)| thin_r[(i, j)] * thin_r[(i, i)].signum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::orthonormal;
    use crate::linalg::{largest, orthonormality_defect, times};
    use crate::rng::Streams;

    fn random(rows: usize, columns: usize) -> Array2<f64> {
        orthonormal(rows, columns, &mut Streams::new(7, 0).rng("columns"))
    }

    /// The basis that a QR decomposition has, to within so much.
    fn check(a: &Array2<f64>, tolerance: f64) {
        let (found, expected) = (orthonormalized(a.into()), orthonormal_columns(a.view()));
        let what = a.dim();
        // Sums of as many products as there are rows, of numbers below 1.
        assert!(orthonormality_defect(found.view()) <= 1e-14, "{what:?}");
        let apart = largest(found.iter().zip(&expected).map(|(a, b)| (a - b).abs()));
        assert!(apart <= tolerance, "{what:?}: {apart}");
    }

    #[test]
    fn nearly_orthogonal_columns_have_the_basis_of_their_decomposition() {
        for (rows, columns) in [(1, 1), (5, 0), (40, 7), (64, 64), (1500, 30)] {
            let exact = random(rows, columns);
            check(&exact, 1e-14);
            // Lengths from 1 to 10⁻⁸⁷.
            let scale = |j: usize| 10.0_f64.powi(-3 * j.min(29) as i32);
            check(&(&exact * &Array1::from_shape_fn(columns, scale)), 1e-14);
            let turn =
                |(i, j): (usize, usize)| f64::from(u8::from(i == j)) + 0.01 / (2 + i + j) as f64;
            let near = times(exact.view(), Array2::from_shape_fn((columns, columns), turn).view());
            check(&near, 1e-14);
        }
    }

    #[test]
    fn orthonormal_columns_stay_as_they_are() {
        let exact = random(1500, 30);
        let turned = times(exact.view(), random(30, 30).view());
        for columns in [exact, orthonormalized(turned.into()).into_owned(), Array2::zeros((3, 0))] {
            assert!(orthonormalized((&columns).into()).is_view(), "{:?}", columns.dim());
        }
        // AᵀA − I is 2·10⁻¹⁴ in one entry of the diagonal, or two beside it, of norm 10⁻¹⁴√5 at most.
        for (place, entry, is_exact) in [
            ((1, 1), 1e-14, true),
            ((1, 1), 2e-14, false),
            ((3, 1), 1e-14, true),
            ((1, 3), 2e-14, false),
        ] {
            let mut near = Array2::<f64>::eye(5);
            near[place] += entry;
            assert_eq!(orthonormalized((&near).into()).is_view(), is_exact, "{place:?}, {entry}");
        }
    }

    #[test]
    fn other_columns_are_decomposed_by_reflections() {
        let mut a = random(30, 6);
        for entry in [0.0, 1e120, 1e-120] {
            a.column_mut(3).fill(entry);
            assert_eq!(orthonormalized((&a).into()), orthonormal_columns(a.view()), "{entry}");
        }
        // All but the same.
        let (first, _) = a.view().split_at(ndarray::Axis(1), 1);
        let same = &first + &(1e-9 * &random(30, 4));
        assert_eq!(orthonormalized((&same).into()), orthonormal_columns(same.view()));
        a[(2, 2)] = f64::NAN;
        assert!(orthonormalized(a.into()).iter().any(|entry| entry.is_nan()));
    }
}
