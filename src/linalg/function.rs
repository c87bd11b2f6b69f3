//! f(A), and f(A) b, of a symmetric matrix.
//!
//! A = Q T Qᵀ with a tridiagonal T, and T = Z D Zᵀ by the QL iteration with implicit shifts (EISPACK's
//! `imtql2`; Parlett, "The Symmetric Eigenvalue Problem", section 8.14), whose Z is a product of some
//! n² plane rotations. For f(A) b only products of Z and Q with vectors are needed: a rotation takes 6
//! operations on each, not the 6 n of a matrix of eigenvectors.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::eigen::largest_below;
use super::tridiagonal::Tridiagonal;
use super::{Real, finite, from_f64, symmetric_eigen, times};
use crate::error::{Error, Result};
use crate::simd::vectorized;

/// Matrices of more rows, which do not stay in the first cache, are left to the library.
const SMALL: usize = 128;
/// Sweeps for one eigenvalue; two suffice nearly always.
const SWEEPS: usize = 60;

/// f(A) of a symmetric matrix (lower triangle read).
///
/// # Errors
/// When an entry of A is not finite or the iteration does not converge.
pub fn function_of<R: Real>(a: ArrayView2<'_, R>, f: impl Fn(R) -> R) -> Result<Array2<R>> {
    let n = a.nrows();
    if n > SMALL {
        let (values, vectors) = symmetric_eigen(a.to_owned())?;
        return Ok(times((&vectors * &values.mapv(f)).view(), vectors.t()));
    }
    finite(a, "eigendecomposition")?;
    #[cfg(test)]
    super::counted::decomposition(super::flops::of_eigen(n as f64));
    // Squares of entries in this unit neither overflow nor all vanish.
    let largest = largest_below(a);
    if largest == R::zero() {
        return Ok(Array2::from_diag_elem(n, f(largest)));
    }
    let mut tridiagonal = Tridiagonal::of(a, largest);
    let mut turned = tridiagonal.transposed();
    let rotate = |turn: Rotation<R>| {
        let (upper, lower) = turned[turn.row * n..][..2 * n].split_at_mut(n);
        upper.iter_mut().zip(lower).for_each(|(x, next)| (*x, *next) = turn.forth(*x, *next));
    };
    vectorized(|| tridiagonal.diagonalize(rotate))?;
    // The rows are the eigenvectors now.
    let vectors = Array2::from_shape_vec((n, n), turned).expect("n rows of n as made above");
    let values = tridiagonal.diagonal.iter().map(|&value| f(value * largest));
    let scaled = &vectors * &Array1::from_iter(values).insert_axis(Axis(1));
    Ok(times(vectors.t(), scaled.view()))
}

/// f(A) b of a symmetric matrix (lower triangle read).
///
/// # Errors
/// When an entry of A is not finite or the iteration does not converge.
pub fn function_times<R: Real>(
    a: ArrayView2<'_, R>,
    f: impl Fn(R) -> R,
    b: ArrayView1<'_, R>,
) -> Result<Array1<R>> {
    finite(a, "eigendecomposition")?;
    let largest = largest_below(a);
    if largest == R::zero() {
        return Ok(b.mapv(|x| x * f(largest)));
    }
    let mut tridiagonal = Tridiagonal::of(a, largest);
    let mut vector = b.to_vec();
    tridiagonal.turn(&mut vector, false);
    let mut rotations = Vec::with_capacity(2 * a.nrows().pow(2));
    tridiagonal.diagonalize(|turn| {
        let row = turn.row;
        (vector[row], vector[row + 1]) = turn.forth(vector[row], vector[row + 1]);
        rotations.push(turn);
    })?;
    vector.iter_mut().zip(&tridiagonal.diagonal).for_each(|(x, &value)| *x *= f(value * largest));
    for turn in rotations.iter().rev() {
        let row = turn.row;
        (vector[row], vector[row + 1]) = turn.back(vector[row], vector[row + 1]);
    }
    tridiagonal.turn(&mut vector, true);
    Ok(vector.into())
}

/// A rotation of a row and the next.
struct Rotation<R> {
    row: usize,
    sine: R,
    cosine: R,
}

impl<R: Real> Rotation<R> {
    #[inline(always)]
    fn forth(&self, x: R, next: R) -> (R, R) {
        (self.cosine * x - self.sine * next, self.sine * x + self.cosine * next)
    }

