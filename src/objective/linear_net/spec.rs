//! Linear networks on data from a linear teacher (paper, section 4.2).

use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

use super::LinearNet;
use crate::config::{Reader, key};
use crate::data::{self, DataSet, Decay, Examples, Targets, USER_KEYS, UserExamples};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::{self, Accum, Real};
use crate::objective::feed_forward::{self, described, layout};
use crate::objective::user_net::{self, Activation, UserNetSpec};
use crate::objective::{
    Absorbs, Build, Context, Entry, Known, NamedArrays, Objective, Spec, example_arrays,
};
use crate::rng::Streams;

pub(in crate::objective) const ENTRY: Entry<dyn Spec> = Entry {
    name: "linear-net",
    summary: "linear network, mean squared error on y = M*ᵀx with a random matrix M*, or own data",
    read,
};

/// A linear network that learns a Gaussian M* from y = M*ᵀx. The inputs of each split are a random
/// matrix whose singular values decay (paper, D.4; sizes and rule: authors' code).
#[derive(Clone, Debug)]
pub struct LinearNetSpec {
    /// Inputs, hidden layers, outputs.
    pub widths: Vec<usize>,
    /// Rows of the training, the validation and the test set.
    pub rows: [usize; 3],
    /// Decay of the singular values of each set's inputs.
    pub decay: Decay,
}

fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    let widths =
        reader.counts(key("widths", "numbers of inputs, hidden units and outputs"), 1..=10_000);
    let is_short = widths.as_ref().is_some_and(|widths| widths.len() < 2);
    if is_short {
        reader.problem("widths", "at least two are needed: inputs and outputs");
    }
    let widths = widths.filter(|_| !is_short);
    let rows = user_net::read_rows(reader);
    if reader.alternative(&[&["decay"], USER_KEYS])? == Some(1) {
        let (examples, widths, rows) = (UserExamples::read(reader), widths?, rows?);
        return Some(Box::new(UserNetSpec::new(Activation::Linear, widths, rows, examples?)));
    }
    let decay = key("decay", "how the singular values of each set's inputs decay");
    let decay = reader.table(decay, Decay::read);
    let (widths, rows) = (widths?, rows?);
    for (key, rows) in ["validation", "test"].into_iter().zip(&rows[1..]) {
        if *rows == 0 {
            reader.problem(key, "must be at least 1: the data are drawn");
            return None;
        }
    }
    Some(Box::new(LinearNetSpec { widths, rows, decay: decay? }))
}

/// That of the end-to-end matrix, 4 n·inputs·outputs; and for each entry of the later weights one
/// product with the matrix before it, forward, and two back: 6 inputs.
pub(in crate::objective) fn gradient_flops(widths: &[usize], examples: usize) -> f64 {
    let [inputs, .., outputs] = *widths else { return 0.0 };
    let later: usize = widths[1..].windows(2).map(|pair| pair[0] * pair[1]).sum();
    feed_forward::gradient_flops(&[inputs, outputs], examples) + 6.0 * inputs as f64 * later as f64
}

impl LinearNetSpec {
    /// Draws M* and the three sets.
    pub fn draw(&self, streams: &Streams) -> DataSet<f64> {
        let mut rng = streams.rng("data");
        let (inputs, outputs) = (self.widths[0], self.widths[self.widths.len() - 1]);
        let teacher = Array2::random_using((inputs, outputs), StandardNormal, &mut rng);
        let [training, validation, test] = self.rows.map(|rows| {
            let x = data::spectral_matrix(rows, inputs, self.decay, &mut rng);
            let mut y = Array2::zeros((rows, outputs));
            linalg::product(x.view(), teacher.view(), Accum::Overwrite, y.view_mut());
            Examples::new(x, Targets::Vectors(y))
        });
        DataSet { training, validation: Some(validation), test: Some(test) }
    }

    /// Whether no hidden layer is too narrow for M*.
    fn is_realizable(&self) -> bool {
        let [inputs, hidden @ .., outputs] = &*self.widths else { return false };
        hidden.iter().all(|width| width >= inputs.min(outputs))
    }
}

impl<R: Real> Build<R> for LinearNetSpec {
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>> {
        let data = self.draw(&context.streams).cast();
        let hidden = &self.widths[1..self.widths.len() - 1];
        Ok(Box::new(if self.is_realizable() {
            LinearNet::realizable(hidden, data)
        } else {
            LinearNet::new(hidden, data)
        }))
    }
}

