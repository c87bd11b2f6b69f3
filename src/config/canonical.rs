//! A canonical text of a document, for addressing results by what produced them.

/// The value as JSON with sorted keys and no spaces: equal for equal values, whatever the order of
/// the file.
///
/// Floats keep a point or an exponent (`1.0`), in shortest round-trip form; [`read`](super::read)
/// stores every number that a key reads as such as a float, so `1` and `1.0` come out alike.
/// Dates, NaN and infinities, which JSON lacks, become strings.
pub fn canonical_json(value: &toml::Value) -> String {
    let mut json = String::new();
    write_json(value, &mut json);
    json
}

fn write_json(value: &toml::Value, json: &mut String) {
    match value {
        toml::Value::String(text) => write_text(text, json),
        toml::Value::Integer(whole) => json.push_str(&whole.to_string()),
        toml::Value::Float(number) if number.is_finite() => json.push_str(&format!("{number:?}")),
        toml::Value::Float(number) => write_text(&number.to_string(), json),
        toml::Value::Boolean(flag) => json.push_str(&flag.to_string()),
        toml::Value::Datetime(date) => write_text(&date.to_string(), json),
        toml::Value::Array(items) => {
            json.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                write_json(item, json);
            }
            json.push(']');
        }
        toml::Value::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            json.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                write_text(key, json);
                json.push(':');
                write_json(value, json);
            }
            json.push('}');
        }
    }
}

fn write_text(text: &str, json: &mut String) {
    json.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::canonical_json;

    fn canonical(text: &str) -> String {
        canonical_json(&toml::Value::Table(text.parse().unwrap()))
    }

    #[test]
    fn order_and_spelling_of_the_file_do_not_matter() {
        let one = canonical("b = 1\na = [1e-1, 2]\n[c]\ny = \"x\"\nx = {q = true, p = 2020-01-02}");
        let two = canonical("a=[0.1,2]\nc.x.p=2020-01-02\nc.x.q=true\nc.y='x'\nb=0x1");
        assert_eq!(one, two);
        assert_eq!(one, r#"{"a":[0.1,2],"b":1,"c":{"x":{"p":"2020-01-02","q":true},"y":"x"}}"#);
    }

    #[test]
    fn it_is_json_and_keeps_every_bit() {
        let text =
            canonical("x = [1e300, 5e-324, -0.1, 1.0, 0.30000000000000004]\ny = \"\\\"\\n\"");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let numbers: Vec<f64> = serde_json::from_value(json["x"].clone()).unwrap();
        assert_eq!(numbers, [1e300, 5e-324, -0.1, 1.0, 0.1 + 0.2]);
        assert_eq!(json["y"], "\"\n");
    }

    #[test]
    fn what_json_lacks_becomes_text() {
        assert_eq!(canonical("x = [nan, inf, -inf]"), r#"{"x":["NaN","inf","-inf"]}"#);
    }
}
