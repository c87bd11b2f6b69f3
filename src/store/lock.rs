//! Locks between the programs that work in one results folder. The operating system drops a lock
//! when its holder ends, however that happens: no lock is ever stale.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};

/// What came of trying to lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// We hold it.
    Held,
    /// Another program does.
    Taken,
    /// This file system has no locks (some clusters' do not). Then programs may do work twice, but
    /// a task is still absent or complete.
    Unknown,
}

/// Tries to be the only holder.
pub(super) fn exclusive(file: &File) -> io::Result<Lock> {
    match file.try_lock() {
        Ok(()) => Ok(Lock::Held),
        Err(TryLockError::WouldBlock) => Ok(Lock::Taken),
        Err(TryLockError::Error(error)) => known(error),
    }
}

/// Waits to be the only holder: for what others do quickly.
pub(super) fn wait_exclusive(file: &File) -> io::Result<Lock> {
    file.lock().map_or_else(known, |()| Ok(Lock::Held))
}

/// Waits to be one of the holders: for what others do quickly.
pub(super) fn wait_shared(file: &File) -> io::Result<Lock> {
    file.lock_shared().map_or_else(known, |()| Ok(Lock::Held))
}

fn known(error: io::Error) -> io::Result<Lock> {
    if error.kind() == ErrorKind::Unsupported { Ok(Lock::Unknown) } else { Err(error) }
}
