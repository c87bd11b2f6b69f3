//! What is done to the inputs of a data set before training, and their moments.

use ndarray::{Array1, Array2, ArrayView2, Axis, azip};

use crate::data::{DataSet, orthonormal};
use crate::linalg::{self, Real, from_f64, to_f64};
use crate::rng::Streams;

/// Examples that are converted to doubles together.
const ROWS: usize = 1024;

/// How the inputs of all splits are shifted and scaled, by what the training examples tell, or turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// As they are.
    Raw,
    /// The training examples' mean is taken away.
    Centred,
    /// And each input is divided by its standard deviation over the training examples; one that is
    /// the same for all of them is only centred.
    Standardized,
    /// Each is multiplied by an orthogonal matrix that was drawn at random once for all: the same in every
    /// trial, with every seed.
    Rotated,
}

impl Inputs {
    /// The names used in configs.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("raw", Self::Raw),
        ("centred", Self::Centred),
        ("standardized", Self::Standardized),
        ("rotated", Self::Rotated),
    ];

    /// Whether they are shifted: what fits raw inputs does not fit them without biases, and their
    /// mean is 0.
    pub fn are_shifted(self) -> bool {
        matches!(self, Self::Centred | Self::Standardized)
    }

    /// What rotated inputs are multiplied by, inputs × inputs.
    pub fn rotation(inputs: usize) -> Array2<f64> {
        orthonormal(inputs, inputs, &mut Streams::new(0, 0).rng("rotated inputs"))
    }

    /// The data with such inputs, computed in doubles and rounded once.
    pub fn of<R: Real>(self, data: &DataSet<R>) -> DataSet<R> {
        match self {
            Self::Raw => return data.clone(),
            Self::Rotated => {
                let rotation = Self::rotation(data.training.inputs().ncols());
                return data.turned(rotation.mapv(from_f64).view());
            }
            Self::Centred | Self::Standardized => {}
        }
        let (mean, deviation) = spread(data.training.inputs());
        let scale = deviation.mapv(|deviation| match self {
            Self::Standardized if deviation > 0.0 => deviation,
            _ => 1.0,
        });
        data.map_inputs(|inputs| {
            let mut moved = inputs.to_owned();
            for mut row in moved.rows_mut() {
                azip!((x in &mut row, &mean in &mean, &scale in &scale)
                    *x = from_f64((to_f64(*x) - mean) / scale));
            }
            moved
        })
    }
}

/// The mean and the standard deviation (of a population) of each column; exact where all its entries
/// are the same.
fn spread<R: Real>(x: ArrayView2<'_, R>) -> (Array1<f64>, Array1<f64>) {
    let count = x.nrows() as f64;
    let first = x.row(0).mapv(to_f64);
    let sum_over_rows = |term: &dyn Fn(f64, f64) -> f64, by: &Array1<f64>| {
        let mut sums = Array1::<f64>::zeros(x.ncols());
        for row in x.rows() {
            azip!((sum in &mut sums, &x in row, &by in by) *sum += term(to_f64(x), by));
        }
        sums
    };
    let off = sum_over_rows(&|x, first| x - first, &first) / count;
    let mean = first + &off;
    let squares = sum_over_rows(&|x, mean| (x - mean).powi(2), &mean) / count;
    (mean, squares.mapv(f64::sqrt))
}

/// Moments of the inputs of the training examples, or of the rows of a data matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct InputMoments {
    /// XᵀX/N, not centred: inputs × inputs, symmetric.
    pub second: Array2<f64>,
    /// The mean, one entry for each input.
    pub mean: Array1<f64>,
}

impl InputMoments {
    /// Of the rows of X (N × inputs, row-major), summed in doubles in an order that depends on the
    /// shape only.
    pub fn of<R: Real>(x: ArrayView2<'_, R>) -> Self {
        let (count, inputs) = x.dim();
        let mut second = Array2::zeros((inputs, inputs));
        let mut mean = Array1::zeros(inputs);
        for rows in x.axis_chunks_iter(Axis(0), ROWS) {
            let rows = rows.mapv(to_f64);
            linalg::add_lower_inner(rows.view(), 0..inputs, &mut second);
            mean += &rows.sum_axis(Axis(0));
        }
        let scale = 1.0 / count as f64;
        let lower = second;
        let second =
            Array2::from_shape_fn((inputs, inputs), |(i, j)| scale * lower[(i.max(j), i.min(j))]);
        Self { second, mean: mean * scale }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, arr1, arr2};

    use super::*;
    use crate::data::{Examples, Targets};

