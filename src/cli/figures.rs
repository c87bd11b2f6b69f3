//! Draws figures, and says what became of them.

use std::path::Path;

use crate::error::{Error, Result};
use crate::figure::{self, DrawReport, Facts, ResultTables, Spec};

/// Draws figures, those with the names `only` or all if there are none, from the tables in a folder of
/// which these are the facts.
///
/// # Errors
/// As [`figure::draw`].
pub(super) fn draw(
    folder: &Path,
    figures: &[Box<dyn Spec>],
    facts: Facts,
    only: &[String],
) -> Result<DrawReport> {
    figure::draw(figures, &ResultTables::new(folder, facts), only)
}

/// Where the results are.
pub(super) fn written(folder: &Path, report: &DrawReport) -> String {
    let names: Vec<&str> = report.files.iter().map(|(name, _)| name.as_str()).collect();
    let files = if names.is_empty() { "no figures".into() } else { names.join(", ") };
    format!("{}: {files}\n", folder.display())
}

/// The figures that could not be drawn, and why.
pub(super) fn missing(report: &DrawReport) -> impl Iterator<Item = String> {
    report.missing.iter().map(|(figure, why)| format!("figure {figure} was not drawn: {why}"))
}

/// Whether a table cannot be read, which is another matter than that it is not there.
pub(super) fn is_unread(error: &Error) -> bool {
    matches!(error, Error::Io { .. } | Error::Corrupt { .. })
}
