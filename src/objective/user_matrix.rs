//! h(Aθ) with a data matrix A and observations y of the user's own.

use std::sync::OnceLock;

use ndarray::{Array1, Array2, ArrayView2};

use super::{
    Absorbs, Build, COMPOSITE_REVISION, Context, Known, NamedArrays, Objective, Spec, matrix_arrays,
};
use crate::config::{Reader, key};
use crate::data::{UserFiles, out_of_range};
use crate::error::{Error, Result};
use crate::lanes::Layout;

/// The keys by which a config says that it has such a matrix.
pub(super) const KEYS: &[&str] = &["matrix", "targets"];

/// What h makes of A and y.
#[derive(Clone, Copy, Debug)]
pub struct UserOuter {
    /// Whether y are labels, 0 or 1.
    pub labels: bool,
    /// Whether a Hessian is known.
    pub hessian: bool,
    /// Whether a triangular factor stands for an A that has one.
    pub factored: bool,
    /// Finds the optimum.
    pub optimum: fn(ArrayView2<'_, f64>, &Array1<f64>) -> Result<Optimum>,
    /// h(Aθ) in single precision.
    pub single: Make<f32>,
    /// h(Aθ) in doubles.
    pub double: Make<f64>,
}

/// Makes h(Aθ) of A, y and the optimum.
pub type Make<R> = fn(ArrayView2<'_, f64>, &Array1<f64>, &Optimum) -> Box<dyn Objective<R>>;

/// The optimum of h(Aθ).
#[derive(Clone, Debug)]
pub struct Optimum {
    /// The minimum.
    pub value: f64,
    /// Where it is attained.
    pub minimizer: Array1<f64>,
    /// How much larger than that of the outer function the rounding of the minimum may be.
    pub condition: f64,
}

#[derive(Debug)]
struct Loaded {
    matrix: Array2<f64>,
    targets: Array1<f64>,
    optimum: Optimum,
    sums: Vec<(String, String)>,
}

/// h(Aθ) with A (rows × columns) and y from files.
#[derive(Debug)]
pub struct UserMatrixSpec {
    outer: UserOuter,
    rows: usize,
    columns: usize,
    matrix: UserFiles,
    targets: UserFiles,
    /// The data, once they are loaded, and what follows from them.
    loaded: OnceLock<Loaded>,
}

impl UserMatrixSpec {
    /// Reads `matrix` and `targets`, for A of this shape.
    pub(super) fn read(
        outer: UserOuter,
        [rows, columns]: [usize; 2],
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        let matrix = key("matrix", "files of the data matrix A, row after row: .npy, CSV or IDX");
        let matrix = UserFiles::read(reader, matrix);
        let targets = key("targets", "files of what is to be predicted from each row of the data");
        let targets = UserFiles::read(reader, targets);
        let (matrix, targets) = (matrix?, targets?);
        Some(Self { outer, rows, columns, matrix, targets, loaded: OnceLock::new() })
    }

    /// Refuses numbers that are not computed with.
    fn check(&self, matrix: &Array2<f64>, targets: &Array1<f64>, in_singles: bool) -> Result<()> {
        let of_matrix =
            out_of_range(matrix, true, in_singles).map(|problem| (&self.matrix, problem));
        let of_targets = || Some((&self.targets, out_of_range(targets, false, in_singles)?));
        let problem = of_matrix.or_else(of_targets);
        problem.map_or(Ok(()), |(files, problem)| Err(files.unfit(Error::Numerical(problem))))
    }

    fn load(&self) -> Result<&Loaded> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded);
        }
        let (matrix, targets) = (self.matrix.load(self.columns)?, self.targets.load(1)?);
        matrix.expect(self.rows, "as objective.rows says")?;
        targets.expect(self.rows, "one for each of objective.matrix")?;
        let sums = matrix.sums().chain(targets.sums()).collect();
        if self.outer.labels {
            targets.labels(2)?;
        }
        let (matrix, targets) = (matrix.numbers(), targets.numbers().column(0).to_owned());
        self.check(&matrix, &targets, false)?;
        let optimum = (self.outer.optimum)(matrix.view(), &targets);
        // Labels may be told apart; otherwise it is the matrix that has no such optimum.
        let files = if self.outer.labels { &self.targets } else { &self.matrix };
        let optimum = optimum.map_err(|error| files.unfit(error))?;
        Ok(self.loaded.get_or_init(|| Loaded { matrix, targets, optimum, sums }))
    }
}

impl Build<f32> for UserMatrixSpec {
    fn build(&self, _: &Context) -> Result<Box<dyn Objective<f32>>> {
        let Loaded { matrix, targets, optimum, .. } = self.load()?;
        Ok((self.outer.single)(matrix.view(), targets, optimum))
    }
}

impl Build<f64> for UserMatrixSpec {
    fn build(&self, _: &Context) -> Result<Box<dyn Objective<f64>>> {
        let Loaded { matrix, targets, optimum, .. } = self.load()?;
        Ok((self.outer.double)(matrix.view(), targets, optimum))
    }
}

impl Spec for UserMatrixSpec {
    fn layout(&self) -> Layout {
        Layout::vector(self.columns)
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn gradient_flops(&self, _full: Option<usize>) -> f64 {
        4.0 * self.absorbing_rows() as f64 * self.columns as f64
    }

    fn revision(&self) -> u32 {
        COMPOSITE_REVISION
    }

    fn check_singles(&self) -> Result<()> {
        let Loaded { matrix, targets, .. } = self.load()?;
        self.check(matrix, targets, true)
    }

    fn data_elements(&self) -> usize {
        // Loaded once for all trials in doubles, decomposed, and converted for each.
        4 * self.rows * self.columns
    }

    fn known(&self) -> Known {
        Known { hessian: self.outer.hessian, ..Known::OPTIMUM }
    }

    fn absorbs(&self) -> Absorbs {
        Absorbs::Everything
    }

    fn absorbing_rows(&self) -> usize {
        if self.outer.factored { self.rows.min(self.columns) } else { self.rows }
    }

    fn arrays(&self, _: &Context) -> Result<NamedArrays> {
        let Loaded { matrix, targets, .. } = self.load()?;
        Ok(matrix_arrays(matrix.clone(), targets.clone()))
    }

    fn files(&self) -> Result<Vec<(String, String)>> {
        Ok(self.load()?.sums.clone())
    }
}
