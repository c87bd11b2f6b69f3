//! How a program ends: what it did or what stopped it, as a message and an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::{signals, text};
use crate::drawing::turns;
use crate::error::Error;

/// How a program ends (see the README).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Everything was done.
    Done,
    /// Done, but some runs failed, a figure could not be drawn, or a claim did not reproduce under
    /// `--strict`.
    Partial,
}

/// What stops a program.
#[derive(Debug)]
pub(super) enum Abort {
    /// The library's failure.
    Library(Error),
    /// Stopped by this signal.
    Signal(i32),
}

impl<E: Into<Error>> From<E> for Abort {
    fn from(error: E) -> Self {
        match error.into() {
            Error::Interrupted => Self::Signal(signals::signal()),
            error => Self::Library(error),
        }
    }
}

/// Does what a program is for, and turns what came of it into a message and an exit code.
pub(super) fn exit(work: impl FnOnce() -> Result<Status, Abort>) -> ExitCode {
    text::fit_terminal();
    let result = signals::listen().map_err(Abort::from).and_then(|()| work());
    let (code, message) = match result {
        Ok(Status::Done) => (0, None),
        Ok(Status::Partial) => (3, None),
        Err(Abort::Signal(signal)) => {
            (128 + signal, signals::speaks().then(|| signals::INTERRUPTED.into()))
        }
        Err(Abort::Library(error)) => {
            let code = match error {
                Error::Config(_) | Error::Usage(_) => 2,
                Error::Incompatible { .. } => 4,
                Error::TooManyFailures(_) => 3,
                Error::Io { .. } | Error::Corrupt { .. } | Error::DataMissing { .. } => 5,
                _ => 1,
            };
            (code, Some(format!("error: {error}")))
        }
    };
    if let Some(message) = message {
        tell(&message);
    }
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Writes a message to stderr, in lines that fit the terminal.
pub(super) fn tell(message: &str) {
    // Nothing can be done if stderr is closed.
    let message = text::fitted_for_stderr(message).replace(turns, " ");
    let _ = writeln!(anstream::stderr(), "{message}");
}

/// Writes to stdout. That nobody reads it any more is no failure: what was to be done is done.
pub(super) fn print(text: &str) -> Result<(), Abort> {
    let (mut stdout, text) = (anstream::stdout(), text.replace(turns, " "));
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Abort::Library(Error::io("stdout")(error)))
        }
        _ => Ok(()),
    }
}
