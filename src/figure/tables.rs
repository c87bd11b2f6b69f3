//! The tables of a results folder, read when a figure first asks for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::de::DeserializeOwned;

use super::facts::Facts;
use crate::record::{
    BreakEvenRow, ClaimRow, CurveRow, EigenvectorRow, LandscapeRow, MeasureRow, RateRow, RunRow,
    ScheduleRow, SpectrumRow, StudyRow, TheoryRow, TimingRow, TrajectoryRow,
};
use crate::store::Store;
use crate::{Error, Result};

/// The tables of a results folder, with what its config says of them.
#[derive(Debug)]
pub struct ResultTables {
    folder: PathBuf,
    facts: Facts,
    read: TableCache,
}

/// For each table its rows when they were read, its reader and its file.
macro_rules! tables {
    ($($(#[doc = $doc:literal])* $name:ident: $row:ty = $file:literal;)*) => {
        #[derive(Debug, Default)]
        struct TableCache {
            $($name: OnceLock<Vec<$row>>,)*
        }

        impl ResultTables {
            $($(#[doc = $doc])*
            ///
            /// # Errors
            /// [`Error::Io`] when the file cannot be read, [`Error::Corrupt`] with the line when
            /// it does not hold such rows, or none.
            pub fn $name(&self) -> Result<&[$row]> {
                self.rows(&self.read.$name, $file)
            })*

            /// Reads some files before figures that are drawn side by side ask for them. What is
            /// wrong with one is told to the figures.
            pub fn prepare(&self, files: &BTreeSet<&str>) {
                $(if files.contains($file) {
                    let _ = self.$name();
                })*
            }
        }
    };
}
tables! {
    /// The runs (`runs.csv`).
    runs: RunRow = "runs.csv";
    /// The training curves (`curves.csv`).
    curves: CurveRow = "curves.csv";
    /// The metric at each learning rate (`learning_rates.csv`).
    learning_rates: RateRow = "learning_rates.csv";
    /// The iterates (`trajectories.csv`).
    trajectories: TrajectoryRow = "trajectories.csv";
    /// The loss on a grid (`landscape.csv`).
    landscape: LandscapeRow = "landscape.csv";
    /// The eigenvalues (`spectrum.csv`).
    spectrum: SpectrumRow = "spectrum.csv";
    /// The measures of EGOP estimates (`measures.csv`).
    measures: MeasureRow = "measures.csv";
    /// The leading eigenvectors (`eigenvectors.csv`).
    eigenvectors: EigenvectorRow = "eigenvectors.csv";
    /// The learning-rate schedule (`schedule.csv`).
    schedule: ScheduleRow = "schedule.csv";
    /// The points of a study (`study.csv`).
    study: StudyRow = "study.csv";
    /// From which budgets on changes of variables pay (`break_even.csv`).
    break_even: BreakEvenRow = "break_even.csv";
    /// The theory beside what was observed (`theory.csv`).
    theory: TheoryRow = "theory.csv";
    /// The verdicts (`claims.csv`).
    claims: ClaimRow = "claims.csv";
    /// How long things took (`timings.csv`).
    timings: TimingRow = "timings.csv";
}

impl ResultTables {
    /// The tables in `folder`, of an experiment of which this is known.
    pub fn new(folder: impl Into<PathBuf>, facts: Facts) -> Self {
        Self { folder: folder.into(), facts, read: TableCache::default() }
    }

    /// What is known of the experiment.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Whether such a table is published, or there in a folder that was put together by someone else.
    /// A table without rows is not published.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub fn has(&self, file: &str) -> Result<bool> {
        let listed = Store::peek(&self.folder).lists(file)?;
        Ok(listed.unwrap_or_else(|| self.folder.join(file).exists()))
    }

    /// The error that a table does not hold what a figure needs.
    pub fn lacks(&self, file: &str, message: impl Into<String>) -> Error {
        Error::Incompatible { path: file.into(), message: message.into() }
    }

    fn rows<'a, T: DeserializeOwned>(
        &self,
        table: &'a OnceLock<Vec<T>>,
        file: &str,
    ) -> Result<&'a [T]> {
        if let Some(rows) = table.get() {
            return Ok(rows);
        }
        // A table without rows is not published; one that is there all the same is another matter.
        let there = self.folder.join(file).exists();
        if !there && Store::peek(&self.folder).lists(file)? == Some(false) {
            return Err(self.lacks(file, "there are no rows for it"));
        }
        let rows = read(&self.folder, file)?;
        Ok(table.get_or_init(|| rows))
    }
}

