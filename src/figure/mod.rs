//! Figures.

use crate::config::Reader;

/// A figure's settings.
pub trait Spec: std::fmt::Debug + Send + Sync {}

/// Reads a figure.
pub fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    reader.text("kind");
    None
}
