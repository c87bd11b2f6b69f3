//! `egop-plot`.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::args::PlotArgs;
use crate::cli::outcome::{Abort, Status, exit, print};
use crate::cli::{figures, results_folder};
use crate::config::{self, Overlay, Source};
use crate::error::Error;
use crate::experiment::Experiment;
use crate::store::{EXPERIMENT, Store};

/// Runs the program.
pub fn main(arguments: &PlotArgs) -> ExitCode {
    exit(|| plot(arguments))
}

fn plot(arguments: &PlotArgs) -> Result<Status, Abort> {
    results_folder::check(&arguments.results)?;
    let store = Store::peek(&arguments.results);
    store.finish_publication()?;
    let published = store.sums()?;
    let name = arguments.results.join(EXPERIMENT).display().to_string();
    let source = Source::parse(name, &store.read(EXPERIMENT)?)?;
    let experiment = config::read(&source, &Overlay::default(), Experiment::read)?.value;
    let mut drawn = figures::draw(store.root(), &experiment, &arguments.only)?;
    // What cannot be read is another matter than what is not there.
    let unread = |error: &Error| matches!(error, Error::Io { .. } | Error::Corrupt { .. });
    if let Some(first) = drawn.missing.iter().position(|(_, error)| unread(error)) {
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
        print(&figures::written(&arguments.results, &drawn))?;
    }
    Ok(if drawn.missing.is_empty() { Status::Done } else { Status::Partial })
}
