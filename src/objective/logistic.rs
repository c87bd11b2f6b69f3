//! Logistic regression.

use ndarray::{Array1, Array2, ArrayView2};
use ndarray_rand::rand::Rng;

use crate::config::Reader;
use crate::data;
use crate::error::{Error, Result};
use crate::exponential::Exponential;
use crate::lanes::Layout;
use crate::linalg::{self, Real, from_f64, to_f64};
use crate::objective::matrix::drawn_or_user;
use crate::objective::user_matrix::{Optimum, UserOuter};
use crate::objective::{
    Absorbs, Build, COMPOSITE_REVISION, Composite, Context, Entry, Known, MatrixSpec, NamedArrays,
    Objective, Outer, Spec, matrix_arrays, newton,
};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "logistic",
    summary: "f(θ) = Σ_i [softplus(⟨a_i, θ⟩) − y_i⟨a_i, θ⟩] with y_i ~ Bernoulli(σ(⟨a_i, θ*⟩))",
    read: |reader: &mut Reader<'_>| {
        drawn_or_user(USER, reader, |shape, reader| {
            let spec = MatrixSpec::read(shape, reader)?;
            if spec.rows <= spec.columns {
                let problem = format!(
                    "must be more than the {} columns: otherwise some θ tells the labels apart, and \
                     there is no minimum",
                    spec.columns
                );
                reader.problem("rows", problem);
                return None;
            }
            Some(Box::new(LogisticSpec(spec)))
        })
    },
};

/// On data of the user's own.
const USER: UserOuter = UserOuter {
    labels: true,
    hessian: true,
    factored: false,
    optimum: Logistic::<f64>::optimum,
    single: |matrix, y, optimum| Box::new(Logistic::<f32>::with(matrix, y, optimum)),
    double: |matrix, y, optimum| Box::new(Logistic::<f64>::with(matrix, y, optimum)),
};

/// σ(z) = 1/(1 + e^−z), without overflow.
fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 { 1.0 / (1.0 + (-z).exp()) } else { z.exp() / (1.0 + z.exp()) }
}

/// log(1 + e^z), without overflow.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// Rows whose exponentials and logarithms are taken together.
const GROUP: usize = 64;

/// h(z) = Σ_i [softplus(z_i) − y_i z_i].
#[derive(Clone, Debug)]
pub struct Logistic<R>(Array1<R>);

impl<R: Real> Logistic<R> {
    /// h for the labels y (0 or 1).
    pub fn new(labels: &Array1<f64>) -> Self {
        Self(labels.mapv(from_f64))
    }

    /// Logistic regression of labels (0 or 1) on the rows of `matrix`; the minimum by Newton's
    /// method.
    ///
    /// # Errors
    /// When the labels are separable, so that no minimum exists, or the Hessian is singular.
    pub fn fit(matrix: ArrayView2<'_, f64>, labels: &Array1<f64>) -> Result<Composite<R, Self>> {
        Ok(Self::with(matrix, labels, &Self::optimum(matrix, labels)?))
    }

    /// The optimum, by Newton's method.
    ///
    /// # Errors
    /// As for [`Self::fit`].
    pub(super) fn optimum(matrix: ArrayView2<'_, f64>, labels: &Array1<f64>) -> Result<Optimum> {
        let (minimizer, value) = minimize(matrix, labels)?;
        Ok(Optimum { value, minimizer, condition: 1.0 })
    }

    /// Logistic regression with a known optimum.
    pub(super) fn with(
        matrix: ArrayView2<'_, f64>,
        labels: &Array1<f64>,
        optimum: &Optimum,
    ) -> Composite<R, Self> {
        let numerical_floor = 16.0 * to_f64(R::epsilon()) * optimum.value.max(1.0);
        Composite::new(matrix, Self::new(labels)).with_optimum(
            optimum.value,
            optimum.minimizer.view(),
            numerical_floor,
        )
    }
}

