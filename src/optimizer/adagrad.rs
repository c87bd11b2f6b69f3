//! Adagrad (Duchi, Hazan & Singer 2011), in the two forms that libraries use.

use crate::config::{Allowed, Reader, key};
use crate::lanes::Layout;
use crate::linalg::{Real, from_f64};
use crate::optimizer::elementwise::{Elementwise, Rule};
use crate::optimizer::{Build, EPS, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "adagrad",
    summary: "Adagrad: s ← s + g², θ ← θ − η g/(√s + ε) or θ ← θ − η g/√(s + ε)",
    read: |reader: &mut Reader<'_>| {
        let Adagrad { initial_accumulator, eps, .. } = Adagrad::default();
        let allowed = Allowed::between(0.0, 1e30);
        let initial = key("initial_accumulator", "s₀, the sum of squares before the first step");
        let initial = reader.number_or(initial, initial_accumulator, allowed);
        let eps = reader.number_or(key("eps", "ε, which keeps divisors above 0"), eps, EPS);
        let placement = reader.choice_or(
            key("eps_placement", "whether ε stands outside (PyTorch) or inside (Optax) the root"),
            "outside",
            &[("outside", EpsPlacement::Outside), ("inside", EpsPlacement::Inside)],
        );
        Some(Box::new(Adagrad {
            initial_accumulator: initial?,
            eps: eps?,
            eps_placement: placement?,
        }))
    },
};

/// Where ε stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpsPlacement {
    /// √s + ε, as in PyTorch.
    Outside,
    /// √(s + ε), as in Optax.
    Inside,
}

/// s ← s + g²; θ ← θ − η g/(√s + ε), or θ ← θ − η g/√(s + ε).
///
/// PyTorch: s₀ = 0, ε = 1e-10 outside the root. Optax: s₀ = 0.1, ε = 1e-7 inside it. The two
/// behave differently; the paper used Optax for convex objectives and PyTorch for networks (D).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// s₀ ≥ 0.
    pub initial_accumulator: f64,
    /// ε > 0, also in the precision of the runs: at 0, a gradient of zeros would give 0/0.
    pub eps: f64,
    /// Inside or outside the root.
    pub eps_placement: EpsPlacement,
}

impl Adagrad {
    /// The form and constants of PyTorch.
    pub const PYTORCH: Self =
        Self { initial_accumulator: 0.0, eps: 1e-10, eps_placement: EpsPlacement::Outside };
    /// The form and constants of Optax.
    pub const OPTAX: Self =
        Self { initial_accumulator: 0.1, eps: 1e-7, eps_placement: EpsPlacement::Inside };
}

impl Default for Adagrad {
    /// [`Adagrad::PYTORCH`], which a config has too if it says nothing else.
    fn default() -> Self {
        Self::PYTORCH
    }
}

impl<R: Real> Build<R> for Adagrad {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        Box::new(Elementwise::new(*self, layout, lanes))
    }
}

impl Spec for Adagrad {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("Adagrad")
    }

    fn replays(&self) -> bool {
        true
    }

    fn state_len(&self, layout: &Layout) -> usize {
        layout.dimension()
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        6.0 * layout.dimension() as f64
    }
}

impl<R: Real> Rule<R, 1> for Adagrad {
    const LINEAR: [bool; 1] = [false];

    fn initial_state(&self) -> R {
        from_f64(self.initial_accumulator)
    }

    #[inline(always)]
    fn update(&self, _: i32, rate: R, theta: &mut [R], gradient: &[R], [sum]: [&mut [R]; 1]) {
        let (inside, outside) = match self.eps_placement {
            EpsPlacement::Inside => (from_f64(self.eps), R::zero()),
            EpsPlacement::Outside => (R::zero(), from_f64(self.eps)),
        };
        for ((theta, &g), s) in theta.iter_mut().zip(gradient).zip(sum) {
            *s += g * g;
            *theta -= rate * g / ((*s + inside).sqrt() + outside);
        }
    }

    #[inline(always)]
    fn accumulate(&self, gradient: &[R], [sum]: [&mut [R]; 1]) {
        sum.iter_mut().zip(gradient).for_each(|(s, &g)| *s += g * g);
    }
}
