//! Settings of one document that another one states: what is laid over it before it is read.

use std::path::Path;

use super::description::Type;
use super::errors::{ConfigError, ConfigErrors, Origin};
use super::key::Key;
use super::kind::{AnyString, FilePath, Kind, List};
use super::overlay::{DEFAULT_PROFILE, parse_key};
use super::reader::Reader;
use super::source::Source;
use super::tree::{Field, Fields, Node, Value, join, shorten};

/// A dotted key of another document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DottedKey(Vec<String>);

/// A value for a key of another document: whatever TOML has, but for dates.
#[derive(Clone, Debug)]
pub struct AnyValue(Node);

/// Settings for another document: a table whose keys are those of that document.
#[derive(Clone, Debug)]
pub struct Layer(Node);

impl DottedKey {
    /// As one would write it.
    pub fn text(&self) -> String {
        self.0.iter().fold(String::new(), |path, segment| join(&path, segment))
    }

    /// Settings that give this key a value.
    pub fn set(&self, AnyValue(value): &AnyValue) -> Layer {
        let origin = value.origin.clone();
        let nested = |node: Node, key: &String| {
            let (key, origin) = (key.clone(), origin.clone());
            let field = Field { key, origin: origin.clone(), node, layer: 0, since: 0 };
            Node { origin, value: Value::Table(Fields(vec![field])) }
        };
        Layer(self.0.iter().rev().fold(value.clone(), nested))
    }
}

impl AnyValue {
    /// The value in a few letters: a string without quotes, anything else as TOML.
    pub fn text(&self) -> String {
        match resolved(&self.0) {
            toml::Value::String(text) => shorten(&text),
            toml::Value::Float(number) => super::short(number),
            other => shorten(&other.to_string()),
        }
    }

    /// The value, if it is a number.
    pub fn number(&self) -> Option<f64> {
        if let Value::Number { value, .. } = self.0.value { Some(value) } else { None }
    }
}

impl Source {
    /// The document under its default profile with settings laid over it, later ones over earlier ones,
    /// as a document without profiles. They come from the file `from`, which messages name.
    pub fn with(&self, layers: &[Layer], from: &str) -> Self {
        let mut problems = self.problems.clone();
        let mut root = self.overlaid(Some(DEFAULT_PROFILE), &[], &mut problems);
        for (index, Layer(node)) in layers.iter().enumerate() {
            // The default profile was the first layer.
            root.merge(elsewhere(node.clone(), from).in_layer(index + 2), "", &mut problems);
        }
        Self { root, profiles: Fields::default(), problems, ..self.clone() }
    }

    /// Whether the document has this key.
    pub fn has(&self, key: &str) -> bool {
        self.root.child(key).is_some()
    }
}

impl ConfigErrors {
    /// The problems of several documents, each of them at what is called a point of this file; those that
    /// several of them have once.
    pub fn at_points(file: &str, points: Vec<(String, Self)>) -> Option<Self> {
        let mut problems: Vec<ConfigError> = Vec::new();
        for (point, errors) in points {
            let document = errors.file().to_owned();
            for problem in errors.problems() {
                let origin = match &problem.origin {
                    Origin::File => Origin::Argument { index: 0, text: document.clone() },
                    place => place_in(place, &document),
                };
                let same = |known: &ConfigError| {
                    known.origin == origin
                        && known.key == problem.key
                        && known.message == problem.message
                };
                if !problems.iter().any(same) {
                    let point = Some(point.clone());
                    problems.push(ConfigError { origin, point, ..problem.clone() });
                }
            }
        }
        (!problems.is_empty()).then(|| Self::new(file, problems))
    }
}

/// A place in a file for the messages on another one.
fn place_in(origin: &Origin, file: &str) -> Origin {
    match origin {
        Origin::Place { line, column } => {
            Origin::Argument { index: 0, text: format!("{file}:{line}:{column}") }
        }
        other => other.clone(),
    }
}

/// A node of the file `from`, in another document.
fn elsewhere(mut node: Node, from: &str) -> Node {
    node.origin = place_in(&node.origin, from);
    node.value = match node.value {
        Value::Table(Fields(fields)) => Value::Table(Fields(
            (fields.into_iter())
                .map(|field| Field {
                    origin: place_in(&field.origin, from),
                    node: elsewhere(field.node, from),
                    ..field
                })
                .collect(),
        )),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| elsewhere(item, from)).collect())
        }
        value => value,
    };
    node
}

