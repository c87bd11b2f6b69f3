//! Labelled examples and their division into splits.

use ndarray::{Array2, ArrayView2, Axis};

use crate::data::Split;
use crate::linalg::{Accum, Real, from_f64, product, to_f64};

/// What a model is to predict for each example.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets<R> {
    /// One of `classes` classes, numbered from 0.
    Classes {
        /// The class of each example.
        labels: Vec<usize>,
        /// Number of classes.
        classes: usize,
    },
    /// A vector: row i of an examples × outputs matrix.
    Vectors(Array2<R>),
}

impl<R> Targets<R> {
    /// The classes, ascending, that none is of.
    pub fn missing_classes(&self) -> Vec<usize> {
        let Self::Classes { labels, classes } = self else { return Vec::new() };
        let mut is_there = vec![false; *classes];
        labels.iter().for_each(|&label| is_there[label] = true);
        (0..*classes).filter(|&class| !is_there[class]).collect()
    }
}

/// Some examples: inputs and what is to be predicted from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples<R> {
    inputs: Array2<R>,
    targets: Targets<R>,
}

impl<R: Real> Examples<R> {
    /// Examples with the given inputs (examples × features) and targets.
    ///
    /// # Panics
    /// When there are no examples, the numbers of inputs and targets differ, or a label is not
    /// below the number of classes.
    pub fn new(inputs: Array2<R>, targets: Targets<R>) -> Self {
        let inputs = standard(inputs);
        let targets = match targets {
            Targets::Classes { labels, classes } => {
                assert!(labels.iter().all(|&label| label < classes), "a label is out of range");
                Targets::Classes { labels, classes }
            }
            Targets::Vectors(vectors) => Targets::Vectors(standard(vectors)),
        };
        let count = match &targets {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Vectors(vectors) => vectors.nrows(),
        };
        assert!(count > 0, "no examples");
        assert_eq!(inputs.nrows(), count, "inputs and targets");
        Self { inputs, targets }
    }

    /// Number of examples.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one example")]
    pub fn len(&self) -> usize {
        self.inputs.nrows()
    }

    /// Inputs, examples × features, row-major.
    pub fn inputs(&self) -> ArrayView2<'_, R> {
        self.inputs.view()
    }

    /// The same entries, example after example.
    pub fn all_inputs(&self) -> &[R] {
        self.inputs.as_slice().expect("inputs are stored row-major")
    }

    /// Targets.
    pub fn targets(&self) -> &Targets<R> {
        &self.targets
    }

    /// Number of outputs of a model that predicts the targets: classes, or entries of a vector.
    pub fn outputs(&self) -> usize {
        match &self.targets {
            Targets::Classes { classes, .. } => *classes,
            Targets::Vectors(vectors) => vectors.ncols(),
        }
    }

    /// The listed examples, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let targets = match &self.targets {
            Targets::Classes { labels, classes } => Targets::Classes {
                labels: rows.iter().map(|&row| labels[row]).collect(),
                classes: *classes,
            },
            Targets::Vectors(vectors) => Targets::Vectors(vectors.select(Axis(0), rows)),
        };
        Self::new(self.inputs.select(Axis(0), rows), targets)
    }

    /// The same examples in another precision (rounded to nearest).
    pub fn cast<S: Real>(&self) -> Examples<S> {
        let convert = |x: &R| from_f64(to_f64(*x));
        Examples {
            inputs: self.inputs.map(convert),
            targets: match &self.targets {
                Targets::Classes { labels, classes } => {
                    Targets::Classes { labels: labels.clone(), classes: *classes }
                }
                Targets::Vectors(vectors) => Targets::Vectors(vectors.map(convert)),
            },
        }
    }
}

fn standard<R: Real>(matrix: Array2<R>) -> Array2<R> {
    if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() }
}

/// The examples to train on, and those to choose learning rates by and to report on, where there
/// are any.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet<R> {
    /// Seen by the optimizer.
    pub training: Examples<R>,
    /// Used to choose learning rates.
    pub validation: Option<Examples<R>>,
    /// Used for reports only.
    pub test: Option<Examples<R>>,
}

impl<R: Real> DataSet<R> {
    /// The examples of a split, if there are any.
    pub fn split(&self, split: Split) -> Option<&Examples<R>> {
        match split {
            Split::Training => Some(&self.training),
            Split::Validation => self.validation.as_ref(),
            Split::Test => self.test.as_ref(),
        }
    }

    /// The same targets with the inputs of each split (examples × features) replaced.
    ///
    /// # Panics
    /// When a split gets inputs of fewer or more examples.
    pub fn map_inputs(&self, map: impl Fn(ArrayView2<'_, R>) -> Array2<R>) -> Self {
        let mapped = |examples: &Examples<R>| {
            Examples::new(map(examples.inputs()), examples.targets.clone())
        };
        Self {
            training: mapped(&self.training),
            validation: self.validation.as_ref().map(mapped),
            test: self.test.as_ref().map(mapped),
        }
    }

    /// The inputs of each split times a matrix (features × features).
    pub fn turned(&self, matrix: ArrayView2<'_, R>) -> Self {
        self.map_inputs(|inputs| {
            let mut turned = Array2::zeros((inputs.nrows(), matrix.ncols()));
            product(inputs, matrix, Accum::Overwrite, turned.view_mut());
            turned
        })
    }

    /// The same data in another precision (rounded to nearest).
    pub fn cast<S: Real>(&self) -> DataSet<S> {
        DataSet {
            training: self.training.cast(),
            validation: self.validation.as_ref().map(Examples::cast),
            test: self.test.as_ref().map(Examples::cast),
        }
    }
}
