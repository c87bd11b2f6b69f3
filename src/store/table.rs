//! Tables as CSV: rows of [`crate::record`] to bytes and back.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::record::{
    ClaimRow, CurveRow, EigenvectorRow, LandscapeRow, MeasureRow, RateRow, RunRow, ScheduleRow,
    SpectrumRow, TheoryRow, TrajectoryRow,
};

/// A kind of row and the file that holds it.
pub trait Table: Serialize + DeserializeOwned {
    /// Name of the file.
    const FILE: &'static str;
}

macro_rules! tables {
    ($($row:ty => $file:literal),* $(,)?) => {
        $(impl Table for $row {
            const FILE: &'static str = $file;
        })*
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
    ClaimRow => "claims.csv",
    ScheduleRow => "schedule.csv",
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
        let mut bytes = Vec::new();
        write(rows, &mut bytes)
            .expect("rows are flat structs of numbers and texts, written to memory");
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

type WriteTo<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// A table that is written row by row, as its text may be much longer than what it is made from.
pub struct Stream<'a> {
    pub(super) name: &'static str,
    pub(super) is_empty: bool,
    write: Box<WriteTo<'a>>,
}

impl<'a> Stream<'a> {
    /// These rows in this order.
    pub fn of<T: Table + 'a>(rows: impl IntoIterator<Item = &'a T, IntoIter: Clone + 'a>) -> Self {
        let rows = rows.into_iter();
        Self {
            name: T::FILE,
            is_empty: rows.clone().next().is_none(),
            write: Box::new(move |to| write(rows.clone(), to)),
        }
    }

    /// Writes the bytes that [`Csv::of`] has; the same ones each time.
    pub(super) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        (self.write)(to)
    }
}

fn write<'a, T: Table + 'a>(
    rows: impl IntoIterator<Item = &'a T>,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()
}
