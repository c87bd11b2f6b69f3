//! Adagrad with full matrices (Duchi, Hazan & Singer 2011, section 1.3).

use std::ops::Range;

use ndarray::{Array1, Array2};

use crate::config::{Allowed, Reader, key};
use crate::coordinates::Change;
use crate::error::Result;
use crate::lanes::{LanesView, LanesViewMut, Layout};
use crate::linalg::{Real, from_f64, function_times, inverse_root_times};
use crate::optimizer::adagrad::EpsPlacement;
use crate::optimizer::{Build, Carry, Entry, LaneFailure, NO_REPLAY, Optimizer, Spec, too_small};
use crate::simd::vectorized;

/// The least ε inside the root, in doubles and in singles.
const INSIDE: [f64; 2] = [1e-6, 1e-4];
/// The same outside, where the root turns rounding errors of 1e-16 and 1e-7 in S into 1e-8 and 3e-4. S
/// may well be a hundred times as large.
const OUTSIDE: [f64; 2] = [1e-4, 1e-1];

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "full-adagrad",
    summary: "full-matrix Adagrad: S ← S + g gᵀ, θ ← θ − η (S + εI)^(−½) g or θ − η (S^½ + εI)⁻¹ g",
    read: |reader: &mut Reader<'_>| {
        let FullAdagrad { eps, .. } = FullAdagrad::default();
        let whole = reader.choice_or(
            key("matrix", "whether there is one S for each block or one for all parameters"),
            "block",
            &[("block", false), ("global", true)],
        );
        let placement = reader.choice_or(
            key("eps_placement", "whether ε stands inside or outside the root"),
            "inside",
            &[("inside", EpsPlacement::Inside), ("outside", EpsPlacement::Outside)],
        );
        let range = Allowed::between(INSIDE[0], 1e30);
        let added = key(
            "eps",
            "ε, which is added to S or to its root: at least 1e-4 outside the root, and in singles \
             1e-4 inside and 0.1 outside",
        );
        let eps = reader.number_or(added, eps, range);
        let (whole, eps_placement, eps) = (whole?, placement?, eps?);
        Some(Box::new(FullAdagrad { whole, eps, eps_placement }))
    },
};

/// S ← S + g gᵀ with S₀ = 0; θ ← θ − η (S + εI)^(−1/2) g, or θ ← θ − η (S^(1/2) + εI)⁻¹ g.
/// Equivariant under every rotation of the parameters of a matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FullAdagrad {
    /// Whether there is one S of all parameters, or one for each block.
    pub whole: bool,
    /// ε > 0, so large that rounding errors do not decide.
    pub eps: f64,
    /// Inside or outside the root; the paper by Duchi et al. has it outside.
    pub eps_placement: EpsPlacement,
}

impl Default for FullAdagrad {
    /// One S for each block, ε = 1e-4 inside the root.
    fn default() -> Self {
        Self { whole: false, eps: 1e-4, eps_placement: EpsPlacement::Inside }
    }
}

impl FullAdagrad {
    /// The blocks that each matrix is of.
    fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        let blocks = layout.blocks().len();
        if self.whole {
            return std::iter::once(0..blocks).collect();
        }
        (0..blocks).map(|block| block..block + 1).collect()
    }

    /// The numbers of parameters that each matrix is of.
    fn sizes(&self, layout: &Layout) -> impl Iterator<Item = usize> {
        self.groups(layout).into_iter().map(|blocks| layout.parameters(&blocks).len())
    }
}

impl<R: Real> Build<R> for FullAdagrad {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        let sums = self.sizes(layout).map(|size| Array2::zeros((size, size))).collect();
        Box::new(FullMatrices {
            settings: *self,
            groups: self.groups(layout),
            sums: vec![sums; lanes],
        })
    }
}

