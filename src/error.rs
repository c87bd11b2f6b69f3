//! Everything that can go wrong in the library, as one enum whose text says what to do next.

use std::path::PathBuf;

/// The library's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration has problems; all of them are listed.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigErrors),
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A stored or shipped file does not hold what it must.
    #[error("{}: {message}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong and which command mends it.
        message: String,
    },
    /// A data set, or one of its files, is not on this machine.
    #[error(
        "{data} was not found in {}; obtain it with `{command}`",
        places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(" or ")
    )]
    DataMissing {
        /// The data set or the file.
        data: &'static str,
        /// The folders that were searched.
        places: Vec<PathBuf>,
        /// What obtains it.
        command: String,
    },
    /// A results folder belongs to something else, or another program holds it.
    #[error("{}: {message}", path.display())]
    Incompatible {
        /// The folder or file.
        path: PathBuf,
        /// Why it was refused and what to do.
        message: String,
    },
    /// A program was called in a way that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A numerical routine failed.
    #[error("{0}")]
    Numerical(String),
    /// Gradients or inputs are all 0: no change of variables can be made of them.
    #[error("{0}")]
    NoDirections(&'static str),
    /// A figure could not be drawn.
    #[error("drawing failed: {0}")]
    Drawing(String),
    /// As many tasks failed as the user allows.
    #[error("stopped after {0} failed tasks, as asked for by --fail-fast or --max-failures")]
    TooManyFailures(usize),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Wraps an input/output error with the path it happened at.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
