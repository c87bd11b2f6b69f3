//! What every kind of figure is: settings from a config that turn tables into a page.

use super::tables::ResultTables;
use crate::Result;
use crate::config::{Reader, key};
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
        let file =
            reader.file_name(key("file", "name of the files that are drawn, without extension"));
        let title = reader.string(key("title", "what stands above the figure"));
        Some(Self { file: file?, title: title? })
    }
}