impl Spec for FullAdagrad {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("full-matrix Adagrad")
    }

    /// Once: another tridiagonal form.
    fn revision(&self) -> u32 {
        1
    }

    fn state_len(&self, layout: &Layout) -> usize {
        self.sizes(layout).map(|size| size * size).sum()
    }

    fn scratch_len(&self, layout: &Layout) -> usize {
        // A tridiagonal form, and up to 2 n² rotations as large as four numbers at most.
        self.sizes(layout).max().map_or(0, |size| 9 * size * size)
    }

    fn problem(&self, _: &Layout, epsilon: f64) -> Option<(&'static str, String)> {
        let least = match self.eps_placement {
            EpsPlacement::Inside => INSIDE,
            EpsPlacement::Outside => OUTSIDE,
        };
        too_small(self.eps, least, epsilon)
    }

    /// A tridiagonal form of n × n takes 4/3 n³ (of one triangle: that here both are made alike is for the
    /// vector instructions), and its product with two vectors 4 n². Then, inside, there is a tridiagonal
    /// system of 9 n at each of some fifty poles; outside, some 1.1 n² rotations with 20 operations to find
    /// and 12 to apply to and fro.
    fn step_flops(&self, layout: &Layout) -> f64 {
        let decomposition = |size: f64| match self.eps_placement {
            EpsPlacement::Inside => size * size * (4.0 / 3.0 * size + 6.0) + 450.0 * size,
            EpsPlacement::Outside => size * size * (4.0 / 3.0 * size + 40.0) + 3.0 * size,
        };
        let of_matrix = |size: f64| decomposition(size) + 2.0 * size * (size + 1.0);
        self.sizes(layout).map(|size| of_matrix(size as f64)).sum()
    }
}

struct FullMatrices<R> {
    settings: FullAdagrad,
    groups: Vec<Range<usize>>,
    /// S of every group, for each lane.
    sums: Vec<Vec<Array2<R>>>,
}

impl FullAdagrad {
    /// S ← S + g gᵀ, and the direction that it makes of g.
    fn direction<R: Real>(&self, sum: &mut Array2<R>, g: Array1<R>) -> Result<Array1<R>> {
        let entries = g.as_slice().expect("made contiguous");
        for (mut row, &factor) in sum.rows_mut().into_iter().zip(entries) {
            let row = row.as_slice_mut().expect("sums are row-major");
            vectorized(|| row.iter_mut().zip(entries).for_each(|(s, &g)| *s += factor * g));
        }
        let eps: R = from_f64(self.eps);
        match self.eps_placement {
            EpsPlacement::Inside => inverse_root_times(sum.view(), eps, g.view()),
            EpsPlacement::Outside => {
                // S has no negative eigenvalues but for rounding.
                let inverse = |value: R| (value.max(R::zero()).sqrt() + eps).recip();
                function_times(sum.view(), inverse, g.view())
            }
        }
    }
}

impl<R: Real> Optimizer<R> for FullMatrices<R> {
    fn step(
        &mut self,
        mut theta: LanesViewMut<'_, R>,
        gradient: LanesView<'_, R>,
        rates: &[R],
    ) -> Result<(), LaneFailure> {
        let mut failures = Vec::new();
        for (lane, (sums, &rate)) in self.sums.iter_mut().zip(rates).enumerate() {
            for (sum, blocks) in sums.iter_mut().zip(&self.groups) {
                let g: Array1<R> = (blocks.clone())
                    .flat_map(|block| gradient.block(block).row(lane).to_vec())
                    .collect();
                let direction = match self.settings.direction(sum, g) {
                    Ok(direction) => direction,
                    Err(error) => {
                        failures.push((lane, error));
                        break;
                    }
                };
                let mut entries = direction.iter();
                for block in blocks.clone() {
                    let mut theta = theta.block_mut(block);
                    let theta = theta.row_mut(lane).into_iter();
                    theta.zip(&mut entries).for_each(|(theta, &x)| *theta -= rate * x);
                }
            }
        }
        LaneFailure::unless_empty(failures)
    }

    /// S is quadratic in the gradients: under [`Carry::Index`] it stays as it is.
    fn change_coordinates(&mut self, _: &Change<R>, carry: Carry<'_, R>) {
        match carry {
            Carry::Index => {}
            Carry::Replay(_) => panic!("{NO_REPLAY}"),
            Carry::Reset => self.sums.iter_mut().flatten().for_each(|sum| sum.fill(R::zero())),
        }
    }

    fn retain(&mut self, lanes: &[usize]) {
        let mut row = 0;
        self.sums.retain(|_| {
            row += 1;
            lanes.binary_search(&(row - 1)).is_ok()
        });
    }
}
