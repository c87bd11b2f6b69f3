//! SOAP (Vyas et al. 2024): Adam in the slowly changing eigenbasis of Shampoo.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip};

use crate::config::{Allowed, Reader, key};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::{Real, flops, from_f64, orthogonal_factor, symmetric_eigen, times};
use crate::optimizer::blocks::{
    BlockState, Blocks, Shape, list_problem, of_blocks, read_shape, shapes,
};
use crate::optimizer::moments::{average, average_squares, correction, norm};
use crate::optimizer::{Build, EPS, Entry, NO_OR_YES, Optimizer, Spec, decomposed};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "soap",
    summary: "SOAP: Adam in the eigenbasis of averages of GGᵀ and GᵀG that is followed as they change",
    read: |reader: &mut Reader<'_>| {
        let default = Soap::default();
        let decay = Allowed::from_to_below(0.0, 1.0);
        let key1 = key("beta1", "decay rate of the average of g");
        let beta1 = reader.number_or(key1, default.beta1, decay);
        let key2 = key("beta2", "decay rate of the average of g² in the eigenbasis");
        let beta2 = reader.number_or(key2, default.beta2, decay);
        let key3 =
            key("shampoo_beta", "decay rate of the averages of GGᵀ and GᵀG; without it beta2");
        let shampoo_beta = reader.optional_number(key3, decay);
        let eps = key("eps", "ε, added to the root of the average of g² before it is corrected");
        let eps = reader.number_or(eps, default.eps, EPS);
        let refresh = key("refresh", "every how many steps the eigenbasis is followed; 0: never");
        let refresh = reader.count_or(refresh, default.refresh, 0..=1_000_000_000);
        let sides = key("sides", "which sides have an eigenbasis, in all weights or in each block");
        let sides = reader.choices_or(sides, &["both"], &Sides::NAMES);
        let longest = key("longest_side", "longer sides have no eigenbasis");
        let longest_side = reader.count_or(longest, default.longest_side, 1..=1_000_000_000);
        let merge = key(
            "merge",
            "whether a matrix of up to longest_side entries is one vector: an EGOP as training goes",
        );
        let merge = reader.choice_or(merge, "no", &NO_OR_YES);
        let normalize = key("normalize_grads", "whether a block's step is scaled to mean square 1");
        let normalize_grads = reader.choice_or(normalize, "no", &NO_OR_YES);
        let correct = key("correct_bias", "whether averages are corrected as Adam's");
        let correct_bias = reader.choice_or(correct, "yes", &NO_OR_YES);
        let weight_decay = key("weight_decay", "λ in W ← W − ηλW after each step");
        let weight_decay =
            reader.number_or(weight_decay, default.weight_decay, Allowed::between(0.0, 1e6));
        let shape = read_shape(reader);
        Some(Box::new(Soap {
            beta1: beta1?,
            beta2: beta2?,
            shampoo_beta: shampoo_beta?,
            eps: eps?,
            refresh: refresh?,
            sides: sides?,
            longest_side: longest_side?,
            merge: merge?,
            normalize_grads: normalize_grads?,
            correct_bias: correct_bias?,
            weight_decay: weight_decay?,
            shape: shape?,
        }))
    },
};

/// Which sides of a matrix have an eigenbasis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Rows and columns.
    Both,
    /// Q_L alone, of GGᵀ.
    Left,
    /// Q_R alone, of GᵀG.
    Right,
    /// Neither, which leaves Adam.
    None,
}

