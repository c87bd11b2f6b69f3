//! The command line: the one part of the library that prints. Results go to stdout, progress and
//! messages to stderr.

mod args;
mod beside;
mod clean;
mod cluster;
mod compare;
mod completion;
mod console;
mod experiment;
mod figures;
mod init;
mod listing;
mod log;
mod named;
mod outcome;
mod pages;
mod planned;
mod plot;
mod provenance;
mod publishing;
mod reporters;
mod resources;
mod results_folder;
mod run;
mod session;
mod several;
mod signals;
mod status;
mod study;
mod sweep;
mod text;

pub use args::{PlotArgs, RunArgs, SweepArgs};
pub use plot::main as plot;
pub use run::main as run;
pub use sweep::main as sweep;
