//! What happened in a results folder, line by line: `log.jsonl`. No result: it is no part of what is
//! published, and nothing depends on it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};

use crate::error::{Error, Result};
use crate::store::lock::{self, Lock};
use crate::store::{RUNNERS, Store, no_file};

/// The log of a results folder.
pub const LOG: &str = "log.jsonl";

/// How every line begins, which tells the log from somebody's file: with its time.
const LINE: &str = "{\"time\":\"";

/// A log that is open; all who work in the folder write to its end.
#[derive(Debug)]
pub struct Log(File);

impl Log {
    /// Writes a line. That it cannot be written, as on a full disk, is no failure of the work.
    pub fn line(&self, line: &str) {
        // In one piece, so that lines of several programs do not mix.
        let _ = (&self.0).write_all(format!("{line}\n").as_bytes());
    }
}

fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

impl Store {
    /// Refuses a file in the log's place that is no log.
    ///
    /// # Errors
    /// [`Error::Incompatible`]; [`Error::Io`] when it cannot be read.
    pub fn check_log(&self) -> Result<()> {
        let path = self.root().join(LOG);
        let found = match std::fs::metadata(&path) {
            // Where there is no folder, something else refuses what there is.
            Err(error) if is_missing(error.kind()) => return Ok(()),
            found => found.map_err(Error::io(&path))?,
        };
        let begins = || -> io::Result<bool> {
            let mut begin = Vec::new();
            let file = BufReader::new(File::open(&path)?);
            io::Read::take(file, LINE.len() as u64).read_until(b'\n', &mut begin)?;
            Ok(begin.is_empty() || begin == LINE.as_bytes())
        };
        if no_file(&found).is_none() && begins().map_err(Error::io(&path))? {
            return Ok(());
        }
        Err(self.foreign(LOG))
    }

    /// Opens the log to write to its end.
    ///
    /// # Errors
    /// As [`Store::check_log`], and when it cannot be written.
    pub fn log(&self) -> Result<Log> {
        self.check_log()?;
        let path = self.root().join(LOG);
        let file = File::options().append(true).create(true).open(&path);
        file.map(Log).map_err(Error::io(path))
    }

    /// The lines of the log, if there is one. What a program that was killed left of a line is among
    /// them.
    ///
    /// # Errors
    /// As [`Store::check_log`].
    pub fn log_lines(&self) -> Result<Vec<String>> {
        self.check_log()?;
        let path = self.root().join(LOG);
        match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            bytes => {
                let bytes = bytes.map_err(Error::io(path))?;
                Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
            }
        }
    }

    /// Whether a program works in the folder; `None` where the file system has no locks.
    ///
    /// # Errors
    /// When the lock is there and cannot be tried.
    pub fn is_in_use(&self) -> Result<Option<bool>> {
        let path = self.locks().join(RUNNERS);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(false)),
            file => file.map_err(Error::io(&path))?,
        };
        // Held for no longer than this.
        Ok(match lock::exclusive(&file).map_err(Error::io(&path))? {
            Lock::Held => Some(false),
            Lock::Taken => Some(true),
            Lock::Unknown => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_and_files_of_others_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::peek(folder.path());
        assert_eq!(store.log_lines().unwrap(), [""; 0]);
        for number in 0..2 {
            store.log().unwrap().line(&format!("{LINE}{number}\"}}"));
        }
        assert_eq!(store.log_lines().unwrap(), ["{\"time\":\"0\"}", "{\"time\":\"1\"}"]);
        std::fs::write(folder.path().join(LOG), "{\"mine\": 1}\n").unwrap();
        assert!(matches!(store.log(), Err(Error::Incompatible { .. })));
        assert!(matches!(store.log_lines(), Err(Error::Incompatible { .. })));
        std::fs::remove_file(folder.path().join(LOG)).unwrap();
        std::fs::create_dir(folder.path().join(LOG)).unwrap();
        assert!(matches!(store.log(), Err(Error::Incompatible { .. })));
    }
}
