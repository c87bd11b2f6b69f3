//! What the first argument of a program means: a file, an experiment that is shipped, or a figure of
//! the paper.

use std::path::Path;

use crate::config::Source;
use crate::error::{Error, Result};
use crate::shipped::{FIGURES, PaperFigure, SHIPPED, Shipped};

/// What was named.
pub(super) enum Named {
    /// One config.
    Config(Source),
    /// A figure, which several shipped experiments may show.
    Figure(&'static PaperFigure),
}

impl Named {
    /// Finds it. A file comes first, and a path is nothing but a file.
    ///
    /// # Errors
    /// When there is no such file and no such name, with what may have been meant; when the file cannot
    /// be read.
    pub fn find(argument: &Path) -> Result<Self> {
        let name = argument.to_str().filter(|_| !argument.exists() || argument.is_dir());
        if let Some(shipped) = name.and_then(Shipped::named) {
            return Ok(Self::Config(shipped.source()?));
        }
        if let Some(figure) = name.and_then(PaperFigure::named) {
            return Ok(Self::Figure(figure));
        }
        let is_figure = |name: &&str| {
            let number = name.strip_prefix("fig").unwrap_or_default();
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        if let Some(name) = name.filter(|_| !argument.exists()).filter(is_figure) {
            let names: Vec<&str> = FIGURES.iter().map(|figure| figure.name).collect();
            let message = format!("no figure {name}; there are {}", names.join(", "));
            return Err(Error::Usage(message));
        }
        let shipped = SHIPPED.iter().map(|shipped| shipped.name);
        let figures = FIGURES.iter().map(|figure| figure.name);
        let names: Vec<&str> = shipped.chain(figures).collect();
        Ok(Self::Config(Source::open_or_suggest(argument, &names)?))
    }
}

/// The one config that was named.
///
/// # Errors
/// As for [`Named::find`], and for a figure.
pub(super) fn one(argument: &Path) -> Result<Source> {
    match Named::find(argument)? {
        Named::Config(source) => Ok(source),
        Named::Figure(figure) => Err(Error::Usage(format!(
            "{} is shown by {}: name one of them",
            figure.name,
            figure.experiments.join(", ")
        ))),
    }
}
