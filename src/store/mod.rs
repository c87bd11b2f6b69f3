//! The only code that writes under a results folder.
//!
//! A task is absent or complete: its files are written to a temporary folder, flushed to disk and
//! renamed into place, with row counts and checksums that are verified whenever it is read.
//! Re-running the same experiment is the resume.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::record::SCHEMA;

mod table;

pub use table::{Table, from_csv, to_csv};

/// What a results folder is bound to: results of another schema or other data are not mixed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the tables' schema.
    pub schema: u32,
    /// Name and SHA-256 of each data file.
    pub data: Vec<(String, String)>,
}

impl Identity {
    /// The current schema with these data files.
    pub fn new(data: Vec<(String, String)>) -> Self {
        Self { schema: SCHEMA, data }
    }
}

/// What is known of a finished task beside its tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    key: String,
    /// Wall-clock seconds that the task took.
    seconds: f64,
    tables: BTreeMap<String, Checksum>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Checksum {
    bytes: u64,
    sha256: String,
}

/// The tables of one task, by name.
pub type Tables = BTreeMap<String, Vec<u8>>;

/// A results folder.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// Holds a trial against other runners on the same folder until dropped.
#[derive(Debug)]
pub struct Claim(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

const IDENTITY: &str = "store.json";
const MANIFEST: &str = "task.json";

impl Store {
    /// Opens a results folder, making it if need be; nothing that is there is changed.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be made or written to; [`Error::Incompatible`] when it holds
    /// results of another schema or of other data.
    pub fn open(root: &Path, identity: &Identity) -> Result<Self> {
        let store = Self { root: root.to_path_buf() };
        for folder in [store.tasks(), store.locks()] {
            fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        }
        let probe = tempfile::tempfile_in(store.tasks());
        probe.and_then(|mut file| file.write_all(b"probe")).map_err(Error::io(store.tasks()))?;
        let path = root.join(IDENTITY);
        match fs::read(&path) {
            Ok(bytes) => {
                let found: Option<Identity> = serde_json::from_slice(&bytes).ok();
                if found.as_ref() != Some(identity) {
                    return Err(Error::Incompatible {
                        path,
                        message: "the folder holds results of another schema or of other data; \
                                  choose another folder with --out, or move this one away"
                            .into(),
                    });
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                store.write(IDENTITY, &json(identity))?;
            }
            Err(error) => return Err(Error::Io { path, source: error }),
        }
        Ok(store)
    }

    /// A results folder for reading, whether it is there or not.
    pub fn peek(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn tasks(&self) -> PathBuf {
        self.root.join("tasks")
    }

    fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// Forgets all finished tasks.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn clear(&self) -> Result<()> {
        let tasks = self.tasks();
        fs::remove_dir_all(&tasks).map_err(Error::io(&tasks))?;
        fs::create_dir(&tasks).map_err(Error::io(&tasks))
    }

    /// Takes a trial for this process; `None` when another runner works on it.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub fn claim(&self, trial: usize) -> Result<Option<Claim>> {
        let path = self.locks().join(format!("trial-{trial}"));
        let file = File::create(&path).map_err(Error::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Claim(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(Error::Io { path, source }),
        }
    }

    /// The tables of a finished task; `None` when it is absent or damaged.
    ///
    /// # Errors
    /// When the files cannot be read for other reasons.
    pub fn load(&self, key: &str) -> Result<Option<Tables>> {
        read_verified(&self.tasks().join(key), key)
    }

    /// Stores a finished task.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is left that counts as finished.
    pub fn save(&self, key: &str, tables: &Tables, seconds: f64) -> Result<()> {
        let folder = self.tasks().join(key);
        let checksum =
            |bytes: &Vec<u8>| Checksum { bytes: bytes.len() as u64, sha256: sha256(bytes) };
        let manifest = Manifest {
            schema: SCHEMA,
            key: key.into(),
            seconds,
            tables: tables.iter().map(|(name, bytes)| (name.clone(), checksum(bytes))).collect(),
        };
        let temporary = tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempdir_in(self.tasks())
            .map_err(Error::io(&folder))?;
        for (name, bytes) in tables {
            write_synced(&temporary.path().join(name), bytes)?;
        }
        write_synced(&temporary.path().join(MANIFEST), &json(&manifest))?;
        set_mode(temporary.path(), 0o755)?;
        sync_folder(temporary.path())?;
        if folder.exists() {
            // Whoever stores a task holds its trial's claim, so this is a damaged one.
            fs::remove_dir_all(&folder).map_err(Error::io(&folder))?;
        }
        fs::rename(temporary.path(), &folder).map_err(Error::io(&folder))?;
        // The folder now has its final name, so there is nothing left to clean up.
        let _ = temporary.keep();
        sync_folder(&self.tasks())
    }

    /// Writes a file of the results folder in one step: readers see the old one or the new one.
    ///
    /// # Errors
    /// When it cannot be written; the old file is then unharmed.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(name);
        let failed = || Error::io(&path);
        let mut file = tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempfile_in(&self.root)
            .map_err(failed())?;
        file.write_all(bytes).map_err(failed())?;
        file.as_file().sync_all().map_err(failed())?;
        set_mode(file.path(), 0o644)?;
        file.persist(&path).map_err(|error| failed()(error.error))?;
        sync_folder(&self.root)
    }

    /// Removes a file of the results folder, if it is there.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::Io { path, source: error })
            }
            _ => Ok(()),
        }
    }
}

/// The tables of a task folder, or `None` if anything about it is not as it was written.
fn read_verified(folder: &Path, key: &str) -> Result<Option<Tables>> {
    let Some(manifest) = read_if_there(&folder.join(MANIFEST))? else { return Ok(None) };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&manifest) else { return Ok(None) };
    if manifest.schema != SCHEMA || manifest.key != key {
        return Ok(None);
    }
    let mut tables = Tables::new();
    for (name, checksum) in manifest.tables {
        if name.contains(['/', '\\']) {
            return Ok(None);
        }
        let Some(bytes) = read_if_there(&folder.join(&name))? else { return Ok(None) };
        if bytes.len() as u64 != checksum.bytes || sha256(&bytes) != checksum.sha256 {
            return Ok(None);
        }
        tables.insert(name, bytes);
    }
    Ok(Some(tables))
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io { path: path.into(), source }),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(Error::io(path))?;
    file.write_all(bytes).map_err(Error::io(path))?;
    file.sync_all().map_err(Error::io(path))
}

/// Makes a rename or new file in a folder durable.
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
}

/// Temporary files are private; results are for everyone whom the folder lets in.
#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(Error::io(path))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> Result<()> {
    Ok(())
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .expect("strings, numbers and lists of them have a JSON form");
    bytes.push(b'\n');
    bytes
}
