//! A finished task on disk: its tables, and a manifest that tells whether they are as written.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::provenance::BuildInfo;
use crate::record::{SCHEMA, TimingRow};
use crate::store::disk::Disk;
use crate::store::{Csv, json, sha256};

/// The tables of one task, by the names of their files.
pub type Tables = BTreeMap<String, Csv>;

/// A finished task.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Its tables.
    pub tables: Tables,
    /// What made it.
    pub build: BuildInfo,
    /// Wall-clock seconds that it took.
    pub seconds: f64,
    /// How long its phases took.
    pub timings: Vec<TimingRow>,
}

/// What a store has of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// Nothing.
    Absent,
    /// Something that is not as it was written, and why it is not; the task must be done again.
    Damaged(String),
    /// All of it.
    Complete(Finished),
}

pub(super) const MANIFEST: &str = "task.json";

/// `task.json`. It is read back only if every byte is as this program would write it.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed {
    task: Manifest,
    /// Of `task` as JSON.
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    key: String,
    /// Wall-clock seconds that the task took.
    seconds: f64,
    timings: Vec<TimingRow>,
    #[serde(rename = "maker")]
    build: BuildInfo,
    tables: BTreeMap<String, Checksum>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Checksum {
    rows: usize,
    bytes: usize,
    sha256: String,
}

/// The manifest of a task.
pub(super) fn manifest(key: &str, finished: &Finished) -> Vec<u8> {
    let checksum =
        |csv: &Csv| Checksum { rows: csv.rows, bytes: csv.bytes.len(), sha256: sha256(&csv.bytes) };
    let tables = &finished.tables;
    let task = Manifest {
        schema: SCHEMA,
        key: key.into(),
        seconds: finished.seconds,
        timings: finished.timings.clone(),
        build: finished.build.clone(),
        tables: tables.iter().map(|(name, csv)| (name.clone(), checksum(csv))).collect(),
    };
    let sha256 = sha256(&json(&task));
    json(&Sealed { task, sha256 })
}

/// Reads a task's folder.
pub(super) fn load(disk: &dyn Disk, folder: &Path, key: &str) -> Result<Stored> {
    let damaged = |what: String| Ok(Stored::Damaged(what));
    let Some(bytes) = read_if_there(disk, &folder.join(MANIFEST))? else {
        return match folder.try_exists().map_err(Error::io(folder))? {
            true => damaged(format!("{MANIFEST} is missing")),
            false => Ok(Stored::Absent),
        };
    };
    let Ok(sealed) = serde_json::from_slice::<Sealed>(&bytes) else {
        return damaged(format!("{MANIFEST} cannot be read"));
    };
    if json(&sealed) != bytes || sha256(&json(&sealed.task)) != sealed.sha256 {
        return damaged(format!("{MANIFEST} is not as it was written"));
    }
    let manifest = sealed.task;
    if manifest.schema != SCHEMA || manifest.key != key {
        return damaged(format!("{MANIFEST} is another task's"));
    }
    let mut tables = Tables::new();
    for (name, checksum) in manifest.tables {
        let Some(bytes) = read_if_there(disk, &folder.join(&name))? else {
            return damaged(format!("{name} is missing"));
        };
        if bytes.len() != checksum.bytes || sha256(&bytes) != checksum.sha256 {
            return damaged(format!("{name} is not as it was written"));
        }
        tables.insert(name, Csv { rows: checksum.rows, bytes });
    }
    let Manifest { build, seconds, timings, .. } = manifest;
    Ok(Stored::Complete(Finished { tables, build, seconds, timings }))
}

pub(super) fn read_if_there(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>> {
    match disk.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        // Nor is there a file within a file.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(Error::Io { path: path.into(), source }),
    }
}
