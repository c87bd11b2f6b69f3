//! The random data of the convex objectives (paper, D.3 and D.5).

use ndarray::{Array1, ArrayView1};
use ndarray_rand::rand::Rng;

use crate::config::{Allowed, Reader, key};
use crate::data::{self, Decay, Svd};
use crate::error::{Error, Result};
use crate::linalg;
use crate::objective::user_matrix::{self, UserMatrixSpec, UserOuter};
use crate::objective::{NamedArrays, Spec, matrix_arrays};
use crate::rng::Streams;

/// The keys of a random matrix.
const DRAWN: &[&str] = &["decay", "scale", "angle", "noise"];

/// So many right singular vectors are drawn before their angle is given up.
const DRAWS: usize = 1000;
/// So many of as many random directions must have an allowed angle: then all draws of a trial miss
/// it with a probability of 4e-5.
const ENOUGH: usize = 10;

/// A random data matrix A with a prescribed spectrum.
#[derive(Clone, Copy, Debug)]
pub struct MatrixSpec {
    /// Rows n.
    pub rows: usize,
    /// Columns d: the number of parameters.
    pub columns: usize,
    /// Decay of the singular values.
    pub decay: Decay,
    /// The largest singular value.
    pub scale: f64,
    /// The least and the greatest angle, in degrees, between the leading right singular vector and
    /// the nearest axis. Along that vector an objective h(Aθ) varies most: the paper (D.3) chose an
    /// instance whose primary directions are clearly unaligned with the axes.
    pub angle: [f64; 2],
}

impl MatrixSpec {
    /// Singular values from 1, singular vectors at any angle.
    pub fn new(rows: usize, columns: usize, decay: Decay) -> Self {
        Self { rows, columns, decay, scale: 1.0, angle: [0.0, 90.0] }
    }

    /// Reads `rows` and `columns`.
    fn read_shape(reader: &mut Reader<'_>) -> [Option<usize>; 2] {
        let rows = reader.count(key("rows", "rows n of the data matrix"), 1..=1_000_000);
        let columns = key("columns", "columns d of the data matrix: the number of parameters");
        [rows, reader.count(columns, 1..=20_000)]
    }

    /// Reads `decay`, `scale` and `angle` of a matrix of this shape.
    pub(super) fn read(
        [rows, columns]: [Option<usize>; 2],
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        let decay = key("decay", "how the singular values of the data matrix decay");
        let decay = reader.table(decay, Decay::read);
        let scale =
            key("scale", "the largest singular value of the data matrix, which all go with");
        let scale = reader.number_or(scale, 1.0, Allowed::between(1e-6, 1e6));
        let angle =
            key("angle", "degrees from the nearest axis to A's leading right singular vector");
        let angle = reader.numbers_or(angle, &[0.0, 90.0], Allowed::between(0.0, 90.0));
        let (columns, angle) = (columns?, angle?);
        let &[least, greatest] = angle.as_slice() else {
            reader.problem("angle", "must be two angles, the smaller first, such as [20, 45]");
            return None;
        };
        let widest = (1.0 / (columns as f64).sqrt()).acos().to_degrees();
        if least > greatest {
            reader.problem("angle", "must be two angles, the smaller first, such as [20, 45]");
            return None;
        }
        if least > widest {
            let problem =
                format!("no vector of {columns} entries is further than {widest:.2}° off");
            reader.problem("angle", problem);
            return None;
        }
        if let Some(problem) = rarely_drawn(columns, [least, greatest]) {
            reader.problem("angle", problem);
            return None;
        }
        Some(Self { rows: rows?, columns, decay: decay?, scale: scale?, angle: [least, greatest] })
    }

    /// Two matrix–vector products, Aθ and Aᵀ∇h; h itself is not counted.
    pub(super) fn gradient_flops(&self) -> f64 {
        4.0 * self.rows as f64 * self.columns as f64
    }

    /// Numbers held while the matrix is drawn, and its optimum found: by decompositions, which hold some
    /// matrices of its size.
    pub(super) fn data_elements(&self) -> usize {
        4 * self.rows * self.columns
    }

