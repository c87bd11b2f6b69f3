//! The only code that writes under a results folder.
//!
//! A task is absent or complete: its files are written to a temporary folder, flushed to disk and
//! renamed into place, with row counts and checksums that are verified whenever it is read.
//! Re-running the same experiment is the resume. What is made from the tasks is published as one
//! set (`publication`), which is verified too.
//!
//! ```text
//! store.json           what the folder is bound to: the experiment, its data, the schema
//! tasks/KEY/           a finished task: its tables, and task.json with row counts and checksums
//! locks/               who works on what; holds nothing
//! log.jsonl            what happened, with its time
//! experiment.toml      the experiment as it was understood
//! provenance.json      where the results come from
//! runs.csv …           merged tables
//! fig5c.png …          figures
//! report.html          all of these on one page
//! basis/               changes of variables
//! points/NAME/         results folders of a study's points, whose tasks are those above (`within`)
//! SHA256SUMS           the checksums of all of these (sha256sum --check SHA256SUMS)
//! ```

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::provenance::BuildInfo;
use crate::record::TimingRow;

mod clearing;
mod disk;
mod identity;
mod lock;
mod log;
mod name;
mod publication;
mod staged;
mod standalone;
mod table;
mod task;
mod within;

pub(crate) use disk::no_file;
pub use disk::{Disk, LocalDisk};
pub use identity::Identity;
pub use log::{LOG, Log};
pub use name::file_name;
pub use publication::{BASES, EXPERIMENT, INSTANCE, PROVENANCE, REPORT, SUMS, is_reproducible};
pub use staged::Publication;
pub use standalone::{check_standalone, write_standalone};
pub use table::{Csv, Stream, TABLES, Table};
pub use task::{Finished, Stored, Tables};

use lock::Lock;
use task::{manifest, read_if_there};

/// A results folder.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    /// The folder that holds its tasks and locks: itself, or the one that it is in.
    home: PathBuf,
    disk: Arc<dyn Disk>,
    /// Locked by all who work in the folder; `None`: only looked at.
    presence: Option<Arc<File>>,
}

/// Holds a task against other runners on the same folder until dropped.
#[derive(Debug)]
pub struct TaskLock(
    #[expect(dead_code, reason = "the lock lives as long as the file is open")] File,
);

/// Which experiment the folder is for.
pub const IDENTITY: &str = "store.json";
/// The lock that all who work in the folder share.
const RUNNERS: &str = "runners";
const UNFINISHED: &str = ".unfinished-";

/// What is called unfinished and is older than this was left behind by a program that was killed;
/// writing a task's files takes a fraction of a second.
const LEFT_BEHIND: Duration = Duration::from_secs(600);

impl Store {
    /// Opens a results folder, making it (but not its parent) if need be. A publication that was cut
    /// short is finished; nothing else that is there is changed, except that what killed programs
    /// left unfinished is removed when nobody else works in the folder.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be made or written to; [`Error::Incompatible`] when it holds
    /// another experiment, with the keys that differ.
    pub fn open(root: &Path, identity: &Identity) -> Result<Self> {
        Self::open_on(Arc::new(LocalDisk), root, identity)
    }

    /// [`Store::open`], but of another experiment nothing is left.
    ///
    /// # Errors
    /// As for [`Store::open`]; [`Error::Incompatible`] when another program works in the folder, or
    /// a published file was changed since.
    pub fn replace(root: &Path, identity: &Identity) -> Result<Self> {
        Self::open_as(Arc::new(LocalDisk), root, identity, true)
    }

