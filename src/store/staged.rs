//! A set of files while it is made: see `publication`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::store::disk::Pieces;
use crate::store::publication::{EXPERIMENT, Journal, SUMS, Sums, is_output, render};
use crate::store::table::TABLES;
use crate::store::{Store, Stream, hexadecimal, sha256};

/// A set of files that is being staged; dropped without [`Publication::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Publication<'a> {
    store: &'a Store,
    folder: PathBuf,
    sums: Sums,
    /// The names of published files among them, which are not staged.
    kept: Vec<String>,
    /// Held from then on, so that no other program replaces them before the commit.
    lock: Option<File>,
    /// From the attempt to commit on, the staged files are the journal's.
    committed: bool,
}

impl Store {
    /// Begins a new set of published files.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn stage(&self) -> Result<Publication<'_>> {
        let folder = self.unfinished(self.root());
        self.disk.make_folder(&folder).map_err(Error::io(self.root()))?;
        Ok(Publication {
            store: self,
            folder,
            sums: Sums::new(),
            kept: Vec::new(),
            lock: None,
            committed: false,
        })
    }
}

impl Publication<'_> {
    /// Lists what is staged so far beside it, for who makes other files from it; returns the folder.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn list(&self) -> Result<&Path> {
        let store = self.store;
        let written = store.disk.write(&self.folder.join(SUMS), render(&self.sums).as_bytes());
        written.map_err(Error::io(store.root.join(SUMS)))?;
        Ok(&self.folder)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        debug_assert!(is_output(name), "{name}");
        let path = self.folder.join(name);
        if let Some(folder) = path.parent().filter(|folder| *folder != self.folder) {
            self.store.make_folder(folder)?;
        }
        // Errors name the place that the file is meant for.
        let written = self.store.disk.write(&path, bytes);
        written.map_err(Error::io(self.store.root.join(name)))?;
        self.sums.insert(name.into(), sha256(bytes));
        Ok(())
    }

    /// Adds a table, unless it has no rows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_table(&mut self, table: &Stream<'_>) -> Result<()> {
        if table.is_empty {
            return Ok(());
        }
        let store = self.store;
        let path = self.folder.join(table.name);
        let mut text = Hashed::of(Pieces::new(&*store.disk, &path));
        let written = table.write(&mut text).and_then(|()| {
            let sum = text.sum();
            text.to.finish().map(|()| sum)
        });
        let sum = written.map_err(Error::io(store.root.join(table.name)))?;
        self.sums.insert(table.name.into(), sum);
        Ok(())
    }

    /// Whether this file is published already with these very bytes, by the same experiment.
    ///
    /// # Errors
    /// When the published files cannot be read.
    pub fn is_published(&self, name: &str) -> Result<bool> {
        self.store.publishes(name, &self.sums)
    }

    /// A file that is published now, and still there.
    ///
    /// # Errors
    /// When it cannot be read, or is not as it was written.
    pub fn published(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let there = self.store.lists(name)? == Some(true) && self.store.root.join(name).exists();
        there.then(|| self.store.read(name)).transpose()
    }

    /// Makes published files part of this set, as they are; if all of them are there, `may` says yes, and
    /// all staged files and no other tables are published already, with these very bytes. Returns whether
    /// it did: then other programs that publish wait for the commit.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn keep<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n str>,
        may: impl FnOnce(&Self) -> Result<bool>,
    ) -> Result<bool> {
        let lock = self.store.lock_outputs()?;
        self.store.finish_locked()?;
        if !may(self)? {
            return Ok(false);
        }
        let Some(kept) = self.kept_locked(names)? else { return Ok(false) };
        self.kept.extend(kept.keys().cloned());
        self.sums.extend(kept);
        self.lock = Some(lock);
        Ok(true)
    }

    /// What of these is published with what is staged, if all of it is.
    fn kept_locked<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Option<Sums>> {
        let published = self.store.published()?;
        let is_staged = |name: &&str| self.sums.contains_key(*name);
        let mut tables = TABLES.iter().filter(|name| published.contains_key(**name));
        if !tables.all(is_staged) {
            return Ok(None);
        }
        let mut kept = Sums::new();
        for name in names {
            let Some(sum) = published.get(name) else { return Ok(None) };
            kept.insert(name.to_owned(), sum.clone());
        }
        for (name, sum) in self.sums.iter().chain(&kept) {
            if published.get(name) != Some(sum) || self.store.sum(name)?.as_ref() != Some(sum) {
                return Ok(None);
            }
        }
        Ok(Some(kept))
    }

    /// Publishes the staged files in the place of all that is published; of another experiment's
    /// files none stay, of the same one's those that `stays` says.
    ///
    /// # Errors
    /// [`Error::Incompatible`] when a file would be replaced or removed that the programs did not
    /// write; otherwise when a file cannot be read, written, moved or removed.
    pub fn commit(mut self, stays: impl Fn(&str) -> bool) -> Result<()> {
        let _lock = match self.lock.take() {
            Some(lock) => lock,
            None => self.store.lock_outputs()?,
        };
        self.store.finish_locked()?;
        self.commit_locked(stays)
    }

    fn commit_locked(mut self, stays: impl Fn(&str) -> bool) -> Result<()> {
        let store = self.store;
        let published = store.published()?;
        // Where files cannot be locked.
        if self.kept.iter().any(|name| published.get(name) != self.sums.get(name)) {
            return Err(store.replaced_meanwhile());
        }
        // The files were looked at a moment ago, and are this very set.
        if !self.kept.is_empty() && self.sums == published {
            return Ok(());
        }
        let same = match self.sums.get(EXPERIMENT) {
            Some(sum) => published.get(EXPERIMENT) == Some(sum),
            None => true,
        };
        let mut sums = self.sums.clone();
        for (name, sum) in &published {
            match store.sum(name)? {
                Some(found) if found != *sum => return Err(store.foreign(name)),
                Some(_) if sums.contains_key(name) => {}
                Some(_) if same && stays(name) => drop(sums.insert(name.clone(), sum.clone())),
                _ => {}
            }
        }
        for (name, sum) in &self.sums {
            if !published.contains_key(name) && store.sum(name)?.is_some_and(|found| found != *sum)
            {
                return Err(store.foreign(name));
            }
        }
        store.flush_folders(&self.folder, self.sums.keys())?;
        self.committed = true;
        let staged = self.folder.file_name().map(PathBuf::from).unwrap_or_default();
        store.commit_locked(&Journal { staged, sums, replaced: published })
    }

    /// Adds the staged files to those that are published, if these are still as `SHA256SUMS` was
    /// when the work on the former began; to a folder without one, the files alone.
    ///
    /// # Errors
    /// As for [`Publication::commit`].
    pub fn amend(self, sums: Option<&[u8]>) -> Result<()> {
        let store = self.store;
        if sums.is_none() {
            for (name, sum) in &self.sums {
                match store.sum(name)? {
                    None => {}
                    Some(found) if found == *sum => continue,
                    Some(_) => return Err(store.foreign(name)),
                }
                let (from, to) = (self.folder.join(name), store.root.join(name));
                store.disk.rename(&from, &to).map_err(Error::io(to))?;
            }
            return Ok(());
        }
        let _lock = store.lock_outputs()?;
        store.finish_locked()?;
        if store.sums()?.as_deref() != sums {
            return Err(store.replaced_meanwhile());
        }
        self.commit_locked(|_| true)
    }
}

impl Store {
    fn replaced_meanwhile(&self) -> Error {
        let message = "its results were replaced meanwhile; run the same command again".into();
        Error::Incompatible { path: self.root.clone(), message }
    }
}

impl Drop for Publication<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // What is left has a name that does not count.
            let _ = self.store.disk.remove(&self.folder);
        }
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
