//! Shampoo (Gupta, Koren & Singer 2018), with the options of PyTorch's distributed Shampoo.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};

use crate::config::{Allowed, Reader, key};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::{Real, flops, from_f64, function_of, times};
use crate::optimizer::blocks::{BlockState, Blocks, Shape, read_shape, shapes};
use crate::optimizer::moments::{average, average_squares, correction, norm};
use crate::optimizer::{Build, Entry, Optimizer, Spec, decomposed, too_small};

/// The least ε in doubles and in singles: rounding errors of a matrix with eigenvalues of about 1. Smaller
/// ones would make directions in which there was no gradient, or that rounding makes up, the longest.
const LEAST: [f64; 2] = [1e-16, 1e-8];

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "shampoo",
    summary: "Shampoo: L ← L + GGᵀ, R ← R + GᵀG, W ← W − η (L + εI)^(−¼) G (R + εI)^(−¼)",
    read: |reader: &mut Reader<'_>| {
        let Shampoo { beta1, momentum, beta2, eps, refresh, start, .. } = Shampoo::default();
        let steps = 1..=1_000_000_000;
        let key1 =
            key("beta1", "decay rate of the average of G that is preconditioned; 0: G itself");
        let beta1 = reader.number_or(key1, beta1, Allowed::from_to_below(0.0, 1.0));
        let kept = key("momentum", "μ of the sum b ← μ b + G that is preconditioned; 0: G itself");
        let momentum = reader.number_or(kept, momentum, Allowed::from_to_below(0.0, 1.0));
        let key2 = key("beta2", "decay rate of the averages L of GGᵀ and R of GᵀG; 1: sums");
        let beta2 = reader.number_or(key2, beta2, Allowed::between(0.0, 1.0));
        let added = key("eps", "ε, which is added to L and R; at least 1e-8 in singles");
        let eps = reader.number_or(added, eps, Allowed::between(LEAST[0], 1e30));
        let power =
            key("exponent", "of L and R; without it −1/4, and −1/2 where one side is 1 long");
        let exponent = reader.optional_number(power, Allowed::from_to_below(-1.0, 0.0));
        let every =
            key("refresh", "every how many steps powers of L and R are computed anew; 0: never");
        let refresh = reader.count_or(every, refresh, 0..=1_000_000_000);
        let first = key("start", "the step from which on gradients are preconditioned");
        let start = reader.count_or(first, start, steps);
        let graft = reader.choice_or(
            key("graft", "whose length a block's step has: its own, or that of Adam's"),
            "none",
            &[("none", false), ("adam", true)],
        );
        let shape = read_shape(reader);
        let (beta1, momentum, graft) = (beta1?, momentum?, graft?);
        if momentum > 0.0 && (beta1 > 0.0 || graft) {
            let problem = "is of sums of G as published: with an average of G (beta1 > 0) or the \
                           length of Adam's steps (graft) there is none";
            reader.problem("momentum", problem);
            return None;
        }
        Some(Box::new(Shampoo {
            beta1,
            momentum,
            beta2: beta2?,
            eps: eps?,
            exponent: exponent?,
            refresh: refresh?,
            start: start?,
            graft,
            shape: shape?,
        }))
    },
};

/// L ← L + GGᵀ, R ← R + GᵀG, W ← W − η (L + εI)^p G (R + εI)^p with p = −1/4. A block with one row
/// or column, such as a bias, is a vector: it has one factor and p = −1/2, which makes Shampoo
/// full-matrix Adagrad. Equivariant under rotations of both sides, without a graft.
///
/// With β₂ < 1, L and R are averages with Adam's correction; with β₁ > 0, what is preconditioned is
/// such an average of G. With momentum μ it is b ← μ b + G, as in the authors' optimizer of
/// TensorFlow (`gbar_decay` = μ, `gbar_weight` = 1): steps of up to 1/(1 − μ) times the length. A
/// graft gives each block's step the length that Adam's would have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shampoo {
    /// β₁ ∈ [0, 1).
    pub beta1: f64,
    /// μ ∈ [0, 1); 0 where β₁ > 0 or with a graft.
    pub momentum: f64,
    /// β₂ ∈ [0, 1]; at 1, L and R are sums.
    pub beta2: f64,
    /// ε > 0.
    pub eps: f64,
    /// p; `None`: −1/(2k) with k factors.
    pub exponent: Option<f64>,
    /// The powers are computed in every so many steps, and in step `start`; 0: in that alone.
    pub refresh: usize,
    /// The step, from 1, from which on gradients are preconditioned: before, Adam's direction is
    /// taken with a graft, and the (averaged) gradient without.
    pub start: usize,
    /// Whether steps have the length of Adam's.
    pub graft: bool,
    /// Rows and columns as which the only block of a model is read; `None`: its own.
    pub shape: Option<(usize, usize)>,
}

