//! `egop-run --init NAME`: a config to start from.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use clap::ValueEnum;

use crate::config;
use crate::error::{Error, Result};
use crate::shipped::{PaperFigure, Shipped};

/// Small configs with comments, to be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// Least squares, with all rows in each step.
    #[default]
    LeastSquares,
    /// A network on digits, with minibatches; or on data of one's own.
    ReluNet,
    /// Bases of gradients that were sampled elsewhere.
    Gradients,
}

impl Template {
    /// Its text; the name in it, which is to be another; and what it is.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LeastSquares => {
                (include_str!("templates/least-squares.toml"), "NAME", "a small experiment")
            }
            Self::ReluNet => (
                include_str!("templates/relu-net.toml"),
                "NAME",
                "a small experiment with a network",
            ),
            Self::Gradients => (
                include_str!("../../examples/gradients.toml"),
                "gradients",
                "bases of gradients in gradients.npy",
            ),
        }
    }

    fn text(self, name: &str) -> String {
        let (text, placeholder, _) = self.parts();
        let text = text.replace(&format!("{placeholder}.toml"), &format!("{name}.toml"));
        text.replacen(&format!("\nname = \"{placeholder}\""), &format!("\nname = \"{name}\""), 1)
    }
}

/// What editors check a config by: beside it, as the repository's may not be there.
const SCHEMA: &str = "egop.schema.json";
/// The same as `manual::schema` says, at once: a test keeps it so.
const SCHEMA_TEXT: &str = include_str!("../../docs/config.schema.json");

/// The text of a config with its schema beside it.
fn with_schema(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("#:"));
    lines.fold(format!("#:schema {SCHEMA}\n"), |text, line| text + line + "\n")
}

/// Writes `NAME.toml` here: the shipped config of this name, or a small one with comments; and its
/// schema, unless there is one. Says where.
///
/// # Errors
/// [`Error::Usage`] for what is no name; [`Error::Incompatible`] when there is a file of this name;
/// [`Error::Io`] when it cannot be written.
pub(super) fn init(name: &str, kind: Option<Template>) -> Result<String> {
    let name = name.strip_suffix(".toml").unwrap_or(name);
    if let Some(expected) = config::no_file_name(name) {
        return Err(Error::Usage(format!("--init {name:?}: expected {expected}")));
    }
    if PaperFigure::named(name).is_some() {
        let message = format!(
            "--init {name}: this is a figure, which egop-run {name} draws; choose another name"
        );
        return Err(Error::Usage(message));
    }
    let (text, what) = match (Shipped::named(name), kind) {
        (Some(_), Some(_)) => {
            let message = format!(
                "--init {name} is a config that comes with the program, of its own kind; choose another name"
            );
            return Err(Error::Usage(message));
        }
        (Some(shipped), None) => {
            (shipped.text.to_owned(), format!("the config of {name}, as it comes with the program"))
        }
        (None, kind) => {
            let kind = kind.unwrap_or_default();
            (kind.text(name), kind.parts().2.to_owned())
        }
    };
    let file = format!("{name}.toml");
    write(Path::new(&file), with_schema(&text).as_bytes())?;
    if !Path::new(SCHEMA).exists() {
        write(Path::new(SCHEMA), SCHEMA_TEXT.as_bytes())?;
    }
    Ok(format!("{file}: {what}; run it with\n  egop-run {file}\n{SCHEMA}: its keys, for editors\n"))
}

/// Writes a file where there is none.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = match File::create_new(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::Incompatible {
                path: path.into(),
                message: "is there already, and is not written over; choose another name".into(),
            });
        }
        made => made.map_err(Error::io(path))?,
    };
    let written = file.write_all(bytes);
    if written.is_err() {
        // Nothing is better than the beginning of a config; the error says what is wrong.
        let _ = fs::remove_file(path);
    }
    written.map_err(Error::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overlay, Source};
    use crate::experiment::Experiment;

    #[test]
    fn the_templates_are_configs_that_can_be_run_in_every_profile() {
        for template in Template::value_variants() {
            let text = with_schema(&template.text("mine"));
            let source = Source::parse("mine.toml", text.as_bytes()).unwrap();
            for profile in source.profiles().into_iter().map(Some).chain([None]) {
                let overlay = Overlay { profile: profile.map(Into::into), ..Overlay::default() };
                let read = config::read(&source, &overlay, Experiment::read).unwrap();
                assert_eq!(read.value.name, "mine");
            }
        }
    }
}
