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
            value => found.push((dotted, value.to_string())),
        }
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
}
