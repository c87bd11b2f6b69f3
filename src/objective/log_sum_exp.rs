//! The log-sum-exp objective (paper, eq. 7).

use ndarray::{Array1, ArrayView2};

use crate::config::Reader;
use crate::data;
use crate::error::Result;
use crate::exponential::Exponential;
use crate::lanes::Layout;
use crate::linalg::{Real, from_f64, to_f64};
use crate::objective::composite::MatrixSpec;
use crate::objective::{Build, Composite, Context, Entry, Known, Objective, Outer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "log-sum-exp",
    summary: "f(θ) = log Σ_i exp((⟨a_i, θ⟩ − y_i)²) with y = Aθ*",
    read: |reader: &mut Reader<'_>| Some(Box::new(LogSumExpSpec(MatrixSpec::read(reader)?))),
};

/// Rows whose exponentials are taken together.
const GROUP: usize = 64;

/// h(z) = log Σ_i exp((z_i − y_i)²).
#[derive(Clone, Debug)]
pub struct LogSumExp<R>(Array1<R>);

impl<R: Real> LogSumExp<R> {
    /// h for the observations y.
    pub fn new(observations: &Array1<f64>) -> Self {
        Self(observations.mapv(from_f64))
    }

    /// f(θ) = log Σ_i exp((⟨a_i, θ⟩ − y_i)²) with y = Aθ*, so that the minimum is log n, at θ*.
    pub fn realizable(matrix: ArrayView2<'_, f64>, minimizer: &Array1<f64>) -> Composite<R, Self> {
        let minimum = (matrix.nrows() as f64).ln();
        // The sum is accumulated in doubles; its terms are exponentials of rounded squares.
        let numerical_floor = 16.0 * to_f64(R::epsilon()) * minimum.max(1.0);
        Composite::new(matrix, Self::new(&matrix.dot(minimizer))).with_optimum(
            minimum,
            minimizer.view(),
            numerical_floor,
        )
    }
}

impl<R: Real> Outer<R> for LogSumExp<R> {
    /// Shifted by the largest exponent, so that nothing overflows before the squares themselves
    /// do; then the value is infinite or NaN, never −∞.
    fn value_and_gradient(&self, z: &mut [R]) -> f64 {
        let mut largest = 0.0_f64;
        for (z, &y) in z.iter_mut().zip(&self.0) {
            *z -= y;
            largest = largest.max(to_f64(*z).powi(2));
        }
        let mut sum = 0.0;
        for z in z.chunks_mut(GROUP) {
            let mut shifted = [f64::NEG_INFINITY; GROUP];
            for (shifted, &z) in shifted.iter_mut().zip(z.iter()) {
                *shifted = to_f64(z).powi(2) - largest;
            }
            f64::exp_all(&mut shifted);
            for (z, weight) in z.iter_mut().zip(shifted) {
                sum += weight;
                *z = from_f64(2.0 * to_f64(*z) * weight);
            }
        }
        let scale: R = from_f64(1.0 / sum);
        for z in z {
            *z *= scale;
        }
        largest + sum.ln()
    }

    /// With residuals r and softmax weights w of r², the Hessian is diag(2w + 4r²w) − 4(rw)(rw)ᵀ;
    /// where all residuals vanish w = 1/n. There is no largest: it grows with r.
    fn curvature(&self) -> (f64, &'static str) {
        (2.0 / self.0.len() as f64, "at the minimizer")
    }
}

/// Log-sum-exp on a random matrix with a prescribed spectrum; θ* ~ N(0, I).
#[derive(Clone, Debug)]
pub struct LogSumExpSpec(pub MatrixSpec);

impl<R: Real> Build<R> for LogSumExpSpec {
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>> {
        let mut rng = context.streams.rng("data");
        let matrix = self.0.draw(&mut rng);
        let minimizer = data::gaussian_vector(self.0.columns, &mut rng);
        Ok(Box::new(LogSumExp::realizable(matrix.view(), &minimizer)))
    }
}

impl Spec for LogSumExpSpec {
    fn layout(&self) -> Layout {
        Layout::vector(self.0.columns)
    }

    fn rows(&self) -> Option<usize> {
        Some(self.0.rows)
    }

    fn remark(&self) -> Option<String> {
        Some(self.0.decay.to_string())
    }

    fn gradient_flops(&self) -> f64 {
        self.0.gradient_flops()
    }

    fn data_elements(&self) -> usize {
        self.0.data_elements()
    }

    fn known(&self) -> Known {
        Known::OPTIMUM
    }

    fn absorbs_bases(&self) -> bool {
        true
    }
}
