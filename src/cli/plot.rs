//! `egop-plot`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::args::PlotArgs;
use crate::cli::outcome::{Abort, Status, exit, print};
use crate::cli::results_folder::{self, Opened};
use crate::cli::{beside, figures};
use crate::error::Error;

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

fn redraw(folder: &Path, arguments: &PlotArgs) -> Result<Status, Abort> {
    let Opened { store, experiment, published } = results_folder::open(folder)?;
    let mut drawn = figures::draw(store.root(), &experiment, &arguments.only)?;
    if let Some(first) = drawn.missing.iter().position(|(_, error)| figures::is_unread(error)) {
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
