//! What every kind of figure is: settings from a config that turn tables into a page.

use super::tables::ResultTables;
use crate::Result;
use crate::config::Reader;
use crate::drawing::canvas::Drawing;
use crate::drawing::page::Page;
use crate::need::Want;

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
    fn page(&self, tables: &ResultTables) -> Result<Page>;

    /// Draws it in every format.
    ///
    /// # Errors
    /// As [`Spec::page`], and when the drawing itself fails.
    fn draw(&self, tables: &ResultTables) -> Result<Vec<Drawing>> {
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
    pub read: fn(&mut Reader<'_>) -> Option<Box<dyn Spec>>,
}

/// What every figure has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Stem of the files' names.
    pub file: String,
    /// Stands above the figure.
    pub title: String,
}

impl Heading {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let file = reader.file_name("file");
        let title = reader.text("title");
        Some(Self { file: file?, title: title? })
    }
}
