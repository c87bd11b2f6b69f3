//! What is laid over a document before it is read: a profile, then `--set` overrides.

use std::iter;

use toml::de::{DeTable, DeValue};

use super::builder::Builder;
use super::errors::{ConfigError, Origin, Sort};
use super::source::Source;
use super::suggest::nearest;
use super::tree::{Field, Fields, Node, Value, quote, shorten};

/// The profile that is used when none is asked for. It always exists; unless the document defines
/// it, it changes nothing.
pub const DEFAULT_PROFILE: &str = "default";

/// The key by which a resolved document says which profile its settings come from.
const PROFILE: &str = "profile";
/// The key of the profiles themselves.
const PROFILES: &str = "profiles";

/// What is laid over a document before it is read.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// The `[profiles.NAME]` table to lay over the document; its keys mirror the document's.
    pub profile: Option<String>,
    /// `key=value` arguments, applied in this order after the profile.
    ///
    /// The key is dotted, elements of arrays are numbered from 0 (`claims.0.factor=2`), and the
    /// value is TOML; what is not TOML is taken for a string, so that strings need no quotes. A table
    /// is merged into the table that it meets, any other value replaces what was there. A key takes
    /// the place of those that it excludes ([`Reader::alternative`](super::Reader::alternative)),
    /// and a choice, such as `kind`, of the keys that went with the former one.
    pub overrides: Vec<String>,
}

impl Source {
    /// The names of the profiles: `default`, then the others in the order of the file.
    pub fn profiles(&self) -> Vec<&str> {
        let defined = self.profiles.0.iter().map(|entry| entry.key.as_str());
        iter::once(DEFAULT_PROFILE).chain(defined.filter(|name| *name != DEFAULT_PROFILE)).collect()
    }

    /// The document with one of its profiles and then overrides laid over it.
    pub(super) fn overlaid(
        &self,
        profile: Option<&str>,
        overrides: &[String],
        problems: &mut Vec<ConfigError>,
    ) -> Node {
        let mut root = self.root.clone();
        if let (Value::Table(fields), [_, ..]) = (&root.value, &*self.profiles.0)
            && let Some(stated) = fields.entry(PROFILE)
        {
            let problem = "is what a resolved config says of itself: remove this key, and choose \
                           one of the profiles by --profile";
            problems.push(ConfigError::new(stated.origin.clone(), PROFILE, problem));
        }
        if let Some(name) = profile {
            match self.profiles.get(name) {
                Some(profile) => root.merge(profile.clone().in_layer(1), "", problems),
                None if name == DEFAULT_PROFILE => {}
                None => problems.push(self.unknown_profile(name)),
            }
        }
        for (i, text) in overrides.iter().enumerate() {
            let origin =
                Origin::Argument { index: i + 1, text: format!("--set {}", shorten(text)) };
            match parse_override(text, &origin) {
                Ok(node) if node.child(PROFILE).is_some() => {
                    let problem = "a profile is chosen by --profile";
                    problems.push(ConfigError::new(origin, PROFILE, problem));
                }
                Ok(node) if node.child(PROFILES).is_some() => {
                    let problem = "a profile is changed in the config: set the key itself";
                    problems.push(ConfigError::new(origin, PROFILES, problem));
                }
                Ok(node) => root.merge(node.in_layer(i + 2), "", problems),
                Err(message) => problems.push(ConfigError::new(origin, "", message)),
            }
        }
        root
    }

    fn unknown_profile(&self, name: &str) -> ConfigError {
        let origin = Origin::Argument { index: 0, text: format!("--profile {}", shorten(name)) };
        let names = self.profiles();
        ConfigError::new(origin, "", format!("no such profile; there are {}", names.join(", ")))
            .suggest(nearest(name, names).map(quote))
            .of_sort(Sort::Unknown)
    }
}

/// `a.b=1` as the document that says just that.
fn parse_override(text: &str, origin: &Origin) -> Result<Node, String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    let (key, value) = (key.trim(), value.trim());
    let segments = parse_key(key).ok_or_else(|| format!("{} is not a dotted key", quote(key)))?;
    let nested = |node, key| Node {
        origin: origin.clone(),
        value: Value::Table(Fields(vec![Field {
            key,
            origin: origin.clone(),
            node,
            layer: 0,
            since: 0,
        }])),
    };
    Ok(segments.into_iter().rev().fold(parse_value(value, origin)?, nested))
}

/// The segments of a dotted key; quoted segments may hold anything but `=`.
pub(super) fn parse_key(key: &str) -> Option<Vec<String>> {
    if key.contains(['=', '#', '\n', '\r']) {
        return None;
    }
    let document = format!("{key} = 0");
    let mut table = DeTable::parse(&document).ok()?.into_inner();
    let mut segments = Vec::new();
    while let Some((segment, value)) = table.into_iter().next() {
        segments.push(segment.into_inner().into_owned());
        table = match value.into_inner() {
            DeValue::Table(table) => table,
            _ => DeTable::new(),
        };
    }
    Some(segments)
}

/// A TOML value; what is not one is a string, unless it is visibly an attempt at something else.
fn parse_value(text: &str, origin: &Origin) -> Result<Node, String> {
    if text.is_empty() {
        return Err("there is no value; write KEY='\"\"' for an empty string".to_owned());
    }
    match DeValue::parse(text) {
        Ok(value) => {
            let here = |_| origin.clone();
            let mut builder = Builder::new(text, &here);
            let node = builder.node(value, 1);
            match builder.too_deep {
                None => Ok(node),
                Some(_) => Err("the value is nested too deeply".to_owned()),
            }
        }
        Err(error) if text.starts_with(['"', '\'', '[', '{']) => {
            Err(format!("the value is not valid TOML: {}", error.message()))
        }
        Err(_) => Ok(Node { origin: origin.clone(), value: Value::String(text.to_owned()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_key;

    #[test]
    fn keys_are_dotted_and_segments_may_be_quoted() {
        let parse = |key| parse_key(key).map(|segments| segments.join("|"));
        for (key, segments) in [
            ("seed", Some("seed")),
            ("claims.0.factor", Some("claims|0|factor")),
            ("algorithms.\"my.adam\" . 'beta'", Some("algorithms|my.adam|beta")),
            ("\"\"", Some("")),
            ("", None),
            ("a..b", None),
            ("a b", None),
            ("[a]", None),
            ("a # b", None),
            ("a = 1\nb", None),
        ] {
            assert_eq!(parse(key).as_deref(), segments, "{key}");
        }
    }
}
