//! An orthogonal matrix with given first columns, by one symmetric block reflection (Schreiber and
//! Parlett, "Block reflectors: theory and computation", SIAM J. Numer. Anal. 25, 1988).

use std::sync::Arc;

use ndarray::{ArcArray2, Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

use super::map::written_down;
use super::tall::{Rows, Tall, view, view_mut};
use super::{Build, Cost, Form, LinearMap, Structure};
use crate::error::{Error, Result};
use crate::lanes::Workspace;
use crate::linalg::{
    self, Accum, Factor, Real, all_finite, from_f64, orthonormalized, product, spanned, times,
};

/// The singular values of the top of V's columns, all of which are at most 1, that are 0 up to rounding:
/// hundreds of times what rounding, SVD and a file leave of 0. V's columns are met to within as much.
const ZERO: f64 = 1e-12;

/// V = (I − 2HHᵀ) diag(S, I), d × d, whose first k columns are given; H (d × k, orthonormal columns)
/// and S (k × k, orthogonal) in doubles. The other columns are those of I, bent as little as that
/// allows.
#[derive(Clone, Debug)]
pub struct Reflector {
    h: ArcArray2<f64>,
    s: ArcArray2<f64>,
}

impl Reflector {
    /// Raised when the same columns are completed otherwise, as they are with other sums of outer products:
    /// what was trained so before is not mixed with what is trained after.
    pub const REVISION: u32 = 2 + linalg::INNER_REVISION;

    /// V with the columns of `vectors` (d × k) first; what they lack of orthonormality beside rounding is
    /// made up by a QR decomposition.
    ///
    /// # Errors
    /// When k > d, or an entry is not finite.
    pub fn new(vectors: ArrayView2<'_, f64>) -> Result<Self> {
        let (d, k) = vectors.dim();
        if k > d {
            return Err(Error::Numerical(format!("{k} columns of {d} entries are not orthogonal")));
        }
        if !all_finite(vectors.iter()) {
            return Err(Error::Numerical("a basis with entries that are not finite".into()));
        }
        let v = orthonormalized(vectors.as_standard_layout());
        // The top of V is A Σ Bᵀ, and S = −ABᵀ as far from it as an orthogonal matrix can be.
        let (mut a, mut sigma, mut b) = linalg::svd(v.view().split_at(Axis(0), k).0)?;
        settle(&mut a, &mut sigma, &mut b);
        let turned = times(a.view(), b.t());
        // H is W = V − [S; 0] times the root of (WᵀW)⁻¹, and WᵀW = 2 (I + BΣBᵀ): no eigenvalue is below 2.
        let root = times((&b / &sigma.mapv(|sigma| (2.0 + 2.0 * sigma).sqrt())).view(), b.t());
        let mut h = times(v.view(), root.view());
        product(turned.view(), root.view(), Accum::Add, h.view_mut().split_at(Axis(0), k).0);
        let s = turned.mapv_into(|entry| -entry);
        Ok(Self { h: h.into(), s: s.into() })
    }

    /// What a map of d × d with k given columns takes.
    pub fn cost(d: usize, k: usize) -> Cost {
        let (d, k) = (d as f64, k as f64);
        Cost { flops: 8.0 * d * k + 4.0 * k * k, elements: 2.0 * d * k + 2.0 * k * k, added: 0.0 }
    }

    /// Floating-point operations of taking squares from one such map to another: four products of d
    /// rows with a matrix of 3k columns, and four of such matrices.
    pub fn squares_flops(d: usize, k: usize) -> f64 {
        let (d, r) = (d as f64, 3.0 * k as f64);
        8.0 * d * r * r + 8.0 * r.powi(3)
    }

    /// H.
    pub(super) fn h(&self) -> ArrayView2<'_, f64> {
        self.h.view()
    }

    /// k.
    pub(super) fn columns(&self) -> usize {
        self.h.ncols()
    }

    /// M (r × r) of V = I + P M Pᵀ, where P (d × r) begins with the first k columns of I, and has those of
    /// H from `start` on: V = I + E(S−I)Eᵀ − 2HHᵀ − 2HHᵀE(S−I)Eᵀ.
    pub(super) fn middle(&self, start: usize, r: usize) -> Array2<f64> {
        let k = self.columns();
        let turned = &self.s - &Array2::<f64>::eye(k);
        let head = self.h.view().split_at(Axis(0), k).0.to_owned();
        let both = times(head.t(), turned.view()).mapv_into(|entry| -2.0 * entry);
        let mut m = Array2::zeros((r, r));
        for ((i, j), &entry) in turned.indexed_iter() {
            m[(i, j)] = entry;
            m[(start + i, j)] = both[(i, j)];
        }
        (start..start + k).for_each(|i| m[(i, i)] = -2.0);
        m
    }

    /// V, d × d.
    pub fn to_matrix(&self) -> Array2<f64> {
        let (d, k) = self.h.dim();
        let mut v = Array2::eye(d);
        let (head, _) = v.view_mut().split_at(Axis(0), k);
        head.split_at(Axis(1), k).0.assign(&self.s);
        let reflected = times(self.h.t(), v.view()).mapv_into(|entry| -2.0 * entry);
        product(self.h.view(), reflected.view(), Accum::Add, v.view_mut());
        v
    }
}