    /// [`Store::open`] on another file system than the operating system's.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_on(disk: Arc<dyn Disk>, root: &Path, identity: &Identity) -> Result<Self> {
        Self::open_as(disk, root, identity, false)
    }

    fn open_as(
        disk: Arc<dyn Disk>,
        root: &Path,
        identity: &Identity,
        replace: bool,
    ) -> Result<Self> {
        let mut store = Self { disk, ..Self::peek(root) };
        for folder in [root, &store.tasks(), &store.locks()] {
            store.make_folder(folder)?;
        }
        store.probe()?;
        let runners = store.lock_file(RUNNERS)?;
        let failed = || Error::io(store.locks().join(RUNNERS));
        let outputs = store.lock_outputs()?;
        let alone = lock::exclusive(&runners).map_err(failed())? == Lock::Held;
        store.finish_locked()?;
        store.finish_inner_locked()?;
        if alone {
            store.remove_left_behind(if replace { Duration::ZERO } else { LEFT_BEHIND })?;
        }
        store.bind(identity, replace, alone)?;
        drop(outputs);
        lock::wait_shared(&runners).map_err(failed())?;
        store.presence = Some(Arc::new(runners));
        Ok(store)
    }

    /// A results folder for reading, whether it is there or not.
    pub fn peek(root: &Path) -> Self {
        let disk = Arc::new(LocalDisk);
        Self { root: root.to_path_buf(), home: root.to_path_buf(), disk, presence: None }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a task.
    pub fn task(&self, key: &str) -> PathBuf {
        self.tasks().join(key)
    }

    fn tasks(&self) -> PathBuf {
        self.home.join("tasks")
    }

    fn locks(&self) -> PathBuf {
        self.home.join("locks")
    }

    fn make_folder(&self, path: &Path) -> Result<()> {
        match self.disk.make_folder(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let what = if path.is_symlink() && !path.exists() {
                    "is a link to what is not there"
                } else {
                    "is a file where a folder is needed"
                };
                let message = format!("{what}; move it away, or choose another folder with --out");
                Err(Error::Incompatible { path: path.into(), message })
            }
            made => made.map_err(Error::io(path)),
        }
    }

    /// Finds out whether results can be written, before there are any.
    fn probe(&self) -> Result<()> {
        let path = self.unfinished(&self.tasks());
        let written = self.disk.write(&path, &[b'?'; 4096]);
        let removed = self.disk.remove(&path);
        written.and(removed).map_err(Error::io(&self.root))
    }

    /// Whether the folder may be opened as it is, without a change to it.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn check_bound(&self, identity: &Identity) -> Result<()> {
        self.bound(identity).map(drop)
    }

    /// What the folder is bound to, as bytes, and what it is once it is opened; nothing, if it is not yet.
    fn bound(&self, identity: &Identity) -> Result<Option<(Vec<u8>, Identity)>> {
        match read_if_there(&*self.disk, &self.root.join(IDENTITY))? {
            Some(bytes) => identity.check(&self.root, &bytes).map(|then| Some((bytes, then))),
            None if self.root.join(SUMS).exists() => Err(Error::Incompatible {
                path: self.root.clone(),
                message: format!(
                    "{IDENTITY} is gone, which says what experiment the files listed in {SUMS} are \
                     of; choose another folder with --out, or --replace what it holds"
                ),
            }),
            None => Ok(None),
        }
    }

    /// Whether it is bound to an experiment: work was begun in it.
    pub fn is_bound(&self) -> bool {
        self.root.join(IDENTITY).is_file()
    }

    /// Checks what the folder is bound to, or binds it.
    fn bind(&self, identity: &Identity, replace: bool, alone: bool) -> Result<()> {
        let bind = |identity: &Identity| self.write(IDENTITY, &json(identity));
        match self.bound(identity) {
            Ok(Some((bytes, then))) if bytes == json(&then) => Ok(()),
            Ok(Some((_, then))) => bind(&then),
            Ok(None) => bind(identity),
            Err(Error::Incompatible { path, .. }) if replace && path == self.root => {
                if !alone {
                    return Err(self.in_use("its results are not replaced"));
                }
                self.check_tasks()?;
                self.check_log()?;
                self.remove_inner_locked(|_| false)?;
                self.withdraw_locked()?;
                self.clear_alone()?;
                self.remove_locks()?;
                self.remove(LOG)?;
                bind(identity)
            }
            Err(error) => Err(error),
        }
    }

    fn in_use(&self, so: &str) -> Error {
        Error::Incompatible {
            path: self.root.clone(),
            message: format!(
                "another program works in this folder, so {so}; wait for it, or stop it"
            ),
        }
    }

    /// A name that nobody else uses, for what is not finished yet.
    fn unfinished(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{UNFINISHED}{:016x}", RandomState::new().hash_one(())))
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.locks().join(name);
        self.disk.open_lock(&path).map_err(Error::io(&path))
    }

    /// Takes a piece of work for this process; `None` when another runner has it.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub fn lock_task(&self, work: &str) -> Result<Option<TaskLock>> {
        let name = file_name(work);
        let file = self.lock_file(&name)?;
        let lock = lock::exclusive(&file).map_err(Error::io(self.locks().join(name)))?;
        Ok((lock != Lock::Taken).then_some(TaskLock(file)))
    }

    /// What there is of a task.
    ///
    /// # Errors
    /// When the files cannot be read; missing and damaged ones are no errors.
    pub fn load(&self, key: &str) -> Result<Stored> {
        task::load(&*self.disk, &self.task(key), key)
    }

    /// Stores a finished task, with how long it and its phases took.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is left that counts as finished.
    pub fn save(
        &self,
        key: &str,
        tables: Tables,
        seconds: f64,
        timings: Vec<TimingRow>,
    ) -> Result<()> {
        let finished = Finished { tables, build: BuildInfo::this().clone(), seconds, timings };
        let temporary = self.unfinished(&self.tasks());
        let saved = self.save_by_way_of(&temporary, key, &finished);
        if saved.is_err() {
            // What is left has a name that does not count; the error says what is wrong.
            let _ = self.disk.remove(&temporary);
        }
        saved
    }

    fn save_by_way_of(&self, temporary: &Path, key: &str, finished: &Finished) -> Result<()> {
        let folder = self.task(key);
        self.disk.make_folder(temporary).map_err(Error::io(&folder))?;
        let manifest = manifest(key, finished);
        let tables = finished.tables.iter().map(|(name, csv)| (name.as_str(), &csv.bytes));
        for (name, bytes) in tables.chain([(task::MANIFEST, &manifest)]) {
            let written = self.disk.write(&temporary.join(name), bytes);
            written.map_err(Error::io(folder.join(name)))?;
        }
        self.disk.flush_folder(temporary).map_err(Error::io(&folder))?;
        if self.disk.rename(temporary, &folder).is_err() {
            // There may be a damaged one, or one that another runner finished first, where locks
            // do not work.
            match self.load(key)? {
                Stored::Complete(_) => {
                    return self.disk.remove(temporary).map_err(Error::io(&folder));
                }
                Stored::Damaged(_) => {
                    let aside = self.unfinished(&self.tasks());
                    self.disk.rename(&folder, &aside).map_err(Error::io(&folder))?;
                    self.disk.remove(&aside).map_err(Error::io(&folder))?;
                }
                Stored::Absent => {}
            }
            self.disk.rename(temporary, &folder).map_err(Error::io(&folder))?;
        }
        self.disk.flush_folder(&self.tasks()).map_err(Error::io(self.tasks()))
    }

    /// Writes a file of the results folder in one step: readers see the old one or the new one.
    ///
    /// # Errors
    /// When it cannot be written; the old file is then unharmed.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.write_by(name, |temporary| self.disk.write(temporary, bytes))
    }

    fn write_by(&self, name: &str, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
        let (path, temporary) = (self.root.join(name), self.unfinished(&self.root));
        let written = write(&temporary)
            .and_then(|()| self.disk.rename(&temporary, &path))
            .and_then(|()| self.disk.flush_folder(&self.root));
        if written.is_err() {
            // As in `save`.
            let _ = self.disk.remove(&temporary);
        }
        written.map_err(Error::io(path))
    }

    /// Removes a file of the results folder, if it is there.
    fn remove(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        match self.disk.remove(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(Error::io(path)),
        }
    }
}

/// Whether [`Store::unfinished`] makes such names.
fn is_unfinished(name: &str) -> bool {
    let number = name.strip_prefix(UNFINISHED).unwrap_or_default();
    number.len() == 16 && number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes))
}

fn hexadecimal(hash: impl AsRef<[u8]>) -> String {
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A table as a JSON object, whose keys are sorted.
pub(crate) fn json_object(table: &toml::Table) -> serde_json::Value {
    serde_json::to_value(table)
        .expect("tables of texts, numbers, flags and lists of them have a JSON form")
}

/// Indented, as a file.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .expect("strings, numbers and lists of them have a JSON form");
    bytes.push(b'\n');
    bytes
}