impl Default for Shampoo {
    /// Sums, refreshed in every step, with ε = 1e-6 and without momentum or graft.
    fn default() -> Self {
        Self {
            beta1: 0.0,
            momentum: 0.0,
            beta2: 1.0,
            eps: 1e-6,
            exponent: None,
            refresh: 1,
            start: 1,
            graft: false,
            shape: None,
        }
    }
}

/// β₂ and ε of the Adam whose length is taken.
const GRAFT_BETA2: f64 = 0.999;
const GRAFT_EPS: f64 = 1e-8;

impl Shampoo {
    /// The lengths of the sides of a block that have a factor: none has one of a single number,
    /// unless both sides do.
    fn sides((rows, columns): Shape) -> [Option<usize>; 2] {
        [Some(rows).filter(|&rows| rows > 1 || columns <= 1), Some(columns).filter(|&n| n > 1)]
    }

    /// Whether something of earlier gradients is preconditioned with the last one.
    fn accumulates(&self) -> bool {
        self.beta1 > 0.0 || self.momentum > 0.0
    }

    /// Floating-point operations of all powers, each of eigenvectors and a product.
    fn powers(&self, layout: &Layout) -> f64 {
        let sides = shapes(self.shape, layout).into_iter().flat_map(Self::sides).flatten();
        let of_power = |n: f64| flops::of_eigen(n) + 2.0 * n.powi(3);
        sides.map(|side| of_power(side as f64)).sum()
    }

    /// How often powers are computed in a step, on average.
    fn refreshes(&self) -> f64 {
        if self.refresh == 0 { 0.0 } else { 1.0 / self.refresh as f64 }
    }

    /// How many averages of the block's size there are.
    fn averages(&self) -> usize {
        usize::from(self.accumulates()) + usize::from(self.graft)
    }

    fn states<R: Real>(&self, layout: &Layout) -> Vec<State<R>> {
        let state = |shape: Shape| {
            let sides = Self::sides(shape);
            let factor =
                |size| Factor { sum: Array2::zeros((size, size)), power: Array2::eye(size) };
            State {
                settings: *self,
                exponent: self.exponent.unwrap_or(-0.5 / sides.iter().flatten().count() as f64),
                factors: sides.map(|size| size.map(factor)),
                m: self.accumulates().then(|| Array2::zeros(shape)),
                v: self.graft.then(|| Array2::zeros(shape)),
            }
        };
        shapes(self.shape, layout).into_iter().map(state).collect()
    }
}

impl<R: Real> Build<R> for Shampoo {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        let states: Vec<State<R>> = self.states(layout);
        Box::new(Blocks::new(layout, shapes(self.shape, layout), states, lanes))
    }
}

impl Spec for Shampoo {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("Shampoo")
    }

    fn shape(&self) -> Option<Shape> {
        self.shape
    }

    /// Once: powers by plane rotations instead of faer's eigenvectors.
    fn revision(&self) -> u32 {
        1
    }

    fn state_len(&self, layout: &Layout) -> usize {
        let sides = shapes(self.shape, layout).into_iter().flat_map(Self::sides).flatten();
        self.averages() * layout.dimension() + sides.map(|size| 2 * size * size).sum::<usize>()
    }

    fn scratch_len(&self, layout: &Layout) -> usize {
        let sides = shapes(self.shape, layout).into_iter().flat_map(Self::sides).flatten();
        sides.max().map_or(0, decomposed) + self.state_len(layout)
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        let of_block = |shape: Shape| {
            let size = (shape.0 * shape.1) as f64;
            let sides = Self::sides(shape).into_iter().flatten().map(|side| side as f64);
            let of_side = |side: f64| 4.0 * side * size + 3.0 * side * side;
            // An average takes its correction, what is kept of the last step takes none.
            let averages = if self.momentum > 0.0 { 2.0 } else { 8.0 * self.averages() as f64 };
            sides.map(of_side).sum::<f64>() + (2.0 + averages) * size
        };
        let regular: f64 = shapes(self.shape, layout).into_iter().map(of_block).sum();
        regular + self.refreshes() * self.powers(layout)
    }

    fn flops(&self, layout: &Layout, updates: u64) -> f64 {
        let powers = self.powers(layout);
        let regular = self.step_flops(layout) - self.refreshes() * powers;
        let start = self.start as u64;
        let until = |step: u64| step.checked_div(self.refresh as u64).unwrap_or(0);
        let irregular = start.checked_rem(self.refresh as u64) != Some(0);
        let times = match updates >= start {
            true => until(updates) - until(start - 1) + u64::from(irregular),
            false => 0,
        };
        // Before the first powers, gradients are not multiplied with any.
        let of_block = |shape: Shape| {
            let sides = Self::sides(shape).into_iter().flatten();
            sides.map(|side| 2.0 * (side * shape.0 * shape.1) as f64).sum::<f64>()
        };
        let multiplied: f64 = shapes(self.shape, layout).into_iter().map(of_block).sum();
        let before = updates.min(start.saturating_sub(1)) as f64;
        updates as f64 * regular + times as f64 * powers - before * multiplied
    }

    fn needs_matrices(&self) -> bool {
        true
    }

    fn problem(&self, _: &Layout, epsilon: f64) -> Option<(&'static str, String)> {
        too_small(self.eps, LEAST, epsilon)
    }

    fn starts(&self) -> Option<(&'static str, usize)> {
        Some(("start", self.start))
    }
}

