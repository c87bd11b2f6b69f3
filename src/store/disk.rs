//! What the store asks of the file system: few operations, each of which can fail.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// A file system; tests put one in the place of [`LocalDisk`] that fails when they want it to. Every
/// operation fails with what the operating system says.
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
pub trait Disk: Debug + Send + Sync {
    /// The contents of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Makes a folder that is not there yet.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Writes a new file and flushes it to the disk.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Writes to the end of a file and flushes it to the disk.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Gives a file or folder another name; a file (but not a folder) of that name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes what was done to the entries of a folder durable.
    fn flush_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a file, or a folder with all that is in it.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Opens a file to be locked, making it if need be.
    fn open_lock(&self, path: &Path) -> io::Result<File>;
}

/// What is there in the place of a file, which one would wait for in vain, or for ever: it must be
/// known before it is opened.
pub(crate) fn no_file(found: &fs::Metadata) -> Option<&'static str> {
    match () {
        () if found.is_file() => None,
        () if found.is_dir() => Some("a folder"),
        () => Some("a pipe or a device"),
    }
}

/// Refuses what is no file.
fn only_a_file(path: &Path) -> io::Result<()> {
    match no_file(&fs::metadata(path)?) {
        None => Ok(()),
        Some(what) => {
            Err(io::Error::other(format!("is {what} where a file is needed; move it away")))
        }
    }
}

/// The operating system's.
#[derive(Clone, Copy, Debug)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        only_a_file(path)?;
        fs::read(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::options().append(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn flush_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(path)?.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
    }

    fn open_lock(&self, path: &Path) -> io::Result<File> {
        match only_a_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        File::options().create(true).truncate(false).write(true).open(path)
    }
}

/// How much of a file is held in memory until it is written.
const PIECE: usize = 1 << 20;

/// A new file that is written in pieces; it ends with [`Pieces::finish`].
pub(super) struct Pieces<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    held: Vec<u8>,
    begun: bool,
}

impl<'a> Pieces<'a> {
    pub fn new(disk: &'a dyn Disk, path: &'a Path) -> Self {
        Self { disk, path, held: Vec::new(), begun: false }
    }

    pub fn finish(mut self) -> io::Result<()> {
        if self.begun && self.held.is_empty() { Ok(()) } else { self.put() }
    }

    fn put(&mut self) -> io::Result<()> {
        if self.begun {
            self.disk.append(self.path, &self.held)?;
        } else {
            self.disk.write(self.path, &self.held)?;
        }
        self.begun = true;
        self.held.clear();
        Ok(())
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE {
            self.put()?;
        }
        Ok(bytes.len())
    }

    /// Does nothing: what is held is written with what comes after it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
