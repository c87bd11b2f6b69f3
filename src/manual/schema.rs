//! The keys as a JSON Schema (draft 7), which editors of TOML understand: `docs/config.schema.json`.

use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::Keys;
use super::words::{capitalized, sentence};
use crate::config::{KeyDescription, Presence, Type};

/// What stands for a name in a dotted key, and for an element of an array.
const NAME: &str = "NAME";
const ELEMENT: &str = "[]";

/// Keys by their parts.
#[derive(Default)]
struct Node<'a> {
    of: Vec<&'a KeyDescription>,
    parts: Vec<(&'a str, Node<'a>)>,
}

/// The schema, in lines. It knows which keys there are and what each must be; that one goes only with
/// certain others is said in its description, and checked by the programs.
pub fn schema() -> String {
    let keys = Keys::all();
    let mut root = Node::default();
    for key in keys.merged() {
        root.add(key);
    }
    let mut schema = root.table();
    // Either is enough: a study has no seed, an experiment no [study].
    let required = [&keys.experiment, &keys.study].map(|keys| {
        let mut root = Node::default();
        keys.iter().for_each(|key| root.add(key));
        json!({ "required": root.required() })
    });
    schema.remove("required");
    schema.insert("anyOf".into(), required.to_vec().into());
    schema.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".into(), "egop: an experiment, or a study of experiments".into());
    let mut text =
        serde_json::to_string_pretty(&schema).expect("texts and numbers have a JSON form");
    text.push('\n');
    text
}

impl<'a> Node<'a> {
    fn add(&mut self, key: &'a KeyDescription) {
        let mut node = self;
        for part in key.key.split('.') {
            let (name, is_array) = match part.strip_suffix(ELEMENT) {
                Some(name) => (name, true),
                None => (part, false),
            };
            node = node.part(name);
            if is_array {
                node = node.part(ELEMENT);
            }
        }
        node.of.push(key);
    }

    fn part(&mut self, name: &'a str) -> &mut Self {
        let place = self.parts.iter().position(|(part, _)| *part == name).unwrap_or_else(|| {
            self.parts.push((name, Self::default()));
            self.parts.len() - 1
        });
        &mut self.parts[place].1
    }

    /// The keys of a table that must be there whatever is chosen.
    fn required(&self) -> Vec<&'a str> {
        let always = |node: &Self| {
            node.of
                .iter()
                .any(|key| key.presence == Presence::Required && key.conditions.is_empty())
        };
        self.parts.iter().filter(|(_, node)| always(node)).map(|(name, _)| *name).collect()
    }

    /// The schema of a table with these parts.
    fn table(&self) -> Map<String, Value> {
        let mut table = Map::from_iter([("type".into(), "object".into())]);
        if let [(NAME, named)] = &self.parts[..] {
            table.insert("additionalProperties".into(), named.table().into());
            return table;
        }
        let properties = self.parts.iter().map(|(name, node)| ((*name).to_owned(), node.value()));
        table.insert("properties".into(), Map::from_iter(properties).into());
        table.insert("additionalProperties".into(), false.into());
        let required = self.required();
        if !required.is_empty() {
            table.insert("required".into(), required.into());
        }
        table
    }

    /// The schema of a key's value; of a key with several meanings, any of them.
    fn value(&self) -> Value {
        let mut kinds: Vec<Map<String, Value>> = Vec::new();
        for key in &self.of {
            let kind = self.kind(&key.value);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let mut schema = match <[_; 1]>::try_from(kinds) {
            Ok([only]) => only,
            Err(kinds) => Map::from_iter([("anyOf".into(), kinds.into())]),
        };
        let description =
            |key: &&KeyDescription| format!("{}. {}", capitalized(key.meaning), sentence(key));
        let descriptions: Vec<String> = self.of.iter().map(description).collect();
        schema.insert("description".into(), descriptions.join("\n\n").into());
        if let [KeyDescription { presence: Presence::Default(value), .. }] = self.of[..]
            && let Ok(value) = serde_json::to_value(value)
        {
            schema.insert("default".into(), value);
        }
        schema.into()
    }

    fn kind(&self, value: &Type) -> Map<String, Value> {
        let of = |kind: &str| Map::from_iter([("type".to_owned(), Value::from(kind))]);
        match value {
            Type::String | Type::FileName | Type::File => of("string"),
            Type::Number { low, high } => {
                let mut number = of("number");
                let mut limit = |bound: &Bound<f64>, included: &str, excluded: &str| {
                    let (name, bound) = match bound {
                        Bound::Included(bound) => (included, bound),
                        Bound::Excluded(bound) => (excluded, bound),
                        Bound::Unbounded => return,
                    };
                    number.insert(name.into(), (*bound).into());
                };
                limit(low, "minimum", "exclusiveMinimum");
                limit(high, "maximum", "exclusiveMaximum");
                number
            }
            Type::Integer { low, high } => {
                let mut number = of("integer");
                number.insert("minimum".into(), (*low).into());
                if let Some(high) = high {
                    number.insert("maximum".into(), (*high).into());
                }
                number
            }
            Type::Flag => of("boolean"),
            Type::Choice { choices } => {
                let names: Vec<&str> = choices.iter().map(|choice| &*choice.name).collect();
                let summaries: Vec<_> =
                    choices.iter().map(|choice| choice.summary.as_deref()).collect();
                let mut choice = Map::from_iter([("enum".into(), names.into())]);
                if summaries.iter().any(Option::is_some) {
                    // What Taplo and Even Better TOML show beside each name.
                    choice.insert("x-taplo".into(), json!({ "docs": { "enumValues": summaries } }));
                }
                choice
            }
            Type::Array { of: element } => {
                let mut array = of("array");
                array.insert("items".into(), self.kind(element).into());
                array
            }
            Type::Table => self.table(),
            Type::NamedTables if self.parts.is_empty() => {
                // The profiles: what they lay over the document may be any part of it.
                let mut tables = of("object");
                tables.insert("additionalProperties".into(), of("object").into());
                tables
            }
            Type::NamedTables => self.table(),
            Type::TableArray => {
                let mut array = of("array");
                let element = self.parts.iter().find(|(name, _)| *name == ELEMENT);
                let element = element.map(|(_, element)| element.table()).unwrap_or_default();
                array.insert("items".into(), element.into());
                array
            }
            Type::Any => Map::new(),
        }
    }
}