    /// Three training examples, of which the last two inputs are the same for all, and a test example.
    fn data<R: Real>() -> DataSet<R> {
        let examples = |inputs: Array2<f64>| {
            let labels = vec![0; inputs.nrows()];
            Examples::new(inputs.mapv(from_f64), Targets::Classes { labels, classes: 1 })
        };
        let training = arr2(&[[1.0, -2.0, 0.1, 0.0], [2.0, 0.0, 0.1, 0.0], [6.0, 5.0, 0.1, 0.0]]);
        let test = arr2(&[[3.0, 1.0, 1.1, 4.0]]);
        let (training, test) = (examples(training), Some(examples(test)));
        DataSet { training, validation: None, test }
    }

    fn close<R: Real>(found: ArrayView2<'_, R>, expected: &Array2<f64>) {
        // A few roundings of numbers below 5.
        let tolerance = 10.0 * to_f64(R::epsilon());
        assert!(
            (found.mapv(to_f64) - expected).iter().all(|off| off.abs() <= tolerance),
            "{found}"
        );
    }

    fn shifted_and_scaled<R: Real>() {
        let raw = data::<R>();
        assert_eq!(Inputs::Raw.of(&raw), raw);

        let centred = Inputs::Centred.of(&raw);
        let expected =
            arr2(&[[-2.0, -3.0, 0.0, 0.0], [-1.0, -1.0, 0.0, 0.0], [3.0, 4.0, 0.0, 0.0]]);
        close(centred.training.inputs(), &expected);
        let test = arr2(&[[0.0, 0.0, 1.0, 4.0]]);
        close(centred.test.as_ref().unwrap().inputs(), &test);
        assert_eq!(centred.training.targets(), raw.training.targets());

        let standardized = Inputs::Standardized.of(&raw);
        // Σ of squares over three: 14/3 and 26/3.
        let deviations = arr1(&[(14.0_f64 / 3.0).sqrt(), (26.0_f64 / 3.0).sqrt(), 1.0, 1.0]);
        close(standardized.training.inputs(), &(expected / &deviations));
        close(standardized.test.as_ref().unwrap().inputs(), &test);
        for data in [&centred, &standardized] {
            let constant = data.training.inputs();
            assert!(constant.columns().into_iter().skip(2).flatten().all(|x| x.is_zero()));
        }
        assert_eq!(centred.validation, None);
    }

    #[test]
    fn inputs_are_shifted_and_scaled_by_what_the_training_examples_tell() {
        shifted_and_scaled::<f64>();
        shifted_and_scaled::<f32>();
    }

    #[test]
    fn rotated_inputs_keep_lengths_and_angles_and_are_the_same_each_time() {
        let raw = data::<f64>();
        let rotated = Inputs::Rotated.of(&raw);
        assert_eq!(rotated, Inputs::Rotated.of(&raw));
        let [x, turned] = [&raw, &rotated].map(|data| data.training.inputs());
        assert!((&turned - &x).iter().any(|moved| moved.abs() > 0.1));
        // Sums of four products below 40.
        let same = |a: Array2<f64>, b: Array2<f64>| (a - b).iter().all(|off| off.abs() <= 1e-13);
        assert!(same(turned.dot(&turned.t()), x.dot(&x.t())));
        // All splits are turned alike.
        let test = |data: &DataSet<f64>| data.test.as_ref().unwrap().inputs().to_owned();
        assert!(same(test(&rotated).dot(&turned.t()), test(&raw).dot(&x.t())));
        assert_eq!(rotated.training.targets(), raw.training.targets());
    }

    #[test]
    fn moments_are_sums_over_the_rows() {
        let entry = |(i, j): (usize, usize)| ((3 * i + 7 * j + i * j) as f64).sin() + j as f64;
        let x = Array::from_shape_fn((2 * ROWS + 300, 5), entry);
        let found = InputMoments::of(x.view());
        assert_eq!(found.second, found.second.t());
        let count = x.nrows() as f64;
        // Sums of some thousand numbers below 25, over their number.
        close(found.second.view(), &(x.t().dot(&x) / count));
        let mean = found.mean.view().insert_axis(Axis(0));
        close(mean, &(x.sum_axis(Axis(0)) / count).insert_axis(Axis(0)));
        // In f32 it is the moments of the rounded entries, in doubles.
        let single = x.mapv(|x| x as f32);
        let rounded = InputMoments::of(single.view());
        assert_eq!(rounded, InputMoments::of(single.mapv(f64::from).view()));
    }
}
