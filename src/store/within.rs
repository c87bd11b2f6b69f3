//! Results folders in another one: each publishes a set of its own, of tasks that all of them share.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::store::{SUMS, Store};

/// Where they are.
const POINTS: &str = "points";

impl Store {
    /// The results folder `points/NAME` in this one, made if need be. Its tasks and locks are those of
    /// this folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn within(&self, name: &str) -> Result<Self> {
        let inner = self.inner(name);
        for folder in [&self.points(), &inner.root] {
            self.make_folder(folder)?;
        }
        Ok(inner)
    }

    /// The same for a look, whether it is there or not.
    pub fn inner(&self, name: &str) -> Self {
        Self { root: self.points().join(name), home: self.home.clone(), ..self.clone() }
    }

    /// The names of the results folders in this one, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn inner_names(&self) -> Result<Vec<String>> {
        let folder = self.points();
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::io(&folder))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io(&folder))?;
            let is_results = entry.path().is_dir();
            names.extend(entry.file_name().into_string().ok().filter(|_| is_results));
        }
        names.sort();
        Ok(names)
    }

    /// Removes what the results folders in this one publish, but for those that stay.
    ///
    /// # Errors
    /// [`Error::Incompatible`] when a file was changed since it was published; otherwise when it cannot
    /// be removed.
    pub fn remove_inner(&self, stays: impl Fn(&str) -> bool) -> Result<()> {
        let _lock = self.lock_outputs()?;
        self.remove_inner_locked(stays)
    }

    pub(super) fn remove_inner_locked(&self, stays: impl Fn(&str) -> bool) -> Result<()> {
        for name in self.inner_names()?.into_iter().filter(|name| !stays(name)) {
            let inner = self.inner(&name);
            inner.finish_locked()?;
            if inner.root.join(SUMS).exists() {
                inner.withdraw_locked()?;
            }
            // Only if nothing of anybody else's is there.
            let _ = std::fs::remove_dir(&inner.root);
        }
        let _ = std::fs::remove_dir(self.points());
        Ok(())
    }

    /// Finishes publications of those that were cut short.
    pub(super) fn finish_inner_locked(&self) -> Result<()> {
        self.inner_names()?.iter().try_for_each(|name| self.inner(name).finish_locked())
    }

    /// This folder and those in it.
    pub(super) fn all_roots(&self) -> Result<Vec<PathBuf>> {
        let inner = self.inner_names()?;
        let inner = inner.iter().map(|name| self.inner(name).root);
        Ok(std::iter::once(self.root.clone()).chain(inner).collect())
    }

    fn points(&self) -> PathBuf {
        self.home.join(POINTS)
    }
}