    /// Draws the matrix; its right singular vectors until their angle is allowed.
    ///
    /// # Errors
    /// When no angle of many draws is.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> Result<Svd> {
        let rank = self.rows.min(self.columns);
        let left = data::orthonormal(self.rows, rank, rng);
        let singular_values = self.decay.singular_values(rank) * self.scale;
        let [least, greatest] = self.angle;
        for _ in 0..DRAWS {
            let right = data::orthonormal(self.columns, rank, rng);
            if (least..=greatest).contains(&degrees_off_axis(right.column(0))) {
                return Ok(Svd { left, singular_values, right });
            }
        }
        Err(Error::Numerical(format!(
            "of {DRAWS} random matrices of {} columns none has its leading right singular vector \
             {least}° to {greatest}° off the nearest axis: use a wider interval",
            self.columns
        )))
    }
}

/// Reads the shape of A, and then how it is drawn, or where it is.
pub(super) fn drawn_or_user(
    outer: UserOuter,
    reader: &mut Reader<'_>,
    drawn: impl FnOnce([Option<usize>; 2], &mut Reader<'_>) -> Option<Box<dyn Spec>>,
) -> Option<Box<dyn Spec>> {
    let shape = MatrixSpec::read_shape(reader);
    match reader.alternative(&[DRAWN, user_matrix::KEYS])? {
        Some(1) => {
            // Without a shape, it is known which keys there are.
            let user = UserMatrixSpec::read(outer, shape.map(Option::unwrap_or_default), reader);
            shape.iter().all(Option::is_some).then_some(Box::new(user?))
        }
        _ => drawn(shape, reader),
    }
}

/// Observations y = Aθ* + ε, with θ* ~ N(0, I) and ε ~ N(0, noise²).
#[derive(Clone, Copy, Debug)]
pub struct RegressionSpec {
    /// A.
    pub matrix: MatrixSpec,
    /// Standard deviation of ε.
    pub noise: f64,
}

impl RegressionSpec {
    /// Reads the matrix's keys and `noise`.
    pub(super) fn read(shape: [Option<usize>; 2], reader: &mut Reader<'_>) -> Option<Self> {
        let matrix = MatrixSpec::read(shape, reader);
        let noise = key("noise", "standard deviation of ε in the observations y = Aθ* + ε");
        let noise = reader.number_or(noise, 0.0, Allowed::between(0.0, 1e6));
        Some(Self { matrix: matrix?, noise: noise? })
    }

    /// A and y.
    ///
    /// # Errors
    /// As for [`MatrixSpec::draw`].
    pub(super) fn arrays(&self, rng: &mut impl Rng) -> Result<NamedArrays> {
        let (svd, truth, noise) = self.draw(rng)?;
        let matrix = svd.matrix();
        let y = matrix.dot(&truth) + noise.unwrap_or_else(|| Array1::zeros(matrix.nrows()));
        Ok(matrix_arrays(matrix, y))
    }

    /// Draws A, θ* and, unless there is none, ε.
    ///
    /// # Errors
    /// As for [`MatrixSpec::draw`].
    pub(super) fn draw(
        &self,
        rng: &mut impl Rng,
    ) -> Result<(Svd, Array1<f64>, Option<Array1<f64>>)> {
        let svd = self.matrix.draw(rng)?;
        let truth = data::gaussian_vector(self.matrix.columns, rng);
        let noisy = self.noise > 0.0;
        let noise = noisy.then(|| self.noise * data::gaussian_vector(self.matrix.rows, rng));
        Ok((svd, truth, noise))
    }
}

/// What is wrong with an interval of angles that hardly any direction of so many entries has; a
/// leading right singular vector has any direction with the same probability.
fn rarely_drawn(columns: usize, [least, greatest]: [f64; 2]) -> Option<String> {
    if least <= 0.0 && greatest >= 90.0 {
        return None;
    }
    let mut rng = Streams::new(0, 0).rng("angles");
    let angle = |_| {
        let vector = data::gaussian_vector(columns, &mut rng);
        degrees_off_axis((&vector / vector.dot(&vector).sqrt()).view())
    };
    let mut angles: Vec<f64> = (0..DRAWS).map(angle).collect();
    angles.sort_by(f64::total_cmp);
    let allowed = angles.iter().filter(|angle| (least..=greatest).contains(*angle)).count();
    (allowed < ENOUGH).then(|| {
        format!(
            "hardly any vector of {columns} entries is {least}° to {greatest}° off; nine of ten are \
             {:.1}° to {:.1}° off",
            angles[DRAWS / 20],
            angles[DRAWS - DRAWS / 20]
        )
    })
}

/// The angle, in degrees, between a unit vector and the nearest axis.
fn degrees_off_axis(vector: ArrayView1<'_, f64>) -> f64 {
    linalg::largest(vector.iter().map(|entry| entry.abs())).min(1.0).acos().to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overlay, Source};

    const DECAY: Decay = Decay::Power { exponent: 2.0 };

    #[test]
    fn the_scale_multiplies_every_singular_value() {
        let draw = |scale| {
            let spec = MatrixSpec { scale, ..MatrixSpec::new(9, 5, DECAY) };
            spec.draw(&mut Streams::new(1, 0).rng("data")).unwrap()
        };
        let (one, ten) = (draw(1.0), draw(10.0));
        assert_eq!(ten.singular_values, &one.singular_values * 10.0);
        assert_eq!((one.left, one.right), (ten.left, ten.right));
    }

    #[test]
    fn the_angle_is_that_asked_for_and_the_rest_of_the_draw_is_the_same() {
        let mut kept = 0;
        for trial in 0..100 {
            let draw = |angle| {
                let spec = MatrixSpec { angle, ..MatrixSpec::new(9, 2, DECAY) };
                spec.draw(&mut Streams::new(1, trial).rng("data")).unwrap()
            };
            let (any, tilted) = (draw([0.0, 90.0]), draw([20.0, 45.0]));
            // The leading eigenvector of AᵀA, to a rounding of the angle.
            let matrix = tilted.matrix();
            let (_, vectors) = linalg::symmetric_eigen(matrix.t().dot(&matrix)).unwrap();
            let angle = degrees_off_axis(vectors.column(0));
            assert!((20.0 - 1e-6..=45.0 + 1e-6).contains(&angle), "{angle}");
            assert_eq!(any.left, tilted.left);
            kept += usize::from(any.right == tilted.right);
        }
        // 25 of 45 degrees, within 4 standard deviations of a binomial of 100.
        assert!((36..=75).contains(&kept), "{kept}");
    }

    #[test]
    fn what_cannot_be_is_refused_before_any_draw() {
        let problem = |angle: &str| {
            let decay = "decay = { kind = \"power\", exponent = 1.0 }";
            let text = format!("rows = 9\ncolumns = 3\n{decay}\nangle = {angle}");
            let source = Source::parse("config", text.as_bytes()).unwrap();
            let read = config::read(&source, &Overlay::default(), |reader| {
                let shape = MatrixSpec::read_shape(reader);
                MatrixSpec::read(shape, reader)
            });
            read.err().map(|problems| problems.to_string()).unwrap_or_default()
        };
        assert_eq!(problem("[20, 45]"), "");
        assert!(problem("[55, 60]").contains("no vector of 3 entries is further than 54.74° off"));
        assert!(problem("[20, 20]").contains("hardly any vector of 3 entries is 20° to 20° off"));
        for angle in ["[45, 20]", "[45]", "[1, 2, 3]"] {
            assert!(problem(angle).contains("two angles, the smaller first"), "{angle}");
        }
    }

    #[test]
    fn what_is_never_drawn_is_an_error() {
        let spec = MatrixSpec { angle: [0.0, 1e-9], ..MatrixSpec::new(9, 3, DECAY) };
        let error = spec.draw(&mut Streams::new(1, 0).rng("data")).unwrap_err().to_string();
        assert!(error.contains("use a wider interval"), "{error}");
    }
}
