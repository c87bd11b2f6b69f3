//! Adam (Kingma & Ba 2015), AdamW and AMSGrad.

use crate::config::{Allowed, Reader, key};
use crate::lanes::{Block, Layout, Role};
use crate::linalg::{Real, from_f64};
use crate::optimizer::elementwise::{Elementwise, Rule};
use crate::optimizer::{Build, EPS, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "adam",
    summary: "Adam: bias-corrected averages of g and g², θ ← θ − η m̂/(√v̂ + ε); AdamW, AMSGrad",
    read: |reader: &mut Reader<'_>| {
        let Adam { beta1, beta2, eps, weight_decay, decay_biases, amsgrad } = Adam::default();
        let decay = Allowed::from_to_below(0.0, 1.0);
        let beta1 = reader.number_or(key("beta1", "decay rate of the average of g"), beta1, decay);
        let beta2 = reader.number_or(key("beta2", "decay rate of the average of g²"), beta2, decay);
        let eps = reader.number_or(key("eps", "ε, which keeps divisors above 0"), eps, EPS);
        if reader.alternative(&[&["weight_decay"]]) == Some(None) {
            let problem = "is for weight decay, of which there is none: state `weight_decay`, or remove \
                           this key";
            reader.idle(&["decay_biases"], problem);
        }
        let shrinking =
            key("weight_decay", "λ of decoupled weight decay, θ ← (1 − ηλ)θ before steps");
        let shrinking = reader.number_or(shrinking, weight_decay, Allowed::between(0.0, 1e30));
        let biases = key("decay_biases", "whether weight decay is for biases too");
        let biases = reader.flag_or(biases, decay_biases);
        let amsgrad_key = key("amsgrad", "whether the largest average of g² so far is divided by");
        let amsgrad = reader.flag_or(amsgrad_key, amsgrad);
        Some(Box::new(Adam {
            beta1: beta1?,
            beta2: beta2?,
            eps: eps?,
            weight_decay: shrinking?,
            decay_biases: biases?,
            amsgrad: amsgrad?,
        }))
    },
};

/// θ ← (1 − ηλ)θ; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; θ ← θ − η m̂/(√v̂ + ε) with
/// m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ).
///
/// With λ > 0 this is AdamW (Loshchilov & Hutter 2019), in the form of PyTorch. AMSGrad (Reddi, Kale
/// & Kumar 2018) has the largest v so far in the place of v, in PyTorch's form: the maximum is taken
/// before the correction of the bias.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// β₁ ∈ [0, 1): at 1, m̂ would be 0/0.
    pub beta1: f64,
    /// β₂ ∈ [0, 1): at 1, v̂ would be 0/0.
    pub beta2: f64,
    /// ε > 0, also in the precision of the runs: at 0, a gradient of zeros would give 0/0.
    pub eps: f64,
    /// λ ≥ 0.
    pub weight_decay: f64,
    /// Whether blocks of biases decay too.
    pub decay_biases: bool,
    /// Whether this is AMSGrad.
    pub amsgrad: bool,
}

impl Default for Adam {
    /// β₁ = 0.9, β₂ = 0.999, ε = 1e-8, without weight decay; of all blocks, where there is any.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            decay_biases: true,
            amsgrad: false,
        }
    }
}

impl<R: Real> Build<R> for Adam {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        if self.amsgrad {
            Box::new(Elementwise::<R, _, 3>::new(*self, layout, lanes))
        } else {
            Box::new(Elementwise::<R, _, 2>::new(*self, layout, lanes))
        }
    }
}

impl Spec for Adam {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some(match (self.weight_decay > 0.0, self.amsgrad) {
            (false, false) => "Adam",
            (true, false) => "AdamW",
            (false, true) => "AMSGrad",
            (true, true) => "AMSGrad with weight decay",
        })
    }

    fn replays(&self) -> bool {
        true
    }

    fn spares_biases(&self) -> Option<&'static str> {
        (self.weight_decay > 0.0 && !self.decay_biases).then_some("decay_biases")
    }

    fn state_len(&self, layout: &Layout) -> usize {
        (2 + usize::from(self.amsgrad)) * layout.dimension()
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        let shrink = layout.blocks().iter().filter(|block| self.decay(block.role) > 0.0);
        let shrunk: usize = shrink.map(Block::size).sum();
        let update = 14.0 + f64::from(u8::from(self.amsgrad));
        update * layout.dimension() as f64 + shrunk as f64
    }
}