impl Spec for LinearNetSpec {
    fn layout(&self) -> Layout {
        layout(&self.widths, false)
    }

    fn examples(&self) -> Option<usize> {
        Some(self.rows[0])
    }

    fn remark(&self) -> Option<String> {
        Some(format!("{}, {}", described(&self.widths), self.decay))
    }

    fn gradient_flops(&self, batch: Option<usize>) -> f64 {
        gradient_flops(&self.widths, batch.unwrap_or(self.rows[0]))
    }

    fn absorbs(&self) -> Absorbs {
        Absorbs::Inputs
    }

    fn absorbing_rows(&self) -> usize {
        self.rows.iter().sum()
    }

    fn known(&self) -> Known {
        let minimum = self.is_realizable();
        let hidden_units = self.widths.len() > 2;
        Known { minimum, validation: true, test: true, hidden_units, ..Known::default() }
    }

    fn arrays(&self, context: &Context) -> Result<NamedArrays> {
        Ok(example_arrays(&self.draw(&context.streams)))
    }

    fn copied_elements(&self) -> usize {
        // Targets go with their inputs.
        let [inputs, .., outputs] = *self.widths else { return 0 };
        self.absorbing_rows() * (inputs + outputs)
    }

    fn data_elements(&self) -> usize {
        self.copied_elements()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use crate::lanes::{Lanes, Workspace};

    const STREAMS: fn() -> Streams = || Streams::new(3, 0);

    fn spec(widths: &[usize]) -> LinearNetSpec {
        let decay = Decay::Power { exponent: 2.0 };
        LinearNetSpec { widths: widths.to_vec(), rows: [300, 70, 60], decay }
    }

    #[test]
    fn the_inputs_decay_and_one_teacher_makes_all_targets() {
        let data = spec(&[5, 8, 3]).draw(&STREAMS());
        let sets = [&data.training, data.validation.as_ref().unwrap(), data.test.as_ref().unwrap()];
        assert_eq!(sets.map(Examples::len), [300, 70, 60]);
        let fit = |set: &Examples<f64>| {
            let Targets::Vectors(y) = set.targets() else { unreachable!() };
            let (x, gram) = (set.inputs(), set.inputs().t().dot(&set.inputs()));
            let (eigenvalues, _) = linalg::symmetric_eigen(gram.clone()).unwrap();
            for (k, eigenvalue) in (1..).zip(&eigenvalues) {
                let expected = f64::from(k).powi(-4);
                // Squares of singular values, to the rounding of the largest.
                assert!((eigenvalue - expected).abs() < 1e-14, "{k}: {eigenvalue}");
            }
            let moments = x.t().dot(y);
            moments
                .columns()
                .into_iter()
                .map(|column| linalg::solve_positive_definite(gram.view(), column).unwrap())
                .collect::<Vec<_>>()
        };
        let teachers = sets.map(fit);
        for other in &teachers[1..] {
            for (one, other) in teachers[0].iter().zip(other) {
                // Rounding times the condition number, 5⁴.
                assert!((one - other).iter().all(|difference| difference.abs() < 1e-11));
            }
        }
    }

    #[test]
    fn the_minimum_is_known_where_no_layer_is_too_narrow() {
        let context = Context { streams: STREAMS(), data_dir: None };
        let build = |widths: &[usize]| Build::<f64>::build(&spec(widths), &context).unwrap();
        assert_eq!(build(&[5, 3, 3]).minimum(), Some(0.0));
        assert_eq!(build(&[5, 3]).minimum(), Some(0.0));
        let narrow = build(&[5, 8, 2, 3]);
        assert_eq!(narrow.minimum(), None);
        assert_eq!(narrow.examples(), Some(300));

        let theta = Lanes::zeros(narrow.layout(), 2);
        for split in [Split::Training, Split::Validation, Split::Test] {
            let metrics = narrow.evaluate(&theta, split, &mut Workspace::new()).unwrap();
            assert_eq!(metrics[0], metrics[1]);
            assert!(metrics[0].loss > 0.0 && metrics[0].accuracy.is_none());
        }
        assert_eq!(spec(&[5, 8, 2, 3]).layout(), *narrow.layout());
    }
}
