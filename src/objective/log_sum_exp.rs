//! The log-sum-exp objective (paper, eq. 7).

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::config::Reader;
use crate::data::Svd;
use crate::error::{Error, Result};
use crate::exponential::Exponential;
use crate::lanes::Layout;
use crate::linalg::{self, Real, from_f64, to_f64};
use crate::objective::matrix::drawn_or_user;
use crate::objective::user_matrix::{Optimum, UserOuter};
use crate::objective::{
    Absorbs, Build, COMPOSITE_REVISION, Composite, Context, Entry, Known, NamedArrays, Objective,
    Outer, RegressionSpec, Spec, newton,
};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "log-sum-exp",
    summary: "f(θ) = log Σ_i exp((⟨a_i, θ⟩ − y_i)²) with y = Aθ*, or that with noise",
    read: |reader: &mut Reader<'_>| {
        drawn_or_user(USER, reader, |shape, reader| {
            Some(Box::new(LogSumExpSpec::read(shape, reader)?))
        })
    },
};

/// On data of the user's own.
const USER: UserOuter = UserOuter {
    labels: false,
    hessian: false,
    factored: false,
    optimum: LogSumExp::<f64>::optimum,
    single: |matrix, y, optimum| Box::new(LogSumExp::<f32>::with(matrix, y, optimum)),
    double: |matrix, y, optimum| Box::new(LogSumExp::<f64>::with(matrix, y, optimum)),
};

/// Rows whose exponentials are taken together.
const GROUP: usize = 64;

/// With noise, A's smallest singular value must be this part of the largest: as its inverse grows,
/// so do the minimizer and the rounding of the minimum.
const LEAST_SINGULAR_VALUE: f64 = 1e-6;

/// h(z) = log Σ_i exp((z_i − y_i)²).
#[derive(Clone, Debug)]
pub struct LogSumExp<R> {
    observations: Array1<R>,
    /// Whether all residuals z_i − y_i vanish at the minimizer.
    realizable: bool,
}

impl<R: Real> LogSumExp<R> {
    /// h for the observations y.
    pub fn new(observations: &Array1<f64>) -> Self {
        Self { observations: observations.mapv(from_f64), realizable: false }
    }

    /// f(θ) = log Σ_i exp((⟨a_i, θ⟩ − y_i)²) with y = Aθ*, so that the minimum is log n, at θ*.
    pub fn realizable(matrix: ArrayView2<'_, f64>, minimizer: &Array1<f64>) -> Composite<R, Self> {
        let minimum = (matrix.nrows() as f64).ln();
        // The sum is accumulated in doubles; its terms are exponentials of rounded squares.
        let numerical_floor = 16.0 * to_f64(R::epsilon()) * minimum.max(1.0);
        let outer = Self { realizable: true, ..Self::new(&matrix.dot(minimizer)) };
        Composite::new(matrix, outer).with_optimum(minimum, minimizer.view(), numerical_floor)
    }

    /// f(θ) = log Σ_i exp((⟨a_i, θ⟩ − y_i)²) with y = Aθ* + ε for A = U diag(s) Wᵀ.
    ///
    /// With θ = θ* + W diag(1/s) u, the residuals are Uu − ε: Newton's method finds u, in
    /// coordinates in which A's singular values are all 1.
    ///
    /// # Errors
    /// When it does not.
    pub fn noisy(
        svd: &Svd,
        truth: &Array1<f64>,
        noise: &Array1<f64>,
    ) -> Result<Composite<R, Self>> {
        let optimum = Self::optimum_of(svd, noise)?;
        let minimizer = truth + &optimum.minimizer;
        let matrix = svd.matrix();
        let observations = matrix.dot(truth) + noise;
        Ok(Self::with(matrix.view(), &observations, &Optimum { minimizer, ..optimum }))
    }

    /// The optimum of log Σ_i exp((⟨a_i, θ⟩ − ε_i)²).
    fn optimum_of(svd: &Svd, noise: &Array1<f64>) -> Result<Optimum> {
        let (within, value) = minimize(svd.left.view(), noise)?;
        let minimizer = svd.solve(&within);
        let condition = svd.singular_values[0] / svd.singular_values[within.len() - 1];
        Ok(Optimum { value, minimizer, condition })
    }

