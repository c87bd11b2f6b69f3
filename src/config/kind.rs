//! The kinds of values that a key may want: what each accepts, and how it says so.

use std::ops::RangeInclusive;
use std::path::Path;

use super::allowed::Allowed;
use super::description::{Choice as Named, Type};
use super::errors::ConfigError;
use super::suggest::nearest;
use super::tree::{Node, Value, join};

/// A kind of value.
pub(super) trait Kind {
    type Output;

    /// What it is, for programs.
    fn described(&self) -> Type;

    /// What is expected, as it follows the word "expected".
    fn expected(&self) -> String;

    /// The value, if the node is of this kind.
    fn accept(&self, node: &Node) -> Option<Self::Output>;

    /// What may have been meant by a node of another kind, as one would write it.
    fn suggest(&self, node: &Node) -> Option<String>;

    /// The value as the resolved document states it.
    fn resolve(&self, value: &Self::Output) -> toml::Value;

    /// The value, or problems with the node, which `key` names.
    fn read(
        &self,
        node: &Node,
        key: &str,
        problems: &mut Vec<ConfigError>,
    ) -> Option<Self::Output> {
        let value = self.accept(node);
        if value.is_none() {
            problems.push(self.refuse(node, key));
        }
        value
    }

    /// The problem with a node that is not accepted.
    fn refuse(&self, node: &Node, key: &str) -> ConfigError {
        ConfigError::new(node.origin.clone(), key, format!("expected {}", self.expected()))
            .found(node.describe())
            .suggest(self.suggest(node))
    }
}

/// Any string.
pub(super) struct AnyString;

impl Kind for AnyString {
    type Output = String;

    fn described(&self) -> Type {
        Type::String
    }

    fn expected(&self) -> String {
        "a string".to_owned()
    }

    fn accept(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn suggest(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Number { .. } | Value::Flag(_) => Some(format!("\"{}\"", node.describe())),
            _ => None,
        }
    }

    fn resolve(&self, value: &String) -> toml::Value {
        toml::Value::from(value.as_str())
    }
}

/// A name of files or folders that any file system takes.
pub(super) struct FileName;

impl FileName {
    /// With what is added to it, it stays below the 255 bytes that file systems allow.
    const LONGEST: usize = 100;

    pub fn fits(name: &str) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (1..=Self::LONGEST).contains(&name.len())
            && !name.starts_with('.')
            && name.chars().all(allowed)
    }
}

impl Kind for FileName {
    type Output = String;

    fn described(&self) -> Type {
        Type::FileName
    }

    fn expected(&self) -> String {
        format!(
            "a name of at most {} letters, digits, \"-\", \"_\" and, not first, \".\" (it names files)",
            Self::LONGEST
        )
    }

    fn accept(&self, node: &Node) -> Option<String> {
        AnyString.accept(node).filter(|name| Self::fits(name))
    }

    fn suggest(&self, node: &Node) -> Option<String> {
        AnyString.suggest(node)
    }

    fn resolve(&self, value: &String) -> toml::Value {
        AnyString.resolve(value)
    }
}

/// The path of a file, relative to a folder if there is one.
pub(super) struct FilePath<'a>(pub Option<&'a Path>);

impl Kind for FilePath<'_> {
    type Output = String;

    fn described(&self) -> Type {
        Type::File
    }

    fn expected(&self) -> String {
        match self.0.map(|folder| (folder, folder.to_str())) {
            Some((folder, None)) => format!(
                "an absolute path, as the name of the config's folder {} is not UTF-8",
                folder.display()
            ),
            _ => "the path of a file".to_owned(),
        }
    }

    fn accept(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) if text.is_empty() || text.contains('\0') => None,
            Value::String(text) => match self.0 {
                Some(folder) => folder.join(text).to_str().map(str::to_owned),
                None => Some(text.clone()),
            },
            _ => None,
        }
    }

    fn suggest(&self, _: &Node) -> Option<String> {
        None
    }

    fn resolve(&self, value: &String) -> toml::Value {
        toml::Value::from(value.as_str())
    }
}

/// A finite number in a range; integers count as numbers.
pub(super) struct Number(pub Allowed);

impl Kind for Number {
    type Output = f64;

    fn described(&self) -> Type {
        let (low, high) = self.0.bounds();
        Type::Number { low, high }
    }

    fn expected(&self) -> String {
        self.0.to_string()
    }

    fn accept(&self, node: &Node) -> Option<f64> {
        match node.value {
            // Adding zero turns −0 into 0, so that the two are one value in every respect.
            Value::Number { value, .. } if self.0.contains(value) => Some(value + 0.0),
            _ => None,
        }
    }

    fn suggest(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) if text.parse().is_ok_and(|x| self.0.contains(x)) => {
                Some(text.clone())
            }
            _ => None,
        }
    }

    fn resolve(&self, value: &f64) -> toml::Value {
        toml::Value::from(*value)
    }
}

/// A whole number in a range.
pub(super) struct Count(pub RangeInclusive<usize>);

