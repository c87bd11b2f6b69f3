//! The common loop of optimizers that update every parameter by itself.

use std::array;

use crate::coordinates::Coordinates;
use crate::lanes::{Lanes, LanesView, LanesViewMut, Layout, Role, Workspace};
use crate::linalg::{Real, from_f64, to_f64};
use crate::optimizer::{Carry, LaneFailure, Optimizer};
use crate::simd::vectorized;

/// The update of one lane's block by an optimizer with `N` numbers of state for each parameter.
pub(super) trait Rule<R: Real, const N: usize>: Send {
    /// Which numbers of the state are linear in the gradients.
    const LINEAR: [bool; N];

    /// The state's value before the first step.
    fn initial_state(&self) -> R {
        R::zero()
    }

    /// λ of decoupled weight decay of a block of this role: θ ← (1 − ηλ) θ before the update. At 0,
    /// nothing is done.
    fn weight_decay(&self, _role: Role) -> f64 {
        0.0
    }

    /// Update number `step`, from 1. All slices have the same length. To be inlined, so that it
    /// is compiled for wide vectors.
    fn update(&self, step: i32, rate: R, theta: &mut [R], gradient: &[R], state: [&mut [R]; N]);
}

/// An optimizer that applies a [`Rule`] to every lane and block.
pub(super) struct Elementwise<R, U, const N: usize> {
    rule: U,
    state: [Lanes<R>; N],
    step: i32,
}

impl<R: Real, U: Rule<R, N>, const N: usize> Elementwise<R, U, N> {
    pub(super) fn new(rule: U, layout: &Layout, lanes: usize) -> Self {
        let state = array::from_fn(|_| Lanes::filled(layout, lanes, rule.initial_state()));
        Self { rule, state, step: 0 }
    }
}

impl<R: Real, U: Rule<R, N>, const N: usize> Optimizer<R> for Elementwise<R, U, N> {
    fn step(
        &mut self,
        mut theta: LanesViewMut<'_, R>,
        gradient: LanesView<'_, R>,
        rates: &[R],
    ) -> Result<(), LaneFailure> {
        // Two thousand million steps: what is averaged has long forgotten its beginning.
        self.step = self.step.saturating_add(1);
        let lanes = theta.lanes();
        for block in 0..theta.layout().blocks().len() {
            let decay = self.rule.weight_decay(theta.layout().blocks()[block].role);
            let mut theta = theta.block_mut(block);
            let gradient = gradient.block(block);
            let mut state = self.state.each_mut().map(|state| state.block_mut(block));
            let size = theta.ncols();
            let theta = theta.as_slice_mut().expect("blocks of lanes are contiguous");
            let gradient = gradient.as_slice().expect("blocks of lanes are contiguous");
            let mut state = state
                .each_mut()
                .map(|state| state.as_slice_mut().expect("blocks of lanes are contiguous"));
            for (lane, &rate) in rates.iter().enumerate().take(lanes) {
                let range = lane * size..(lane + 1) * size;
                let (theta, gradient) = (&mut theta[range.clone()], &gradient[range.clone()]);
                let state = state.each_mut().map(|state| &mut state[range.clone()]);
                if decay > 0.0 {
                    let kept: R = from_f64(1.0 - to_f64(rate) * decay);
                    vectorized(|| theta.iter_mut().for_each(|theta| *theta *= kept));
                }
                vectorized(|| self.rule.update(self.step, rate, theta, gradient, state));
            }
        }
        Ok(())
    }

    fn change_coordinates(&mut self, change: &Coordinates<R>, carry: Carry) {
        if carry == Carry::Reset {
            self.step = 0;
            let initial = self.rule.initial_state();
            self.state.iter_mut().for_each(|state| state.as_mut_slice().fill(initial));
            return;
        }
        let mut workspace = Workspace::new();
        for (state, linear) in self.state.iter_mut().zip(U::LINEAR) {
            if linear {
                let mut mapped = Lanes::zeros(change.trained(), state.lanes());
                change.pull_back(state, &mut mapped, &mut workspace);
                *state = mapped;
            }
        }
    }

    fn retain(&mut self, lanes: &[usize]) {
        for state in &mut self.state {
            state.retain(lanes);
        }
    }
}