/// L or R, and its power when that was last computed.
#[derive(Clone)]
struct Factor<R> {
    sum: Array2<R>,
    power: Array2<R>,
}

impl<R: Real> Factor<R> {
    fn add(&mut self, gram: Array2<R>, beta2: f64) {
        if beta2 < 1.0 { average(&mut self.sum, beta2, gram.view()) } else { self.sum += &gram }
    }

    /// (sum · correction + εI)^exponent.
    fn refresh(&mut self, correction: f64, eps: f64, exponent: f64) -> Result<()> {
        let (correction, eps, exponent): (R, R, R) =
            (from_f64(correction), from_f64(eps), from_f64(exponent));
        // The sum has no negative eigenvalues but for rounding.
        let power = |x: R| (x.max(R::zero()) * correction + eps).powf(exponent);
        self.power = function_of(self.sum.view(), power)?;
        Ok(())
    }
}

#[derive(Clone)]
struct State<R> {
    settings: Shampoo,
    exponent: f64,
    factors: [Option<Factor<R>>; 2],
    m: Option<Array2<R>>,
    v: Option<Array2<R>>,
}

impl<R: Real> BlockState<R> for State<R> {
    fn update(
        &mut self,
        step: i32,
        rate: R,
        mut theta: ArrayViewMut2<'_, R>,
        gradient: ArrayView2<'_, R>,
    ) -> Result<()> {
        let Shampoo { beta1, momentum, beta2, eps, refresh, start, .. } = self.settings;
        let count = usize::try_from(step).unwrap_or_default();
        let [left, right] = &mut self.factors;
        if let Some(left) = left {
            left.add(times(gradient, gradient.t()), beta2);
        }
        if let Some(right) = right {
            right.add(times(gradient.t(), gradient), beta2);
        }
        if count == start || count > start && count.is_multiple_of(refresh) {
            let correction = if beta2 < 1.0 { correction(beta2, step) } else { 1.0 };
            for factor in self.factors.iter_mut().flatten() {
                factor.refresh(correction, eps, self.exponent)?;
            }
        }
        let averaged = match &mut self.m {
            Some(b) if momentum > 0.0 => {
                let kept: R = from_f64(momentum);
                Zip::from(&mut *b).and(gradient).for_each(|b, &g| *b = kept * *b + g);
                b.clone()
            }
            Some(m) => {
                average(m, beta1, gradient);
                let correction: R = from_f64(correction(beta1, step));
                m.mapv(|m| m * correction)
            }
            None => gradient.as_standard_layout().into_owned(),
        };
        let adam = self.v.as_mut().map(|v| {
            average_squares(v, GRAFT_BETA2, gradient);
            let (correction, eps): (R, R) =
                (from_f64(correction(GRAFT_BETA2, step)), from_f64(GRAFT_EPS));
            let mut direction = averaged.clone();
            Zip::from(&mut direction)
                .and(&*v)
                .for_each(|x, &v| *x /= (v * correction).sqrt() + eps);
            direction
        });
        if count < start {
            theta.scaled_add(-rate, &adam.unwrap_or(averaged));
            return Ok(());
        }
        let [left, right] = &self.factors;
        let mut direction = averaged;
        if let Some(left) = left {
            direction = times(left.power.view(), direction.view());
        }
        if let Some(right) = right {
            direction = times(direction.view(), right.power.view());
        }
        // So that a gradient of zeros is not divided by 0.
        let tiny: R = from_f64(1e-16);
        let scale = adam.map_or(R::one(), |adam| norm(&adam) / (norm(&direction) + tiny));
        theta.scaled_add(-rate * scale, &direction);
        Ok(())
    }

    fn linear(&mut self) -> Option<&mut [R]> {
        self.m.as_mut().and_then(Array2::as_slice_mut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_as_long_as_said() {
        for shape in [(5, 4), (20, 1), (1, 20)] {
            let kinds = [
                (0.0, 0.0, false),
                (0.9, 0.0, false),
                (0.0, 0.9, false),
                (0.9, 0.0, true),
                (0.0, 0.0, true),
            ];
            for (beta1, momentum, graft) in kinds {
                let shape = Some(shape);
                let spec = Shampoo { beta1, momentum, graft, shape, ..Shampoo::default() };
                let layout = Layout::vector(20);
                let State { factors, m, v, .. } = &spec.states::<f64>(&layout)[0];
                let factors = factors.iter().flatten().map(|one| one.sum.len() + one.power.len());
                let averages = m.iter().chain(v).map(Array2::len).sum::<usize>();
                assert_eq!(spec.state_len(&layout), factors.sum::<usize>() + averages, "{spec:?}");
            }
        }
        let single = Shampoo::default().states::<f64>(&Layout::vector(1));
        assert_eq!(single[0].exponent, -0.5);
    }
}
