//! `egop-plot`.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::{Failure, PlotArgs, Status, exit, print, text};
use crate::config::{self, Overlay, Source};
use crate::experiment::Experiment;
use crate::figure;
use crate::store::Store;

/// Runs the program.
pub fn main(arguments: &PlotArgs) -> ExitCode {
    exit(|| plot(arguments))
}

fn plot(arguments: &PlotArgs) -> Result<Status, Failure> {
    let store = Store::peek(&arguments.results);
    let name = arguments.results.join("experiment.toml").display().to_string();
    let source = Source::parse(name, &store.read("experiment.toml")?)?;
    let experiment = config::read(&source, &Overlay::default(), Experiment::read)?.value;
    let drawn = figure::draw_some(&store, &experiment, &arguments.only)?;
    for line in text::missing(&drawn) {
        // Nothing can be done if stderr is closed.
        let _ = writeln!(anstream::stderr(), "{line}");
    }
    if !arguments.quiet {
        print(&text::written(&arguments.results, &drawn))?;
    }
    Ok(if drawn.missing.is_empty() { Status::Done } else { Status::Partial })
}
