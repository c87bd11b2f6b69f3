//! A document as a list of keys.

/// Every value that is no table, as TOML writes it, by its dotted key, in the order of the document.
pub fn flat(table: &toml::Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    add("", table, &mut found);
    found
}

fn add(prefix: &str, table: &toml::Table, found: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let dotted = format!("{prefix}{key}");
        match value {
            toml::Value::Table(inner) if !inner.is_empty() => {
                add(&format!("{dotted}."), inner, found);
            }
            value => found.push((dotted, sorted(value).to_string())),
        }
    }
}

/// The value with the keys of its tables in order: TOML writes, and reads, those of tables within arrays
/// as it may.
fn sorted(value: &toml::Value) -> toml::Value {
    match value {
        toml::Value::Array(items) => toml::Value::Array(items.iter().map(sorted).collect()),
        toml::Value::Table(table) => {
            let mut keys: Vec<_> = table.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            let keys = keys.into_iter().map(|(key, value)| (key.clone(), sorted(value)));
            toml::Value::Table(keys.collect())
        }
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_dotted_keys() {
        let table =
            "seed = 1\nrates = [0.1, 1.0]\n[data]\nkind = \"power\"\nrest = {}\n[data.a]\nb = 2.5";
        let keys = flat(&table.parse().unwrap());
        let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (&**key, &**value)).collect();
        let wanted = [
            ("seed", "1"),
            ("rates", "[0.1, 1.0]"),
            ("data.kind", "\"power\""),
            ("data.rest", "{}"),
            ("data.a.b", "2.5"),
        ];
        assert_eq!(keys, wanted);
    }

    #[test]
    fn the_order_of_keys_within_arrays_says_nothing() {
        let [one, other] = ["[[a]]\nb = {d = 1, c = 2}\ne = 3", "[[a]]\ne = 3\nb = {c = 2, d = 1}"]
            .map(|text| flat(&text.parse().unwrap()));
        assert_eq!(one, other);
        assert_eq!(one[0].1, "[{ b = { c = 2, d = 1 }, e = 3 }]");
    }
}
