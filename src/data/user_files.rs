//! Data of the user's own: tables in files that a config names.

use std::path::Path;

use ndarray::{Array2, Axis, concatenate};

use crate::config::{Key, Reader};
use crate::error::{Error, Result};
use crate::input::corrupt;
use crate::input::table::{self, Table};

/// Something made of files, with the name and the SHA-256 of each: the name says what it is for.
pub type WithSums<T> = (T, Vec<(String, String)>);

/// Files whose rows follow one another.
#[derive(Clone, Debug)]
pub struct UserFiles {
    /// The key that names them.
    pub key: &'static str,
    /// Where they lie, on which no result depends.
    pub paths: Vec<String>,
}

impl UserFiles {
    /// Reads where they are.
    pub fn read(reader: &mut Reader<'_>, key: Key) -> Option<Self> {
        let paths = reader.presentation(|reader| reader.files(key))?;
        if paths.is_empty() {
            reader.problem(key.name(), "at least one file is needed");
            return None;
        }
        if let Some(index) = (1..paths.len()).find(|&index| paths[..index].contains(&paths[index]))
        {
            let problem = format!("has \"{}\" twice", paths[index]);
            reader.problem(key.name(), problem);
            return None;
        }
        Some(Self { key: key.name(), paths })
    }

    /// Reads the files themselves, as rows of so many numbers.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when one is missing or not such a table; the message says where and names
    /// the key.
    pub fn load(&self, columns: usize) -> Result<UserRows<'_>> {
        let load = |path: &String| {
            let table = table::read(Path::new(path), columns);
            table.map_err(|message| self.refuse(path, &message))
        };
        Ok(UserRows { files: self, tables: self.paths.iter().map(load).collect::<Result<_>>()? })
    }

    /// What follows from the files cannot be computed: a problem with them, at the first one.
    pub fn unfit(&self, error: Error) -> Error {
        match (error, self.paths.first()) {
            (Error::Numerical(message), Some(path)) => self.refuse(path, &message),
            (error, _) => error,
        }
    }

    fn refuse(&self, path: &str, message: &str) -> Error {
        corrupt(Path::new(path), format!("{message} (objective.{})", self.key))
    }
}

/// Why numbers of such sizes are not computed with, if that is so: squares of gradients, which are made of
/// products of them, must not overflow, with parameters of about 1; nor vanish, if the numbers are inputs.
pub fn out_of_range<'a>(
    numbers: impl IntoIterator<Item = &'a f64>,
    are_inputs: bool,
    in_singles: bool,
) -> Option<String> {
    let (precision, [least, most]) =
        if in_singles { ("f32", [1e-9, 1e9]) } else { ("f64", [1e-70, 1e70]) };
    let largest = numbers.into_iter().fold(0.0, |largest, number| number.abs().max(largest));
    match largest {
        0.0 if are_inputs => Some("holds nothing but 0".into()),
        _ if largest <= most && (largest >= least || !are_inputs) => None,
        _ => Some(format!(
            "the largest number is {largest:.1e}; expected one from {least:e} to {most:e}, with \
             precision = \"{precision}\": scale the data"
        )),
    }
}

/// What the files hold.
#[derive(Debug)]
pub struct UserRows<'a> {
    files: &'a UserFiles,
    tables: Vec<Table>,
}

impl UserRows<'_> {
    /// Number of rows.
    pub fn count(&self) -> usize {
        self.tables.iter().map(|table| table.numbers.nrows()).sum()
    }

    /// All rows, in the order of the files.
    pub fn numbers(&self) -> Array2<f64> {
        let tables: Vec<_> = self.tables.iter().map(|table| table.numbers.view()).collect();
        concatenate(Axis(0), &tables).expect("all have the columns that were asked for")
    }

    /// Name and SHA-256 of each file; the name says what it is for, not where it lies.
    pub fn sums(&self) -> impl Iterator<Item = (String, String)> {
        let name = |index| format!("objective.{}.{index}", self.files.key);
        self.tables
            .iter()
            .enumerate()
            .map(move |(index, table)| (name(index), table.sha256.clone()))
    }

    /// Whole numbers below a bound: labels, one in each row.
    ///
    /// # Errors
    /// When a row has something else.
    pub fn labels(&self, below: usize) -> Result<Vec<usize>> {
        let mut labels = Vec::new();
        for (path, table) in self.files.paths.iter().zip(&self.tables) {
            for (row, &number) in table.numbers.iter().enumerate() {
                if number.fract() != 0.0 || !(0.0..below as f64).contains(&number) {
                    let place = table.place(row);
                    let message = format!(
                        "{place} has the label {number}; expected a whole number from 0 to {}",
                        below - 1
                    );
                    return Err(self.files.refuse(path, &message));
                }
                labels.push(number as usize);
            }
        }
        Ok(labels)
    }

    /// Refuses another number of rows than there are.
    ///
    /// # Errors
    /// When there are more, or fewer; `why` says what the number is of.
    pub fn expect(&self, rows: usize, why: &str) -> Result<()> {
        let found = self.count();
        if found == rows {
            return Ok(());
        }
        self.misfit(format!("has {found} rows; expected {rows}, {why}"))
    }

    /// Refuses fewer rows.
    ///
    /// # Errors
    /// When there are fewer; `why` says what the number is of.
    pub fn expect_at_least(&self, rows: usize, why: &str) -> Result<()> {
        let found = self.count();
        if found >= rows {
            return Ok(());
        }
        self.misfit(format!("has {found} rows; expected at least {rows}, {why}"))
    }

    fn misfit(&self, message: String) -> Result<()> {
        let paths = &self.files.paths;
        let more = if paths.len() > 1 { " with the files before it" } else { "" };
        let last = paths.last().map_or("", String::as_str);
        Err(self.files.refuse(last, &format!("{message}{more}")))
    }
}
