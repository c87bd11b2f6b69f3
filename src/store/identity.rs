//! What a results folder is bound to: one experiment.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::record::SCHEMA;
use crate::store::{json, json_object};

/// So many differences are named.
const NAMED: usize = 6;

/// What a results folder is bound to: results of another experiment are not mixed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the tables' schema.
    pub schema: u32,
    /// What results depend on: see [`crate::config::Resolved::identity`].
    pub experiment: Value,
    /// SHA-256 of each data file by its name. Names that only one of two identities has do not
    /// tell them apart: more trials may read more files.
    pub data: BTreeMap<String, String>,
}

impl Identity {
    /// The current schema with this experiment and these data files.
    pub fn new(experiment: &toml::Table, data: impl IntoIterator<Item = (String, String)>) -> Self {
        let experiment = json_object(experiment);
        Self { schema: SCHEMA, experiment, data: data.into_iter().collect() }
    }

    /// Whether a folder that is bound to what these bytes say is this experiment's; what it is bound to
    /// once this one's data files are read, too.
    pub(super) fn check(&self, root: &Path, bound: &[u8]) -> Result<Self> {
        if bound == json(self) {
            return Ok(self.clone());
        }
        let corrupt = || Error::Corrupt {
            path: root.join(super::IDENTITY),
            message:
                "is not as it was written, so it is not known which experiment the results in \
                      this folder belong to; choose another folder with --out, or move this one \
                      away"
                    .into(),
        };
        let value: Value = serde_json::from_slice(bound).map_err(|_| corrupt())?;
        match value.get("schema").and_then(Value::as_u64) {
            Some(schema) if schema == u64::from(SCHEMA) => {}
            Some(schema) => {
                return Err(Error::Incompatible {
                    path: root.join(super::IDENTITY),
                    message: format!(
                        "the folder holds results of schema {schema}, this program's are of \
                         schema {SCHEMA}; choose another folder with --out, or move this one away"
                    ),
                });
            }
            None => return Err(corrupt()),
        }
        let found: Identity = serde_json::from_value(value).map_err(|_| corrupt())?;
        if bound != json(&found) {
            return Err(corrupt());
        }
        let differences = self.differences(&found);
        if differences.is_empty() {
            let data = found.data.into_iter().chain(self.data.clone()).collect();
            return Ok(Self { data, ..found });
        }
        let more = match differences.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        Err(Error::Incompatible {
            path: root.into(),
            message: format!(
                "the folder holds another experiment: {}{more}; choose another folder with --out, \
                 or --replace what it holds",
                differences[..differences.len().min(NAMED)].join("; ")
            ),
        })
    }

    /// `holds seed = 1, this has seed = 2` for each key that differs.
    fn differences(&self, found: &Self) -> Vec<String> {
        let [here, there] = [self, found].map(|identity| {
            let mut keys = BTreeMap::new();
            flatten("", &identity.experiment, &mut keys);
            keys
        });
        let mut all: Vec<&String> = here.keys().chain(there.keys()).collect();
        all.sort();
        all.dedup();
        let says = |keys: &BTreeMap<String, String>, key: &str| match keys.get(key) {
            Some(value) => format!("{key} = {value}"),
            None => format!("no {key}"),
        };
        let mut differences: Vec<String> = all
            .into_iter()
            .filter(|key| here.get(*key) != there.get(*key))
            .map(|key| format!("it holds {}, this has {}", says(&there, key), says(&here, key)))
            .collect();
        for (name, sum) in &self.data {
            if found.data.get(name).is_some_and(|other| other != sum) {
                differences.push(format!("{name} was another file"));
            }
        }
        differences
    }
}

/// Every value that is no table, as JSON, by its dotted key.
fn flatten(path: &str, value: &Value, keys: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (key, value) in table {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{key}"), value, keys);
            }
        }
        value => drop(keys.insert(path.into(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str, data: &[(&str, &str)]) -> Identity {
        let data = data.iter().map(|&(name, sum)| (name.to_owned(), sum.to_owned()));
        Identity::new(&text.parse().unwrap(), data)
    }

    /// Why a folder that is bound to the other one is refused.
    fn refusal(one: &Identity, other: &Identity) -> Option<String> {
        one.check(Path::new("r"), &json(other)).err().map(|error| error.to_string())
    }

    #[test]
    fn another_experiment_is_refused_with_the_keys_that_differ() {
        let one = identity("seed = 2\n[objective]\nkind = \"a\"\nrows = 3", &[]);
        let other = identity("seed = 1\n[objective]\nkind = \"a\"", &[]);
        assert_eq!(
            refusal(&one, &other).unwrap(),
            "r: the folder holds another experiment: it holds no objective.rows, this has \
             objective.rows = 3; it holds seed = 1, this has seed = 2; choose another folder with \
             --out, or --replace what it holds"
        );
        assert_eq!(refusal(&one, &one), None);
    }

    #[test]
    fn data_must_agree_where_both_have_it() {
        let one = identity("", &[("a", "1"), ("b", "2")]);
        assert_eq!(refusal(&one, &identity("", &[("a", "1")])), None);
        // It is bound to all files from then on, whichever of them are read later.
        let bound = one.check(Path::new("r"), &json(&identity("", &[("a", "1"), ("c", "3")])));
        let bound = bound.unwrap();
        assert_eq!(bound, identity("", &[("a", "1"), ("b", "2"), ("c", "3")]));
        assert!(refusal(&identity("", &[("c", "4")]), &bound).is_some());
        assert!(
            refusal(&one, &identity("", &[("b", "3")])).unwrap().contains("b was another file")
        );
    }

    #[test]
    fn another_schema_and_damage_are_told_apart() {
        let one = identity("", &[]);
        let error = one.check(Path::new("r"), b"{\"schema\": 1, \"data\": []}").unwrap_err();
        assert!(error.to_string().contains("schema 1"), "{error}");
        let incomplete = format!("{{\"schema\": {SCHEMA}}}");
        for damaged in ["", "{}", &*incomplete] {
            let error = one.check(Path::new("r"), damaged.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        }
    }
}
