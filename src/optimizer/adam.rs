//! Adam (Kingma & Ba 2015).

use crate::config::{Allowed, Reader, key};
use crate::lanes::Layout;
use crate::linalg::{Real, from_f64};
use crate::optimizer::elementwise::{Elementwise, Rule};
use crate::optimizer::{Build, EPS, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "adam",
    summary: "Adam: bias-corrected averages of g and g², θ ← θ − η m̂/(√v̂ + ε)",
    read: |reader: &mut Reader<'_>| {
        let Adam { beta1, beta2, eps } = Adam::default();
        let decay = Allowed::from_to_below(0.0, 1.0);
        let beta1 = reader.number_or(key("beta1", "decay rate of the average of g"), beta1, decay);
        let beta2 = reader.number_or(key("beta2", "decay rate of the average of g²"), beta2, decay);
        let eps = reader.number_or(key("eps", "ε, which keeps divisors above 0"), eps, EPS);
        Some(Box::new(Adam { beta1: beta1?, beta2: beta2?, eps: eps? }))
    },
};

/// m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; θ ← θ − η m̂/(√v̂ + ε) with m̂ = m/(1−β₁ᵗ),
/// v̂ = v/(1−β₂ᵗ).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// β₁ ∈ [0, 1): at 1, m̂ would be 0/0.
    pub beta1: f64,
    /// β₂ ∈ [0, 1): at 1, v̂ would be 0/0.
    pub beta2: f64,
    /// ε > 0, also in the precision of the runs: at 0, a gradient of zeros would give 0/0.
    pub eps: f64,
}

impl Default for Adam {
    /// β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl<R: Real> Build<R> for Adam {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        Box::new(Elementwise::new(*self, layout, lanes))
    }
}

impl Spec for Adam {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("Adam")
    }

    fn state_len(&self, layout: &Layout) -> usize {
        2 * layout.dimension()
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        14.0 * layout.dimension() as f64
    }
}

impl<R: Real> Rule<R, 2> for Adam {
    const LINEAR: [bool; 2] = [true, false];

    #[inline(always)]
    fn update(&self, step: i32, rate: R, theta: &mut [R], gradient: &[R], [m, v]: [&mut [R]; 2]) {
        let (beta1, beta2, eps): (R, R, R) =
            (from_f64(self.beta1), from_f64(self.beta2), from_f64(self.eps));
        let (rest1, rest2): (R, R) = (from_f64(1.0 - self.beta1), from_f64(1.0 - self.beta2));
        let correction1: R = from_f64(1.0 / (1.0 - self.beta1.powi(step)));
        let correction2: R = from_f64(1.0 / (1.0 - self.beta2.powi(step)));
        for (((theta, &g), m), v) in theta.iter_mut().zip(gradient).zip(m).zip(v) {
            *m = beta1 * *m + rest1 * g;
            *v = beta2 * *v + rest2 * (g * g);
            *theta -= rate * (*m * correction1) / ((*v * correction2).sqrt() + eps);
        }
    }
}