impl Adam {
    /// λ of a block of this role.
    fn decay(&self, role: Role) -> f64 {
        if role == Role::Bias && !self.decay_biases { 0.0 } else { self.weight_decay }
    }

    #[inline(always)]
    fn step<R: Real>(&self, step: i32, rate: R) -> Step<R> {
        Step {
            rate,
            beta1: from_f64(self.beta1),
            beta2: from_f64(self.beta2),
            rest1: from_f64(1.0 - self.beta1),
            rest2: from_f64(1.0 - self.beta2),
            correction1: from_f64(1.0 / (1.0 - self.beta1.powi(step))),
            correction2: from_f64(1.0 / (1.0 - self.beta2.powi(step))),
            eps: from_f64(self.eps),
        }
    }
}

/// The constants of one update.
#[derive(Clone, Copy)]
struct Step<R> {
    rate: R,
    beta1: R,
    beta2: R,
    rest1: R,
    rest2: R,
    correction1: R,
    correction2: R,
    eps: R,
}

impl<R: Real> Step<R> {
    #[inline(always)]
    fn average(self, g: R, m: &mut R, v: &mut R) {
        *m = self.beta1 * *m + self.rest1 * g;
        self.average_square(g, v);
    }

    #[inline(always)]
    fn average_square(self, g: R, v: &mut R) {
        *v = self.beta2 * *v + self.rest2 * (g * g);
    }

    #[inline(always)]
    fn advance(self, m: R, v: R, theta: &mut R) {
        *theta -= self.rate * (m * self.correction1) / ((v * self.correction2).sqrt() + self.eps);
    }
}

impl<R: Real> Rule<R, 2> for Adam {
    const LINEAR: [bool; 2] = [true, false];

    fn weight_decay(&self, role: Role) -> f64 {
        self.decay(role)
    }

    #[inline(always)]
    fn update(&self, step: i32, rate: R, theta: &mut [R], gradient: &[R], [m, v]: [&mut [R]; 2]) {
        let step = self.step(step, rate);
        for (((theta, &g), m), v) in theta.iter_mut().zip(gradient).zip(m).zip(v) {
            step.average(g, m, v);
            step.advance(*m, *v, theta);
        }
    }

    #[inline(always)]
    fn accumulate(&self, gradient: &[R], [_, v]: [&mut [R]; 2]) {
        let step = self.step(1, R::zero());
        v.iter_mut().zip(gradient).for_each(|(v, &g)| step.average_square(g, v));
    }
}

/// AMSGrad: the third number is the largest v so far.
impl<R: Real> Rule<R, 3> for Adam {
    const LINEAR: [bool; 3] = [true, false, false];

    fn weight_decay(&self, role: Role) -> f64 {
        self.decay(role)
    }

    #[inline(always)]
    fn update(
        &self,
        step: i32,
        rate: R,
        theta: &mut [R],
        gradient: &[R],
        [m, v, largest]: [&mut [R]; 3],
    ) {
        let step = self.step(step, rate);
        let state = m.iter_mut().zip(v).zip(largest);
        for ((theta, &g), ((m, v), largest)) in theta.iter_mut().zip(gradient).zip(state) {
            step.average(g, m, v);
            if *v > *largest {
                *largest = *v;
            }
            step.advance(*m, *largest, theta);
        }
    }

    #[inline(always)]
    fn accumulate(&self, gradient: &[R], [_, v, largest]: [&mut [R]; 3]) {
        let step = self.step(1, R::zero());
        for ((&g, v), largest) in gradient.iter().zip(v).zip(largest) {
            step.average_square(g, v);
            if *v > *largest {
                *largest = *v;
            }
        }
    }
}
