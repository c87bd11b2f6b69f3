//! Linear least squares.

use ndarray::{Array1, Array2, ArrayView2};

use crate::config::Reader;
use crate::data::Svd;
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::sum_of_squares;
use crate::linalg::{self, Real, from_f64, to_f64};
use crate::objective::composite::PACKED;
use crate::objective::matrix::drawn_or_user;
use crate::objective::user_matrix::{Optimum, UserOuter};
use crate::objective::{
    Absorbs, Build, COMPOSITE_REVISION, Composite, Context, Entry, Known, MatrixSpec, NamedArrays,
    Objective, Outer, RegressionSpec, Spec,
};
use crate::simd::vectorized;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "least-squares",
    summary: "f(θ) = ½‖Aθ − y‖² with y = Aθ*, or that with noise",
    read: |reader: &mut Reader<'_>| {
        drawn_or_user(USER, reader, |shape, reader| {
            Some(Box::new(LeastSquaresSpec(RegressionSpec::read(shape, reader)?)))
        })
    },
};

/// On data of the user's own.
const USER: UserOuter = UserOuter {
    labels: false,
    hessian: true,
    factored: true,
    optimum: LeastSquares::<f64>::optimum,
    single: |matrix, _, optimum| Box::new(LeastSquares::<f32>::with(matrix, optimum)),
    double: |matrix, _, optimum| Box::new(LeastSquares::<f64>::with(matrix, optimum)),
};

/// h(z) = ½‖z − y‖² + c.
#[derive(Clone, Debug)]
pub struct LeastSquares<R> {
    targets: Array1<R>,
    /// c, the part of the loss that no parameters change.
    rest: f64,
}

impl<R: Real> LeastSquares<R> {
    /// h for the targets y, c = 0.
    pub fn new(targets: &Array1<f64>) -> Self {
        Self { targets: targets.mapv(from_f64), rest: 0.0 }
    }

    /// f(θ) = ½‖Aθ − y‖² with y = Aθ*, so that the minimum is 0, at θ*.
    pub fn realizable(matrix: ArrayView2<'_, f64>, minimizer: &Array1<f64>) -> Composite<R, Self> {
        Self::around(matrix, minimizer, 0.0)
    }

    /// f(θ) = ½‖Aθ − y‖² with y = Aθ* + ε for A = U diag(s) Wᵀ.
    ///
    /// The part UUᵀε of ε moves the minimizer, to θ* + W diag(1/s) Uᵀε; half the square of the rest,
    /// which is at right angles to all Aθ, is the minimum.
    pub fn noisy(svd: &Svd, truth: &Array1<f64>, noise: &Array1<f64>) -> Composite<R, Self> {
        let within = svd.left.t().dot(noise);
        let beyond = noise - &svd.left.dot(&within);
        let minimizer = truth + &svd.solve(&within);
        Self::around(svd.matrix().view(), &minimizer, 0.5 * beyond.dot(&beyond))
    }

    /// The optimum of ½‖Aθ − y‖² for any A: of several minimizers, the shortest.
    ///
    /// # Errors
    /// When A cannot be decomposed.
    pub(super) fn optimum(matrix: ArrayView2<'_, f64>, targets: &Array1<f64>) -> Result<Optimum> {
        let (left, singular_values, right) = linalg::svd(matrix)?;
        // Below that, a decomposition sees rounding.
        let size = matrix.nrows().max(matrix.ncols()) as f64;
        let smallest = size * f64::EPSILON * singular_values[0];
        let kept = singular_values.mapv(|s| if s > smallest { s } else { 0.0 });
        let within = left.t().dot(targets);
        let minimizer = Svd { left, singular_values: kept, right }.solve(&within);
        let beyond = matrix.dot(&minimizer) - targets;
        Ok(Optimum { value: 0.5 * beyond.dot(&beyond), minimizer, condition: 1.0 })
    }

    /// ½‖Aθ − y‖² for the y with this optimum.
    pub(super) fn with(matrix: ArrayView2<'_, f64>, optimum: &Optimum) -> Composite<R, Self> {
        Self::around(matrix, &optimum.minimizer, optimum.value)
    }

    /// f(θ) = ½‖A(θ − θ*)‖² + c.
    fn around(
        matrix: ArrayView2<'_, f64>,
        minimizer: &Array1<f64>,
        rest: f64,
    ) -> Composite<R, Self> {
        let factor = factor(matrix);
        let matrix = factor.as_ref().map_or(matrix, |factor| factor.view());
        let targets = matrix.dot(minimizer);
        // Each residual is computed to about one rounding of its target.
        let residuals = 0.5 * to_f64(R::epsilon()).powi(2) * targets.dot(&targets);
        let numerical_floor = residuals + f64::EPSILON * rest;
        Composite::new(matrix, Self { rest, ..Self::new(&targets) }).with_optimum(
            rest,
            minimizer.view(),
            numerical_floor,
        )
    }
}

