//! Tables as CSV: rows of [`crate::record`] to bytes and back.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::record::{
    ClaimRow, CurveRow, LandscapeRow, RateRow, RunRow, SpectrumRow, TrajectoryRow,
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
    ClaimRow => "claims.csv",
}

/// Rows as CSV, with a header if there is any row.
pub fn to_csv<T: Table>(rows: &[T]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .serialize(row)
            .expect("rows are flat structs of numbers and texts, written to memory");
    }
    writer.into_inner().expect("flushing to memory cannot fail")
}

/// The rows of a CSV table.
///
/// # Errors
/// [`Error::Corrupt`], naming the file and the line.
pub fn from_csv<T: Table>(bytes: &[u8], path: &Path) -> Result<Vec<T>> {
    csv::Reader::from_reader(bytes)
        .deserialize()
        .collect::<Result<_, csv::Error>>()
        .map_err(|error| Error::Corrupt { path: path.into(), message: error.to_string() })
}