impl Sides {
    const NAMES: [(&'static str, Self); 4] =
        [("both", Self::Both), ("left", Self::Left), ("right", Self::Right), ("none", Self::None)];

    const fn are(self) -> [bool; 2] {
        match self {
            Self::Both => [true, true],
            Self::Left => [true, false],
            Self::Right => [false, true],
            Self::None => [false, false],
        }
    }
}

/// M ← β₁M + (1−β₁)G; V ← β₂V + (1−β₂)(Q_LᵀGQ_R)²;
/// W ← W − η √(1−β₂ᵗ)/(1−β₁ᵗ) Q_L[(Q_LᵀMQ_R)/(√V + ε)]Q_Rᵀ. Then L ← β₃L + (1−β₃)GGᵀ, R likewise,
/// and every `refresh` steps Q_L and Q_R take one step of power iteration, with V's entries in the
/// order of their Rayleigh quotients.
///
/// As published, the first gradient sets up L, R and their eigenvectors, and moves nothing: it is not
/// among the t steps. A side of length 1 needs no basis. With `merge` a matrix is one vector, and the
/// method Adam in the eigenbasis of a running E[g gᵀ].
#[derive(Clone, Debug, PartialEq)]
pub struct Soap {
    /// β₁ ∈ [0, 1).
    pub beta1: f64,
    /// β₂ ∈ [0, 1).
    pub beta2: f64,
    /// β₃ ∈ [0, 1); `None`: β₂.
    pub shampoo_beta: Option<f64>,
    /// ε > 0.
    pub eps: f64,
    /// Steps between two power iterations; 0: the basis stays that of the first gradient.
    pub refresh: usize,
    /// Of all weights, or of each block; biases have no basis unless said.
    pub sides: Vec<Sides>,
    /// Longer sides have no basis.
    pub longest_side: usize,
    /// Whether a matrix of at most `longest_side` entries is taken as one vector.
    pub merge: bool,
    /// Whether the direction of each block is divided by the root of its mean square.
    pub normalize_grads: bool,
    /// Whether the averages are corrected for their beginning at 0.
    pub correct_bias: bool,
    /// λ ≥ 0, decoupled. Published with 0.01; 0 by default here, as no method of the paper decays.
    pub weight_decay: f64,
    /// Rows and columns as which the only block of a model is read; `None`: its own.
    pub shape: Option<(usize, usize)>,
}

impl Default for Soap {
    /// β₁ = β₂ = β₃ = 0.95, ε = 1e-8, both sides, power iterations every 10 steps.
    fn default() -> Self {
        Self {
            beta1: 0.95,
            beta2: 0.95,
            shampoo_beta: None,
            eps: 1e-8,
            refresh: 10,
            sides: vec![Sides::Both],
            longest_side: 10_000,
            merge: false,
            normalize_grads: false,
            correct_bias: true,
            weight_decay: 0.0,
            shape: None,
        }
    }
}

impl Soap {
    /// The shape as which each block is taken, and which of its sides have a basis.
    fn blocks(&self, layout: &Layout) -> Vec<(Shape, [bool; 2])> {
        let sides = of_blocks(&self.sides, Sides::None, layout);
        let of_block = |((rows, columns), sides): (Shape, Sides)| {
            if self.merge && sides != Sides::None && rows * columns <= self.longest_side {
                return ((rows * columns, 1), [rows * columns > 1, false]);
            }
            let fits = [rows, columns].map(|side| side > 1 && side <= self.longest_side);
            let [left, right] = sides.are();
            ((rows, columns), [left && fits[0], right && fits[1]])
        };
        shapes(self.shape, layout).into_iter().zip(sides).map(of_block).collect()
    }

    /// Floating-point operations of the first step, which makes GGᵀ, GᵀG and eigenvectors and moves nothing,
    /// of another, and of following the eigenvectors.
    fn parts(&self, layout: &Layout) -> [f64; 3] {
        let mut parts = [0.0; 3];
        for block in self.blocks(layout) {
            let size = (block.0.0 * block.0.1) as f64;
            parts[1] += 14.0 * size;
            for n in lengths(block).into_iter().flatten().map(|side| side as f64) {
                let gram = 2.0 * n * size + 3.0 * n * n;
                parts[0] += gram + flops::of_eigen(n);
                // Three rotations of a matrix.
                parts[1] += gram + 6.0 * n * size;
                parts[2] += 2.0 * n.powi(3) + flops::of_qr(n, n);
            }
        }
        parts
    }

    fn states<R: Real>(&self, layout: &Layout) -> Vec<State<R>> {
        let basis = |size| Basis { gram: Array2::zeros((size, size)), vectors: Array2::eye(size) };
        let state = |block: (Shape, [bool; 2])| State {
            settings: self.clone(),
            m: Array2::zeros(block.0),
            v: Array2::zeros(block.0),
            bases: lengths(block).map(|length| length.map(basis)),
        };
        self.blocks(layout).into_iter().map(state).collect()
    }
}

/// The lengths of the sides that have a basis.
fn lengths(((rows, columns), [left, right]): (Shape, [bool; 2])) -> [Option<usize>; 2] {
    [left.then_some(rows), right.then_some(columns)]
}

impl<R: Real> Build<R> for Soap {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        let shapes = self.blocks(layout).into_iter().map(|(shape, _)| shape).collect();
        let states: Vec<State<R>> = self.states(layout);
        Box::new(Blocks::new(layout, shapes, states, lanes))
    }
}

impl Spec for Soap {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("SOAP")
    }

