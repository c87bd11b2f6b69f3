//! Says what became of figures.

use std::path::Path;

use crate::cli::text::{hanging, width};
use crate::error::Error;
use crate::figure::DrawReport;

/// Where the results are: figures, and what else was written.
pub(super) fn written<'a>(
    folder: &Path,
    figures: impl Iterator<Item = &'a str>,
    others: &[&'a str],
) -> String {
    let names: Vec<&str> = figures.chain(others.iter().copied()).collect();
    let files = if names.is_empty() { "no figures".into() } else { names.join(", ") };
    let (lead, width) = (format!("{}:", folder.display()), width());
    match lead.chars().count() + 1 + files.chars().count() <= width {
        true => format!("{lead} {files}\n"),
        false => format!("{lead}\n{}", hanging("  ", &files, width)),
    }
}

/// The figures that could not be drawn, and why.
pub(super) fn missing(report: &DrawReport) -> impl Iterator<Item = String> {
    report.missing.iter().map(|(figure, why)| format!("figure {figure} was not drawn: {why}"))
}

/// Takes out the error that a table cannot be read, if a figure is missing for that.
pub(super) fn unread(report: &mut DrawReport) -> Option<Error> {
    let first = report.missing.iter().position(|(_, error)| is_unread(error))?;
    Some(report.missing.swap_remove(first).1)
}

/// Whether a table cannot be read, which is another matter than that it is not there.
pub(super) fn is_unread(error: &Error) -> bool {
    matches!(error, Error::Io { .. } | Error::Corrupt { .. })
}
