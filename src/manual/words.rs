//! What is known of a key, in words.

use crate::config::{Choice, Condition, KeyDescription, Presence, Type};

/// What a key must be, whether it must be there, and beside what.
pub(super) fn sentence(key: &KeyDescription) -> String {
    let mut parts = vec![capitalized(&expected(key))];
    parts.push(match &key.presence {
        Presence::Required => "required".into(),
        Presence::Optional => "optional".into(),
        Presence::Default(value) => format!("default `{value}`"),
    });
    let mut text = parts.join("; ");
    let conditions: Vec<String> =
        key.conditions.iter().map(|condition| in_words(condition, &key.key)).collect();
    if !conditions.is_empty() {
        text += &format!("; {}", conditions.join(", "));
    }
    text.push('.');
    if key.presentation && names_files(&key.value) {
        text += " The path may change in a folder with finished runs: they depend on what the file holds.";
    } else if key.presentation {
        text += " May change in a folder with finished runs: they do not depend on it.";
    }
    text
}

/// Whether the value is the path of a file, or several.
fn names_files(value: &Type) -> bool {
    match value {
        Type::File => true,
        Type::Array { of } => names_files(of),
        _ => false,
    }
}

/// What it must be; names that can be chosen stand in a list of their own.
fn expected(key: &KeyDescription) -> String {
    match &key.value {
        Type::Choice { .. } => "one of the names below".into(),
        Type::Array { of } if matches!(**of, Type::Choice { .. }) => {
            "an array of the names below".into()
        }
        _ => key.expected.clone(),
    }
}

/// The names that can be chosen, if it is a choice or an array of such.
pub(super) fn choices(value: &Type) -> &[Choice] {
    match value {
        Type::Choice { choices } => choices,
        Type::Array { of } => choices(of),
        _ => &[],
    }
}

/// A condition of a key; keys of the same table are called by their last part.
pub(super) fn in_words(condition: &Condition, of: &str) -> String {
    let table = of.rsplit_once('.').map_or("", |(table, _)| table);
    let short = |key: &String| {
        let rest = key.strip_prefix(table).and_then(|rest| rest.strip_prefix('.'));
        format!("`{}`", rest.filter(|_| !table.is_empty()).unwrap_or(key))
    };
    let listed = |keys: &[String]| keys.iter().map(short).collect::<Vec<_>>();
    match condition {
        Condition::OneOf { key, values } => {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            format!("with {} = {}", short(key), one_of(&values))
        }
        Condition::With(keys) => format!("with {}", one_of(&listed(keys))),
        Condition::Without(keys) => format!("without {}", one_of(&listed(keys))),
    }
}

/// "a", "a or b", "a, b or c".
fn one_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A sentence with its first letter in upper case, unless that is a symbol: `α of s_k`, `r of s_k`.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let is_word = first.is_ascii()
        && (text.starts_with("a ")
            || letters.clone().next().is_some_and(|c| c.is_ascii_alphabetic()));
    let first = if is_word { first.to_ascii_uppercase() } else { first };
    std::iter::once(first).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::capitalized;

    #[test]
    fn symbols_stay_as_they_are() {
        for (text, wanted) in [
            ("number of rows", "Number of rows"),
            ("a share", "A share"),
            ("α of s_k", "α of s_k"),
            ("r of s_k", "r of s_k"),
            ("", ""),
        ] {
            assert_eq!(capitalized(text), wanted);
        }
    }
}
