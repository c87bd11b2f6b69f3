//! Figures: drawn from the tables of a results folder alone, as PNG and SVG.
//!
//! Each kind of figure is one file that turns rows into a [`page::Page`]; what a page looks like
//! is decided once, in [`page`], [`chart`] and [`style`]. Figures yield bytes; writing them is
//! left to the store.

pub mod axis;
pub mod canvas;
pub mod chart;
pub mod page;
pub mod path;
pub mod quartiles;
pub mod style;

mod contour;
mod curves;
mod density;
mod draw;
mod learning_rates;
mod letters;
mod metric;
mod raster;
mod schedule;
mod selection;
mod spectrum;
mod tables;

mod trajectories;

pub use draw::{Drawn, draw, outputs};
pub use tables::Tables;

use crate::Result;
use crate::config::{Entry, Reader, key};
use crate::need::Want;

/// The extensions of the files of each figure.
pub const FORMATS: [&str; 2] = ["png", "svg"];

/// One picture in one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The file's extension: `png` or `svg`.
    pub extension: &'static str,
    /// The file's contents.
    pub bytes: Vec<u8>,
}

/// A figure that a config asks for.
pub trait Spec: std::fmt::Debug + Send + Sync {
    /// Stem of the files' names.
    fn file(&self) -> &str;

    /// The tables it is drawn from.
    fn tables(&self) -> &'static [&'static str];

    /// What it needs of the experiment.
    fn wants(&self) -> Vec<Want<'_>>;

    /// What it shows.
    ///
    /// # Errors
    /// When a table is missing, unreadable, or lacks what the figure shows.
    fn page(&self, tables: &Tables) -> Result<page::Page>;

    /// Draws it in every format.
    ///
    /// # Errors
    /// As [`Spec::page`], and when the drawing itself fails.
    fn draw(&self, tables: &Tables) -> Result<Vec<Drawing>> {
        self.page(tables)?.render()
    }
}

/// All kinds of figures.
pub const REGISTRY: &[Entry<dyn Spec>] = &[
    curves::ENTRY,
    learning_rates::ENTRY,
    trajectories::ENTRY,
    schedule::ENTRY,
    spectrum::ENTRY,
    density::ENTRY,
];

/// Reads `kind` and the keys that go with it.
pub fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    reader.registered(key("kind", "what the figure shows"), REGISTRY)
}

/// What every figure has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heading {
    /// Stem of the files' names.
    file: String,
    /// Stands above the figure.
    title: String,
}

impl Heading {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let file =
            reader.file_name(key("file", "name of the files that are drawn, without extension"));
        let title = reader.string(key("title", "what stands above the figure"));
        Some(Self { file: file?, title: title? })
    }
}
