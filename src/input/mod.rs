//! The door for numbers from outside: files, the environment, the command line.
//!
//! Whatever passes is finite, in range and of the shape that was asked for; memory is asked for
//! only after the sizes were compared with the file's. What does not pass is refused with the
//! place, what was found and what is allowed. (Configs have a door of their own,
//! [`config::Allowed`](crate::config::Allowed); tables of results may hold infinities.)

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::store::no_file;

pub mod idx;
pub mod npy;
pub mod table;
pub mod words;

/// Opens a regular file; returns its length too. Pipes and devices, which have none, are refused.
///
/// # Errors
/// [`Error::Io`] when it cannot be opened, [`Error::Corrupt`] when it is not a regular file.
pub fn open(path: &Path) -> Result<(File, u64)> {
    // A pipe without a writer would be waited for if it were opened first.
    let known = std::fs::metadata(path).map_err(Error::io(path))?;
    if let Some(what) = no_file(&known) {
        return Err(corrupt(path, format!("is {what}; expected a file")));
    }
    Ok((File::open(path).map_err(Error::io(path))?, known.len()))
}

/// The contents of a regular file of at most `most` bytes.
///
/// # Errors
/// As for [`open`]; [`Error::Corrupt`] when it is larger.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    let mut bytes = Vec::new();
    if length <= most {
        // One byte more than is allowed, in case it is growing.
        file.take(most + 1).read_to_end(&mut bytes).map_err(Error::io(path))?;
    }
    if length > most || bytes.len() as u64 > most {
        return Err(corrupt(path, format!("has {length} bytes; expected at most {most}")));
    }
    Ok(bytes)
}

/// A file that does not hold what it must.
pub(crate) fn corrupt(path: &Path, message: impl Into<String>) -> Error {
    Error::Corrupt { path: path.into(), message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_sane_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        let message = |path: &Path| read(path, 4).unwrap_err().to_string();
        assert!(message(&file).ends_with("has 5 bytes; expected at most 4"), "{}", message(&file));
        assert!(message(folder.path()).ends_with("is a folder; expected a file"));
        assert!(message(Path::new("/dev/zero")).contains("is a pipe or a device"));
        assert!(matches!(read(&folder.path().join("absent"), 4), Err(Error::Io { .. })));
    }
}
