//! VectorAdam (Ling, Sharp & Jacobson 2022): Adam with one second moment for each vector.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip};

use crate::config::{Allowed, Reader, key};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::{Real, from_f64};
use crate::optimizer::blocks::{
    BlockState, Blocks, Shape, list_problem, of_blocks, read_shape, shapes,
};
use crate::optimizer::moments::{average, correction};
use crate::optimizer::{Build, EPS, Entry, Optimizer, Spec};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "vector-adam",
    summary: "VectorAdam: Adam with one second moment for each row or column g of G, that of ‖g‖²",
    read: |reader: &mut Reader<'_>| {
        let VectorAdam { beta1, beta2, eps, .. } = VectorAdam::default();
        let decay = Allowed::from_to_below(0.0, 1.0);
        let beta1 = reader.number_or(key("beta1", "decay rate of the average of g"), beta1, decay);
        let beta2 =
            reader.number_or(key("beta2", "decay rate of the average of ‖g‖²"), beta2, decay);
        let eps = reader.number_or(key("eps", "ε, which keeps divisors above 0"), eps, EPS);
        let vectors = key("vectors", "what a vector is: in all weights, or in each of the blocks");
        let vectors = reader.choices_or(vectors, &["rows"], &Vectors::NAMES);
        let shape = read_shape(reader);
        Some(Box::new(VectorAdam {
            beta1: beta1?,
            beta2: beta2?,
            eps: eps?,
            vectors: vectors?,
            shape: shape?,
        }))
    },
};

/// Which entries of a matrix are one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// Each row.
    Rows,
    /// Each column.
    Columns,
    /// All of them.
    Whole,
    /// Each entry by itself, as in Adam.
    Entries,
}

impl Vectors {
    const NAMES: [(&'static str, Self); 4] = [
        ("rows", Self::Rows),
        ("columns", Self::Columns),
        ("whole", Self::Whole),
        ("entries", Self::Entries),
    ];

    /// The shape of a matrix with one number for each vector, which broadcasts to m × n.
    fn moments(self, (rows, columns): Shape) -> Shape {
        match self {
            Self::Rows => (rows, 1),
            Self::Columns => (1, columns),
            Self::Whole => (1, 1),
            Self::Entries => (rows, columns),
        }
    }

    /// Σ g² over each vector, a sum and not a mean, so that a step of a vector has length η.
    fn squares<R: Real>(self, gradient: ArrayView2<'_, R>) -> Array2<R> {
        let squares = gradient.mapv(|g| g * g);
        match self {
            Self::Rows => squares.sum_axis(Axis(1)).insert_axis(Axis(1)),
            Self::Columns => squares.sum_axis(Axis(0)).insert_axis(Axis(0)),
            Self::Whole => Array2::from_elem((1, 1), squares.sum()),
            Self::Entries => squares,
        }
    }
}

/// M ← β₁M + (1−β₁)G; v ← β₂v + (1−β₂)‖g‖² for each vector g of G; W ← W − η M̂/(√v̂ + ε), with
/// Adam's corrections of both. Equivariant under rotations of the vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorAdam {
    /// β₁ ∈ [0, 1).
    pub beta1: f64,
    /// β₂ ∈ [0, 1).
    pub beta2: f64,
    /// ε > 0.
    pub eps: f64,
    /// What a vector is: in all weights, or in each block. Biases are taken by entries unless said.
    pub vectors: Vec<Vectors>,
    /// Rows and columns as which the only block of a model is read; `None`: its own.
    pub shape: Option<(usize, usize)>,
}

impl Default for VectorAdam {
    /// Adam's constants; rows, which in a layer of a network belong to one unit.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, vectors: vec![Vectors::Rows], shape: None }
    }
}

impl VectorAdam {
    /// What each block of a model is, and what a vector in it is.
    fn blocks(&self, layout: &Layout) -> impl Iterator<Item = (Shape, Vectors)> {
        let vectors = of_blocks(&self.vectors, Vectors::Entries, layout);
        shapes(self.shape, layout).into_iter().zip(vectors)
    }
}

impl<R: Real> Build<R> for VectorAdam {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        let state = |(shape, vectors): (Shape, Vectors)| State {
            settings: Settings { beta1: self.beta1, beta2: self.beta2, eps: self.eps, vectors },
            m: Array2::zeros(shape),
            v: Array2::zeros(vectors.moments(shape)),
        };
        let states: Vec<State<R>> = self.blocks(layout).map(state).collect();
        Box::new(Blocks::new(layout, shapes(self.shape, layout), states, lanes))
    }
}

impl Spec for VectorAdam {
    fn title(&self, _minibatches: bool) -> Option<&'static str> {
        Some("VectorAdam")
    }

    fn shape(&self) -> Option<Shape> {
        self.shape
    }

    fn state_len(&self, layout: &Layout) -> usize {
        let moments = self.blocks(layout).map(|(shape, vectors)| vectors.moments(shape));
        layout.dimension() + moments.map(|(rows, columns)| rows * columns).sum::<usize>()
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        let moments = self.blocks(layout).map(|(shape, vectors)| vectors.moments(shape));
        let vectors: usize = moments.map(|(rows, columns)| rows * columns).sum();
        10.0 * layout.dimension() as f64 + 4.0 * vectors as f64
    }

    fn needs_matrices(&self) -> bool {
        true
    }

    fn problem(&self, layout: &Layout, _: f64) -> Option<(&'static str, String)> {
        let idle = || {
            let single = |(shape, vectors): (Shape, Vectors)| vectors.moments(shape) == shape;
            self.blocks(layout).all(single).then(|| {
                let problem = "makes every vector one entry long, which is Adam; the parameters of a \
                               convex objective are a column, and one vector as \"whole\"";
                ("vectors", problem.to_owned())
            })
        };
        list_problem("vectors", &self.vectors, layout).or_else(idle)
    }
}

#[derive(Clone, Copy)]
struct Settings {
    beta1: f64,
    beta2: f64,
    eps: f64,
    vectors: Vectors,
}

#[derive(Clone)]
struct State<R> {
    settings: Settings,
    m: Array2<R>,
    /// One for each vector.
    v: Array2<R>,
}

impl<R: Real> BlockState<R> for State<R> {
    fn update(
        &mut self,
        step: i32,
        rate: R,
        theta: ArrayViewMut2<'_, R>,
        gradient: ArrayView2<'_, R>,
    ) -> Result<()> {
        let Settings { beta1, beta2, eps, vectors } = self.settings;
        average(&mut self.m, beta1, gradient);
        average(&mut self.v, beta2, vectors.squares(gradient).view());
        let corrections = [beta1, beta2].map(|beta| from_f64::<R>(correction(beta, step)));
        let eps: R = from_f64(eps);
        Zip::from(theta).and(&self.m).and_broadcast(&self.v).for_each(|theta, &m, &v| {
            *theta -= rate * (m * corrections[0]) / ((v * corrections[1]).sqrt() + eps);
        });
        Ok(())
    }

    fn linear(&mut self) -> Option<&mut [R]> {
        self.m.as_slice_mut()
    }
}