    /// The optimum for any A whose singular values do not vanish.
    ///
    /// # Errors
    /// When they do, or Newton's method finds no minimum.
    pub(super) fn optimum(matrix: ArrayView2<'_, f64>, targets: &Array1<f64>) -> Result<Optimum> {
        let (left, singular_values, right) = linalg::svd(matrix)?;
        let [first, .., last] = *singular_values.as_slice().unwrap_or_default() else {
            return Self::optimum_of(&Svd { left, singular_values, right }, targets);
        };
        if last < LEAST_SINGULAR_VALUE * first {
            return Err(Error::Numerical(format!(
                "log-sum-exp: the minimum is known only if the smallest singular value of the data \
                 matrix is at least {LEAST_SINGULAR_VALUE:e} of the largest; it is {:.1e}: scale \
                 its columns, or leave out those that others determine",
                last / first
            )));
        }
        Self::optimum_of(&Svd { left, singular_values, right }, targets)
    }

    /// The objective with a known optimum.
    pub(super) fn with(
        matrix: ArrayView2<'_, f64>,
        targets: &Array1<f64>,
        optimum: &Optimum,
    ) -> Composite<R, Self> {
        let rounding = 16.0 * to_f64(R::epsilon()) * optimum.value.max(1.0);
        Composite::new(matrix, Self::new(targets)).with_optimum(
            optimum.value,
            optimum.minimizer.view(),
            rounding * optimum.condition,
        )
    }
}

