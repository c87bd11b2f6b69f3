//! What a results folder publishes: one set of files, listed with their checksums in `SHA256SUMS`,
//! and replaced as one.
//!
//! A new set is staged in a folder of its own. Its commit point is the journal
//! `publication.json`: before it is there, the old set stands; once it is there, the new one does,
//! and whoever opens the folder finishes what the journal says. Meanwhile there is no
//! `SHA256SUMS`, which goes first and comes last, so that it never lists a mixture.
//!
//! Only files that `SHA256SUMS` lists, and that are as it says, are replaced or removed: others are
//! somebody's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::record::TimingRow;
use crate::store::table::{TABLES, Table};
use crate::store::task::read_if_there;
use crate::store::{Store, json, lock, sha256};

/// Lists what is published.
pub const SUMS: &str = "SHA256SUMS";
/// The experiment as it was understood.
pub const EXPERIMENT: &str = "experiment.toml";
/// Where the results come from.
pub const PROVENANCE: &str = "provenance.json";
/// Everything on one page.
pub const REPORT: &str = "report.html";
/// The folder of changes of variables.
pub const BASES: &str = "basis";
/// The folder of instances.
pub const INSTANCE: &str = "instance";
/// The folders of arrays.
pub(super) const ARRAYS: [&str; 2] = [BASES, INSTANCE];
const JOURNAL: &str = "publication.json";

/// Whether a published file has the same bytes whenever the same program makes it of the same
/// experiment on the same kind of machine. What says how long things took, or when, has not; nor
/// have the lines of [`SUMS`] that are about such files.
pub fn is_reproducible(name: &str) -> bool {
    ![TimingRow::FILE, PROVENANCE, REPORT].contains(&name)
}

/// Checksums by the names of files.
pub(super) type Sums = BTreeMap<String, String>;

/// The commit point of a publication.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The folder of the new files.
    pub staged: PathBuf,
    /// The new set.
    pub sums: Sums,
    /// The old set, which tells its files from those that came meanwhile.
    pub replaced: Sums,
}

impl Store {
    /// Finishes a publication that was committed and then cut short. To be called before published
    /// files are read; [`Store::open`] does.
    ///
    /// # Errors
    /// When a file cannot be moved, written or removed, or the journal is damaged.
    pub fn finish_publication(&self) -> Result<()> {
        if read_if_there(&*self.disk, &self.root.join(JOURNAL))?.is_none() {
            return Ok(());
        }
        let _lock = self.lock_outputs()?;
        self.finish_locked()
    }

    /// What a look at the published files finds while they stay as they are: where another program
    /// published meanwhile, it is taken again.
    pub(super) fn settled<T>(&self, look: impl Fn() -> Result<T>) -> Result<T> {
        loop {
            self.finish_publication()?;
            self.check_place(SUMS)?;
            let before = self.sums()?;
            let found = look();
            let publishing = read_if_there(&*self.disk, &self.root.join(JOURNAL))?.is_some();
            if !publishing && self.sums()? == before {
                return found;
            }
        }
    }

