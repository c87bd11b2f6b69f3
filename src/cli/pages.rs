//! Reports: the page of a results folder, and `egop-plot DIR DIR … --report FILE`.

use std::path::{Path, PathBuf};

use crate::cli::figures::unread;
use crate::cli::outcome::{Abort, Status, print};
use crate::cli::results_folder::{self, Opened};
use crate::error::{Error, Result};
use crate::experiment::Heading;
use crate::figure::{self, DrawReport, ResultTables};
use crate::report::{self, Folder, Section};
use crate::store::{PROVENANCE, Store, check_standalone, write_standalone};

/// The page of one folder. What it holds says nothing of the place where it is.
///
/// # Errors
/// As [`report::page`].
pub(super) fn page(
    heading: &Heading,
    settings: &toml::Table,
    tables: &ResultTables,
    drawn: &DrawReport,
    provenance: Option<&[u8]>,
) -> Result<String> {
    report::page(&folder(&heading.name, heading, settings, tables, drawn, provenance))
}

fn folder<'a>(
    name: &'a str,
    heading: &'a Heading,
    settings: &'a toml::Table,
    tables: &'a ResultTables,
    drawn: &'a DrawReport,
    provenance: Option<&'a [u8]>,
) -> Folder<'a> {
    let DrawReport { pages: figures, missing, .. } = drawn;
    Folder { name, heading, settings, tables, figures, missing, provenance }
}

/// `provenance.json` of a folder, if it has one.
///
/// # Errors
/// When it cannot be read.
pub(super) fn provenance(store: &Store) -> Result<Option<Vec<u8>>> {
    let there = match store.lists(PROVENANCE)? {
        Some(listed) => listed,
        None => store.root().join(PROVENANCE).exists(),
    };
    there.then(|| store.read(PROVENANCE)).transpose()
}

/// Writes one page over several folders.
pub(super) fn several(folders: &[PathBuf], out: &Path, quiet: bool) -> Result<Status, Abort> {
    check_page("--report", out)?;
    let mut sections = Vec::new();
    let mut status = Status::Done;
    for (index, path) in folders.iter().enumerate() {
        let opened = results_folder::open(path)?;
        let Opened { store, heading, settings, figures, tables, .. } = &opened;
        let mut drawn = figure::pages(figures, tables);
        if let Some(error) = unread(&mut drawn) {
            return Err(error.into());
        }
        if !drawn.missing.is_empty() {
            status = Status::Partial;
        }
        let name = path.display().to_string();
        let provenance = provenance(store)?;
        let of = folder(&name, heading, settings, tables, &drawn, provenance.as_deref());
        sections.push(Section::of(&of, index + 1)?);
    }
    write_standalone(out, report::several(sections)?.as_bytes())?;
    if !quiet {
        let noun = if folders.len() == 1 { "folder" } else { "folders" };
        print(&format!("{}: {} {noun}\n", out.display(), folders.len()))?;
    }
    Ok(status)
}

/// Refuses a place for a page that is no place for one.
///
/// # Errors
/// [`Error::Usage`] for another extension; otherwise as [`check_standalone`].
pub(super) fn check_page(option: &str, out: &Path) -> Result<()> {
    if !out.extension().is_some_and(|given| given.eq_ignore_ascii_case("html")) {
        let message = format!("{option} {}: the name must end with .html", out.display());
        return Err(Error::Usage(message));
    }
    check_standalone(out)
}