impl<R: Real> Outer<R> for LogSumExp<R> {
    /// Shifted by the largest exponent, so that nothing overflows before the squares themselves
    /// do; then the value is infinite or NaN, never −∞.
    fn value_and_gradient(&self, z: &mut [R]) -> f64 {
        let mut largest = 0.0_f64;
        for (z, &y) in z.iter_mut().zip(&self.observations) {
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
    fn curvature(&self) -> Option<(f64, &'static str)> {
        let at_minimizer = (2.0 / self.observations.len() as f64, "at the minimizer");
        self.realizable.then_some(at_minimizer)
    }
}

/// The u with the lowest log Σ_i exp(r_i²) for r = Uu − ε, and that value.
///
/// Where residuals are large, all but a few weights vanish and the Hessian with them. Newton's method
/// therefore minimizes log Σ_i exp(t r_i²) for t from small to 1, each from the minimizer before.
fn minimize(u: ArrayView2<'_, f64>, noise: &Array1<f64>) -> Result<(Array1<f64>, f64)> {
    let largest = noise.iter().fold(0.0_f64, |most, e| most.max(e * e));
    let mut t = 1.0;
    while t * largest > 4.0 {
        t /= 4.0;
    }
    let mut point = u.t().dot(noise);
    loop {
        let (next, value) = minimize_scaled(u, noise, t, point)?;
        if t >= 1.0 {
            return Ok((next, value));
        }
        (point, t) = (next, 4.0 * t);
    }
}

/// The u with the lowest log Σ_i exp(t r_i²), and that value, by Newton's method.
fn minimize_scaled(
    u: ArrayView2<'_, f64>,
    noise: &Array1<f64>,
    t: f64,
    start: Array1<f64>,
) -> Result<(Array1<f64>, f64)> {
    // The residuals, the softmax weights of t r², and the value.
    let at = |point: &Array1<f64>| {
        let residuals = u.dot(point) - noise;
        let largest = residuals.iter().fold(0.0_f64, |most, r| most.max(t * r * r));
        let weights = residuals.mapv(|r| (t * r * r - largest).exp());
        let sum = weights.sum();
        (residuals, weights / sum, largest + sum.ln())
    };
    let value = |point: &Array1<f64>| at(point).2;
    let found = newton::minimize(start, value, |point| {
        let (residuals, weights, _) = at(point);
        let gradient = 2.0 * t * u.t().dot(&(&residuals * &weights));
        let curvatures = weights * residuals.mapv(|r| 2.0 * t + (2.0 * t * r).powi(2));
        let weighted: Array2<f64> = &u * &curvatures.insert_axis(Axis(1));
        let column = gradient.view().insert_axis(Axis(1));
        let hessian = u.t().dot(&weighted) - column.dot(&column.t());
        (gradient, hessian.as_standard_layout().into_owned())
    });
    found.map_err(|_| {
        let problem = "log-sum-exp: Newton's method found no minimum: what is to be predicted is too \
                       far from what the matrix can give; use less noise";
        Error::Numerical(problem.into())
    })
}

/// Log-sum-exp on a random matrix with a prescribed spectrum.
#[derive(Clone, Debug)]
pub struct LogSumExpSpec(pub RegressionSpec);

impl LogSumExpSpec {
    fn read(shape: [Option<usize>; 2], reader: &mut Reader<'_>) -> Option<Self> {
        let regression = RegressionSpec::read(shape, reader)?;
        let RegressionSpec { matrix, noise } = regression;
        let singular_values = matrix.decay.singular_values(matrix.rows.min(matrix.columns));
        if noise > 0.0 && singular_values.iter().any(|&s| s < LEAST_SINGULAR_VALUE) {
            let problem = "with noise, the minimum is known only if the data matrix's smallest \
                           singular value is at least 1e-6 of the largest: use a slower decay";
            reader.problem("noise", problem);
            return None;
        }
        Some(Self(regression))
    }
}

impl<R: Real> Build<R> for LogSumExpSpec {
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>> {
        let mut rng = context.streams.rng("data");
        let (svd, truth, noise) = self.0.draw(&mut rng)?;
        Ok(Box::new(match noise {
            Some(noise) => LogSumExp::noisy(&svd, &truth, &noise)?,
            None => LogSumExp::realizable(svd.matrix().view(), &truth),
        }))
    }
}

impl Spec for LogSumExpSpec {
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
        self.0.matrix.gradient_flops()
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

    fn absorbing_rows(&self) -> usize {
        self.0.matrix.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{self, Decay, Split};
    use crate::lanes::{Lanes, Workspace};
    use crate::objective::MatrixSpec;
    use crate::rng::Streams;

    /// The gradient vanishes at the minimizer, the minimum is f there, and no point is below it.
    #[test]
    fn the_minimum_with_noise_is_found() {
        let cases = [
            (100, 50, 0.1),
            (100, 50, 1.0),
            (100, 50, 10.0),
            (400, 2, 30.0),
            (12, 12, 1.0),
            (5, 12, 1.0),
        ];
        for (rows, columns, noise) in cases {
            for trial in 0..10 {
                let matrix = MatrixSpec::new(rows, columns, Decay::Power { exponent: 1.0 });
                let mut rng = Streams::new(1, trial).rng("data");
                let regression = RegressionSpec { matrix, noise };
                let (svd, truth, noise) = regression.draw(&mut rng).unwrap();
                let objective = LogSumExp::<f64>::noisy(&svd, &truth, &noise.unwrap()).unwrap();
                let minimizer = objective.minimizer().unwrap().to_owned();
                let minimum = objective.minimum().unwrap();
                let mut points = Lanes::broadcast(objective.layout(), 20, minimizer.view());
                for lane in 1..20 {
                    let step = 0.1 * data::gaussian_vector(columns, &mut rng);
                    points.set_lane(lane, (&minimizer + &step).view());
                }
                let values =
                    objective.evaluate(&points, Split::Training, &mut Workspace::new()).unwrap();
                let floor = objective.numerical_floor();
                assert!((values[0].loss - minimum).abs() <= floor, "{rows} × {columns}, {trial}");
                assert!(values[1..].iter().all(|one| one.loss >= minimum - floor));
                // Where all observations are fitted, the minimum is that without noise.
                let fitted = (rows as f64).ln();
                assert_eq!(minimum > fitted + 1e-6, rows > columns, "{minimum}");
                assert!(objective.hessian().is_none());
            }
        }
    }
}
