//! What the engine asks and tells the outside while it works.

use std::sync::atomic::{AtomicBool, Ordering};

/// Interruption and progress.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    interrupted: &'a AtomicBool,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<'a> Control<'a> {
    /// Work stops soon after `interrupted` becomes true; `progress` is told of units done
    /// (gradient samples, or lane steps); of none when training begins, all being set up.
    pub fn new(interrupted: &'a AtomicBool, progress: &'a (dyn Fn(u64) + Sync)) -> Self {
        Self { interrupted, progress }
    }

    /// Never interrupted, nobody told.
    pub fn none() -> Control<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Control { interrupted: &NEVER, progress: &|_| () }
    }

    /// Whether to stop.
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Reports further units of work.
    pub fn advance(&self, units: u64) {
        (self.progress)(units);
    }
}
