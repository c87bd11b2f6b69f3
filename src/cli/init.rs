//! `egop-run --init NAME`: a config to start from.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::config;
use crate::error::{Error, Result};
use crate::shipped::Shipped;

/// A small experiment with comments, in which [`PLACEHOLDER`] stands for its name.
const TEMPLATE: &str = include_str!("template.toml");
const PLACEHOLDER: &str = "NAME";

/// Writes `NAME.toml` here: the shipped config of this name, or a small one with comments. Says where.
///
/// # Errors
/// [`Error::Usage`] for what is no name; [`Error::Incompatible`] when there is a file of this name;
/// [`Error::Io`] when it cannot be written.
pub(super) fn init(name: &str) -> Result<String> {
    let name = name.strip_suffix(".toml").unwrap_or(name);
    if let Some(expected) = config::no_file_name(name) {
        return Err(Error::Usage(format!("--init {name:?}: expected {expected}")));
    }
    let shipped = Shipped::named(name);
    let text = match shipped {
        // Its schema lies beside the config in the repository, not here.
        Some(shipped) => {
            let lines = shipped.text.lines().filter(|line| !line.starts_with("#:"));
            lines.fold(String::new(), |text, line| text + line + "\n")
        }
        None => TEMPLATE.replace(PLACEHOLDER, name),
    };
    let file = format!("{name}.toml");
    write(Path::new(&file), text.as_bytes())?;
    let what = match shipped {
        Some(_) => format!("the config of {name}, as it comes with the program"),
        None => "a small experiment".to_owned(),
    };
    Ok(format!("{file}: {what}; run it with\n  egop-run {file} --profile quick\n"))
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
    fn the_template_is_a_config_that_can_be_run_in_every_profile() {
        let text = TEMPLATE.replace(PLACEHOLDER, "mine");
        let source = Source::parse("mine.toml", text.as_bytes()).unwrap();
        for profile in source.profiles() {
            let overlay = Overlay { profile: Some(profile.into()), ..Overlay::default() };
            let read = config::read(&source, &overlay, Experiment::read).unwrap();
            assert_eq!(read.value.name, "mine");
        }
    }
}
