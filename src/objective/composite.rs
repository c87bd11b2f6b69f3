//! Objectives of the form f(θ) = h(Aθ) with a data matrix A (paper, section 4.1, eq. 4).

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, CowArray, Ix2};

use crate::coordinates::Coordinates;
use crate::data::{InputMoments, Split};
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::{self, Accum, Factor, Real, from_f64, to_f64};
use crate::objective::{Batch, Metrics, Objective};
use crate::theory::Hessian;

/// The outer function h: Rⁿ → R of a [`Composite`].
pub trait Outer<R: Real>: Clone + Send + Sync + 'static {
    /// Returns h(z) and overwrites z (n entries) with ∇h(z).
    fn value_and_gradient(&self, z: &mut [R]) -> f64;

    /// c such that c I is the Hessian of h that tells how smooth a function with a known optimum is
    /// (see [`Objective::hessian`]), and where it is taken; `None` where it is no multiple of I.
    fn curvature(&self) -> Option<(f64, &'static str)>;

    /// A smaller or simpler matrix and what goes with it, where A, a minimizer (d entries) and the
    /// minimum make h(Aθ) the function that it is.
    fn determined(
        _matrix: ArrayView2<'_, f64>,
        _minimizer: &Array1<f64>,
        _minimum: f64,
    ) -> Option<(Array2<f64>, Self)> {
        None
    }
}

/// Raised when h(Aθ) has other bits: see [`crate::objective::Spec::revision`].
pub const COMPOSITE_REVISION: u32 = 1;

/// f(θ) = h(Aθ) for an n × d matrix A. The gradient is Aᵀ∇h(Aθ).
#[derive(Clone, Debug)]
pub struct Composite<R, H> {
    data: Arc<Data<R>>,
    outer: H,
    layout: Layout,
    optimum: Option<Optimum<R>>,
}

/// Rows and columns of an A that is packed, at most: sums in singles are no longer than that, and the
/// lanes that are multiplied with it stay in a core's own cache.
pub(super) const PACKED: usize = 1008;

/// Numbers held of an A of this shape.
pub(super) fn elements(rows: usize, columns: usize) -> usize {
    if rows.max(columns) > PACKED { rows * columns } else { 2 * rows * columns }
}

/// A.
#[derive(Debug)]
enum Data<R> {
    /// And Aᵀ, as factors of many products.
    Packed { rows: usize, matrix: Factor<R>, transposed: Factor<R> },
    /// Too large for that.
    Plain(Array2<R>),
}

impl<R: Real> Data<R> {
    fn new(matrix: Array2<R>) -> Arc<Self> {
        let (rows, columns) = matrix.dim();
        Arc::new(if rows.max(columns) > PACKED {
            Self::Plain(matrix.as_standard_layout().into_owned())
        } else {
            let transposed = Factor::new(matrix.t());
            Self::Packed { rows, matrix: Factor::new(matrix.view()), transposed }
        })
    }

    fn rows(&self) -> usize {
        match self {
            Self::Packed { rows, .. } => *rows,
            Self::Plain(matrix) => matrix.nrows(),
        }
    }

    /// How many numbers products with so many lanes, of so many variables, work in.
    fn room(&self, lanes: usize, variables: usize) -> usize {
        match self {
            Self::Packed { rows, .. } => lanes * variables.max(*rows),
            Self::Plain(_) => 0,
        }
    }

    /// Z ← Θ Aᵀ for lanes in rows, with room to work in.
    fn multiply(&self, theta: ArrayView2<'_, R>, z: ArrayViewMut2<'_, R>, work: &mut [R]) {
        match self {
            Self::Packed { transposed, .. } => transposed.multiply(theta, z, work),
            Self::Plain(matrix) => linalg::product(theta, matrix.t(), Accum::Overwrite, z),
        }
    }

    /// G ← Z A.
    fn pull_back(&self, z: ArrayView2<'_, R>, gradient: ArrayViewMut2<'_, R>, work: &mut [R]) {
        match self {
            Self::Packed { matrix, .. } => matrix.multiply(z, gradient, work),
            Self::Plain(matrix) => linalg::product(z, matrix.view(), Accum::Overwrite, gradient),
        }
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
            data: Data::new(matrix.mapv(from_f64)),
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
    pub fn matrix(&self) -> CowArray<'_, R, Ix2> {
        match &*self.data {
            Data::Packed { matrix, .. } => matrix.to_matrix().into(),
            Data::Plain(matrix) => matrix.view().into(),
        }
    }

    /// ∇h(A θ_k) in row k (K × n), and room for a product with A; writes the values h(A θ_k).
    fn outer_gradients<'a>(
        &self,
        theta: &Lanes<R>,
        values: &mut [f64],
        workspace: &'a mut Workspace<R>,
    ) -> (ArrayViewMut2<'a, R>, &'a mut [R]) {
        let (lanes, rows) = (theta.lanes(), self.data.rows());
        let room = self.data.room(lanes, theta.block(0).ncols());
        let [z, work] = workspace.take([lanes * rows, room]);
        let mut z =
            ArrayViewMut2::from_shape((lanes, rows), z).expect("the buffer has K × n entries");
        self.data.multiply(theta.block(0), z.view_mut(), work);
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
        self.data.pull_back(z.view(), gradient.block_mut(0), work);
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
        let mut matrix = Lanes::zeros(layout, self.data.rows());
        coordinates.pull_back(&lanes(self.matrix().view()), &mut matrix, &mut workspace);
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
        let (matrix, outer) = match determined {
            Some((matrix, outer)) => (matrix.mapv(from_f64), outer),
            None => (matrix.block(0).to_owned(), self.outer.clone()),
        };
        let absorbed = Self { data: Data::new(matrix), outer, layout: layout.clone(), optimum };
        Some((Box::new(absorbed), Coordinates::original(layout)))
    }

    /// Of A's rows. An objective that holds the triangular factor of a data matrix has AᵀA, up to a
    /// factor, but not the mean of the data.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::{LeastSquares, checks};

    /// Too large a matrix is not packed: a sum of all its rows in singles would lose digits.
    #[test]
    fn packed_and_plain_matrices_make_the_same_function() {
        for (rows, packed) in [(PACKED, true), (PACKED + 1, false), (100_000, false)] {
            let entry = |(i, j): (usize, usize)| ((3 * i + 7 * j) as f64).sin() + 1.5;
            let matrix = Array2::from_shape_fn((rows, 2), entry);
            let outer = LeastSquares::<f32>::new(&Array1::zeros(rows));
            let objective = Composite::new(matrix.view(), outer);
            assert_eq!(matches!(*objective.data, Data::Packed { .. }), packed);
            assert_eq!(objective.matrix(), matrix.mapv(|x| x as f32));
            let theta = Lanes::broadcast(objective.layout(), 3, Array1::ones(2).view());
            let (_, gradient) = checks::gradient(&objective, &theta, Batch::Full);
            let expected = matrix.t().dot(&matrix.sum_axis(Axis(1)));
            for (found, expected) in gradient.lane(1).iter().zip(&expected) {
                // Sums of up to 1,008 positive terms, each rounded.
                let error = (f64::from(*found) / expected - 1.0).abs();
                assert!(error <= 1e-5, "{rows}: {error:e}");
            }
        }
    }
}
