//! What is published beside tables: provenance, figures, and the report.

use crate::cli::pages;
use crate::cli::provenance::Provenance;
use crate::error::{Error, Result};
use crate::experiment::Heading;
use crate::figure::{self, DrawReport, Facts, ResultTables, Spec};
use crate::store::{PROVENANCE, Publication, REPORT};

/// The figures of a results folder.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// The names of their files.
    pub files: Vec<String>,
    /// Those that could not be drawn, and why.
    pub missing: Vec<(String, Error)>,
}

/// Adds to staged tables the provenance, the figures that are drawn from them, and the report. Where the
/// same program published all of this of the same tables, it stays as it is.
pub(super) fn add(
    publication: &mut Publication<'_>,
    heading: &Heading,
    settings: &toml::Table,
    figures: &[Box<dyn Spec>],
    facts: Facts,
    provenance: &Provenance,
) -> Result<Drawn> {
    let files: Vec<String> = figure::outputs(figures).collect();
    let kept = files.iter().map(String::as_str).chain([PROVENANCE, REPORT]);
    if publication.keep(kept, |publication| provenance.stays(publication))? {
        return Ok(Drawn { files, missing: Vec::new() });
    }
    let tables = ResultTables::new(publication.list()?, facts);
    let drawn = figure::draw(figures, &tables, &[])?;
    for (name, bytes) in &drawn.files {
        publication.write(name, bytes)?;
    }
    let provenance = provenance.end();
    publication.write(PROVENANCE, &provenance)?;
    let page = pages::page(heading, settings, &tables, &drawn, Some(&provenance))?;
    publication.write(REPORT, page.as_bytes())?;
    let DrawReport { files, missing, .. } = drawn;
    Ok(Drawn { files: files.into_iter().map(|(name, _)| name).collect(), missing })
}
