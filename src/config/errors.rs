//! Problems of a configuration, and how they read.

use std::fmt;

/// At most this many problems are printed; the rest are only counted.
const PRINTED: usize = 50;

/// Where a value, or its absence, comes from; ordered as problems are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The file as a whole.
    File,
    /// A place in the file.
    Place {
        /// Line, from 1.
        line: usize,
        /// Character within the line, from 1.
        column: usize,
    },
    /// An argument of the command line.
    Argument {
        /// Its position among the arguments that concern the configuration.
        index: usize,
        /// The argument as written, for instance `--set training.trials=3`.
        text: String,
    },
}

/// What sort of problem it is: recovery from syntax errors makes some sorts meaningless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    /// The text is not valid TOML here.
    Syntax,
    /// A value is not what it must be.
    Value,
    /// Several keys do not go together.
    Relation,
    /// A required key is not there.
    Missing,
    /// A key that nobody asked for.
    Unknown,
    /// The same, but a later layer made a choice with which it may have lost its meaning.
    Stale,
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConfigError {
    /// Where it was found.
    pub origin: Origin,
    /// The key concerned, dotted (`claims.0.factor`); empty for the document itself.
    pub key: String,
    /// What is wrong, or what was expected.
    pub message: String,
    /// What was found instead, as one would write it.
    pub found: Option<String>,
    /// What may have been meant, as one would write it.
    pub suggestion: Option<String>,
    /// The profile that has the problem, when it is not the chosen one.
    pub profile: Option<String>,
    /// The point of a study that has the problem.
    pub point: Option<String>,
    pub(super) sort: Sort,
}

impl ConfigError {
    /// A problem with a value.
    pub(super) fn new(
        origin: Origin,
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> ConfigError {
        ConfigError {
            origin,
            key: key.into(),
            message: message.into(),
            found: None,
            suggestion: None,
            profile: None,
            point: None,
            sort: Sort::Value,
        }
    }

    /// The same, of another sort.
    pub(super) fn of_sort(self, sort: Sort) -> ConfigError {
        ConfigError { sort, ..self }
    }

    /// Adds what was found.
    pub(super) fn found(self, found: impl Into<String>) -> ConfigError {
        ConfigError { found: Some(found.into()), ..self }
    }

    /// Adds what may have been meant.
    pub(super) fn suggest(self, suggestion: Option<String>) -> ConfigError {
        ConfigError { suggestion, ..self }
    }
}

impl fmt::Display for ConfigError {
    /// The problem without its place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if let Some(found) = &self.found {
            write!(f, ", found {found}")?;
        }
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean {suggestion}?")?;
        }
        if let Some(profile) = &self.profile {
            write!(f, " (in the profile {profile:?})")?;
        }
        if let Some(point) = &self.point {
            write!(f, " (at {point})")?;
        }
        Ok(())
    }
}

/// All problems of a configuration: at least one, in the order of the file, but syntax errors first.
///
/// Printed, it is one line per problem, each with its place, and a last line with their number.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigErrors {
    file: String,
    problems: Vec<ConfigError>,
}

impl ConfigErrors {
    /// One problem of a key of a whole file, or of the file itself if the key is empty.
    pub fn of_file(file: &str, key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::new(file, vec![ConfigError::new(Origin::File, key, problem)])
    }

    pub(super) fn new(file: impl Into<String>, mut problems: Vec<ConfigError>) -> ConfigErrors {
        debug_assert!(!problems.is_empty());
        // Stable, so that problems at one place stay in the order of their discovery.
        problems.sort_by_key(|problem| (problem.sort != Sort::Syntax, problem.origin.clone()));
        ConfigErrors { file: file.into(), problems }
    }

    /// The file's name as the user gave it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The problems: syntax errors, then the others in the order of the file, those of the command
    /// line last.
    pub fn problems(&self) -> &[ConfigError] {
        &self.problems
    }

    /// The number of problems, at least one.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.problems.len()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.problems.iter().take(PRINTED) {
            match &problem.origin {
                Origin::File => write!(f, "{}: ", self.file)?,
                Origin::Place { line, column } => write!(f, "{}:{line}:{column}: ", self.file)?,
                Origin::Argument { text, .. } => write!(f, "{text}: ")?,
            }
            writeln!(f, "{problem}")?;
        }
        if self.len() > PRINTED {
            writeln!(f, "… and {} more", self.len() - PRINTED)?;
        }
        let noun = if self.len() == 1 { "problem" } else { "problems" };
        write!(f, "{} {noun} in {}", self.len(), self.file)
    }
}

impl std::error::Error for ConfigErrors {}
