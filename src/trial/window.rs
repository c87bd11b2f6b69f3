//! The gradients of the last steps of a run, of which a basis can be made.

use std::ops::Range;

use ndarray::Array1;

use crate::data::InputMoments;
use crate::error::{Error, Result};
use crate::gradients::{At, Gradients, Statistic, give, portions};
use crate::lanes::{Lanes, Layout};
use crate::linalg::{self, Real, is_single};

/// Gradients in original coordinates, one in each lane, the oldest first.
#[derive(Debug)]
pub(super) struct Window<R> {
    gradients: Lanes<R>,
    filled: usize,
}

impl<R: Real> Window<R> {
    /// With room for so many.
    pub fn new(layout: &Layout, room: usize) -> Self {
        Self { gradients: Lanes::zeros(layout, room), filled: 0 }
    }

    /// Adds the gradient of the only lane.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn push(&mut self, gradient: &Lanes<R>) {
        self.gradients.set_lane(self.filled, gradient.lane(0).view());
        self.filled += 1;
    }

    /// All of them.
    ///
    /// # Panics
    /// When there is room left.
    pub fn whole(&self) -> &Lanes<R> {
        assert_eq!(self.filled, self.gradients.lanes(), "a basis is made of a window that is full");
        &self.gradients
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.filled = 0;
    }
}

impl<R: Real> Gradients for Window<R> {
    fn layout(&self) -> &Layout {
        self.gradients.layout()
    }

    fn samples(&self) -> usize {
        self.filled
    }

    fn are_singles(&self) -> bool {
        is_single::<R>()
    }

    fn stream(&self, _: At, samples: Range<usize>, into: &mut [&mut dyn Statistic]) -> Result<()> {
        let dimension = self.layout().dimension();
        for portion in portions(samples, dimension) {
            let count = portion.len();
            let mut rows = Vec::with_capacity(count * dimension);
            portion.for_each(|sample| rows.extend(self.gradients.lane(sample)));
            if !linalg::all_finite(rows.iter()) {
                return Err(Error::Numerical("a gradient of the run is not finite".into()));
            }
            give(&rows, (count, dimension), into);
        }
        Ok(())
    }

    fn start(&self) -> Option<Array1<f64>> {
        None
    }

    fn input_moments(&self) -> Option<InputMoments> {
        None
    }
}
