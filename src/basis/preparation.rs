//! What forming a change of variables takes.

use std::iter::Sum;
use std::ops::Add;

use crate::egop::Gram;
use crate::linalg::flops;

/// What a change of variables is made of, as far as that decides what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// Gradients that are sampled, where they are.
    pub samples: usize,
    /// Rows of the data whose inputs have moments.
    pub rows: usize,
    /// How often matrices are decomposed.
    pub decompositions: f64,
    /// How many leading eigenvectors each group was found to have; `None`: that is not known yet,
    /// and there are as many as there can be.
    pub found: Option<&'a [usize]>,
}

impl Material<'_> {
    /// So many gradients, for one decomposition.
    pub fn gradients(samples: usize) -> Self {
        Self { samples, rows: 0, decompositions: 1.0, found: None }
    }
}

/// What forming a change of variables takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Preparation {
    /// Floating-point operations of products, those of the sampled gradients aside.
    pub products: f64,
    /// Those of decompositions.
    pub decompositions: f64,
    /// Double-precision numbers that are held at once, the gradients aside.
    pub elements: f64,
    /// Numbers of gradients that are kept, in the precision of the runs.
    pub gradients: f64,
}

impl Preparation {
    /// Floating-point operations.
    pub fn flops(&self) -> f64 {
        self.products + self.decompositions
    }

    /// Bytes that are held, where a number of a run takes so many.
    pub fn bytes(&self, number: f64) -> f64 {
        size_of::<f64>() as f64 * self.elements + number * self.gradients
    }

    /// Summing up `samples` outer products of gradients to a matrix for each of these numbers of
    /// parameters, and decomposing so many matrices as large: the Gram matrix takes M n (n + 1)
    /// operations ([`Gram::flops`]), and space for samples that wait and up to three more matrices.
    pub(super) fn of_matrices(sizes: &[usize], samples: f64, decompositions: f64) -> Self {
        let square = |&size: &usize| (size as f64).powi(2);
        let largest = sizes.iter().map(square).fold(0.0, f64::max);
        let waiting = sizes.iter().map(|&size| Gram::waiting(samples as usize, size));
        let eigen = |&size: &usize| decompositions * flops::of_eigen(size as f64);
        Self {
            products: sizes.iter().map(|&size| samples * Gram::flops(size)).sum(),
            decompositions: sizes.iter().map(eigen).sum(),
            elements: decompositions
                * (2.0 * sizes.iter().map(square).sum::<f64>() + 3.0 * largest)
                + waiting.sum::<f64>(),
            ..Self::default()
        }
    }

    /// A QR decomposition of n × k, and its Q: the matrix, the reflections and Q, and R.
    pub(super) fn of_qr(n: f64, k: f64) -> Self {
        let elements = 3.0 * n * k + k * k;
        Self { decompositions: flops::of_qr(n, k), elements, ..Self::default() }
    }
}

impl Add for Preparation {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            products: self.products + other.products,
            decompositions: self.decompositions + other.decompositions,
            elements: self.elements + other.elements,
            gradients: self.gradients + other.gradients,
        }
    }
}

impl Sum for Preparation {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}
