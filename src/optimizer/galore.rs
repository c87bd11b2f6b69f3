//! GaLore (Zhao et al. 2024): Adam in a subspace of the gradient's leading singular vectors.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip};

use crate::config::{Allowed, Reader, key};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::{Real, flops, from_f64, svd, times};
use crate::optimizer::blocks::{
    BlockState, Blocks, Shape, list_problem, of_blocks, read_shape, shapes,
};
use crate::optimizer::moments::{average, average_squares, correction};
use crate::optimizer::{Build, EPS, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "galore",
    summary: "GaLore: Adam on gradients projected to their leading singular vectors of some steps ago",
    read: |reader: &mut Reader<'_>| {
        let GaLore { beta1, beta2, eps, ranks, gap, scale, .. } = GaLore::default();
        let decay = Allowed::from_to_below(0.0, 1.0);
        let beta1 = reader.number_or(key("beta1", "decay rate of the average of g"), beta1, decay);
        let beta2 = reader.number_or(key("beta2", "decay rate of the average of g²"), beta2, decay);
        let divisor =
            key("eps", "ε, added to the root of the average of g² before it is corrected");
        let eps = reader.number_or(divisor, eps, EPS);
        let rank = key(
            "ranks",
            "how many singular vectors are kept, of all weights or of each block; 0: plain Adam",
        );
        let ranks = reader.counts_or(rank, &ranks, 0..=1_000_000_000);
        let every = key("gap", "every how many steps singular vectors are computed anew");
        let gap = reader.count_or(every, gap, 1..=1_000_000_000);
        let alpha = key("scale", "α, by which steps of projected blocks are multiplied");
        let scale = reader.number_or(alpha, scale, Allowed::between(1e-30, 1e30));
        let side = key("side", "which sides of a matrix are projected");
        let side = reader.choice_or(side, "shorter", &Side::NAMES);
        let shape = read_shape(reader);
        Some(Box::new(GaLore {
            beta1: beta1?,
            beta2: beta2?,
            eps: eps?,
            ranks: ranks?,
            gap: gap?,
            scale: scale?,
            side: side?,
            shape: shape?,
        }))
    },
};

/// Which side of an m × n matrix is projected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The columns if m ≥ n, else the rows: `std` in the published code.
    Shorter,
    /// The other one: `reverse_std`.
    Longer,
    /// The rows: m becomes the rank.
    Left,
    /// The columns: n becomes the rank.
    Right,
    /// Both: `full`.
    Both,
}

impl Side {
    const NAMES: [(&'static str, Self); 5] = [
        ("shorter", Self::Shorter),
        ("longer", Self::Longer),
        ("left", Self::Left),
        ("right", Self::Right),
        ("both", Self::Both),
    ];

    /// Whether the rows and whether the columns are projected.
    fn of(self, (rows, columns): Shape) -> [bool; 2] {
        match self {
            Self::Shorter => [rows < columns, rows >= columns],
            Self::Longer => [rows >= columns, rows < columns],
            Self::Left => [true, false],
            Self::Right => [false, true],
            Self::Both => [true, true],
        }
    }
}

/// In every step that begins a gap, P ← the leading r right singular vectors of G (or left ones, or
/// both). R = G P; M ← β₁M + (1−β₁)R; V ← β₂V + (1−β₂)R²;
/// W ← W − η α √(1−β₂ᵗ)/(1−β₁ᵗ) (M/(√V + ε)) Pᵀ.
///
/// As published, M and V are kept as they are when P changes: the trajectory depends on the signs of
/// the singular vectors. Here the first of the largest entries of each is positive, where entries
/// within a millionth of the largest count as equal to it.
#[derive(Clone, Debug, PartialEq)]
pub struct GaLore {
    /// β₁ ∈ [0, 1).
    pub beta1: f64,
    /// β₂ ∈ [0, 1).
    pub beta2: f64,
    /// ε > 0.
    pub eps: f64,
    /// r, of all weights or of each block, and at most a matrix's shorter side; 0: the block is
    /// trained by Adam, as biases are unless said.
    pub ranks: Vec<usize>,
    /// Steps between two decompositions.
    pub gap: usize,
    /// α > 0.
    pub scale: f64,
    /// Which side is projected.
    pub side: Side,
    /// Rows and columns as which the only block of a model is read; `None`: its own.
    pub shape: Option<(usize, usize)>,
}

impl Default for GaLore {
    /// The published code's: rank 128 every 200 steps, α = 1, ε = 1e-6.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-6,
            ranks: vec![128],
            gap: 200,
            scale: 1.0,
            side: Side::Shorter,
            shape: None,
        }
    }
}