    fn back(&self, x: R, next: R) -> (R, R) {
        (self.cosine * x + self.sine * next, self.cosine * next - self.sine * x)
    }
}

impl<R: Real> Tridiagonal<R> {
    /// Turns T = Z D Zᵀ into D, and tells the rotations that make Zᵀ b of a b.
    #[inline(always)]
    fn diagonalize(&mut self, mut rotate: impl FnMut(Rotation<R>)) -> Result<()> {
        let (d, e) = (&mut self.diagonal, &mut self.beside);
        let n = d.len();
        let (one, two): (R, R) = (R::one(), from_f64(2.0));
        // The largest entry is 1; what is smaller than this has no full precision.
        let least = R::min_positive_value() / R::epsilon();
        for first in 0..n {
            for sweep in 0.. {
                let apart =
                    |&i: &usize| e[i].abs() <= R::epsilon() * (d[i].abs() + d[i + 1].abs()) + least;
                let end = (first..n - 1).find(apart).unwrap_or(n - 1);
                let last = if sweep < SWEEPS / 2 {
                    end
                } else {
                    // Rounding of a block's largest numbers may keep its small ones from coming further
                    // down.
                    let most = |most: R, i: usize| most.max(d[i].abs()).max(e[i].abs());
                    let norm = (first..end).fold(d[end].abs(), most);
                    let small = |&i: &usize| e[i].abs() <= R::epsilon() * norm;
                    (first..end).find(small).unwrap_or(end)
                };
                if last == first {
                    break;
                }
                if sweep == SWEEPS {
                    let problem = "the eigendecomposition did not converge";
                    return Err(Error::Numerical(problem.into()));
                }
                // Wilkinson's shift, of the first two rows.
                let half = (d[first + 1] - d[first]) / (two * e[first]);
                let root = (half * half + one).sqrt().copysign(half);
                let mut g = d[last] - d[first] + e[first] / (half + root);
                let (mut sine, mut cosine, mut shift) = (one, one, R::zero());
                let mut split = false;
                for row in (first..last).rev() {
                    let (f, beside) = (sine * e[row], cosine * e[row]);
                    // Where squares vanish the matrix is graded, and small rows are as exact.
                    let squares = f * f + g * g;
                    let length = if squares > least { squares.sqrt() } else { f.hypot(g) };
                    e[row + 1] = length;
                    if length == R::zero() {
                        d[row + 1] -= shift;
                        split = true;
                        break;
                    }
                    (sine, cosine) = (f / length, g / length);
                    let moved = d[row + 1] - shift;
                    let twice = (d[row] - moved) * sine + two * cosine * beside;
                    shift = sine * twice;
                    d[row + 1] = moved + shift;
                    g = cosine * twice - beside;
                    rotate(Rotation { row, sine, cosine });
                }
                if !split {
                    d[first] -= shift;
                    e[first] = g;
                }
                e[last] = R::zero();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ndarray::{Array2, Axis};

    use super::*;
    use crate::linalg::{symmetric_eigen, times, to_f64};

    pub fn symmetric<R: Real>(n: usize, rank: usize, scale: f64) -> Array2<R> {
        let wave = |(i, j): (usize, usize)| ((i * i + 3 * i * j + 7 * j + 1) as f64).sin();
        let factor = Array2::from_shape_fn((n, rank), wave);
        (scale * factor.dot(&factor.t())).mapv(from_f64)
    }

    pub fn by_eigenvectors<R: Real>(
        a: Array2<R>,
        f: impl Fn(R) -> R,
        b: ArrayView1<'_, R>,
    ) -> Array1<R> {
        let (values, vectors) = symmetric_eigen(a).unwrap();
        let mut turned = times(vectors.t(), b.insert_axis(Axis(1)));
        turned.iter_mut().zip(values).for_each(|(x, value)| *x *= f(value));
        times(vectors.view(), turned.view()).remove_axis(Axis(1))
    }

    fn agrees<R: Real>(scales: &[f64]) {
        for n in [0, 1, 2, 3, 4, 7, 20, 50, 70, 130] {
            for (rank, &scale) in
                [0, 1, n / 2, n].into_iter().flat_map(|r| scales.iter().map(move |s| (r, s)))
            {
                let a = symmetric::<R>(n, rank, scale);
                let b = Array1::from_shape_fn(n, |i| from_f64::<R>((i as f64 + 0.3).cos()));
                // A itself, and a function with a kink at 0, which is the absolute value.
                let size = to_f64(a.diag().sum()).max(f64::MIN_POSITIVE);
                let tolerance = 300.0 * to_f64(R::epsilon()) * size;
                // Both are homogeneous: eigenvectors of matrices of ordinary size are the better measure.
                let same: fn(R) -> R = |value| value;
                for f in [same, R::abs] {
                    let expected = by_eigenvectors(symmetric(n, rank, 1.0), f, b.view());
                    let expected = expected.mapv(|x| from_f64::<R>(scale * to_f64(x)));
                    let found = function_times(a.view(), f, b.view()).unwrap();
                    let whole = function_of(a.view(), f).unwrap().dot(&b);
                    let expected = [expected.view(), expected.view()];
                    let found = [found.view(), whole.view()];
                    let pairs = found.iter().flatten().zip(expected.iter().flatten());
                    for (&found, &expected) in pairs {
                        let error = to_f64((found - expected).abs());
                        assert!(error <= tolerance, "{n}, {rank}, {scale:e}: {error:e}");
                    }
                }
            }
        }
    }

    #[test]
    fn functions_are_what_eigenvectors_give() {
        agrees::<f64>(&[1e-200, 1e-3, 1.0, 1e200]);
        agrees::<f32>(&[1e-25, 1.0, 1e25]);
    }

    #[test]
    fn only_the_lower_triangle_is_read() {
        for n in [5, SMALL + 1] {
            let a = symmetric::<f64>(n, n, 1.0);
            let lower =
                Array2::from_shape_fn((n, n), |(i, j)| if j <= i { a[(i, j)] } else { 0.5 });
            let of = |a: &Array2<f64>| function_of(a.view(), f64::abs).unwrap();
            assert_eq!(of(&lower), of(&a));
            let whole = function_times(a.view(), f64::abs, a.row(0)).unwrap();
            assert_eq!(function_times(lower.view(), f64::abs, a.row(0)).unwrap(), whole);
        }
    }

    #[test]
    fn diagonal_and_split_matrices_are_decomposed() {
        for entry in [
            |i, j| f64::from(u8::from(i == j)),
            |i: usize, j: usize| f64::from(u8::from(i / 3 == j / 3)),
        ] {
            let a = Array2::from_shape_fn((9, 9), |(i, j)| entry(i, j));
            let b = Array1::from_iter((0..9).map(f64::from));
            let found = function_times(a.view(), |x| x, b.view()).unwrap();
            let difference = found - a.dot(&b);
            assert!(difference.iter().all(|x| x.abs() < 1e-13), "{difference}");
            let difference = function_of(a.view(), |x| x).unwrap() - &a;
            assert!(difference.iter().all(|x| x.abs() < 1e-14), "{difference}");
        }
    }

    /// Blocks so far below others that their entries' squares vanish.
    fn graded<R: Real>(scales: &[f64]) {
        for &scale in scales {
            let mut a = symmetric::<R>(24, 24, 1.0);
            let small: R = from_f64(scale);
            for ((i, j), entry) in a.indexed_iter_mut() {
                match (i < 8, j < 8) {
                    (true, true) => {}
                    (false, false) => *entry *= small,
                    _ => *entry = R::zero(),
                }
            }
            let b = Array1::from_elem(24, R::one());
            // Of the small block alone, as it is scaled.
            let whole = function_times(a.view(), |x| x, b.view()).unwrap();
            let tolerance = 300.0 * to_f64(R::epsilon()) * 24.0 * 24.0;
            for i in 8..24 {
                let expected = to_f64(a.row(i).sum()) / scale;
                let error = (to_f64(whole[i]) / scale - expected).abs();
                assert!(error <= tolerance, "{scale:e}, {i}: {error:e}");
            }
        }
    }

    #[test]
    fn graded_matrices_are_decomposed() {
        graded::<f64>(&[1e-20, 1e-140, 1e-155, 1e-160, 1e-162, 1e-170]);
        graded::<f32>(&[1e-12, 1e-17, 1e-19, 1e-21, 1e-23]);
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let mut a = symmetric::<f64>(5, 5, 1.0);
        a[(2, 2)] = f64::NAN;
        assert!(function_times(a.view(), |x| x, a.row(0)).is_err());
        assert!(function_of(a.view(), |x| x).is_err());
    }
}