    fn shape(&self) -> Option<Shape> {
        self.shape
    }

    fn state_len(&self, layout: &Layout) -> usize {
        let sides = self.blocks(layout).into_iter().flat_map(lengths).flatten();
        2 * layout.dimension() + sides.map(|side| 2 * side * side).sum::<usize>()
    }

    fn scratch_len(&self, layout: &Layout) -> usize {
        let sides = self.blocks(layout).into_iter().flat_map(lengths).flatten();
        sides.max().map_or(0, decomposed) + self.state_len(layout)
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        let refreshes = if self.refresh == 0 { 0.0 } else { 1.0 / self.refresh as f64 };
        let [_, update, refresh] = self.parts(layout);
        update + refreshes * refresh
    }

    fn flops(&self, layout: &Layout, updates: u64) -> f64 {
        let Some(taken) = updates.checked_sub(1) else { return 0.0 };
        let [first, update, refresh] = self.parts(layout);
        let refreshes = taken.checked_div(self.refresh as u64).unwrap_or(0);
        first + taken as f64 * update + refreshes as f64 * refresh
    }

    fn needs_matrices(&self) -> bool {
        true
    }

    fn problem(&self, layout: &Layout, _: f64) -> Option<(&'static str, String)> {
        let idle = || {
            let blocks = self.blocks(layout);
            let none = |(_, sides): &(Shape, [bool; 2])| *sides == [false; 2];
            if blocks.iter().all(none) {
                let longer = Self { longest_side: usize::MAX, merge: false, ..self.clone() };
                let short = longer.blocks(layout).iter().all(none);
                let key = if short { "sides" } else { "longest_side" };
                return Some((key, "leaves no block an eigenbasis, which is Adam".into()));
            }
            let own = shapes(self.shape, layout).into_iter();
            let merges = own.zip(&blocks).any(|(own, (shape, _))| own != *shape);
            (self.merge && !merges).then(|| {
                let problem = format!(
                    "merges nothing: no matrix with an eigenbasis has longest_side = {} entries or \
                     fewer, or all are one column as they are",
                    self.longest_side
                );
                ("merge", problem)
            })
        };
        list_problem("sides", &self.sides, layout).or_else(idle)
    }
}

/// L and Q_L, or R and Q_R.
#[derive(Clone)]
struct Basis<R> {
    gram: Array2<R>,
    vectors: Array2<R>,
}

impl<R: Real> Basis<R> {
    /// One power iteration from the vectors in the order of their Rayleigh quotients, which is
    /// returned. No eigenvalue of the averages need differ from 0: the QR decomposition is complete.
    fn follow(&mut self) -> Result<Vec<usize>> {
        let image = times(self.gram.view(), self.vectors.view());
        let quotients = (&image * &self.vectors).sum_axis(Axis(0));
        let mut order: Vec<usize> = (0..quotients.len()).collect();
        let descending = |&i: &usize, &j: &usize| quotients[j].partial_cmp(&quotients[i]);
        order.sort_by(|i, j| descending(i, j).unwrap_or(std::cmp::Ordering::Equal));
        let sorted = image.select(Axis(1), &order).as_standard_layout().into_owned();
        self.vectors = orthogonal_factor(sorted.view())?;
        Ok(order)
    }
}

