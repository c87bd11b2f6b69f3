//! `egop-plot`.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::args::PlotArgs;
use crate::cli::outcome::{Abort, Status, exit, print, tell};
use crate::cli::provenance::redrawn;
use crate::cli::results_folder::{self, Opened};
use crate::cli::{beside, clean, compare, completion, figures as drawing, pages};
use crate::error::Error;
use crate::figure;
use crate::store::{PROVENANCE, REPORT};

/// Runs the program.
pub fn main(arguments: &PlotArgs) -> ExitCode {
    exit(|| plot(arguments))
}

fn plot(arguments: &PlotArgs) -> Result<Status, Abort> {
    if completion::of_program::<PlotArgs>(&arguments.of_program)? {
        return Ok(Status::Done);
    }
    if arguments.compare {
        return compare::compare(arguments);
    }
    let folders = results_folder::folders(&arguments.results, arguments.quiet);
    if arguments.clean {
        return clean::clean(&folders, arguments.quiet);
    }
    if let Some(out) = &arguments.report {
        return pages::several(&folders, out, arguments.quiet);
    }
    match (&arguments.figure, &arguments.out, &folders[..]) {
        (Some(figure), Some(out), folders) => beside::draw(folders, figure, out, arguments.quiet),
        (_, _, [folder]) => redraw(folder, arguments),
        _ => {
            let message = "the figures of one folder are redrawn at a time; --figure NAME --out FILE \
                           puts one figure of each of several folders side by side, --report FILE \
                           all of them on one page";
            Err(Error::Usage(message.into()).into())
        }
    }
}

fn redraw(folder: &Path, arguments: &PlotArgs) -> Result<Status, Abort> {
    let opened = results_folder::open(folder)?;
    let Opened { store, heading, settings, figures, tables, published, .. } = &opened;
    let mut drawn = figure::draw(figures, tables, &arguments.only)?;
    if let Some(error) = drawing::unread(&mut drawn) {
        return Err(error.into());
    }
    let mut publication = store.stage()?;
    for (name, bytes) in &drawn.files {
        publication.write(name, bytes)?;
    }
    let told = publication.published(PROVENANCE)?.as_deref().and_then(redrawn);
    if let Some(told) = &told {
        publication.write(PROVENANCE, told)?;
    }
    // Of some figures alone there is no report.
    let others: &[&str] = if arguments.only.is_empty() { &[REPORT] } else { &[] };
    for name in others {
        let provenance = match told.clone() {
            Some(told) => Some(told),
            None => pages::provenance(store)?,
        };
        let page = pages::page(heading, settings, tables, &drawn, provenance.as_deref())?;
        publication.write(name, page.as_bytes())?;
    }
    publication.amend(published.as_deref())?;
    for line in drawing::missing(&drawn) {
        tell(&line);
    }
    if !arguments.quiet {
        let files = drawn.files.iter().map(|(name, _)| name.as_str());
        print(&drawing::written(folder, files, others))?;
    }
    Ok(if drawn.missing.is_empty() { Status::Done } else { Status::Partial })
}