impl<R: Real> Outer<R> for Logistic<R> {
    /// softplus(z) = max(z, 0) + log(1 + e^−|z|). The logarithm of a group of rows is taken at
    /// once, of their product, which lies in [1, 2⁶⁴].
    fn value_and_gradient(&self, z: &mut [R]) -> f64 {
        let labels = self.0.as_slice().expect("an owned array is contiguous");
        let mut value = 0.0;
        for (z, labels) in z.chunks_mut(GROUP).zip(labels.chunks(GROUP)) {
            let mut negated = [f64::NEG_INFINITY; GROUP];
            for (negated, &z) in negated.iter_mut().zip(z.iter()) {
                *negated = -to_f64(z).abs();
            }
            f64::exp_all(&mut negated);
            let mut product = 1.0;
            for ((z, &label), decay) in z.iter_mut().zip(labels).zip(negated) {
                let (margin, label) = (to_f64(*z), to_f64(label));
                product *= 1.0 + decay;
                value += margin.max(0.0) - label * margin;
                let nearer = 1.0 / (1.0 + decay);
                *z = from_f64(if margin >= 0.0 { nearer } else { decay * nearer } - label);
            }
            value += f64::ln(product);
        }
        value
    }

    /// σ′ ≤ σ′(0) = 1/4.
    fn curvature(&self) -> Option<(f64, &'static str)> {
        Some((0.25, "at 0, where it is largest"))
    }
}

/// Minimizer and minimum, by Newton's method.
fn minimize(matrix: ArrayView2<'_, f64>, labels: &Array1<f64>) -> Result<(Array1<f64>, f64)> {
    let value = |theta: &Array1<f64>| -> f64 {
        let z = matrix.dot(theta);
        z.iter().zip(labels).map(|(&z, &y)| softplus(z) - y * z).sum()
    };
    let start = Array1::zeros(matrix.ncols());
    if !value(&start).is_finite() {
        return Err(Error::Numerical("logistic regression: the matrix is not finite".into()));
    }
    // On the way to the infinitely far minimum of separable labels the Hessian vanishes; with fewer
    // rows than columns it is singular from the start.
    let found = newton::minimize(start, value, |theta| {
        let probabilities = matrix.dot(theta).mapv(sigmoid);
        let gradient = matrix.t().dot(&(&probabilities - labels));
        let weights = probabilities.mapv(|p| p * (1.0 - p));
        let weighted: Array2<f64> = &matrix * &weights.insert_axis(ndarray::Axis(1));
        (gradient, matrix.t().dot(&weighted).as_standard_layout().into_owned())
    });
    found.map_err(|stopped| {
        Error::Numerical(format!(
            "logistic regression: Newton's method found no minimum; {}",
            why_there_is_none(matrix, labels, &stopped)
        ))
    })
}

/// Why Newton's method stopped at θ without a minimum, and what to do.
fn why_there_is_none(
    matrix: ArrayView2<'_, f64>,
    labels: &Array1<f64>,
    theta: &Array1<f64>,
) -> String {
    let (rows, columns) = matrix.dim();
    let margins = matrix.dot(theta);
    if margins.iter().zip(labels).all(|(&margin, &label)| margin * (2.0 * label - 1.0) > 0.0) {
        // Of random labels, half are so with twice as many rows as columns (Cover 1965).
        let enough = (2 * columns).max(rows);
        return format!("the labels are separable: use more than {enough} rows");
    }
    // Where no label is certain the Hessian is AᵀA/4, or nearly so; a decomposition sees eigenvalues
    // to about its rounding.
    let gram = matrix.t().dot(&matrix).as_standard_layout().into_owned();
    let singular = linalg::symmetric_eigen(gram).is_ok_and(|(eigenvalues, _)| {
        let rounding = columns as f64 * f64::EPSILON * eigenvalues[0];
        eigenvalues.iter().any(|&eigenvalue| eigenvalue <= rounding)
    });
    if rows < columns {
        format!("there are fewer rows ({rows}) than columns ({columns}): use more rows")
    } else if singular {
        "the Hessian is singular to rounding, as the matrix's singular values decay below 1e-8 of \
         the largest: use a slower decay or fewer columns"
            .into()
    } else {
        format!("the labels may be separable but for a few: use more than {rows} rows")
    }
}

