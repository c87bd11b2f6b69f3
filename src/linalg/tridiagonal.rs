//! A = Q T Qᵀ with a tridiagonal T, of a small symmetric matrix.
//!
//! By Householder's reflections from the last row up, as EISPACK's `tred2` (Parlett, "The Symmetric
//! Eigenvalue Problem", section 7.2), so that T of a matrix with small eigenvalues has them at its
//! top, where the QL iteration finds them first. One pass over the matrix applies a reflection from
//! both sides and makes the product that the next one needs. Matrices of some dozens of rows, which
//! stay in the first cache, take a third of the time of faer's.

use ndarray::ArrayView2;

use super::{Real, from_f64};
use crate::simd::vectorized;

/// Entries that are added at once: rows are padded with zeros to multiples of them.
const WIDE: usize = 16;

/// A = Q T Qᵀ.
pub(super) struct Tridiagonal<R> {
    pub diagonal: Vec<R>,
    /// Below the diagonal, and a 0.
    pub beside: Vec<R>,
    /// Row i holds v of the reflection I − τ v vᵀ, which changes the first i variables. Q is their product
    /// from the last to the first.
    reflections: Vec<R>,
    factors: Vec<R>,
}

impl<R: Real> Tridiagonal<R> {
    /// Of a symmetric matrix (lower triangle read), divided by a number that makes its largest entries
    /// about 1.
    pub fn of(a: ArrayView2<'_, R>, unit: R) -> Self {
        let n = a.nrows();
        let stride = n.next_multiple_of(WIDE);
        let mut reflections = vec![R::zero(); n * stride];
        for (i, row) in a.rows().into_iter().enumerate() {
            for (j, &entry) in row.iter().enumerate().take(i + 1) {
                reflections[i * stride + j] = entry / unit;
                reflections[j * stride + i] = entry / unit;
            }
        }
        let zeros = || vec![R::zero(); n];
        let mut form = Self { diagonal: zeros(), beside: zeros(), reflections, factors: zeros() };
        vectorized(|| form.reduce(stride));
        form
    }

    #[inline(always)]
    fn reduce(&mut self, stride: usize) {
        let zeros = || vec![R::zero(); stride];
        // The last reflection, A ← A − v wᵀ − w vᵀ, which rows undergo when they are next read.
        let (mut v, mut w, mut image) = (zeros(), zeros(), zeros());
        for i in (0..self.diagonal.len()).rev() {
            let width = (i + 1).next_multiple_of(WIDE);
            let (above, rest) = self.reflections.split_at_mut(i * stride);
            let row = &mut rest[..width];
            subtract(row, [v[i], w[i]], [&v[..width], &w[..width]]);
            self.diagonal[i] = row[i];
            if i == 0 {
                break;
            }
            row[i..].fill(R::zero());
            (self.beside[i - 1], self.factors[i]) = reflect(&mut row[..i]);
            let image = &mut image[..width];
            image.fill(R::zero());
            for (j, line) in above.chunks_exact_mut(stride).enumerate() {
                let line = &mut line[..width];
                subtract(line, [v[j], w[j]], [&v[..width], &w[..width]]);
                add(image, row[j], line);
            }
            image[i..].fill(R::zero());
            // w = p − ½ τ (vᵀ p) v with p = τ A v.
            let factor = self.factors[i];
            let half = factor * factor * dot(row, image) / from_f64::<R>(2.0);
            for (((w, v), &image), &new) in w.iter_mut().zip(&mut v).zip(&*image).zip(&*row) {
                *w = factor * image - half * new;
                *v = new;
            }
            // Beyond them the reflection before reached.
            v[width..].fill(R::zero());
            w[width..].fill(R::zero());
        }
    }

    /// v and τ of the reflections, from the first.
    fn reflections(&self) -> impl DoubleEndedIterator<Item = (&[R], R)> {
        let stride = self.diagonal.len().next_multiple_of(WIDE).max(1);
        let rows = self.reflections.chunks_exact(stride).zip(&self.factors).enumerate();
        rows.skip(2).map(|(i, (row, &factor))| (&row[..i], factor))
    }

    /// b ← Q b (`forth`) or b ← Qᵀ b.
    pub fn turn(&self, b: &mut [R], forth: bool) {
        let reflect = |(v, factor): (&[R], R)| {
            let size: R = v.iter().zip(&*b).map(|(&v, &b)| v * b).sum();
            b.iter_mut().zip(v).for_each(|(b, &v)| *b -= factor * size * v);
        };
        match forth {
            true => self.reflections().for_each(reflect),
            false => self.reflections().rev().for_each(reflect),
        }
    }

