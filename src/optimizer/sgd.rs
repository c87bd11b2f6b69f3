//! (Stochastic) gradient descent.

use crate::config::Reader;
use crate::lanes::Layout;
use crate::linalg::Real;
use crate::optimizer::elementwise::{Elementwise, Rule};
use crate::optimizer::{Build, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "sgd",
    summary: "(stochastic) gradient descent: θ ← θ − η g",
    read: |_: &mut Reader<'_>| Some(Box::new(Sgd)),
};

/// θ ← θ − η g. Equivariant: it does not care about the basis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sgd;

impl<R: Real> Build<R> for Sgd {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        Box::new(Elementwise::new(*self, layout, lanes))
    }
}

impl Spec for Sgd {
    fn title(&self, minibatches: bool) -> Option<&'static str> {
        Some(if minibatches { "SGD" } else { "GD" })
    }

    fn replays(&self) -> bool {
        true
    }

    fn state_len(&self, _: &Layout) -> usize {
        0
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        2.0 * layout.dimension() as f64
    }
}

impl<R: Real> Rule<R, 0> for Sgd {
    const LINEAR: [bool; 0] = [];

    #[inline(always)]
    fn update(&self, _: i32, rate: R, theta: &mut [R], gradient: &[R], []: [&mut [R]; 0]) {
        for (theta, &g) in theta.iter_mut().zip(gradient) {
            *theta -= rate * g;
        }
    }
}
