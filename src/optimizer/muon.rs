//! Muon (Jordan et al. 2024): momentum whose singular values are brought near 1.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};

use crate::config::{Allowed, Reader, key};
use crate::error::Result;
use crate::lanes::{Layout, Role};
use crate::linalg::{Accum, Real, from_f64, product, times};
use crate::optimizer::blocks::{BlockState, Blocks, Shape, read_shape, shapes};
use crate::optimizer::moments::{average, average_squares, correction, norm};
use crate::optimizer::{Build, EPS, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "muon",
    summary: "Muon: weights by momentum orthogonalized with Newton–Schulz steps, biases by Adam",
    read: |reader: &mut Reader<'_>| {
        let Muon { momentum, adam_rate, adam_beta1, adam_beta2, adam_eps, .. } = Muon::default();
        let decay = Allowed::from_to_below(0.0, 1.0);
        let momentum =
            reader.number_or(key("momentum", "decay rate of the average"), momentum, decay);
        let share = key("adam_rate", "Adam's learning rate for biases, as a multiple of η");
        let adam_rate = reader.number_or(share, adam_rate, Allowed::between(0.0, 1e6));
        let beta1 = key("adam_beta1", "decay rate of Adam's average of g, for biases");
        let beta1 = reader.number_or(beta1, adam_beta1, decay);
        let beta2 = key("adam_beta2", "decay rate of Adam's average of g², for biases");
        let beta2 = reader.number_or(beta2, adam_beta2, decay);
        let eps = key("adam_eps", "Adam's ε, for biases, which keeps divisors above 0");
        let eps = reader.number_or(eps, adam_eps, EPS);
        let shape = read_shape(reader);
        Some(Box::new(Muon {
            momentum: momentum?,
            adam_rate: adam_rate?,
            adam_beta1: beta1?,
            adam_beta2: beta2?,
            adam_eps: eps?,
            shape: shape?,
        }))
    },
};

/// Weights: B ← μB + (1−μ)G; X = (1−μ)G + μB (Nesterov's form), its singular values brought near 1;
/// W ← W − η √max(1, m/n) X. Biases by Adam with a learning rate of their own. Equivariant under
/// rotations of both sides of a matrix.
///
/// The published iteration rounds to bfloat16; this one works in the precision of the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Muon {
    /// μ ∈ [0, 1).
    pub momentum: f64,
    /// Adam's learning rate over η.
    pub adam_rate: f64,
    /// Adam's β₁ ∈ [0, 1).
    pub adam_beta1: f64,
    /// Adam's β₂ ∈ [0, 1).
    pub adam_beta2: f64,
    /// Adam's ε > 0.
    pub adam_eps: f64,
    /// Rows and columns as which the only block of a model is read; `None`: its own.
    pub shape: Option<(usize, usize)>,
}

impl Default for Muon {
    /// μ = 0.95; Adam with β = (0.9, 0.95), ε = 1e-10 and 0.015 η, the ratio of the published rates
    /// 3e-4 and 0.02.
    fn default() -> Self {
        Self {
            momentum: 0.95,
            adam_rate: 0.015,
            adam_beta1: 0.9,
            adam_beta2: 0.95,
            adam_eps: 1e-10,
            shape: None,
        }
    }
}

/// Newton–Schulz steps.
const STEPS: usize = 5;
/// Coefficients of each step's odd polynomial, which raises small singular values fastest.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];

impl<R: Real> Build<R> for Muon {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        let shapes = shapes(self.shape, layout);
        let state = |(role, &shape): (Role, &Shape)| match role {
            Role::Weight => {
                State::Weight { momentum: self.momentum, average: Array2::zeros(shape) }
            }
            Role::Bias => State::Bias {
                settings: self.clone(),
                m: Array2::zeros(shape),
                v: Array2::zeros(shape),
            },
        };
        let roles = layout.blocks().iter().map(|block| block.role);
        let states: Vec<State<R>> = roles.zip(&shapes).map(state).collect();
        Box::new(Blocks::new(layout, shapes, states, lanes))
    }
}

