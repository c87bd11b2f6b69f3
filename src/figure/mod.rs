//! Figures: drawn from the tables of a results folder alone, as PNG and SVG.
//!
//! Each kind of figure is one file that turns rows into a [`Page`](crate::drawing::page::Page);
//! what a page looks like is decided in [`crate::drawing`]. Figures yield bytes; writing them is
//! left to the store.

mod break_even;
mod curves;
mod density;
mod dot_rows;
mod dots;
mod draw;
mod facts;
mod horizontal;
mod learning_rates;
mod median_curve;
mod metric;
mod overlay;
mod quartiles;
mod schedule;
mod selection;
mod spec;
mod spectrum;
mod stars;
mod study;
mod tables;
mod trajectories;

pub use draw::{DrawReport, draw, find, outputs, page, pages};
pub use facts::{Facts, SystemFacts};
pub use overlay::overlays;
pub use spec::Spec;
pub use tables::ResultTables;

use crate::config::{Entry, Reader, key};

/// All kinds of figures.
pub const REGISTRY: &[Entry<dyn Spec>] = &[
    curves::ENTRY,
    learning_rates::ENTRY,
    trajectories::ENTRY,
    schedule::ENTRY,
    spectrum::ENTRY,
    density::ENTRY,
    dots::ENTRY,
    break_even::ENTRY,
    study::ENTRY,
];

/// Reads `kind` and the keys that go with it.
pub fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    reader.registered(key("kind", "what the figure shows"), REGISTRY)
}
