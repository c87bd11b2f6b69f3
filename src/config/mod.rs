//! Configuration files: TOML as written → checked values, with all problems at once.
//!
//! A [`Source`] is a file's text as a tree that remembers where everything stood. [`read`] lays a
//! profile and `--set` overrides over it (an [`Overlay`]) and hands it, as a [`Reader`], to a
//! function that asks for the keys it knows. The reader records every problem (wrong types,
//! values out of range, missing and unknown keys) and every value that was read, defaults
//! included. The result is either [`ConfigErrors`], all of them, or the value together with the
//! fully resolved document, and with that part of it on which results depend: everything that is
//! not declared to be presentation where it is read. [`describe`] asks the same functions what a
//! document may hold.

mod allowed;
mod builder;
mod describing;
mod description;
mod document;
mod entry;
mod errors;
mod flat;
mod idle;
mod key;
mod kind;
mod layer;
mod nearby;
mod overlay;
mod reader;
mod source;
mod suggest;
mod tables;
mod tree;

use std::collections::HashSet;

use describing::explore;
use document::{Setting, Tables, read_node};
use errors::Sort;
use kind::{FileName, Kind as _};

pub use allowed::{Allowed, short};
pub use description::{Choice, Condition, KeyDescription, Presence, Type};
pub use entry::Entry;
pub use errors::{ConfigError, ConfigErrors, Origin};
pub use flat::flat;
pub use key::{Key, key};
pub use layer::{AnyValue, DottedKey, Layer};
pub use overlay::{DEFAULT_PROFILE, Overlay};
pub use reader::Reader;
pub use source::Source;
pub use suggest::nearest;

/// What a name of files or folders must be, where this is none.
pub fn no_file_name(name: &str) -> Option<String> {
    (!FileName::fits(name)).then(|| FileName.expected())
}

/// What was read, and the document as it was understood.
#[derive(Clone, Debug)]
pub struct Resolved<T> {
    /// What the reading function returned.
    pub value: T,
    /// Every key that was read, defaults filled in, in the order of reading; reading this again
    /// gives the same value.
    pub table: toml::Table,
    /// The keys of it that are not declared to be presentation: what results depend on.
    pub identity: toml::Table,
}

/// Reads a document, with a profile and overrides laid over it, by a function that asks for all
/// the keys it knows.
///
/// The profiles that are not chosen are read too, without the overrides, and the problems that the
/// document has only with them are reported: a misspelt key in a profile comes to light at once,
/// not on the day it is needed.
///
/// # Errors
/// All problems that were found: invalid TOML, values that are not what they must be, missing and
/// unknown keys, an unknown profile, bad overrides.
pub fn read<T>(
    source: &Source,
    overlay: &Overlay,
    read: impl Fn(&mut Reader<'_>) -> Option<T>,
) -> Result<Resolved<T>, ConfigErrors> {
    let read = |profile: Option<&str>, overrides: &[String]| {
        let mut problems = Vec::new();
        let root = source.overlaid(profile, overrides, &mut problems);
        let folder = source.folder.as_deref();
        let setting = Setting { folder, problems: &mut problems, presentation: false };
        let value = read_node(&root, String::new(), setting, |document| {
            Reader::reading(document, |reader| read(reader))
        });
        (value, problems)
    };
    let chosen = overlay.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
    let (value, mut found) = read(Some(chosen), &overlay.overrides);
    let mut problems = source.problems.clone();

    // A key that lost its meaning to a later choice is none but where it never had one: a misspelt
    // key must not go unnoticed because of what else is overridden.
    let bare: HashSet<ConfigError> = read(None, &[]).1.into_iter().collect();
    let earlier = read(Some(chosen), &[]).1;
    let unknown: HashSet<&Origin> = (bare.iter().chain(&earlier))
        .filter(|problem| problem.sort == Sort::Unknown)
        .map(|problem| &problem.origin)
        .collect();
    found.retain(|problem| problem.sort != Sort::Stale || unknown.contains(&problem.origin));
    problems.extend(found);
    for profile in source.profiles().into_iter().filter(|&profile| profile != chosen) {
        let (_, found) = read(Some(profile), &[]);
        problems.extend(
            (found.into_iter())
                .filter(|problem| problem.sort != Sort::Stale && !bare.contains(problem))
                .map(|problem| ConfigError { profile: Some(profile.to_owned()), ..problem }),
        );
    }

    problems.retain(|problem| source.damage.spares(problem));
    match value {
        Some((value, Tables { resolved, identity })) if problems.is_empty() => {
            Ok(Resolved { value, table: resolved, identity })
        }
        None if problems.is_empty() => {
            let problem = ConfigError::new(Origin::File, "", "refused, but no reason was given");
            Err(ConfigErrors::new(source.name(), vec![problem]))
        }
        _ => Err(ConfigErrors::new(source.name(), problems)),
    }
}

/// Every key that a document may hold that `read` reads, in the order of reading, and the profiles.
///
/// # Panics
/// When a key is asked for on conditions that are not independent of each other, such as one choice
/// or another: no [`Condition`]s say so.
pub fn describe<T>(read: impl Fn(&mut Reader<'_>) -> Option<T>) -> Vec<KeyDescription> {
    let mut keys = explore(String::new(), false, |run| Reader::describing(run, &read));
    keys.push(KeyDescription {
        key: "profiles".into(),
        meaning: "settings that --profile NAME lays over the document, under the same keys",
        expected: "[profiles.NAME] tables".into(),
        value: Type::NamedTables,
        presence: Presence::Optional,
        conditions: Vec::new(),
        presentation: true,
    });
    keys
}