#[derive(Clone)]
struct State<R> {
    settings: Soap,
    /// In original coordinates.
    m: Array2<R>,
    /// In the eigenbasis.
    v: Array2<R>,
    bases: [Option<Basis<R>>; 2],
}

impl<R: Real> State<R> {
    /// Q_Lᵀ A Q_R.
    fn project(&self, a: ArrayView2<'_, R>) -> Array2<R> {
        let [left, right] = &self.bases;
        let mut a = a.as_standard_layout().into_owned();
        if let Some(left) = left {
            a = times(left.vectors.t(), a.view());
        }
        if let Some(right) = right {
            a = times(a.view(), right.vectors.view());
        }
        a
    }

    /// Q_L A Q_Rᵀ.
    fn back(&self, mut a: Array2<R>) -> Array2<R> {
        let [left, right] = &self.bases;
        if let Some(left) = left {
            a = times(left.vectors.view(), a.view());
        }
        if let Some(right) = right {
            a = times(a.view(), right.vectors.t());
        }
        a
    }

    /// L ← β₃L + (1−β₃)GGᵀ and R ← β₃R + (1−β₃)GᵀG.
    fn average_grams(&mut self, gradient: ArrayView2<'_, R>) {
        let beta = self.settings.shampoo_beta.unwrap_or(self.settings.beta2);
        let [left, right] = &mut self.bases;
        if let Some(left) = left {
            average(&mut left.gram, beta, times(gradient, gradient.t()).view());
        }
        if let Some(right) = right {
            average(&mut right.gram, beta, times(gradient.t(), gradient).view());
        }
    }
}

impl<R: Real> BlockState<R> for State<R> {
    fn update(
        &mut self,
        step: i32,
        rate: R,
        mut theta: ArrayViewMut2<'_, R>,
        gradient: ArrayView2<'_, R>,
    ) -> Result<()> {
        let Soap {
            beta1, beta2, eps, refresh, normalize_grads, correct_bias, weight_decay, ..
        } = self.settings;
        if step == 1 {
            self.average_grams(gradient);
            for basis in self.bases.iter_mut().flatten() {
                (_, basis.vectors) = symmetric_eigen(basis.gram.clone())?;
            }
            return Ok(());
        }
        let step = step - 1;
        average(&mut self.m, beta1, gradient);
        let projected = self.project(gradient);
        average_squares(&mut self.v, beta2, projected.view());
        let mut direction = self.project(self.m.view());
        let eps: R = from_f64(eps);
        Zip::from(&mut direction).and(&self.v).for_each(|x, &v| *x /= v.sqrt() + eps);
        direction = self.back(direction);
        if normalize_grads {
            let entries: R = from_f64(direction.len() as f64);
            let scale = norm(&direction) / entries.sqrt() + from_f64::<R>(1e-30);
            direction.mapv_inplace(|x| x / scale);
        }
        let corrected = if correct_bias {
            correction(beta1, step) / correction(beta2, step).sqrt()
        } else {
            1.0
        };
        theta.scaled_add(-rate * from_f64::<R>(corrected), &direction);
        if weight_decay > 0.0 {
            let rest = R::one() - rate * from_f64::<R>(weight_decay);
            theta.mapv_inplace(|x| x * rest);
        }
        self.average_grams(gradient);
        let taken = usize::try_from(step).unwrap_or_default();
        if refresh > 0 && taken.is_multiple_of(refresh) {
            for (side, basis) in self.bases.iter_mut().enumerate() {
                if let Some(basis) = basis {
                    let order = basis.follow()?;
                    let sorted = self.v.select(Axis(side), &order);
                    self.v = sorted.as_standard_layout().into_owned();
                }
            }
        }
        Ok(())
    }

    fn linear(&mut self) -> Option<&mut [R]> {
        self.m.as_slice_mut()
    }
}

#[cfg(test)]
mod tests;
