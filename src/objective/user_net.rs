//! Networks on data of the user's own.

use std::sync::OnceLock;

use super::feed_forward::{self, described};
use super::linear_net::{self, LinearNet};
use super::{
    Absorbs, Build, Context, FeedForward, Known, NamedArrays, Objective, Spec, example_arrays,
};
use crate::config::{Reader, key};
use crate::data::{DataSet, UserExamples, WithSums};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::Real;

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// [`LinearNet`], without biases.
    Linear,
    /// [`FeedForward`] with biases.
    Relu,
}

/// A network that learns labels or targets in files of the user's.
#[derive(Debug)]
pub struct UserNetSpec {
    activation: Activation,
    /// Inputs, hidden layers, outputs.
    widths: Vec<usize>,
    /// Rows of the training, the validation and the test set.
    rows: [usize; 3],
    examples: UserExamples,
    /// The data and their files, and the rows that there are, once they are loaded.
    loaded: OnceLock<(WithSums<DataSet<f64>>, usize)>,
}

/// Reads `training`, `validation` and `test`: the rows of each set.
pub(super) fn read_rows(reader: &mut Reader<'_>) -> Option<[usize; 3]> {
    let training = key("training", "rows of the training set");
    let training = reader.count(training, 1..=10_000_000);
    let [validation, test] =
        [key("validation", "rows of the validation set"), key("test", "rows of the test set")]
            .map(|rows| reader.count(rows, 0..=10_000_000));
    Some([training?, validation?, test?])
}

impl UserNetSpec {
    /// A network with layers between these widths, at least two, on sets of so many rows.
    pub fn new(
        activation: Activation,
        widths: Vec<usize>,
        rows: [usize; 3],
        examples: UserExamples,
    ) -> Self {
        Self { activation, widths, rows, examples, loaded: OnceLock::new() }
    }

    fn load(&self) -> Result<&(WithSums<DataSet<f64>>, usize)> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded);
        }
        let [inputs, .., outputs] = *self.widths else { unreachable!("there are two widths") };
        let loaded = self.examples.load([inputs, outputs], self.rows)?;
        self.examples.check_sizes(&loaded.0.0, false)?;
        Ok(self.loaded.get_or_init(|| loaded))
    }

    fn hidden(&self) -> &[usize] {
        &self.widths[1..self.widths.len() - 1]
    }
}

impl<R: Real> Build<R> for UserNetSpec {
    fn build(&self, _: &Context) -> Result<Box<dyn Objective<R>>> {
        let data = self.load()?.0.0.cast();
        Ok(match self.activation {
            Activation::Linear => Box::new(LinearNet::new(self.hidden(), data)),
            Activation::Relu => Box::new(FeedForward::new(self.hidden(), true, data)),
        })
    }
}

impl Spec for UserNetSpec {
    fn layout(&self) -> Layout {
        feed_forward::layout(&self.widths, self.activation == Activation::Relu)
    }

    fn examples(&self) -> Option<usize> {
        Some(self.rows[0])
    }

    fn remark(&self) -> Option<String> {
        Some(described(&self.widths))
    }

    fn gradient_flops(&self, batch: Option<usize>) -> f64 {
        let rows = batch.unwrap_or(self.rows[0]);
        match self.activation {
            Activation::Linear => linear_net::gradient_flops(&self.widths, rows),
            Activation::Relu => feed_forward::gradient_flops(&self.widths, rows),
        }
    }

    fn absorbs(&self) -> Absorbs {
        Absorbs::Inputs
    }

    fn absorbing_rows(&self) -> usize {
        self.rows.iter().sum()
    }

    fn known(&self) -> Known {
        let [_, validation, test] = self.rows.map(|rows| rows > 0);
        let (accuracy, hidden_units) = (self.examples.has_classes(), self.widths.len() > 2);
        Known { validation, test, accuracy, hidden_units, ..Known::default() }
    }

    fn copied_elements(&self) -> usize {
        // Targets go with their inputs.
        let outputs =
            if self.examples.has_classes() { 1 } else { self.widths[self.widths.len() - 1] };
        (self.widths[0] + outputs) * self.absorbing_rows()
    }

    fn data_elements(&self) -> usize {
        // Loaded once for all trials in doubles, converted for each.
        3 * self.copied_elements()
    }

    fn arrays(&self, _: &Context) -> Result<NamedArrays> {
        Ok(example_arrays(&self.load()?.0.0))
    }

    fn files(&self) -> Result<Vec<(String, String)>> {
        Ok(self.load()?.0.1.clone())
    }

    fn check_singles(&self) -> Result<()> {
        self.examples.check_sizes(&self.load()?.0.0, true)
    }

    fn missing_classes(&self) -> Result<Vec<usize>> {
        Ok(self.load()?.0.0.training.targets().missing_classes())
    }

    fn rows_in_sets(&self) -> Result<Option<(usize, usize)>> {
        Ok(Some((self.rows.iter().sum(), self.load()?.1)))
    }
}
