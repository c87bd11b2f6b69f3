//! One HTML page of results that can be handed round: verdicts, figures, tables, settings, and where
//! all this comes from. It needs no other file, no network and no script.
//!
//! A page is a pure function of what a results folder publishes. What it says is put together here;
//! how it looks is decided in `templates/`, which write every text with its markup escaped.

use crate::drawing::page::Page;
use crate::error::{Error, Result};
use crate::experiment::Heading;
use crate::figure::ResultTables;
use crate::summary::Comparison;

mod beside;
mod figures;
mod numbers;
mod origin;
mod section;
mod settings;
mod study;
mod table;
mod template;
mod verdicts;

/// What a results folder holds.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a> {
    /// What the folder is called on a page of several.
    pub name: &'a str,
    /// What its experiment or study is called.
    pub heading: &'a Heading,
    /// The resolved config.
    pub settings: &'a toml::Table,
    /// Its tables.
    pub tables: &'a ResultTables,
    /// Its figures, with their names.
    pub figures: &'a [(String, Page)],
    /// The figures that could not be drawn, and why.
    pub missing: &'a [(String, Error)],
    /// `provenance.json`, if there is one.
    pub provenance: Option<&'a [u8]>,
}

/// A part of a page that is about one folder.
#[derive(Debug)]
pub struct Section(section::SectionView);

impl Section {
    /// What there is to say of a folder, the `number`-th on its page.
    ///
    /// # Errors
    /// When a table or `provenance.json` is damaged, or a figure cannot be drawn.
    pub fn of(folder: &Folder<'_>, number: usize) -> Result<Self> {
        section::SectionView::of(folder, number).map(Self)
    }
}

/// The page of one folder.
///
/// # Errors
/// As [`Section::of`].
pub fn page(folder: &Folder<'_>) -> Result<String> {
    let Section(section) = Section::of(folder, 1)?;
    template::page(&section)
}

/// One page of several folders.
///
/// # Errors
/// None but defects of the templates.
pub fn several(sections: Vec<Section>) -> Result<String> {
    template::several(&sections.into_iter().map(|Section(view)| view).collect::<Vec<_>>())
}

/// Two folders side by side, with figures in which both are shown.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn comparison(comparison: &Comparison<'_>, overlaid: &[(String, Page)]) -> Result<String> {
    template::comparison(&beside::ComparisonView::of(comparison, overlaid)?)
}