    /// A published file. A folder of tables without `SHA256SUMS`, put together by someone else, is
    /// taken as it is.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Corrupt`] when it is not as it was written,
    /// or not of the published set.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        self.settled(|| self.read_now(name))
    }

    fn read_now(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.root.join(name);
        let bytes = self.disk.read(&path).map_err(Error::io(&path))?;
        let Some(sums) = self.sums()? else {
            return Ok(bytes);
        };
        let listed = entries(&sums);
        if render(&listed).as_bytes() != sums {
            return Err(Error::Corrupt {
                path: self.root.join(SUMS),
                message:
                    "is not as it was written, so it is not known which files belong together; \
                          move it away and run the experiment again (finished tasks are not \
                          repeated)"
                        .into(),
            });
        }
        let message = match listed.get(name) {
            Some(sum) if *sum == sha256(&bytes) => return Ok(bytes),
            Some(_) => format!(
                "is not as {SUMS} has it; move it away and run the experiment again (finished \
                 tasks are not repeated)"
            ),
            None => format!(
                "is not listed in {SUMS}, so it is not known whether it belongs to the other \
                 files; to draw from tables as they are, copy them and {EXPERIMENT} to a folder \
                 without {SUMS}"
            ),
        };
        Err(Error::Corrupt { path, message })
    }

    /// `SHA256SUMS` as it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sums(&self) -> Result<Option<Vec<u8>>> {
        read_if_there(&*self.disk, &self.root.join(SUMS))
    }

    /// Whether a file is published; `None` where there is no `SHA256SUMS`.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn lists(&self, name: &str) -> Result<Option<bool>> {
        Ok(self.sums()?.map(|sums| entries(&sums).contains_key(name)))
    }

    /// Refuses when a file of one of these names, or one that was published before, is there but is
    /// not what the programs wrote: so that this comes to light before any work.
    ///
    /// # Errors
    /// [`Error::Incompatible`], naming the file.
    pub fn check_outputs(&self, names: &[String]) -> Result<()> {
        self.settled(|| self.check_outputs_now(names))
    }

    fn check_outputs_now(&self, names: &[String]) -> Result<()> {
        let published = self.published()?;
        for name in names.iter().chain(published.keys()) {
            if let Some(found) = self.sum(name)?
                && published.get(name) != Some(&found)
            {
                return Err(self.foreign(name));
            }
        }
        Ok(())
    }

    /// Whether this file is published with this checksum, by the experiment with that one.
    pub(super) fn publishes(&self, name: &str, sums: &Sums) -> Result<bool> {
        self.settled(|| {
            let published = self.published()?;
            let same = |name: &str| sums.get(name) == published.get(name);
            Ok(same(EXPERIMENT) && same(name) && self.sum(name)? == published.get(name).cloned())
        })
    }

    /// Removes all that is published.
    pub(super) fn withdraw_locked(&self) -> Result<()> {
        self.check_outputs_now(&[])?;
        let replaced = self.published()?;
        self.commit_locked(&Journal { staged: PathBuf::new(), sums: Sums::new(), replaced })
    }

    /// Held while the published files, or what the folder is bound to, change.
    pub(super) fn lock_outputs(&self) -> Result<std::fs::File> {
        self.make_folder(&self.locks())?;
        let file = self.lock_file("outputs")?;
        lock::wait_exclusive(&file).map_err(Error::io(self.locks().join("outputs")))?;
        Ok(file)
    }

    /// The published set.
    pub(super) fn published(&self) -> Result<Sums> {
        self.check_place(SUMS)?;
        let Some(bytes) = self.sums()? else {
            return Ok(Sums::new());
        };
        let sums = entries(&bytes);
        let written = render(&sums).as_bytes() == bytes
            && sums.contains_key(EXPERIMENT)
            && sums.keys().all(|name| is_output(name));
        if written { Ok(sums) } else { Err(self.foreign(SUMS)) }
    }

    /// Refuses a folder or a pipe in the place of a file.
    fn check_place(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        if path.exists() && !path.is_file() { Err(self.foreign(name)) } else { Ok(()) }
    }

    /// The checksum of a file, if it is there.
    pub(super) fn sum(&self, name: &str) -> Result<Option<String>> {
        let path = self.root.join(name);
        // A file in the place of the folder which it is in.
        if path.parent().is_some_and(|parent| *parent != self.root && parent.is_file()) {
            let folder = ARRAYS.iter().find(|folder| name.starts_with(*folder));
            return Err(self.foreign(folder.unwrap_or(&BASES)));
        }
        self.check_place(name)?;
        Ok(read_if_there(&*self.disk, &path)?.map(|bytes| sha256(&bytes)))
    }

    pub(super) fn foreign(&self, name: &str) -> Error {
        let path = self.root.join(name);
        let message = if is_output(name) && !self.root.join(SUMS).exists() {
            format!(
                "is not written over or removed: there is no {SUMS} that says that these programs \
                 wrote it; move it and the tables and figures beside it away, or choose another \
                 folder with --out (finished tasks stay and are not repeated)"
            )
        } else {
            "is not as these programs wrote it, or not theirs at all, and is not written over or \
             removed; move it away, or choose another folder with --out"
                .into()
        };
        Error::Incompatible { path, message }
    }

    pub(super) fn commit_locked(&self, journal: &Journal) -> Result<()> {
        self.write(JOURNAL, &json(journal))?;
        self.apply(journal)
    }

    pub(super) fn finish_locked(&self) -> Result<()> {
        let path = self.root.join(JOURNAL);
        let Some(bytes) = read_if_there(&*self.disk, &path)? else { return Ok(()) };
        let plain = |folder: &Path| folder.components().count() <= 1 && !folder.is_absolute();
        match serde_json::from_slice::<Journal>(&bytes) {
            Ok(journal)
                if plain(&journal.staged)
                    && journal.replaced.keys().chain(journal.sums.keys()).all(|n| is_output(n)) =>
            {
                self.check_pending(&journal)?;
                self.apply(&journal)
            }
            _ => Err(Error::Corrupt {
                path,
                message: "is not as it was written, so the tables and figures in this folder \
                          cannot be told apart; remove it, SHA256SUMS and them, and run the \
                          experiment again (finished tasks are not repeated)"
                    .into(),
            }),
        }
    }

    /// Refuses when somebody put a file in the place of one that is still to be moved or removed.
    fn check_pending(&self, journal: &Journal) -> Result<()> {
        for name in journal.replaced.keys().chain(journal.sums.keys()) {
            let found = self.sum(name)?;
            let ours = [&journal.replaced, &journal.sums].map(|sums| sums.get(name));
            if found.is_some() && !ours.contains(&found.as_ref()) {
                return Err(self.foreign(name));
            }
        }
        let lists = [&journal.replaced, &journal.sums].map(render);
        match self.sums()? {
            Some(found) if !lists.iter().any(|list| list.as_bytes() == found) => {
                Err(self.foreign(SUMS))
            }
            _ => Ok(()),
        }
    }

    /// Has a power cut leave the files of these names where they are in a folder: in it, or in those in it.
    pub(super) fn flush_folders<'a>(
        &self,
        folder: &Path,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<()> {
        let inner = names.filter_map(|name| Some(folder.join(Path::new(name).parent()?)));
        let folders: BTreeSet<PathBuf> = inner.chain([folder.to_path_buf()]).collect();
        // Of files that stay where they were there may be no folder.
        for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
            self.disk.flush_folder(&folder).map_err(Error::io(&folder))?;
        }
        Ok(())
    }

    /// Does what is left to do of a publication; done twice, it does the same.
    fn apply(&self, journal: &Journal) -> Result<()> {
        let staged = self.root.join(&journal.staged);
        self.remove(SUMS)?;
        for name in journal.replaced.keys().filter(|name| !journal.sums.contains_key(*name)) {
            self.remove(name)?;
        }
        for name in journal.sums.keys() {
            let path = self.root.join(name);
            if let Some(folder) = path.parent().filter(|folder| *folder != self.root) {
                self.make_folder(folder)?;
            }
            match self.disk.rename(&staged.join(name), &path) {
                // It stays, or was moved before.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                moved => moved.map_err(Error::io(&path))?,
            }
        }
        self.flush_folders(&self.root, journal.sums.keys())?;
        // Only if it is empty.
        for folder in ARRAYS {
            let _ = std::fs::remove_dir(self.root.join(folder));
        }
        if !journal.sums.is_empty() {
            self.write(SUMS, render(&journal.sums).as_bytes())?;
        }
        self.remove(JOURNAL)?;
        if journal.staged.as_os_str().is_empty() {
            return Ok(());
        }
        match self.disk.remove(&staged) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(Error::io(staged)),
        }
    }
}

/// Whether the programs make files of this name.
pub(super) fn is_output(name: &str) -> bool {
    let plain = |stem: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_%.".contains(c);
        !stem.is_empty() && !stem.starts_with('.') && stem.chars().all(allowed)
    };
    let ends = |name: &str, ends: &[&str]| {
        name.rsplit_once('.').is_some_and(|(stem, end)| plain(stem) && ends.contains(&end))
    };
    match name.split_once('/').filter(|(folder, _)| ARRAYS.contains(folder)) {
        Some((_, array)) => ends(array, &["npy"]),
        None => {
            [EXPERIMENT, PROVENANCE, REPORT].contains(&name)
                || TABLES.contains(&name)
                || ends(name, &["png", "svg"])
        }
    }
}

/// The lines that can be understood.
fn entries(sums: &[u8]) -> Sums {
    String::from_utf8_lossy(sums)
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect()
}

pub(super) fn render(sums: &Sums) -> String {
    let mut text = String::new();
    for (name, sum) in sums {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{sum}  {name}");
    }
    text
}