/// Logistic regression on a random matrix with a prescribed spectrum; θ* ~ N(0, I) and labels
/// drawn from its model.
#[derive(Clone, Debug)]
pub struct LogisticSpec(pub MatrixSpec);

impl<R: Real> Build<R> for LogisticSpec {
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>> {
        let (matrix, labels) = self.draw(context)?;
        Ok(Box::new(Logistic::fit(matrix.view(), &labels)?))
    }
}

impl LogisticSpec {
    /// A and y.
    fn draw(&self, context: &Context) -> Result<(Array2<f64>, Array1<f64>)> {
        let mut rng = context.streams.rng("data");
        let matrix = self.0.draw(&mut rng)?.matrix();
        let truth = data::gaussian_vector(self.0.columns, &mut rng);
        let labels = matrix.dot(&truth).mapv(|z| f64::from(u8::from(rng.random_bool(sigmoid(z)))));
        Ok((matrix, labels))
    }
}

impl Spec for LogisticSpec {
    fn layout(&self) -> Layout {
        Layout::vector(self.0.columns)
    }

    fn rows(&self) -> Option<usize> {
        Some(self.0.rows)
    }

    fn remark(&self) -> Option<String> {
        Some(self.0.decay.to_string())
    }

    fn gradient_flops(&self, _full: Option<usize>) -> f64 {
        self.0.gradient_flops()
    }

    fn revision(&self) -> u32 {
        COMPOSITE_REVISION
    }

    fn data_elements(&self) -> usize {
        self.0.data_elements()
    }

    fn known(&self) -> Known {
        Known::OPTIMUM
    }

    fn arrays(&self, context: &Context) -> Result<NamedArrays> {
        let (matrix, labels) = self.draw(context)?;
        Ok(matrix_arrays(matrix, labels))
    }

    fn absorbs(&self) -> Absorbs {
        Absorbs::Everything
    }

    fn absorbing_rows(&self) -> usize {
        self.0.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Decay;
    use crate::rng::Streams;

    #[test]
    fn the_minimum_is_found_whatever_the_draw() {
        for (rows, columns) in [(60, 5), (400, 20)] {
            let decay = Decay::Power { exponent: 1.0 };
            let spec = LogisticSpec(MatrixSpec::new(rows, columns, decay));
            for trial in 0..100 {
                let context = Context { streams: Streams::new(2025, trial), data_dir: None };
                let built: Result<Box<dyn Objective<f64>>> = spec.build(&context);
                assert!(built.is_ok(), "{rows} × {columns}, trial {trial}");
            }
        }
    }

    #[test]
    fn separable_labels_are_refused() {
        let matrix = Array2::from_shape_fn((20, 2), |(i, j)| (i as f64 - 9.5).powi(j as i32));
        let labels: Array1<f64> = (0..20).map(|i| f64::from(u8::from(i >= 10))).collect();
        let fitted = Logistic::<f64>::fit(matrix.view(), &labels);
        assert!(fitted.is_err_and(|error| error.to_string().contains("labels are separable")));
    }

    #[test]
    fn the_reason_is_the_reason() {
        let says = |rows: usize, columns: usize, exponent: f64| {
            let decay = Decay::Power { exponent };
            let spec = LogisticSpec(MatrixSpec::new(rows, columns, decay));
            let context = Context { streams: Streams::new(2025, 0), data_dir: None };
            let built: Result<Box<dyn Objective<f64>>> = spec.build(&context);
            built.err().map(|error| error.to_string()).unwrap_or_default()
        };
        let singular = says(1000, 5, 20.0);
        assert!(singular.contains("singular to rounding"), "{singular}");
        assert!(!singular.contains("separable"), "{singular}");
        assert!(says(4, 9, 1.0).contains("fewer rows (4) than columns (9)"));
        assert_eq!(says(1000, 5, 1.0), "");
    }
}
