//! Gradient descent with (heavy-ball) momentum.

use crate::config::{Allowed, Reader, key};
use crate::lanes::Layout;
use crate::linalg::{Real, from_f64};
use crate::optimizer::elementwise::{Elementwise, Rule};
use crate::optimizer::{Build, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "momentum",
    summary: "gradient descent with momentum: b ← μ b + g, θ ← θ − η b",
    read: |reader: &mut Reader<'_>| {
        let Momentum { momentum } = Momentum::default();
        let decay = key("momentum", "μ, which part of the last update's direction is kept");
        let momentum = reader.number_or(decay, momentum, Allowed::from_to_below(0.0, 1.0))?;
        Some(Box::new(Momentum { momentum }))
    },
};

/// b ← μ b + g with b₀ = 0; θ ← θ − η b. Equivariant, like gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// μ ∈ [0, 1): at 1, b would be the sum of all gradients and never forget one.
    pub momentum: f64,
}

impl Default for Momentum {
    /// μ = 0.9.
    fn default() -> Self {
        Self { momentum: 0.9 }
    }
}

impl<R: Real> Build<R> for Momentum {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        Box::new(Elementwise::new(*self, layout, lanes))
    }
}

impl Spec for Momentum {
    fn title(&self, minibatches: bool) -> Option<&'static str> {
        Some(if minibatches { "SGD with momentum" } else { "GD with momentum" })
    }

    fn replays(&self) -> bool {
        true
    }

    fn state_len(&self, layout: &Layout) -> usize {
        layout.dimension()
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        4.0 * layout.dimension() as f64
    }
}

impl<R: Real> Rule<R, 1> for Momentum {
    const LINEAR: [bool; 1] = [true];

    #[inline(always)]
    fn update(&self, _: i32, rate: R, theta: &mut [R], gradient: &[R], [buffer]: [&mut [R]; 1]) {
        let momentum: R = from_f64(self.momentum);
        for ((theta, &g), b) in theta.iter_mut().zip(gradient).zip(buffer) {
            *b = momentum * *b + g;
            *theta -= rate * *b;
        }
    }
}