/// Of singular vectors whose value is 0, as there are where V's columns vanish at a coordinate (a pixel that
/// is always dark), only their spans are those of the matrix; which vectors they are, rounding decides, and
/// S with them. They become those that the spans decide: so V is what its first columns say, whoever
/// computed these, or read them from a file.
fn settle(a: &mut Array2<f64>, sigma: &mut Array1<f64>, b: &mut Array2<f64>) {
    let there = sigma.iter().take_while(|&&sigma| sigma > ZERO).count();
    if there == sigma.len() {
        return;
    }
    for vectors in [a, b] {
        let (_, mut null) = vectors.view_mut().split_at(Axis(1), there);
        let settled = spanned(null.view());
        null.assign(&settled);
    }
    sigma.iter_mut().skip(there).for_each(|sigma| *sigma = 0.0);
}

impl Form for Reflector {
    /// V's first k columns, which it is made of.
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        let (d, k) = self.h.dim();
        let head = self.h.view().split_at(Axis(0), k).0.to_owned();
        let mut columns = Array2::zeros((d, k));
        columns.view_mut().split_at(Axis(0), k).0.assign(&self.s);
        let reflected = times(head.t(), self.s.view()).mapv_into(|entry| -2.0 * entry);
        product(self.h.view(), reflected.view(), Accum::Add, columns.view_mut());
        vec![("", columns.into())]
    }

    fn structure(&self) -> Option<Structure> {
        Some(Structure::Reflector(self.clone()))
    }
}

impl<R: Real> Build<R> for Reflector {
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        let s = self.s.mapv(from_f64::<R>);
        Arc::new(Reflected {
            h: Tall::new(self.h.view()),
            transposed: Factor::new(s.t()),
            s: Factor::new(s.view()),
        })
    }
}

/// θ = (I − 2HHᵀ) diag(S, I) z.
#[derive(Debug)]
struct Reflected<R> {
    h: Tall<R>,
    s: Factor<R>,
    transposed: Factor<R>,
}

impl<R: Real> Reflected<R> {
    /// X ← F (I − 2HHᵀ).
    fn reflect(&self, from: &Rows<'_, R>, x: ArrayViewMut2<'_, R>, workspace: &mut Workspace<R>) {
        let lanes = x.nrows();
        let ([y], workspace) = workspace.take_and_rest([lanes * self.h.columns()]);
        let mut y = view_mut(y, lanes);
        self.h.project(from, y.view_mut(), workspace);
        let minus_two = from_f64::<R>(-2.0);
        y.mapv_inplace(|entry| minus_two * entry);
        self.h.add_expanded(y.view(), Some(from), x, workspace);
    }