    /// Qᵀ, row-major.
    pub fn transposed(&self) -> Vec<R> {
        let n = self.diagonal.len();
        let mut rows = vec![R::zero(); n * n];
        rows.iter_mut().step_by(n + 1).for_each(|entry| *entry = R::one());
        vectorized(|| {
            let mut sum = vec![R::zero(); n];
            for (v, factor) in self.reflections().rev() {
                sum.fill(R::zero());
                rows.chunks_exact(n).zip(v).for_each(|(row, &v)| add(&mut sum, v, row));
                rows.chunks_exact_mut(n).zip(v).for_each(|(row, &v)| add(row, -factor * v, &sum));
            }
        });
        rows
    }
}

/// Turns x into v of the reflection I − τ v vᵀ that leaves of it a last entry only; returns that and τ.
#[inline(always)]
fn reflect<R: Real>(x: &mut [R]) -> (R, R) {
    let (last, rest) = x.split_last_mut().expect("the last row is not reflected");
    let largest = rest.iter().fold(R::zero(), |most, x| x.abs().max(most));
    if largest == R::zero() {
        let kept = *last;
        *last = R::zero();
        return (kept, R::zero());
    }
    let scale = largest.max(last.abs());
    x.iter_mut().for_each(|x| *x /= scale);
    let length = dot(x, x).sqrt();
    let last = x.last_mut().expect("as before");
    let kept = -length.copysign(*last);
    let factor = (length * (length + last.abs())).recip();
    *last -= kept;
    (kept * scale, factor)
}

/// row ← row − s w − t v.
#[inline(always)]
fn subtract<R: Real>(row: &mut [R], [s, t]: [R; 2], [v, w]: [&[R]; 2]) {
    for ((row, &v), &w) in row.iter_mut().zip(v).zip(w) {
        *row -= s * w + t * v;
    }
}

/// sum ← sum + factor · row.
#[inline(always)]
fn add<R: Real>(sum: &mut [R], factor: R, row: &[R]) {
    sum.iter_mut().zip(row).for_each(|(sum, &x)| *sum += factor * x);
}

/// Some products at a time.
#[inline(always)]
fn dot<R: Real>(a: &[R], b: &[R]) -> R {
    let mut sums = [R::zero(); WIDE];
    for (a, b) in a.chunks(WIDE).zip(b.chunks(WIDE)) {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, &a), &b)| *sum += a * b);
    }
    sums.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr1};

    use super::*;
    use crate::linalg::function::tests::symmetric;
    use crate::linalg::{orthonormality_defect, to_f64};

    fn reduced<R: Real>(a: &Array2<R>) {
        let n = a.nrows();
        let form = Tridiagonal::of(a.view(), from_f64(2.0));
        let transposed = Array2::from_shape_vec((n, n), form.transposed()).unwrap();
        // Roundings of n reflections add up like a random walk.
        let tolerance = 30.0 * (n as f64).sqrt() * to_f64(R::epsilon());
        assert!(orthonormality_defect(transposed.view()) <= tolerance, "{n}");
        let entry = |(i, j): (usize, usize)| match i.abs_diff(j) {
            0 => form.diagonal[i],
            1 => form.beside[i.min(j)],
            _ => R::zero(),
        };
        let found = transposed.t().dot(&Array2::from_shape_fn((n, n), entry)).dot(&transposed);
        let size = to_f64(a.diag().sum()).abs() + 1.0;
        for (&found, &expected) in found.iter().zip(a) {
            let error = (2.0 * to_f64(found) - to_f64(expected)).abs();
            assert!(error <= tolerance * size, "{n}: {error:e}");
        }
        // Products with vectors are those with the matrix.
        let b = a.column(n / 2).to_vec();
        for (forth, matrix) in [(false, transposed.view()), (true, transposed.t())] {
            let mut turned = b.clone();
            form.turn(&mut turned, forth);
            for (&found, &expected) in turned.iter().zip(&matrix.dot(&arr1(&b))) {
                assert!(to_f64((found - expected).abs()) <= tolerance * size, "{n}");
            }
        }
    }

    #[test]
    fn it_is_the_matrix_in_other_variables() {
        for n in [1, 2, 3, 4, 15, 16, 17, 18, 33, 50, 64, 70] {
            for rank in [0, 1, n / 2, n] {
                reduced(&symmetric::<f64>(n, rank, 1.0));
                reduced(&symmetric::<f32>(n, rank, 1.0));
            }
            // Nothing is to be reflected in some rows or in all.
            reduced(&Array2::<f64>::eye(n));
            reduced(&Array2::<f64>::from_shape_fn((n, n), |(i, j)| f64::from(i / 3 == j / 3)));
            reduced(&Array2::<f64>::from_shape_fn((n, n), |(i, j)| f64::from(i.abs_diff(j) < 2)));
        }
    }
}
