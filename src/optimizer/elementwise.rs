//! The common loop of optimizers that update every parameter by itself.

use std::array;

use crate::coordinates::Change;
use crate::lanes::{Lanes, LanesView, LanesViewMut, Layout, Role, Workspace};
use crate::linalg::{Real, from_f64, to_f64};
use crate::optimizer::{Carry, LaneFailure, Optimizer};
use crate::simd::vectorized;

/// The update of one lane's block by an optimizer with `N` numbers of state for each parameter.
pub(super) trait Rule<R: Real, const N: usize>: Send {
    /// Which numbers of the state are linear in the gradients; the others are made of their squares.
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

    /// What an update makes of the numbers that are not linear, without the others and θ.
    fn accumulate(&self, _gradient: &[R], _state: [&mut [R]; N]) {}

    /// Update number `step`, from 1. All slices have the same length. To be inlined, so that it
    /// is compiled for wide vectors.
    fn update(&self, step: i32, rate: R, theta: &mut [R], gradient: &[R], state: [&mut [R]; N]);
}

/// An optimizer that applies a [`Rule`] to every lane and block.
pub(super) struct Elementwise<R, U, const N: usize> {
    rule: U,
    state: [Lanes<R>; N],
    step: i32,
    /// The numbers that are not linear, after the last change of coordinates; `None` before the first,
    /// and after a reset: as before the first step.
    before: Option<Vec<Lanes<R>>>,
}

impl<R: Real, U: Rule<R, N>, const N: usize> Elementwise<R, U, N> {
    pub(super) fn new(rule: U, layout: &Layout, lanes: usize) -> Self {
        let state = array::from_fn(|_| Lanes::filled(layout, lanes, rule.initial_state()));
        Self { rule, state, step: 0, before: None }
    }

    fn reset(&mut self) {
        let initial = self.rule.initial_state();
        self.state.iter_mut().for_each(|state| state.as_mut_slice().fill(initial));
        (self.step, self.before) = (0, None);
    }

    /// The numbers that are not linear.
    fn squares(&mut self) -> impl Iterator<Item = &mut Lanes<R>> {
        self.state
            .iter_mut()
            .zip(U::LINEAR)
            .filter_map(|(state, linear)| (!linear).then_some(state))
    }

    /// Accumulates the squares anew, from where they were before these gradients.
    fn replay(&mut self, change: &Change<R>, gradients: &Lanes<R>) {
        let (before, initial) = (self.before.take(), self.rule.initial_state());
        let mut before = before.into_iter().flatten();
        for state in self.squares() {
            assert_eq!(state.lanes(), 1, "gradients are those of the only lane");
            match before.next() {
                Some(mut before) => {
                    change.squares(&mut before);
                    *state = before;
                }
                // Equal squares are as many in any basis: the rows of B∘B sum up to 1.
                None => state.as_mut_slice().fill(initial),
            }
        }
        for block in 0..gradients.layout().blocks().len() {
            let mut state = self.state.each_mut().map(|state| state.block_mut(block));
            for gradient in gradients.block(block).rows() {
                let gradient = gradient.to_slice().expect("rows of a block are contiguous");
                let state = state
                    .each_mut()
                    .map(|state| state.as_slice_mut().expect("blocks of lanes are contiguous"));
                vectorized(|| self.rule.accumulate(gradient, state));
            }
        }
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

    fn change_coordinates(&mut self, change: &Change<R>, carry: Carry<'_, R>) {
        if let Carry::Reset = carry {
            return self.reset();
        }
        let mut workspace = Workspace::new();
        for (state, linear) in self.state.iter_mut().zip(U::LINEAR) {
            if linear {
                change.linear(state, &mut workspace);
            }
        }
        if let Carry::Replay(gradients) = carry {
            self.replay(change, gradients);
        }
        self.before = Some(self.squares().map(|state| state.clone()).collect());
    }

    fn retain(&mut self, lanes: &[usize]) {
        self.state.iter_mut().chain(self.before.iter_mut().flatten()).for_each(|state| {
            state.retain(lanes);
        });
    }
}
