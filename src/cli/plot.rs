//! `egop-plot`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::args::PlotArgs;
use crate::cli::outcome::{Abort, Status, exit, print};
use crate::cli::{beside, figures, results_folder};
use crate::config::{self, Overlay, Source};
use crate::error::Error;
use crate::experiment::Experiment;
use crate::store::{EXPERIMENT, Store};

/// Runs the program.
pub fn main(arguments: &PlotArgs) -> ExitCode {
    exit(|| plot(arguments))
}

fn plot(arguments: &PlotArgs) -> Result<Status, Abort> {
    match (&arguments.figure, &arguments.out, &arguments.results[..]) {
        (Some(figure), Some(out), folders) => beside::draw(folders, figure, out, arguments.quiet),
        (_, _, [folder]) => redraw(folder, arguments),
        _ => {
            let message = "the figures of one folder are redrawn at a time; --figure NAME --out FILE \
                           puts one figure of each of several folders side by side";
            Err(Error::Usage(message.into()).into())
        }
    }
}

/// A results folder, its experiment, and the `SHA256SUMS` that stood when that was read.
pub(super) struct Opened {
    pub store: Store,
    pub experiment: Experiment,
    published: Option<Vec<u8>>,
}

/// Opens a results folder.
///
/// # Errors
/// When it is none, or its experiment cannot be read.
pub(super) fn open(folder: &Path) -> Result<Opened, Abort> {
    results_folder::check(folder)?;
    let store = Store::peek(folder);
    store.finish_publication()?;
    let published = store.sums()?;
    let name = folder.join(EXPERIMENT).display().to_string();
    let source = Source::parse(name, &store.read(EXPERIMENT)?)?;
    let experiment = config::read(&source, &Overlay::default(), Experiment::read)?.value;
    Ok(Opened { store, experiment, published })
}

/// Whether a table cannot be read, which is another matter than that it is not there.
pub(super) fn is_unread(error: &Error) -> bool {
    matches!(error, Error::Io { .. } | Error::Corrupt { .. })
}

fn redraw(folder: &Path, arguments: &PlotArgs) -> Result<Status, Abort> {
    let Opened { store, experiment, published } = open(folder)?;
    let mut drawn = figures::draw(store.root(), &experiment, &arguments.only)?;
    if let Some(first) = drawn.missing.iter().position(|(_, error)| is_unread(error)) {
        return Err(drawn.missing.swap_remove(first).1.into());
    }
    let mut publication = store.stage()?;
    for (name, bytes) in &drawn.files {
        publication.write(name, bytes)?;
    }
    publication.amend(published.as_deref())?;
    for line in figures::missing(&drawn) {
        // Nothing can be done if stderr is closed.
        let _ = writeln!(anstream::stderr(), "{line}");
    }
    if !arguments.quiet {
        print(&figures::written(folder, &drawn))?;
    }
    Ok(if drawn.missing.is_empty() { Status::Done } else { Status::Partial })
}