impl<R: Real> Outer<R> for LeastSquares<R> {
    fn value_and_gradient(&self, z: &mut [R]) -> f64 {
        let targets = self.targets.as_slice().expect("an owned array is contiguous");
        vectorized(|| z.iter_mut().zip(targets).for_each(|(z, &y)| *z -= y));
        0.5 * sum_of_squares(z) + self.rest
    }

    fn curvature(&self) -> Option<(f64, &'static str)> {
        Some((1.0, "everywhere"))
    }

    fn determined(
        matrix: ArrayView2<'_, f64>,
        minimizer: &Array1<f64>,
        minimum: f64,
    ) -> Option<(Array2<f64>, Self)> {
        let factor = factor(matrix)?;
        let targets = factor.dot(minimizer);
        Some((factor, Self { rest: minimum, ..Self::new(&targets) }))
    }
}

/// ‖A(θ − θ*)‖ = ‖R(θ − θ*)‖ for A = QR: with more rows than columns, the smaller R stands for A. Unlike
/// AᵀA it is as well conditioned as A. As half of it is zeros, which products with a packed matrix leave
/// out, it also stands for a square A that is packed.
fn factor(matrix: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let (rows, columns) = matrix.dim();
    let stands = rows > columns || (rows == columns && rows <= PACKED);
    stands.then(|| linalg::triangular_factor(matrix))
}

/// Least squares on a random matrix with a prescribed spectrum.
#[derive(Clone, Debug)]
pub struct LeastSquaresSpec(pub RegressionSpec);

impl<R: Real> Build<R> for LeastSquaresSpec {
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>> {
        let mut rng = context.streams.rng("data");
        let (svd, truth, noise) = self.0.draw(&mut rng)?;
        Ok(Box::new(match noise {
            Some(noise) => LeastSquares::noisy(&svd, &truth, &noise),
            None => LeastSquares::realizable(svd.matrix().view(), &truth),
        }))
    }
}

impl Spec for LeastSquaresSpec {
    fn layout(&self) -> Layout {
        Layout::vector(self.0.matrix.columns)
    }

    fn rows(&self) -> Option<usize> {
        Some(self.0.matrix.rows)
    }

    fn remark(&self) -> Option<String> {
        Some(self.0.matrix.decay.to_string())
    }

    fn gradient_flops(&self, _full: Option<usize>) -> f64 {
        MatrixSpec { rows: self.absorbing_rows(), ..self.0.matrix }.gradient_flops()
    }

    fn revision(&self) -> u32 {
        COMPOSITE_REVISION
    }

    fn data_elements(&self) -> usize {
        self.0.matrix.data_elements()
    }

    fn known(&self) -> Known {
        Known::OPTIMUM
    }

    fn arrays(&self, context: &Context) -> Result<NamedArrays> {
        self.0.arrays(&mut context.streams.rng("data"))
    }

    fn absorbs(&self) -> Absorbs {
        Absorbs::Everything
    }

