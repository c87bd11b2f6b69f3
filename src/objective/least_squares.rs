//! Linear least squares.

use ndarray::{Array1, ArrayView2};

use crate::config::Reader;
use crate::data;
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::{Real, double, real};
use crate::objective::composite::MatrixSpec;
use crate::objective::{Build, Composite, Context, Entry, Objective, Outer, Spec};

pub(super) const ENTRY: Entry = Entry {
    name: "least-squares",
    summary: "f(θ) = ½‖Aθ − y‖² with y = Aθ*",
    read: |reader: &mut Reader<'_>| Some(Box::new(LeastSquaresSpec(MatrixSpec::read(reader)?))),
};

/// h(z) = ½‖z − y‖².
#[derive(Clone, Debug)]
pub struct LeastSquares<R>(Array1<R>);

impl<R: Real> LeastSquares<R> {
    /// h for the targets y.
    pub fn new(targets: &Array1<f64>) -> Self {
        Self(targets.mapv(real))
    }

    /// f(θ) = ½‖Aθ − y‖² with y = Aθ*, so that the minimum is 0, at θ*.
    pub fn realizable(matrix: ArrayView2<'_, f64>, minimizer: &Array1<f64>) -> Composite<R, Self> {
        let targets = matrix.dot(minimizer);
        // Each residual is computed to about one rounding of its target.
        let resolution = 0.5 * double(R::epsilon()).powi(2) * targets.dot(&targets);
        Composite::new(matrix, Self::new(&targets)).with_optimum(0.0, minimizer.view(), resolution)
    }
}

impl<R: Real> Outer<R> for LeastSquares<R> {
    fn value_and_gradient(&self, z: &mut [R]) -> f64 {
        let mut value = 0.0;
        for (z, &y) in z.iter_mut().zip(&self.0) {
            *z -= y;
            value += double(*z).powi(2);
        }
        0.5 * value
    }

    fn curvature(&self) -> (f64, &'static str) {
        (1.0, "everywhere")
    }
}

/// Least squares on a random matrix with a prescribed spectrum; θ* ~ N(0, I).
#[derive(Clone, Debug)]
pub struct LeastSquaresSpec(pub MatrixSpec);

impl<R: Real> Build<R> for LeastSquaresSpec {
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>> {
        let mut rng = context.streams.rng("data");
        let matrix = self.0.draw(&mut rng);
        let minimizer = data::gaussian_vector(self.0.columns, &mut rng);
        Ok(Box::new(LeastSquares::realizable(matrix.view(), &minimizer)))
    }
}

impl Spec for LeastSquaresSpec {
    fn layout(&self) -> Layout {
        Layout::vector(self.0.columns)
    }

    fn gradient_cost(&self) -> f64 {
        self.0.gradient_cost()
    }

    fn data_len(&self) -> usize {
        self.0.data_len()
    }
}
