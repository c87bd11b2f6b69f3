//! A picture or a page that stands by itself, outside of any results folder. Its checksum beside it, in
//! `FILE.sha256` (`sha256sum --check`), tells that these programs wrote it and that nobody changed it
//! since: only then is it written over.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::disk::{Disk, LocalDisk};
use super::task::read_if_there;
use super::{Store, sha256};
use crate::error::{Error, Result};

/// Refuses a file that is there and is not as these programs wrote it, and one that has no folder.
///
/// # Errors
/// [`Error::Incompatible`], or [`Error::Io`].
pub fn check_standalone(path: &Path) -> Result<()> {
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(Error::io(folder)(io::Error::from(ErrorKind::NotFound)));
    }
    let foreign = |path: &Path| Error::Incompatible {
        path: path.into(),
        message: "is not as these programs wrote it, or not theirs at all, and is not written \
                  over; move it away, or choose another name for the new one"
            .into(),
    };
    for place in [path, &sum_path(path)] {
        if place.exists() && !place.is_file() {
            return Err(foreign(place));
        }
    }
    let sum = read_if_there(&LocalDisk, &sum_path(path))?;
    match read_if_there(&LocalDisk, path)? {
        Some(bytes) if sum.as_deref() != Some(line(path, &bytes).as_bytes()) => Err(foreign(path)),
        // What the file of a lost one was is of no matter, but it must have been one.
        None if sum.is_some_and(|sum| !is_line(path, &sum)) => Err(foreign(&sum_path(path))),
        _ => Ok(()),
    }
}

/// Writes a file and its checksum.
///
/// # Errors
/// As [`check_standalone`], and when it cannot be written.
pub fn write_standalone(path: &Path, bytes: &[u8]) -> Result<()> {
    check_standalone(path)?;
    let disk = LocalDisk;
    let place = Store::peek(folder(path));
    let write = |path: &Path, bytes: &[u8]| {
        let temporary = place.unfinished(place.root());
        let written = disk.write(&temporary, bytes).and_then(|()| disk.rename(&temporary, path));
        if written.is_err() {
            // What is left has a name that does not count; the error says what is wrong.
            let _ = disk.remove(&temporary);
        }
        written.map_err(Error::io(path))
    };
    // In between there is a checksum without its file, which is no obstacle.
    match disk.remove(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::io(path)(error)),
        _ => write(&sum_path(path), line(path, bytes).as_bytes())?,
    }
    write(path, bytes)?;
    disk.flush_folder(place.root()).map_err(Error::io(place.root()))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sum_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".sha256");
    name.into()
}

fn line(path: &Path, bytes: &[u8]) -> String {
    format!("{}  {}\n", sha256(bytes), name(path))
}

fn is_line(path: &Path, sum: &[u8]) -> bool {
    let rest = sum.get(64..).unwrap_or_default();
    sum.iter().take(64).all(u8::is_ascii_hexdigit)
        && rest == format!("  {}\n", name(path)).as_bytes()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_over_only_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fig5.png");
        let sums = sum_path(&path);
        let refused = || matches!(check_standalone(&path), Err(Error::Incompatible { .. }));
        write_standalone(&path, b"one").unwrap();
        write_standalone(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
        // Lost, and drawn anew.
        std::fs::remove_file(&path).unwrap();
        write_standalone(&path, b"two").unwrap();
        std::fs::write(&path, b"changed").unwrap();
        assert!(refused() && write_standalone(&path, b"three").is_err());
        std::fs::write(&path, b"two").unwrap();
        assert!(!refused());
        std::fs::remove_file(&sums).unwrap();
        assert!(refused(), "nobody knows who wrote it");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&sums, b"notes").unwrap();
        assert!(refused(), "this is somebody's");
        let nowhere = folder.path().join("none/fig5.png");
        assert!(matches!(check_standalone(&nowhere), Err(Error::Io { .. })));
    }
}
