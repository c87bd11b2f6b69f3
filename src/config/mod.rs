//! Configuration files: TOML as written → a checked experiment, with all problems at once.

/// All problems of a configuration.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has problems")]
pub struct ConfigErrors;
