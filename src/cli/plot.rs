//! `egop-plot`.

use std::process::ExitCode;

use crate::cli::{Failure, PlotArgs, Status, exit, print, text};
use crate::config::{self, Overlay, Source};
use crate::experiment::Experiment;
use crate::figure;
use crate::store::Store;

/// Runs the program.
pub fn main(arguments: &PlotArgs) -> ExitCode {
    exit(plot(arguments))
}

fn plot(arguments: &PlotArgs) -> Result<Status, Failure> {
    let source = Source::open(arguments.results.join("experiment.toml"))?;
    let experiment = config::read(&source, &Overlay::default(), Experiment::read)?.value;
    let store = Store::peek(&arguments.results);
    let drawn = figure::draw_some(&store, &experiment, &arguments.only)?;
    if !arguments.quiet {
        print(&text::written(&arguments.results, &drawn))?;
    }
    Ok(Status::Done)
}
