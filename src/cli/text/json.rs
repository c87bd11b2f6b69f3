//! Anything as JSON.

use ciborium::Value;
use serde::{Serialize, Serializer};

/// Anything as one line of JSON. What is not finite, which JSON lacks, becomes a string as in the
/// tables: `"inf"`, `"-inf"` or `"NaN"`; `null` is "does not apply".
pub(in crate::cli) fn json(value: &impl Serialize) -> String {
    let value =
        Value::serialized(value).expect("tables of numbers and texts have a tree of values");
    let text = serde_json::to_string(&Finite(&value)).expect("numbers and texts have a JSON form");
    text + "\n"
}

/// A tree of values, of which those that are not finite become texts.
struct Finite<'a>(&'a Value);

impl Serialize for Finite<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // As the csv crate writes them.
            Value::Float(x) if x.is_nan() => serializer.serialize_str("NaN"),
            Value::Float(x) if !x.is_finite() => serializer.serialize_str(&x.to_string()),
            // Of a double that is a single as well, the tree would write a single's digits.
            Value::Float(x) => serializer.serialize_f64(*x),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Finite)),
            Value::Map(entries) => serializer
                .collect_map(entries.iter().map(|(key, value)| (Finite(key), Finite(value)))),
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_lacks_is_written_as_in_the_tables() {
        let values =
            [Some(0.5), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::NAN), None];
        assert_eq!(json(&values), "[0.5,\"inf\",\"-inf\",\"NaN\",null]\n");
    }

    #[test]
    fn numbers_are_those_of_the_tables() {
        // The double nearest to a single.
        let single = f64::from(1.089_350_4e-9_f32);
        let doubles = [single, 0.1, 1.0 / 3.0, 1e300, f64::MIN_POSITIVE];
        let read: Vec<f64> = serde_json::from_str(&json(&doubles)).unwrap();
        assert_eq!(read, doubles);
    }
}