    /// The first k columns of X times S or Sᵀ.
    fn turn(
        &self,
        by: &Factor<R>,
        x: ArrayView2<'_, R>,
        turned: &mut [R],
        workspace: &mut Workspace<R>,
    ) {
        let lanes = x.nrows();
        let [head, work] = workspace.take([lanes * self.h.columns(); 2]);
        let mut head = view_mut(head, lanes);
        head.assign(&x.split_at(Axis(1), self.h.columns()).0);
        by.multiply(head.view(), view_mut(turned, lanes), work);
    }
}

impl<R: Real> LinearMap<R> for Reflected<R> {
    fn trained(&self) -> usize {
        self.h.rows()
    }

    fn original(&self) -> usize {
        self.h.rows()
    }

    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        theta: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let lanes = z.nrows();
        let ([head], workspace) = workspace.take_and_rest([lanes * self.h.columns()]);
        self.turn(&self.transposed, z, head, workspace);
        self.reflect(&Rows::new(view(head, lanes), z), theta, workspace);
    }

    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        mut out: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        self.reflect(&gradient.into(), out.view_mut(), workspace);
        let lanes = gradient.nrows();
        let ([head], workspace) = workspace.take_and_rest([lanes * self.h.columns()]);
        self.turn(&self.s, out.view(), head, workspace);
        out.split_at(Axis(1), self.h.columns()).0.assign(&view(head, lanes));
    }

    fn cost(&self) -> Cost {
        Reflector::cost(self.h.rows(), self.h.columns())
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        written_down(self)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::concatenate;
    use ndarray_rand::RandomExt;
    use ndarray_rand::rand_distr::StandardNormal;
    use proptest::prelude::*;

    use super::*;
    use crate::data::orthonormal;
    use crate::linalg::{orthonormal_columns, orthonormality_defect};
    use crate::rng::Streams;

    /// Random orthonormal columns, the first few of which are those of I.
    fn vectors(d: usize, k: usize, units: usize, seed: u64) -> Array2<f64> {
        let mut rng = Streams::new(seed, 0).rng("vectors");
        let mut vectors = Array2::zeros((d, k));
        (0..units).for_each(|unit| vectors[(unit, unit)] = 1.0);
        let (_, rest) = vectors.view_mut().split_at(Axis(0), units);
        let (_, mut rest) = rest.split_at(Axis(1), units);
        rest.assign(&orthonormal(d - units, k - units, &mut rng));
        vectors
    }

    fn largest_difference(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> f64 {
        linalg::largest(a.iter().zip(b).map(|(a, b)| (a - b).abs()))
    }

    /// What must hold of V with these columns first.
    fn is_completed(vectors: &Array2<f64>) {
        let (d, k) = vectors.dim();
        let reflector = Reflector::new(vectors.view()).unwrap();
        let what = format!("{d} × {k}");
        // Sums of d products of numbers below 1, as accurate as QR and SVD make them.
        assert!(orthonormality_defect(reflector.h.view()) <= 1e-13, "{what}: H");
        assert!(orthonormality_defect(reflector.s.view()) <= 1e-13, "{what}: S");
        let h = reflector.h.mapv(|entry| f64::from(entry as f32));
        assert!(orthonormality_defect(h.view()) <= 1e-7, "{what}: H rounded");
        let v = reflector.to_matrix();
        assert!(orthonormality_defect(v.view()) <= 1e-13, "{what}: V");
        let (first, _) = v.view().split_at(Axis(1), k);
        assert!(largest_difference(first, vectors.view()) <= 1e-13, "{what}: the first columns");

        let double = Build::<f64>::build(&reflector).to_dense().unwrap();
        assert!(largest_difference(double.view(), v.view()) <= 1e-13, "{what}: in f64");
        let single = Build::<f32>::build(&reflector).to_dense().unwrap();
        // H is rounded to 6e-8 of entries below 1, and so are a few sums.
        assert!(orthonormality_defect(single.view()) <= 5e-6, "{what}: V in f32");
        assert!(largest_difference(single.view(), v.view()) <= 5e-6, "{what}: in f32");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

        #[test]
        fn the_first_columns_are_those_given(
            d in 1..60_usize, share in 0.0..=1.0_f64, of_them in 0.0..=1.0_f64, seed: u32,
        ) {
            let k = (share * d as f64).round() as usize;
            let units = (of_them * k as f64) as usize;
            is_completed(&vectors(d, k, units, seed.into()));
        }
    }

    #[test]
    fn any_number_of_columns_can_be_given() {
        for d in [1, 2, 7, 64] {
            for k in [0, 1, d - 1, d] {
                for units in [0, k.min(1), k / 2, k] {
                    is_completed(&vectors(d, k, units, d as u64));
                }
            }
        }
        // More rows than a piece has.
        is_completed(&vectors(1100, 3, 1, 1));
        is_completed(&vectors(1100, 40, 20, 2));
        // More columns than a piece has rows.
        is_completed(&vectors(1030, 1012, 1000, 3));
    }

    #[test]
    fn columns_orthogonal_to_the_first_coordinates_and_their_negatives_are_no_exception() {
        let below = vectors(20, 4, 0, 3);
        let zeros = Array2::zeros((4, 4));
        let parts = [zeros.view(), below.view()];
        is_completed(&concatenate(Axis(0), &parts).unwrap());
        is_completed(&-Array2::<f64>::eye(9));
    }

    #[test]
    fn what_its_columns_say_and_no_rounding_decides_it() {
        let (dead, d, k) = ([0, 3, 5, 20], 40, 8);
        let mut rng = Streams::new(7, 0).rng("noise");
        let mut columns = vectors(d, k, 0, 7);
        dead.into_iter().for_each(|row| columns.row_mut(row).fill(0.0));
        let columns = orthonormal_columns(columns.view());
        is_completed(&columns);
        let first = Reflector::new(columns.view()).unwrap();
        for _ in 0..10 {
            let noise = Array2::random_using((d, k), StandardNormal, &mut rng);
            let near = &columns + &noise.mapv_into(|entry: f64| 1e-16 * entry);
            let again = Reflector::new(near.view()).unwrap();
            // Rounding of QR and SVD, over the least singular value that is not 0.
            let apart = largest_difference(first.to_matrix().view(), again.to_matrix().view());
            assert!(apart <= 1e-12, "{apart}");
            // What is saved of it.
            let [(_, saved)] = <[_; 1]>::try_from(again.matrices()).unwrap();
            let read = Reflector::new(saved.view()).unwrap();
            assert!(largest_difference(first.s.view(), read.s.view()) <= 1e-12);
        }
    }

    #[test]
    fn what_is_nearly_orthonormal_is_made_so() {
        let exact = vectors(30, 6, 2, 4);
        let near =
            &exact + &Array2::from_shape_fn((30, 6), |(i, j)| 1e-4 * ((i + 3 * j) as f64).sin());
        let v = Reflector::new(near.view()).unwrap().to_matrix();
        assert!(orthonormality_defect(v.view()) <= 1e-13);
        let (first, _) = v.view().split_at(Axis(1), 6);
        // Gram and Schmidt's corrections are of the order of the defect.
        assert!(largest_difference(first, near.view()) <= 1e-3);
    }

    #[test]
    fn the_other_columns_are_bent_as_far_as_their_row_of_h() {
        let reflector = Reflector::new(vectors(50, 5, 0, 5).view()).unwrap();
        let v = reflector.to_matrix();
        for j in 5..50 {
            let mut off = v.column(j).to_owned();
            off[j] -= 1.0;
            let row = reflector.h.row(j);
            let expected = 2.0 * row.dot(&row).sqrt();
            // Sums of 50 products of numbers below 1.
            assert!((off.dot(&off).sqrt() - expected).abs() <= 1e-13, "{j}");
        }
    }

    #[test]
    fn what_cannot_be_completed_is_refused() {
        assert!(Reflector::new(Array2::zeros((2, 3)).view()).is_err());
        for wrong in [f64::NAN, f64::INFINITY] {
            let mut vectors = vectors(5, 2, 0, 6);
            vectors[(3, 1)] = wrong;
            assert!(Reflector::new(vectors.view()).is_err());
        }
    }
}
