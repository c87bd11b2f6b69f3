//! Objectives of the form f(θ) = h(Aθ) with a data matrix A (paper, section 4.1, eq. 4).

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};

use crate::coordinates::Coordinates;
use crate::data::{InputMoments, Split};
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::{Factor, Real, from_f64, to_f64};
use crate::objective::{Batch, Metrics, Objective};
use crate::theory::Hessian;

/// The outer function h: Rⁿ → R of a [`Composite`].
pub trait Outer<R: Real>: Clone + Send + Sync + 'static {
    /// Returns h(z) and overwrites z (n entries) with ∇h(z).
    fn value_and_gradient(&self, z: &mut [R]) -> f64;

    /// c such that c I is the Hessian of h that tells how smooth a function with a known optimum is
    /// (see [`Objective::hessian`]), and where it is taken; `None` where it is no multiple of I.
    fn curvature(&self) -> Option<(f64, &'static str)>;

    /// h(Aθ) by a smaller or simpler matrix, where A, a minimizer (d entries) and the minimum make it
    /// the function that it is.
    fn determined(
        _matrix: ArrayView2<'_, f64>,
        _minimizer: &Array1<f64>,
        _minimum: f64,
    ) -> Option<Composite<R, Self>> {
        None
    }
}

/// Raised when h(Aθ) has other bits: see [`crate::objective::Spec::revision`].
pub(super) const REVISION: u32 = 1;

/// f(θ) = h(Aθ) for an n × d matrix A. The gradient is Aᵀ∇h(Aθ).
#[derive(Clone, Debug)]
pub struct Composite<R, H> {
    data: Arc<Data<R>>,
    outer: H,
    layout: Layout,
    optimum: Option<Optimum<R>>,
}

/// A and Aᵀ as factors of many products.
#[derive(Debug)]
struct Data<R> {
    rows: usize,
    matrix: Factor<R>,
    transposed: Factor<R>,
}

impl<R: Real> Data<R> {
    fn new(matrix: ArrayView2<'_, R>) -> Arc<Self> {
        let transposed = Factor::new(matrix.t());
        Arc::new(Self { rows: matrix.nrows(), matrix: Factor::new(matrix), transposed })
    }
}

#[derive(Clone, Debug)]
struct Optimum<R> {
    value: f64,
    minimizer: Array1<R>,
    numerical_floor: f64,
}

impl<R: Real, H: Outer<R>> Composite<R, H> {
    /// h(Aθ) with data matrix `matrix` (n × d).
    pub fn new(matrix: ArrayView2<'_, f64>, outer: H) -> Self {
        Self {
            data: Data::new(matrix.mapv(from_f64).view()),
            outer,
            layout: Layout::vector(matrix.ncols()),
            optimum: None,
        }
    }

    /// Adds what is known of the optimum: its value, a minimizer (d entries) and the smallest
    /// difference from the value that rounding lets one see.
    pub fn with_optimum(
        mut self,
        value: f64,
        minimizer: ArrayView1<'_, f64>,
        numerical_floor: f64,
    ) -> Self {
        let minimizer = minimizer.mapv(from_f64);
        self.optimum = Some(Optimum { value, minimizer, numerical_floor });
        self
    }

    /// A.
    pub fn matrix(&self) -> Array2<R> {
        self.data.matrix.to_matrix()
    }

    /// ∇h(A θ_k) in row k (K × n), and room for a product with A; writes the values h(A θ_k).
    fn outer_gradients<'a>(
        &self,
        theta: &Lanes<R>,
        values: &mut [f64],
        workspace: &'a mut Workspace<R>,
    ) -> (ArrayViewMut2<'a, R>, &'a mut [R]) {
        let (lanes, Data { rows, transposed, .. }) = (theta.lanes(), &*self.data);
        let widest = theta.block(0).ncols().max(*rows);
        let [z, work] = workspace.take([lanes * rows, lanes * widest]);
        let mut z =
            ArrayViewMut2::from_shape((lanes, *rows), z).expect("the buffer has K × n entries");
        transposed.multiply(theta.block(0), z.view_mut(), work);
        for (mut row, value) in z.rows_mut().into_iter().zip(values) {
            let row = row.as_slice_mut().expect("rows of a row-major matrix are contiguous");
            *value = self.outer.value_and_gradient(row);
        }
        (z, work)
    }
}

