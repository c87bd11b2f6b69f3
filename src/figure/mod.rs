//! Figures: drawn from the tables of a results folder alone, as PNG and SVG.
//!
//! Each kind of figure is one file that turns rows into a [`page::Page`]; what a page looks like
//! is decided once, in [`page`], [`chart`] and [`style`]. Figures yield bytes; writing them is
//! left to the store.

pub mod axis;
pub mod canvas;
pub mod chart;
pub mod page;
pub mod quartiles;
pub mod style;

mod contour;
mod curves;
mod density;
mod draw;
mod learning_rates;
mod letters;
mod metric;
mod path;
mod raster;
mod schedule;
mod selection;
mod spectrum;
mod tables;
#[cfg(test)]
mod tests;
mod trajectories;

pub use draw::{draw_all, draw_some};
pub use tables::Tables;

use crate::Result;

/// One picture in one format.
#[derive(Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The file's extension: `png` or `svg`.
    pub extension: &'static str,
    /// The file's contents.
    pub bytes: Vec<u8>,
}

/// A figure that a config asks for.
pub trait FigureSpec: Send + Sync + std::fmt::Debug {
    /// Stem of the files' names.
    fn file(&self) -> &str;

    /// The tables it is drawn from.
    fn tables(&self) -> &'static [&'static str];

    /// Names of algorithms that it refers to.
    fn algorithms(&self) -> &[String] {
        &[]
    }

    /// Names of coordinate systems that it refers to.
    fn coordinates(&self) -> &[String] {
        &[]
    }

    /// What it shows.
    ///
    /// # Errors
    /// When a table is missing, unreadable, or lacks what the figure shows.
    fn page(&self, tables: &Tables) -> Result<page::Page>;

    /// Draws it in every format.
    ///
    /// # Errors
    /// As [`FigureSpec::page`], and when the drawing itself fails.
    fn draw(&self, tables: &Tables) -> Result<Vec<Drawing>> {
        self.page(tables)?.render()
    }
}

/// How a config names a kind of figure and how its settings are read.
#[derive(Debug)]
pub struct Entry {
    /// The value of `kind`.
    pub name: &'static str,
    /// One line for `--list`.
    pub summary: &'static str,
    /// Reads the keys beside `kind`.
    pub read: fn(&mut crate::config::Reader<'_>) -> Option<Box<dyn FigureSpec>>,
}

/// All kinds.
pub const REGISTRY: &[Entry] = &[];

/// Reads a figure.
pub fn read(reader: &mut crate::config::Reader<'_>) -> Option<Box<dyn FigureSpec>> {
    let kinds: Vec<_> = REGISTRY.iter().map(|entry| (entry.name, entry.read)).collect();
    let read = reader.choice("kind", &kinds)?;
    read(reader)
}