/// How a block is projected.
#[derive(Clone, Copy)]
struct Projection {
    shape: Shape,
    rank: usize,
    sides: [bool; 2],
}

impl Projection {
    /// The shape of the projected gradient.
    fn projected(&self) -> Shape {
        let [rows, columns] = self.sides;
        let side = |length, projected| if projected { self.rank } else { length };
        (side(self.shape.0, rows), side(self.shape.1, columns))
    }

    /// Floating-point operations of finding the singular vectors.
    fn decomposition(&self) -> f64 {
        if self.sides == [false; 2] {
            return 0.0;
        }
        let (rows, columns) = self.shape;
        flops::of_thin_svd(rows.max(columns) as f64, rows.min(columns) as f64)
    }

    /// Numbers in the singular vectors.
    fn vectors(&self) -> usize {
        let lengths = [self.shape.0, self.shape.1].into_iter().zip(self.sides);
        lengths.map(|(length, projected)| if projected { self.rank * length } else { 0 }).sum()
    }
}

impl GaLore {
    fn projections(&self, layout: &Layout) -> impl Iterator<Item = Projection> {
        let ranks = of_blocks(&self.ranks, 0, layout);
        shapes(self.shape, layout).into_iter().zip(ranks).map(|(shape, rank)| Projection {
            shape,
            rank: rank.min(shape.0).min(shape.1),
            sides: if rank == 0 { [false; 2] } else { self.side.of(shape) },
        })
    }

    fn states<R: Real>(&self, layout: &Layout) -> Vec<State<R>> {
        let state = |projection: Projection| State {
            settings: self.clone(),
            projection,
            vectors: [None, None],
            m: Array2::zeros(projection.projected()),
            v: Array2::zeros(projection.projected()),
        };
        self.projections(layout).map(state).collect()
    }
}

impl<R: Real> Build<R> for GaLore {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        let states: Vec<State<R>> = self.states(layout);
        Box::new(Blocks::new(layout, shapes(self.shape, layout), states, lanes))
    }
}

impl Spec for GaLore {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("GaLore")
    }

    fn shape(&self) -> Option<Shape> {
        self.shape
    }

    fn state_len(&self, layout: &Layout) -> usize {
        let of_block = |one: Projection| {
            let (rows, columns) = one.projected();
            2 * rows * columns + one.vectors()
        };
        self.projections(layout).map(of_block).sum()
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        let of_block = |one: Projection| {
            let (rows, columns) = one.projected();
            let (short, long) = (one.shape.0.min(one.shape.1), one.shape.0.max(one.shape.1));
            let (short, long, rank) = (short as f64, long as f64, one.rank as f64);
            let sides = one.sides.into_iter().filter(|&side| side).count() as f64;
            sides * 4.0 * rank * long * short
                + one.decomposition() / self.gap as f64
                + 12.0 * (rows * columns) as f64
                + 2.0 * long * short
        };
        self.projections(layout).map(of_block).sum()
    }

    fn flops(&self, layout: &Layout, updates: u64) -> f64 {
        let decompositions: f64 = self.projections(layout).map(|one| one.decomposition()).sum();
        let regular = self.step_flops(layout) - decompositions / self.gap as f64;
        let times = updates.div_ceil(self.gap as u64);
        updates as f64 * regular + times as f64 * decompositions
    }

    fn needs_matrices(&self) -> bool {
        true
    }

    fn problem(&self, layout: &Layout, _: f64) -> Option<(&'static str, String)> {
        let idle = || {
            let whole = |one: Projection| one.projected() == one.shape;
            self.projections(layout).all(whole).then(|| {
                let problem = "projects nothing: each gradient stays as large as it is, which is \
                               Adam's, turned at most";
                ("ranks", problem.to_owned())
            })
        };
        list_problem("ranks", &self.ranks, layout).or_else(idle)
    }
}

#[derive(Clone)]
struct State<R> {
    settings: GaLore,
    projection: Projection,
    /// Leading left (m × r) and right (n × r) singular vectors, where they are projected to.
    vectors: [Option<Array2<R>>; 2],
    m: Array2<R>,
    v: Array2<R>,
}

