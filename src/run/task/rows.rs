//! The rows that a task yields, and the files that they are stored as.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::record::{
    CurveRow, EigenvectorRow, LandscapeRow, MeasureRow, RunRow, SpectrumRow, TheoryRow, TimingRow,
    TrajectoryRow,
};
use crate::store::{Csv, Table, Tables};

/// The rows that a task yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::run) struct Rows {
    pub runs: Vec<RunRow>,
    pub curves: Vec<CurveRow>,
    pub trajectories: Vec<TrajectoryRow>,
    pub landscape: Vec<LandscapeRow>,
    pub spectrum: Vec<SpectrumRow>,
    pub eigenvectors: Vec<EigenvectorRow>,
    pub measures: Vec<MeasureRow>,
    pub theory: Vec<TheoryRow>,
    /// How long it took; no table of a stored task, but in its manifest.
    pub timings: Vec<TimingRow>,
}

impl Rows {
    /// As the files of a stored task.
    pub fn to_tables(&self) -> Tables {
        fn insert<T: Table>(tables: &mut Tables, rows: &[T]) {
            if !rows.is_empty() {
                tables.insert(T::FILE.into(), Csv::of(rows));
            }
        }
        let mut tables = Tables::new();
        insert(&mut tables, &self.runs);
        insert(&mut tables, &self.curves);
        insert(&mut tables, &self.trajectories);
        insert(&mut tables, &self.landscape);
        insert(&mut tables, &self.spectrum);
        insert(&mut tables, &self.eigenvectors);
        insert(&mut tables, &self.measures);
        insert(&mut tables, &self.theory);
        tables
    }

    /// Reads the files of a stored task, which are in this folder.
    ///
    /// # Errors
    /// When a table does not have the rows that its file's name promises.
    pub fn from_tables(tables: &Tables, folder: &Path) -> Result<Self> {
        fn get<T: Table>(tables: &Tables, folder: &Path) -> Result<Vec<T>> {
            tables.get(T::FILE).map_or(Ok(Vec::new()), |csv| csv.read(&folder.join(T::FILE)))
        }
        let (mut curves, mut trajectories) =
            (get::<CurveRow>(tables, folder)?, get::<TrajectoryRow>(tables, folder)?);
        share_names(curves.iter_mut().map(|row| [&mut row.algorithm, &mut row.coordinates]));
        share_names(trajectories.iter_mut().map(|row| [&mut row.algorithm, &mut row.coordinates]));
        Ok(Self {
            runs: get(tables, folder)?,
            curves,
            trajectories,
            landscape: get(tables, folder)?,
            spectrum: get(tables, folder)?,
            eigenvectors: get(tables, folder)?,
            measures: get(tables, folder)?,
            theory: get(tables, folder)?,
            timings: Vec::new(),
        })
    }
}

/// Lets rows of the same names share them: one of its own for each row takes more memory than the
/// row itself.
fn share_names<'a>(rows: impl Iterator<Item = [&'a mut Arc<str>; 2]>) {
    let mut last: [Arc<str>; 2] = Default::default();
    for names in rows {
        for (name, last) in names.into_iter().zip(&mut last) {
            if name != last {
                last.clone_from(name);
            }
            name.clone_from(last);
        }
    }
}
