//! What a run tells the outside while it works.

use std::sync::atomic::AtomicBool;

/// A stage of a run, each with its own progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Sampling gradients for EGOP estimates; in gradient samples.
    Egop,
    /// Trying learning rates; in runs × epochs.
    Sweep,
    /// The selected learning rates once more, with their curves; in runs × epochs.
    Curves,
}

/// Told of progress; asked whether to stop.
pub trait Observer: Sync {
    /// More units of work have come up in a stage.
    fn expect(&self, stage: Stage, units: u64);

    /// Units of work are done.
    fn advance(&self, stage: Stage, units: u64);

    /// Something that a person should know: a plain sentence.
    fn note(&self, message: &str);

    /// Becomes true when the user asks to stop.
    fn interrupted(&self) -> &AtomicBool;
}

/// Tells nobody, never stops.
#[derive(Debug, Default)]
pub struct Silent(AtomicBool);

impl Observer for Silent {
    fn expect(&self, _: Stage, _: u64) {}

    fn advance(&self, _: Stage, _: u64) {}

    fn note(&self, _: &str) {}

    fn interrupted(&self) -> &AtomicBool {
        &self.0
    }
}