impl<R: Real> BlockState<R> for State<R> {
    fn update(
        &mut self,
        step: i32,
        rate: R,
        mut theta: ArrayViewMut2<'_, R>,
        gradient: ArrayView2<'_, R>,
    ) -> Result<()> {
        let GaLore { beta1, beta2, eps, gap, scale, .. } = self.settings;
        let projected = self.projection.sides.contains(&true);
        let before = usize::try_from(step - 1).unwrap_or_default();
        let missing = self.vectors.iter().all(Option::is_none);
        if projected && (missing || before.is_multiple_of(gap)) {
            let (left, _, right) = svd(gradient)?;
            let [rows, columns] = self.projection.sides;
            let leading =
                |all: Array2<R>| oriented(all.slice_axis(Axis(1), (..self.projection.rank).into()));
            self.vectors = [rows.then(|| leading(left)), columns.then(|| leading(right))];
        }
        let mut reduced = gradient.as_standard_layout().into_owned();
        let [left, right] = &self.vectors;
        if let Some(left) = left {
            reduced = times(left.t(), reduced.view());
        }
        if let Some(right) = right {
            reduced = times(reduced.view(), right.view());
        }
        average(&mut self.m, beta1, reduced.view());
        average_squares(&mut self.v, beta2, reduced.view());
        let eps: R = from_f64(eps);
        let mut direction = reduced;
        Zip::from(&mut direction)
            .and(&self.m)
            .and(&self.v)
            .for_each(|x, &m, &v| *x = m / (v.sqrt() + eps));
        if let Some(left) = left {
            direction = times(left.view(), direction.view());
        }
        if let Some(right) = right {
            direction = times(direction.view(), right.t());
        }
        let scale = if projected { scale } else { 1.0 };
        let corrected = scale * correction(beta1, step) / correction(beta2, step).sqrt();
        theta.scaled_add(-rate * from_f64::<R>(corrected), &direction);
        Ok(())
    }

    /// Averages of projected gradients belong to the projection, which is not linear in anything.
    fn linear(&mut self) -> Option<&mut [R]> {
        if self.projection.sides.contains(&true) { None } else { self.m.as_slice_mut() }
    }
}

/// Singular vectors with the signs that do not depend on the solver's, nor on rounding where entries
/// are equal in magnitude, as in (1, −1)/√2 of a network with two classes.
fn oriented<R: Real>(vectors: ArrayView2<'_, R>) -> Array2<R> {
    let equal: R = R::one() - from_f64::<R>(1e-6).max(R::epsilon() * from_f64::<R>(100.0));
    let mut oriented = vectors.as_standard_layout().into_owned();
    for mut vector in oriented.columns_mut() {
        let largest = vector.iter().fold(R::zero(), |largest, x| x.abs().max(largest));
        let first = vector.iter().find(|x| x.abs() >= equal * largest).copied();
        if first.is_some_and(|first| first < R::zero()) {
            vector.mapv_inplace(|x| -x);
        }
    }
    oriented
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn signs_do_not_depend_on_which_of_equal_entries_was_rounded_up() {
        let half = 0.5_f64.sqrt();
        for (low, high) in [(1.0 - 1e-12, 1.0), (1.0, 1.0 - 1e-12), (1.0, 1.0)] {
            for sign in [1.0, -1.0] {
                let tied = array![[sign * low * half], [-sign * high * half]];
                assert!(oriented(tied.view())[(0, 0)] > 0.0, "{tied}");
                assert!(oriented(tied.mapv(|x| x as f32).view())[(0, 0)] > 0.0, "{tied}");
            }
        }
        // One that is larger by more than that decides, wherever it stands.
        let clear = array![[0.7, -0.1], [-0.8, 0.9]];
        assert_eq!(oriented(clear.view()), array![[-0.7, -0.1], [0.8, 0.9]]);
        assert_eq!(oriented(array![[0.0], [0.0]].view()), array![[0.0], [0.0]]);
    }

    #[test]
    fn ranks_are_cut_to_what_there_is() {
        let layout = Layout::vector(20);
        for (side, projected) in [
            (Side::Shorter, (5, 4)),
            (Side::Longer, (4, 4)),
            (Side::Left, (4, 4)),
            (Side::Right, (5, 4)),
            (Side::Both, (4, 4)),
        ] {
            let spec = GaLore { side, shape: Some((5, 4)), ..GaLore::default() };
            let mut states = spec.states::<f64>(&layout);
            let gradient = Array2::from_shape_fn((5, 4), |(i, j)| ((3 * i + j * j) as f64).sin());
            let mut theta = gradient.clone();
            states[0].update(1, 0.1, theta.view_mut(), gradient.view()).unwrap();
            let State { vectors, m, v, .. } = &states[0];
            assert_eq!(m.dim(), projected, "{side:?}");
            let numbers =
                m.len() + v.len() + vectors.iter().flatten().map(Array2::len).sum::<usize>();
            assert_eq!(spec.state_len(&layout), numbers, "{side:?}");
        }
    }
}
