//! Tables as CSV: rows of [`crate::record`] to bytes and back.

use std::io::{self, Write};
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::record::{
    BreakEvenRow, ClaimRow, CurveRow, EigenvectorRow, LandscapeRow, MeasureRow, RateRow, RunRow,
    ScheduleRow, SpectrumRow, StudyRow, TheoryRow, TimingRow, TrajectoryRow,
};

/// A kind of row and the file that holds it.
pub trait Table: Serialize + DeserializeOwned + Sync {
    /// Name of the file.
    const FILE: &'static str;
}

macro_rules! tables {
    ($($row:ty => $file:literal),* $(,)?) => {
        $(impl Table for $row {
            const FILE: &'static str = $file;
        })*

        /// The names of all tables.
        pub const TABLES: &[&str] = &[$($file),*];
    };
}
tables! {
    RunRow => "runs.csv",
    CurveRow => "curves.csv",
    TrajectoryRow => "trajectories.csv",
    LandscapeRow => "landscape.csv",
    RateRow => "learning_rates.csv",
    SpectrumRow => "spectrum.csv",
    EigenvectorRow => "eigenvectors.csv",
    MeasureRow => "measures.csv",
    TheoryRow => "theory.csv",
    BreakEvenRow => "break_even.csv",
    ClaimRow => "claims.csv",
    ScheduleRow => "schedule.csv",
    TimingRow => "timings.csv",
    StudyRow => "study.csv",
}

/// A table as the bytes of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csv {
    /// Number of rows, the header aside.
    pub rows: usize,
    /// The file's contents.
    pub bytes: Vec<u8>,
}

impl Csv {
    /// Rows, with a header if there is any row.
    pub fn of<T: Table>(rows: &[T]) -> Self {
        let bytes =
            text(rows, true).expect("rows are flat structs of numbers and texts, in memory");
        Self { rows: rows.len(), bytes }
    }

    /// The rows; `path` stands for the file in messages.
    ///
    /// # Errors
    /// [`Error::Corrupt`], naming the file and the line, when these are not such rows or not as
    /// many as there should be.
    pub fn read<T: Table>(&self, path: &Path) -> Result<Vec<T>> {
        let corrupt = |message| Error::Corrupt { path: path.into(), message };
        let rows: Vec<T> = csv::Reader::from_reader(self.bytes.as_slice())
            .deserialize()
            .collect::<Result<_, csv::Error>>()
            .map_err(|error| corrupt(error.to_string()))?;
        if rows.len() != self.rows {
            return Err(corrupt(format!("{} rows instead of {}", rows.len(), self.rows)));
        }
        Ok(rows)
    }
}

type WriteTo<'a> = dyn Fn(&mut (dyn Write + Send)) -> io::Result<()> + 'a;

/// A table that is written in parts, as its text may be much longer than what it is made from.
pub struct Stream<'a> {
    pub(super) name: &'static str,
    pub(super) is_empty: bool,
    write: Box<WriteTo<'a>>,
}

impl<'a> Stream<'a> {
    /// These rows in this order.
    pub fn of<T: Table + 'a>(
        rows: impl IntoIterator<Item = &'a T, IntoIter: Clone + Send + 'a>,
    ) -> Self {
        let rows = rows.into_iter();
        Self {
            name: T::FILE,
            is_empty: rows.clone().next().is_none(),
            write: Box::new(move |to| write(rows.clone(), to)),
        }
    }

    /// Writes the bytes that [`Csv::of`] has; the same ones each time.
    pub(super) fn write(&self, to: &mut (dyn Write + Send)) -> io::Result<()> {
        (self.write)(to)
    }
}

/// Rows that a thread turns into text at a time.
const BLOCK: usize = 512;

/// Writes some rows while the next ones become text.
fn write<'a, T: Table + 'a>(
    mut rows: impl Iterator<Item = &'a T> + Send,
    to: &mut (dyn Write + Send),
) -> io::Result<()> {
    let mut header = true;
    let mut next = || {
        let some: Vec<&T> = rows.by_ref().take(BLOCK * rayon::current_num_threads()).collect();
        let first = std::mem::take(&mut header);
        let blocks = some.par_chunks(BLOCK).enumerate();
        let texts = blocks.map(|(block, rows)| text(rows.iter().copied(), first && block == 0));
        texts.collect::<csv::Result<Vec<_>>>()
    };
    let mut texts = next()?;
    while !texts.is_empty() {
        let write = || texts.iter().try_for_each(|text| to.write_all(text));
        let (written, others) = rayon::join(write, &mut next);
        written?;
        texts = others?;
    }
    Ok(())
}

/// Rows, with or without a header before them.
fn text<'a, T: Table + 'a>(
    rows: impl IntoIterator<Item = &'a T>,
    header: bool,
) -> csv::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(header).from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
