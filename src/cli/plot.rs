//! `egop-plot`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::args::PlotArgs;
use crate::cli::outcome::{Abort, Status, exit, print};
use crate::cli::results_folder::{self, Opened};
use crate::cli::{beside, figures as drawing};
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
    let Opened { store, figures, facts, published } = results_folder::open(folder)?;
    let mut drawn = drawing::draw(store.root(), &figures, facts, &arguments.only)?;
    if let Some(first) = drawn.missing.iter().position(|(_, error)| drawing::is_unread(error)) {
        return Err(drawn.missing.swap_remove(first).1.into());
    }
    let mut publication = store.stage()?;
    for (name, bytes) in &drawn.files {
        publication.write(name, bytes)?;
    }
    publication.amend(published.as_deref())?;
    for line in drawing::missing(&drawn) {
        // Nothing can be done if stderr is closed.
        let _ = writeln!(anstream::stderr(), "{line}");
    }
    if !arguments.quiet {
        print(&drawing::written(folder, &drawn))?;
    }
    Ok(if drawn.missing.is_empty() { Status::Done } else { Status::Partial })
}