    /// Of the triangular factor, if there is one.
    fn absorbing_rows(&self) -> usize {
        self.0.matrix.rows.min(self.0.matrix.columns)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;
    use crate::data::{self, Decay};
    use crate::lanes::Lanes;
    use crate::linalg::{Accum, product};
    use crate::objective::{Batch, checks};
    use crate::rng::Streams;

    fn value(objective: &Composite<f64, LeastSquares<f64>>, theta: &Array1<f64>) -> f64 {
        let theta = Lanes::broadcast(objective.layout(), 1, theta.view());
        checks::gradient(objective, &theta, Batch::Full).0[0]
    }

    #[test]
    fn the_triangular_factor_makes_the_same_objective() {
        let spec = MatrixSpec::new(40, 9, Decay::Power { exponent: 1.0 });
        let mut rng = Streams::new(1, 0).rng("data");
        let matrix = spec.draw(&mut rng).unwrap().matrix();
        let minimizer = data::gaussian_vector(9, &mut rng);
        let small = LeastSquares::realizable(matrix.view(), &minimizer);
        let whole = Composite::new(matrix.view(), LeastSquares::new(&matrix.dot(&minimizer)));
        assert_eq!(small.matrix().dim(), (9, 9));
        let lower = small.matrix().indexed_iter().all(|((i, j), &x)| i <= j || x == 0.0);
        assert!(lower, "a triangle");
        let mut difference = Array2::zeros((9, 9));
        let factor = small.matrix();
        product(factor.t(), factor.view(), Accum::Overwrite, difference.view_mut());
        difference -= &matrix.t().dot(&matrix);
        // Sums of up to 40 products of numbers up to 1.
        assert!(difference.iter().all(|x| x.abs() < 1e-14), "RᵀR is not AᵀA");
        for _ in 0..10 {
            let theta = data::gaussian_vector(9, &mut rng);
            let (small, whole) = (value(&small, &theta), value(&whole, &theta));
            assert!((small - whole).abs() <= 1e-13 * whole, "{small} and {whole}");
        }
    }

    #[test]
    fn a_square_matrix_has_a_triangular_factor_too() {
        let mut rng = Streams::new(1, 0).rng("data");
        let spec = MatrixSpec::new(9, 9, Decay::Exponential { rate: 0.3 });
        let matrix = spec.draw(&mut rng).unwrap().matrix();
        let minimizer = data::gaussian_vector(9, &mut rng);
        let objective = LeastSquares::<f64>::around(matrix.view(), &minimizer, 0.25);
        let factor = objective.matrix();
        let (determined, outer) =
            LeastSquares::<f64>::determined(matrix.view(), &minimizer, 0.25).unwrap();
        assert_eq!(factor, determined);
        assert_eq!((outer.targets, outer.rest), (determined.dot(&minimizer), 0.25));
        assert!(factor.indexed_iter().all(|((i, j), &x)| (i <= j) == (x != 0.0)), "{factor}");
        assert_eq!(objective.minimum(), Some(0.25));
        for _ in 0..10 {
            let theta = data::gaussian_vector(9, &mut rng);
            let off = matrix.dot(&(&theta - &minimizer));
            let expected = 0.5 * off.dot(&off) + 0.25;
            assert!((value(&objective, &theta) / expected - 1.0).abs() <= 1e-13);
        }
        // No zero hides a variable that has overflowed.
        for variable in 0..9 {
            let mut theta = minimizer.clone();
            theta[variable] = f64::INFINITY;
            assert!(!value(&objective, &theta).is_finite());
        }
    }

    /// In AᵀA the small numbers would be gone: 1 + e² is 1.
    #[test]
    fn nearly_parallel_columns_stay_apart() {
        let e = 1e-9;
        let matrix = arr2(&[[1.0, 1.0], [e, 0.0], [0.0, e]]);
        let objective = LeastSquares::realizable(matrix.view(), &arr1(&[0.5, 2.0]));
        // A(1, −1)ᵀ = (0, e, −e)ᵀ, to the relative accuracy at which 1 + e is known.
        let found = value(&objective, &arr1(&[1.5, 1.0]));
        assert!((found / (e * e) - 1.0).abs() < 1e-6, "{found:e}");
    }

    /// With noise, f is still ½‖Aθ − y‖², and no point is below the minimum.
    #[test]
    fn noise_moves_the_minimum() {
        for (rows, columns) in [(40, 9), (9, 9), (5, 12)] {
            let spec = MatrixSpec::new(rows, columns, Decay::Exponential { rate: 0.3 });
            let mut rng = Streams::new(1, 0).rng("data");
            let svd = spec.draw(&mut rng).unwrap();
            let truth = data::gaussian_vector(columns, &mut rng);
            let noise = 0.3 * data::gaussian_vector(rows, &mut rng);
            let noisy = LeastSquares::<f64>::noisy(&svd, &truth, &noise);
            let matrix = svd.matrix();
            let plain =
                Composite::new(matrix.view(), LeastSquares::new(&(matrix.dot(&truth) + &noise)));
            let (minimum, minimizer) = (noisy.minimum().unwrap(), noisy.minimizer().unwrap());
            // Sums of up to 40 squares of numbers about 1; the condition number is below 50.
            assert!((value(&noisy, &minimizer.to_owned()) - minimum).abs() <= 1e-14);
            assert!((value(&plain, &minimizer.to_owned()) - minimum).abs() <= 1e-12);
            assert_eq!(minimum > 0.1, rows > columns, "{minimum:e}");
            for _ in 0..10 {
                let theta = &minimizer + &data::gaussian_vector(columns, &mut rng);
                let (noisy, plain) = (value(&noisy, &theta), value(&plain, &theta));
                assert!((noisy - plain).abs() <= 1e-12 * plain, "{noisy} and {plain}");
                assert!(plain > minimum);
            }
        }
    }
}
