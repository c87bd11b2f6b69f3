//! Configuration files: TOML as written → checked values, with all problems at once.
//!
//! A [`Source`] is a file's text as a tree that remembers where everything stood. [`read`] lays a
//! profile and `--set` overrides over it (an [`Overlay`]) and hands it, as a [`Reader`], to a
//! function that asks for the keys it knows. The reader records every problem (wrong types,
//! values out of range, missing and unknown keys) and every value that was read, defaults
//! included. The result is either [`ConfigErrors`], all of them, or the value together with the
//! fully resolved document.

mod allowed;
mod canonical;
mod errors;
mod kind;
mod overlay;
mod reader;
mod source;
mod suggest;
mod tree;

pub use allowed::Allowed;
pub use canonical::canonical_json;
pub use errors::{ConfigErrors, Origin, Problem};
pub use overlay::{DEFAULT_PROFILE, Overlay};
pub use reader::{Reader, Resolved, read};
pub use source::Source;
pub use suggest::nearest;