fn read<T: DeserializeOwned>(folder: &Path, file: &str) -> Result<Vec<T>> {
    let bytes = Store::peek(folder).read(file)?;
    let corrupt = |message: String| Error::Corrupt {
        path: folder.join(file),
        message: format!("{message}; run the experiment again to write the table anew"),
    };
    let rows: Vec<T> = rows_of(&bytes).map_err(corrupt)?;
    if rows.is_empty() {
        return Err(corrupt("holds no rows".into()));
    }
    Ok(rows)
}

/// The rows of a table, or what is wrong with them.
fn rows_of<T: DeserializeOwned>(table: &[u8]) -> Result<Vec<T>, String> {
    let mut reader = csv::Reader::from_reader(table);
    let header = reader.headers().cloned().unwrap_or_default();
    let line = |pos: Option<csv::Position>| pos.map_or(1, |pos| pos.line());
    reader.deserialize().collect::<Result<_, csv::Error>>().map_err(|error| {
        match error.into_kind() {
            csv::ErrorKind::Deserialize { pos, err } => {
                let column = err.field().and_then(|field| header.get(field as usize));
                let column = column.map_or(String::new(), |name| format!("`{name}`: "));
                format!("line {}: {column}{}", line(pos), err.kind())
            }
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                format!("line {}: {len} fields where the header has {expected_len}", line(pos))
            }
            csv::ErrorKind::Utf8 { pos, err } => format!("line {}: {err}", line(pos)),
            other => format!("{other:?}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(file: &str, contents: &[u8]) -> (tempfile::TempDir, ResultTables) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), contents).unwrap();
        let tables = ResultTables::new(folder.path(), Facts::default());
        (folder, tables)
    }

    fn message(contents: &[u8]) -> String {
        let (_folder, tables) = folder_with("schedule.csv", contents);
        let message = tables.schedule().unwrap_err().to_string();
        message.rsplit_once("schedule.csv").unwrap().1.to_owned()
    }

    #[test]
    fn rows_are_read_once() {
        let (folder, tables) = folder_with("schedule.csv", b"epoch,learning_rate\n0,1.0\n1,inf\n");
        assert_eq!(tables.schedule().unwrap()[1].learning_rate, f64::INFINITY);
        drop(folder);
        assert_eq!(tables.schedule().unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_file_and_line() {
        for (contents, wanted) in [
            (
                &b"epoch,learning_rate\n0,1.0\n1,fast\n"[..],
                "line 3: `learning_rate`: invalid float literal",
            ),
            (b"epoch,learning_rate\n0,1.0\n1\n", "line 3: 1 fields where the header has 2"),
            (b"epoch\n0\n", "line 2: missing field `learning_rate`"),
            (
                b"epoch,learning_rate\n0,1.0\n1,\xff\n",
                "line 3: invalid utf-8: invalid UTF-8 in field 1 near byte index 0",
            ),
            (b"epoch,learning_rate\n", "holds no rows"),
            (b"", "holds no rows"),
        ] {
            let message = message(contents);
            assert_eq!(
                message,
                format!(": {wanted}; run the experiment again to write the table anew")
            );
        }
    }

    #[test]
    fn a_missing_table_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = ResultTables::new(folder.path(), Facts::default()).runs().unwrap_err();
        assert!(matches!(&error, Error::Io { path, .. } if path.ends_with("runs.csv")), "{error}");
    }
}