impl Count {
    /// The upper end, where there is one: TOML has no integers from 2^63, whatever the range allows.
    fn highest(&self) -> Option<usize> {
        i64::try_from(*self.0.end()).ok().filter(|&high| high < i64::MAX).map(|_| *self.0.end())
    }
}

impl Kind for Count {
    type Output = usize;

    fn described(&self) -> Type {
        Type::Integer { low: *self.0.start(), high: self.highest() }
    }

    fn expected(&self) -> String {
        let low = self.0.start();
        match self.highest() {
            None => format!("a whole number of at least {low} and below 2^63"),
            Some(high) => format!("a whole number from {low} to {high}"),
        }
    }

    fn accept(&self, node: &Node) -> Option<usize> {
        match node.value {
            Value::Number { whole: Some(whole), .. } => {
                usize::try_from(whole).ok().filter(|whole| self.0.contains(whole))
            }
            _ => None,
        }
    }

    fn suggest(&self, node: &Node) -> Option<String> {
        let meant = match &node.value {
            Value::String(text) => text.parse().ok(),
            // 1e4 is a float in TOML; 2^53 is where floats cease to count.
            &Value::Number { value, .. } if value.fract() == 0.0 && value.abs() < 2f64.powi(53) => {
                Some(value as i64)
            }
            _ => None,
        };
        let meant = usize::try_from(meant?).ok().filter(|whole| self.0.contains(whole))?;
        Some(meant.to_string())
    }

    fn resolve(&self, value: &usize) -> toml::Value {
        toml::Value::Integer(i64::try_from(*value).unwrap_or(i64::MAX))
    }
}

/// True or false.
pub(super) struct Flag;

impl Kind for Flag {
    type Output = bool;

    fn described(&self) -> Type {
        Type::Flag
    }

    fn expected(&self) -> String {
        "true or false".to_owned()
    }

    fn accept(&self, node: &Node) -> Option<bool> {
        if let Value::Flag(flag) = node.value { Some(flag) } else { None }
    }

    fn suggest(&self, node: &Node) -> Option<String> {
        AnyString.accept(node).filter(|text| ["true", "false"].contains(&&**text))
    }

    fn resolve(&self, value: &bool) -> toml::Value {
        toml::Value::from(*value)
    }
}

/// One of a closed set of names, with their summaries if they have any; the value is its place in
/// the set.
pub(super) struct Choice<'a>(pub Vec<(&'a str, Option<&'a str>)>);

impl<'a> Choice<'a> {
    /// The names in the set.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The place of a name in the set.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names().position(|one| one == name)
    }
}

impl Kind for Choice<'_> {
    type Output = usize;

    fn described(&self) -> Type {
        let named = |&(name, summary): &(&str, Option<&str>)| Named {
            name: name.to_owned(),
            summary: summary.map(str::to_owned),
        };
        Type::Choice { choices: self.0.iter().map(named).collect() }
    }

    fn expected(&self) -> String {
        let names: Vec<String> = self.names().map(|name| format!("{name:?}")).collect();
        match names.as_slice() {
            [only] => only.clone(),
            names => format!("one of {}", names.join(", ")),
        }
    }

    fn accept(&self, node: &Node) -> Option<usize> {
        match &node.value {
            Value::String(text) => self.position(text),
            _ => None,
        }
    }

    fn suggest(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) => nearest(text, self.names()).map(|name| format!("{name:?}")),
            _ => None,
        }
    }

    fn resolve(&self, value: &usize) -> toml::Value {
        toml::Value::from(self.0[*value].0)
    }
}

/// An array of values of one kind.
pub(super) struct List<K>(pub K);

impl<K: Kind> Kind for List<K> {
    type Output = Vec<K::Output>;

    fn described(&self) -> Type {
        Type::Array { of: Box::new(self.0.described()) }
    }

    fn expected(&self) -> String {
        format!("an array, each element {}", self.0.expected())
    }

    fn accept(&self, node: &Node) -> Option<Vec<K::Output>> {
        match &node.value {
            Value::Array(items) => items.iter().map(|item| self.0.accept(item)).collect(),
            _ => None,
        }
    }

    fn suggest(&self, node: &Node) -> Option<String> {
        self.0.accept(node).map(|_| format!("[{}]", node.describe()))
    }

    fn resolve(&self, value: &Vec<K::Output>) -> toml::Value {
        value.iter().map(|item| self.0.resolve(item)).collect::<Vec<_>>().into()
    }

    fn read(
        &self,
        node: &Node,
        key: &str,
        problems: &mut Vec<ConfigError>,
    ) -> Option<Self::Output> {
        match &node.value {
            Value::Array(items) => {
                // Every element is read, so that every problem is found.
                let values: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| self.0.read(item, &join(key, &i.to_string()), problems))
                    .collect();
                values.into_iter().collect()
            }
            _ => {
                problems.push(self.refuse(node, key));
                None
            }
        }
    }
}