impl<R: Real, H: Outer<R>> Objective<R> for Composite<R, H> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<R>,
        _full: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        workspace: &mut Workspace<R>,
    ) {
        let (z, work) = self.outer_gradients(theta, values, workspace);
        self.data.matrix.multiply(z.view(), gradient.block_mut(0), work);
    }

    fn evaluate(
        &self,
        theta: &Lanes<R>,
        split: Split,
        workspace: &mut Workspace<R>,
    ) -> Option<Vec<Metrics>> {
        if split != Split::Training {
            return None;
        }
        let mut values = vec![0.0; theta.lanes()];
        self.outer_gradients(theta, &mut values, workspace);
        Some(values.into_iter().map(|loss| Metrics { loss, accuracy: None }).collect())
    }

    /// h(AJ z): the rows of AJ are those of A, pulled back.
    fn absorb(
        &self,
        coordinates: &Coordinates<R>,
    ) -> Option<(Box<dyn Objective<R>>, Coordinates<R>)> {
        if !coordinates.is_linear() {
            return None;
        }
        let layout = coordinates.trained();
        let mut workspace = Workspace::new();
        let lanes = |rows: ArrayView2<'_, R>| {
            let mut lanes = Lanes::zeros(&self.layout, rows.nrows());
            lanes.block_mut(0).assign(&rows);
            lanes
        };
        let rows = lanes(self.matrix().view());
        let mut matrix = Lanes::zeros(layout, rows.lanes());
        coordinates.pull_back(&rows, &mut matrix, &mut workspace);
        // With fewer variables than parameters the minimum may be out of reach.
        let reached = layout.dimension() >= self.layout.dimension();
        let optimum = self.optimum.as_ref().filter(|_| reached).map(|optimum| {
            let minimizer = lanes(optimum.minimizer.view().insert_axis(Axis(0)));
            let mut start = Lanes::zeros(layout, 1);
            coordinates.start(&minimizer, &mut start, &mut workspace);
            Optimum { minimizer: start.lane(0), ..optimum.clone() }
        });
        let determined = optimum.as_ref().and_then(|optimum| {
            let minimizer = optimum.minimizer.mapv(to_f64);
            H::determined(matrix.block(0).mapv(to_f64).view(), &minimizer, optimum.value)
        });
        let (data, outer) = match determined {
            Some(other) => (other.data, other.outer),
            None => (Data::new(matrix.block(0)), self.outer.clone()),
        };
        let absorbed = Self { data, outer, layout: layout.clone(), optimum };
        Some((Box::new(absorbed), Coordinates::original(layout)))
    }

    /// Of A's rows. An objective that holds the triangular factor of a taller data matrix has AᵀA, up
    /// to a factor, but not the mean of the data.
    fn input_moments(&self) -> Option<InputMoments> {
        Some(InputMoments::of(self.matrix().view()))
    }

    fn minimum(&self) -> Option<f64> {
        self.optimum.as_ref().map(|optimum| optimum.value)
    }

    fn minimizer(&self) -> Option<ArrayView1<'_, R>> {
        self.optimum.as_ref().map(|optimum| optimum.minimizer.view())
    }

    /// c AᵀA.
    fn hessian(&self) -> Option<Hessian> {
        self.optimum.as_ref()?;
        let (curvature, place) = self.outer.curvature()?;
        let matrix = self.matrix().mapv(to_f64);
        Some(Hessian { matrix: matrix.t().dot(&matrix) * curvature, place })
    }

    fn numerical_floor(&self) -> f64 {
        self.optimum.as_ref().map_or(f64::MIN_POSITIVE, |optimum| optimum.numerical_floor)
    }
}
