//! SIGINT and SIGTERM end a program within a second, whatever it does.
//!
//! The first one asks the work to stop where it can be stopped well. What has not stopped after a
//! grace is ended here: in a long decomposition, in a picture, or waiting for a disk. Nothing is
//! lost by that, as everything that the programs write survives being killed at any moment. A
//! second signal ends the program at once.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::error::{Error, Result};

/// How long the work may take to stop by itself.
const GRACE: Duration = Duration::from_millis(500);
/// How long the messages may take, which wait for whoever else writes to stderr, and for a disk.
const MESSAGES: Duration = Duration::from_millis(150);

/// What is said of an interruption.
pub(super) const INTERRUPTED: &str =
    "interrupted; finished work is kept: run the same command to go on";

/// Becomes true with the first signal.
static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// The first signal, or 0.
static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);
/// Whether the message about the end is written, or being written.
static SAID: AtomicBool = AtomicBool::new(false);
/// What is said in a log.
static LAST: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// Begins to listen.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub(super) fn listen() -> Result<()> {
    let failed = || Error::io("signal handlers");
    for number in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&ASKED))
            .and_then(|_| {
                let value = usize::try_from(number).unwrap_or_default();
                signal_hook::flag::register_usize(number, Arc::clone(&SIGNAL), value)
            })
            .and_then(|_| signal_hook::flag::register(number, Arc::clone(&ASKED)))
            .map_err(failed())?;
    }
    // A limit on the size of files is an error of writing, not the end.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map_err(failed())?;
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed())?;
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            thread::sleep(GRACE);
            end(signal);
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map_err(failed())?;
    Ok(())
}

/// Becomes true when a signal asks for the end.
pub(super) fn asked() -> &'static AtomicBool {
    &ASKED
}

/// The signal that asked for the end; SIGINT if none did.
pub(super) fn signal() -> i32 {
    match SIGNAL.load(Ordering::Relaxed) {
        0 => SIGINT,
        signal => i32::try_from(signal).unwrap_or(SIGINT),
    }
}

/// Whether the caller is the first who speaks of the end.
pub(super) fn speaks() -> bool {
    !SAID.swap(true, Ordering::Relaxed)
}

/// Sets what is said in a log if the program is ended here, in place of what was set before.
pub(super) fn before_the_end(say: impl FnOnce() + Send + 'static) {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(say));
}

/// Ends the program.
fn end(signal: i32) -> ! {
    let speaks = speaks();
    let (written, wait) = mpsc::channel();
    let messages = move || {
        if speaks {
            let mut stderr = anstream::stderr();
            // Progress bars may be on the line.
            let line = if std::io::stderr().is_terminal() { "\n" } else { "" };
            // Nothing can be done if stderr is closed.
            let _ = writeln!(stderr, "{line}{INTERRUPTED}");
        }
        if let Some(say) = LAST.lock().unwrap_or_else(PoisonError::into_inner).take() {
            say();
        }
        let _ = written.send(());
    };
    // Where no thread can be had, there is no message.
    if thread::Builder::new().spawn(messages).is_ok() {
        let _ = wait.recv_timeout(MESSAGES);
    }
    signal_hook::low_level::exit(128 + signal)
}