impl Spec for Muon {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("Muon")
    }

    fn shape(&self) -> Option<Shape> {
        self.shape
    }

    fn state_len(&self, layout: &Layout) -> usize {
        let numbers = |role| if role == Role::Weight { 1 } else { 2 };
        layout.blocks().iter().map(|block| numbers(block.role) * block.size()).sum()
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        let of_block = |(role, (rows, columns)): (Role, Shape)| {
            let (short, long) = (rows.min(columns) as f64, rows.max(columns) as f64);
            match role {
                // XXᵀ and (bA + cA²)X with the long side, A² with the short one.
                Role::Weight => {
                    STEPS as f64 * short * (4.0 * short * long + 2.0 * short * short)
                        + 12.0 * short * long
                }
                Role::Bias => 14.0 * short * long,
            }
        };
        let roles = layout.blocks().iter().map(|block| block.role);
        roles.zip(shapes(self.shape, layout)).map(of_block).sum()
    }

    fn needs_matrices(&self) -> bool {
        true
    }

    fn problem(&self, layout: &Layout, _: f64) -> Option<(&'static str, String)> {
        if layout.blocks().iter().any(|block| block.role == Role::Bias) {
            return None;
        }
        let default = Self::default();
        let set = [
            ("adam_rate", self.adam_rate != default.adam_rate),
            ("adam_beta1", self.adam_beta1 != default.adam_beta1),
            ("adam_beta2", self.adam_beta2 != default.adam_beta2),
            ("adam_eps", self.adam_eps != default.adam_eps),
        ];
        let problem = "is of biases, of which this model has none: remove it";
        set.into_iter().find_map(|(key, set)| set.then(|| (key, problem.to_owned())))
    }
}

#[derive(Clone)]
enum State<R> {
    Weight { momentum: f64, average: Array2<R> },
    Bias { settings: Muon, m: Array2<R>, v: Array2<R> },
}

impl<R: Real> BlockState<R> for State<R> {
    fn update(
        &mut self,
        step: i32,
        rate: R,
        mut theta: ArrayViewMut2<'_, R>,
        gradient: ArrayView2<'_, R>,
    ) -> Result<()> {
        match self {
            Self::Weight { momentum, average: buffer } => {
                average(buffer, *momentum, gradient);
                let mut direction = gradient.as_standard_layout().into_owned();
                average(&mut direction, 1.0 - *momentum, buffer.view());
                let direction = orthogonalized(direction);
                let (rows, columns) = direction.dim();
                let scale = (rows as f64 / columns as f64).max(1.0).sqrt();
                theta.scaled_add(-rate * from_f64::<R>(scale), &direction);
            }
            Self::Bias {
                settings: Muon { adam_rate, adam_beta1, adam_beta2, adam_eps, .. },
                m,
                v,
            } => {
                average(m, *adam_beta1, gradient);
                average_squares(v, *adam_beta2, gradient);
                let corrections =
                    [*adam_beta1, *adam_beta2].map(|beta| from_f64::<R>(correction(beta, step)));
                let (rate, eps) = (rate * from_f64::<R>(*adam_rate), from_f64::<R>(*adam_eps));
                Zip::from(theta).and(m).and(v).for_each(|theta, &mut m, &mut v| {
                    *theta -= rate * (m * corrections[0]) / ((v * corrections[1]).sqrt() + eps);
                });
            }
        }
        Ok(())
    }

    fn linear(&mut self) -> Option<&mut [R]> {
        match self {
            Self::Weight { average: linear, .. } | Self::Bias { m: linear, .. } => {
                linear.as_slice_mut()
            }
        }
    }
}

/// A matrix with the same singular vectors and singular values near 1, where they are not 0:
/// X ← aX + (bA + cA²)X with A = XXᵀ, from X/‖X‖.
fn orthogonalized<R: Real>(matrix: Array2<R>) -> Array2<R> {
    let tall = matrix.nrows() > matrix.ncols();
    let mut x =
        if tall { matrix.reversed_axes().as_standard_layout().into_owned() } else { matrix };
    // So that a gradient of zeros is not divided by 0.
    let scale = norm(&x) + from_f64::<R>(1e-7);
    x.mapv_inplace(|x| x / scale);
    let [linear, cubic, quintic] = COEFFICIENTS.map(from_f64::<R>);
    for _ in 0..STEPS {
        let a = times(x.view(), x.t());
        let mut polynomial = times(a.view(), a.view());
        Zip::from(&mut polynomial).and(&a).for_each(|p, &a| *p = cubic * a + quintic * *p);
        let mut next = x.mapv(|x| linear * x);
        product(polynomial.view(), x.view(), Accum::Add, next.view_mut());
        x = next;
    }
    if tall { x.reversed_axes() } else { x }
}