/// A node as a TOML value.
fn resolved(node: &Node) -> toml::Value {
    match &node.value {
        Value::String(text) | Value::Date(text) => text.as_str().into(),
        Value::Number { whole: Some(whole), .. } => (*whole).into(),
        Value::Number { value, .. } => (*value).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Array(items) => items.iter().map(resolved).collect::<Vec<_>>().into(),
        Value::Table(Fields(fields)) => {
            let entry = |field: &Field| (field.key.clone(), resolved(&field.node));
            fields.iter().map(entry).collect::<toml::Table>().into()
        }
    }
}

/// Whether TOML can state the value again: no date, no number that is not finite.
fn is_plain(node: &Node) -> bool {
    match &node.value {
        Value::Date(_) => false,
        Value::Number { value, .. } => value.is_finite(),
        Value::String(_) | Value::Flag(_) => true,
        Value::Array(items) => items.iter().all(is_plain),
        Value::Table(Fields(fields)) => fields.iter().all(|field| is_plain(&field.node)),
    }
}

struct AnyKey;

impl Kind for AnyKey {
    type Output = DottedKey;

    fn described(&self) -> Type {
        Type::String
    }

    fn expected(&self) -> String {
        "a dotted key, such as \"objective.rows\"".to_owned()
    }

    fn accept(&self, node: &Node) -> Option<DottedKey> {
        AnyString.accept(node).and_then(|text| parse_key(&text)).map(DottedKey)
    }

    fn suggest(&self, _: &Node) -> Option<String> {
        None
    }

    fn resolve(&self, value: &DottedKey) -> toml::Value {
        value.text().into()
    }
}

struct Anything;

impl Kind for Anything {
    type Output = AnyValue;

    fn described(&self) -> Type {
        Type::Any
    }

    fn expected(&self) -> String {
        "a finite number, a string, true or false, or an array or table of such".to_owned()
    }

    fn accept(&self, node: &Node) -> Option<AnyValue> {
        is_plain(node).then(|| AnyValue(node.clone()))
    }

    fn suggest(&self, _: &Node) -> Option<String> {
        None
    }

    fn resolve(&self, value: &AnyValue) -> toml::Value {
        resolved(&value.0)
    }
}

struct Settings;

impl Kind for Settings {
    type Output = Layer;

    fn described(&self) -> Type {
        Type::Any
    }

    fn expected(&self) -> String {
        "a table of settings".to_owned()
    }

    fn accept(&self, node: &Node) -> Option<Layer> {
        let is_table = matches!(node.value, Value::Table(_));
        (is_table && is_plain(node)).then(|| Layer(node.clone()))
    }

    fn suggest(&self, _: &Node) -> Option<String> {
        None
    }

    fn resolve(&self, Layer(node): &Layer) -> toml::Value {
        resolved(node)
    }
}

/// The name of something that is known by it, or the path of a TOML file.
struct NameOrFile<'a>(Option<&'a Path>);

impl Kind for NameOrFile<'_> {
    type Output = String;

    fn described(&self) -> Type {
        Type::String
    }

    fn expected(&self) -> String {
        "the name of a shipped config, such as \"lsq\", or the path of a config that ends with .toml"
            .to_owned()
    }

    fn accept(&self, node: &Node) -> Option<String> {
        let text = AnyString.accept(node).filter(|text| !text.is_empty())?;
        if text.ends_with(".toml") { FilePath(self.0).accept(node) } else { Some(text) }
    }

    fn suggest(&self, _: &Node) -> Option<String> {
        None
    }

    fn resolve(&self, value: &String) -> toml::Value {
        value.as_str().into()
    }
}

impl Reader<'_> {
    /// An array of names of configs and of paths of such, absolute as those of
    /// [`files`](Self::files) are.
    pub fn configs(&mut self, key: Key) -> Option<Vec<String>> {
        let folder = self.folder();
        self.required(key, &List(NameOrFile(folder)))
    }

    /// An array of keys of another document.
    pub fn keys(&mut self, key: Key) -> Option<Vec<DottedKey>> {
        self.required(key, &List(AnyKey))
    }

    /// An array of values for keys of another document.
    pub fn values(&mut self, key: Key) -> Option<Vec<AnyValue>> {
        self.required(key, &List(Anything))
    }

    /// Settings for another document; none where the key is missing.
    pub fn layer(&mut self, key: Key) -> Option<Layer> {
        let none = Node { origin: Origin::File, value: Value::Table(Fields::default()) };
        self.or(key, &Settings, || Layer(none))
    }
}
