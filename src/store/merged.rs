//! The merged tables of a results folder and `SHA256SUMS`, which tells whether they are as written
//! and belong together.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::store::disk::Pieces;
use crate::store::task::read_if_there;
use crate::store::{Store, Stream, hexadecimal, lock, sha256};

const SUMS: &str = "SHA256SUMS";
const EXPERIMENT: &str = "experiment.toml";

/// Checksums by the names of files.
type Sums = BTreeMap<String, String>;

impl Store {
    /// Replaces the merged tables; those without rows are removed. Other tables stay if they belong
    /// to the same experiment, and are removed otherwise.
    ///
    /// # Errors
    /// When a file cannot be written; the next attempt then makes up for it, and until then readers
    /// are told.
    pub fn publish(&self, experiment: &str, tables: &[Stream<'_>]) -> Result<()> {
        let lock = self.lock_file("tables")?;
        lock::wait_exclusive(&lock).map_err(Error::io(self.root.join("locks/tables")))?;
        let found = read_if_there(&*self.disk, &self.root.join(SUMS))?.unwrap_or_default();
        let mut sums = Sums::new();
        for (name, sum) in parse(&found) {
            // What is not as it was written is not trusted any more.
            let bytes = read_if_there(&*self.disk, &self.root.join(&name))?;
            if bytes.is_some_and(|bytes| sha256(&bytes) == sum) {
                sums.insert(name, sum);
            }
        }
        let same = read_if_there(&*self.disk, &self.root.join(EXPERIMENT))?;
        if same.as_deref() != Some(experiment.as_bytes()) {
            for (name, _) in std::mem::take(&mut sums) {
                if !tables.iter().any(|table| table.name == name) {
                    self.remove(&name)?;
                }
            }
        }
        self.replace(EXPERIMENT, experiment.as_bytes(), &mut sums)?;
        for table in tables {
            if table.is_empty {
                self.remove(table.name)?;
                sums.remove(table.name);
            } else {
                self.replace_table(table, &mut sums)?;
            }
        }
        let mut text = String::new();
        for (name, sum) in &sums {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{sum}  {name}");
        }
        if text.as_bytes() == found { Ok(()) } else { self.write(SUMS, text.as_bytes()) }
    }

    /// Writes a file unless it is there already, with these bytes.
    fn replace(&self, name: &str, bytes: &[u8], sums: &mut Sums) -> Result<()> {
        sums.insert(name.into(), sha256(bytes));
        let found = read_if_there(&*self.disk, &self.root.join(name))?;
        if found.as_deref() == Some(bytes) { Ok(()) } else { self.write(name, bytes) }
    }

    /// Writes a table unless it is there already, as its checksum among those of the files found
    /// tells.
    fn replace_table(&self, table: &Stream<'_>, sums: &mut Sums) -> Result<()> {
        if let Some(found) = sums.remove(table.name) {
            let mut text = Hashed::of(io::sink());
            table.write(&mut text).expect("rows are flat structs of numbers and texts");
            if text.sum() == found {
                sums.insert(table.name.into(), found);
                return Ok(());
            }
        }
        self.write_by(table.name, |temporary| {
            let mut text = Hashed::of(Pieces::new(&*self.disk, temporary));
            table.write(&mut text)?;
            sums.insert(table.name.into(), text.sum());
            text.to.finish()
        })
    }

    /// A merged table, or `experiment.toml`. A folder of tables without `SHA256SUMS`, put together
    /// by someone else, is taken as it is.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Corrupt`] when it is not as it was written.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.root.join(name);
        let bytes = self.disk.read(&path).map_err(Error::io(&path))?;
        let Some(sums) = read_if_there(&*self.disk, &self.root.join(SUMS))? else {
            return Ok(bytes);
        };
        if parse(&sums).get(name) == Some(&sha256(&bytes)) {
            return Ok(bytes);
        }
        Err(Error::Corrupt {
            path,
            message: format!(
                "is not as {SUMS} has it; run the experiment again to write the tables anew \
                 (finished tasks are not repeated)"
            ),
        })
    }
}

/// A writer that knows the checksum of what was written.
struct Hashed<W> {
    hash: Sha256,
    to: W,
}

impl<W> Hashed<W> {
    fn of(to: W) -> Self {
        Self { hash: Sha256::new(), to }
    }

    fn sum(&self) -> String {
        hexadecimal(self.hash.clone().finalize())
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The lines that can be understood; files whose lines cannot will not be trusted.
fn parse(sums: &[u8]) -> Sums {
    String::from_utf8_lossy(sums)
        .lines()
        .filter_map(|line| line.split_once("  "))
        .filter(|(_, name)| !name.contains(['/', '\\']) && !name.starts_with('.'))
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect()
}
