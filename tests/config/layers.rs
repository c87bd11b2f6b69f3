//! Settings of one document that are laid over another.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use egop::config::{Allowed, ConfigErrors, Layer, Overlay, Reader, Source, key, read};

const STUDY: &str = r#"
keys = ["size", "inner.depth"]
values = [1, 2.5, "deep", [1, 2]]
set = { size = 7, inner = { kind = "b", slope = 0.5 } }
"#;

/// What the other document holds.
fn document(reader: &mut Reader<'_>) -> Option<(usize, f64)> {
    let size = reader.count(key("size", "the size"), 1..=9);
    let inner = reader.table(key("inner", "the inside"), |reader| {
        match reader.choice(key("kind", "which"), &[("a", 0), ("b", 1)])? {
            0 => reader.number(key("depth", "the depth"), Allowed::any()),
            _ => reader.number(key("slope", "the slope"), Allowed::any()),
        }
    });
    Some((size?, inner?))
}

/// Settings of the study, and then each key at each value.
fn layers(text: &str) -> (Layer, Vec<Layer>) {
    let source = Source::parse("study.toml", text.as_bytes()).unwrap();
    let read = |reader: &mut Reader<'_>| {
        let keys = reader.keys(key("keys", "the keys"));
        let values = reader.values(key("values", "the values"));
        let set = reader.layer(key("set", "what is set"));
        Some((set?, keys?, values?))
    };
    let resolved = egop::config::read(&source, &Overlay::default(), read).unwrap();
    // What was read can be read again.
    let again = toml::to_string(&resolved.table).unwrap();
    let again = Source::parse("again.toml", again.as_bytes()).unwrap();
    let again = egop::config::read(&again, &Overlay::default(), read).unwrap();
    assert_eq!(resolved.table, again.table);
    let (set, keys, values) = resolved.value;
    let points = keys.iter().flat_map(|key| values.iter().map(|value| key.set(value)));
    (set, points.collect())
}

fn base() -> Source {
    let text = "size = 3\n[inner]\nkind = \"a\"\ndepth = 2.0\n[profiles.default]\nsize = 4\n\
                [profiles.other]\nsize = 100\n";
    Source::parse("base.toml", text.as_bytes()).unwrap()
}

fn over(layers: &[Layer]) -> Result<(usize, f64), ConfigErrors> {
    let source = base().with(layers, "study.toml");
    read(&source, &Overlay::default(), document).map(|resolved| resolved.value)
}

#[test]
fn later_settings_lie_over_earlier_ones_and_over_the_default_profile() {
    let (set, points) = layers(STUDY);
    assert_eq!(over(&[]).unwrap(), (4, 2.0));
    // A choice takes the place of the keys that went with the former one.
    assert_eq!(over(std::slice::from_ref(&set)).unwrap(), (7, 0.5));
    assert_eq!(over(&[set, points[0].clone()]).unwrap(), (1, 0.5));
    assert_eq!(over(&points[5..6]).unwrap(), (4, 2.5));
}

#[test]
fn problems_are_told_with_the_file_that_they_come_from() {
    let (set, points) = layers(STUDY);
    let problem = |layers: &[Layer]| over(layers).unwrap_err().to_string();
    insta::assert_snapshot!(problem(&points[1..2]), @r"
    study.toml:3:14: size: expected a whole number from 1 to 9, found 2.5
    1 problem in base.toml
    ");
    // Of several points, what they have in common is said once.
    let points = [&points[1], &points[2]].map(|point| [set.clone(), point.clone()]);
    let errors = points.map(|layers| over(&layers).unwrap_err());
    let named = ["one", "two"].map(str::to_owned).into_iter().zip(errors);
    let all = ConfigErrors::at_points("study.toml", named.collect()).unwrap();
    insta::assert_snapshot!(all, @r#"
    study.toml:3:14: size: expected a whole number from 1 to 9, found 2.5 (at one)
    study.toml:3:19: size: expected a whole number from 1 to 9, found "deep" (at two)
    2 problems in study.toml
    "#);
    let broken = Source::parse("base.toml", b"size = 30").unwrap();
    let errors = || read(&broken, &Overlay::default(), document).unwrap_err();
    let both = ["one", "two"].map(|name| (name.to_owned(), errors())).into();
    insta::assert_snapshot!(ConfigErrors::at_points("study.toml", both).unwrap(), @r"
    base.toml: inner: missing, expected a table (at one)
    base.toml:1:8: size: expected a whole number from 1 to 9, found 30 (at one)
    2 problems in study.toml
    ");
    assert_eq!(ConfigErrors::at_points("study.toml", Vec::new()), None);
}

#[test]
fn what_toml_cannot_state_again_is_refused() {
    let text = b"keys = [\"a..b\", 7]\nvalues = [1979-05-27, inf]\nset = 3\n";
    let source = Source::parse("study.toml", text).unwrap();
    let problems = read(&source, &Overlay::default(), |reader| {
        let keys = reader.keys(key("keys", "the keys"));
        let values = reader.values(key("values", "the values"));
        let set = reader.layer(key("set", "what is set"));
        Some((set?, keys?, values?))
    });
    insta::assert_snapshot!(problems.unwrap_err());
}

/// An argument may give up what the document says, and so ask for keys that are not there.
#[test]
fn what_is_missing_is_asked_for_by_what_gave_up_the_rest() {
    let alternatives = |reader: &mut Reader<'_>| {
        let group = reader.alternative(&[&["steps"], &["epochs", "batch"]])?;
        reader.count(key(if group == Some(0) { "steps" } else { "epochs" }, "how long"), 1..=99)
    };
    let told = |overrides: &str| {
        let source = Source::parse("base.toml", "steps = 3\n".as_bytes()).unwrap();
        let overlay = Overlay { profile: None, overrides: vec![overrides.into()] };
        let resolved = read(&source, &overlay, alternatives).map(|resolved| resolved.value);
        resolved.map_err(|errors| errors.to_string())
    };
    assert_eq!(told("epochs=4"), Ok(4));
    let errors = told("batch=5").unwrap_err();
    assert!(errors.contains("--set batch=5: epochs: missing"), "{errors}");

    let overlay = Overlay { profile: None, overrides: vec!["inner.kind=b".into()] };
    let errors = read(&base(), &overlay, document).unwrap_err().to_string();
    assert!(errors.contains("--set inner.kind=b: inner.slope: missing"), "{errors}");
}

#[test]
fn a_profile_is_not_chosen_by_a_key() {
    let text = "profile = \"quick\"\nsize = 3\n[profiles.quick]\nsize = 1\n";
    let source = Source::parse("base.toml", text.as_bytes()).unwrap();
    let size = |reader: &mut Reader<'_>| {
        reader.optional_file_name(key("profile", "the profile"));
        reader.count(key("size", "the size"), 1..=9)
    };
    let errors = read(&source, &Overlay::default(), size).unwrap_err().to_string();
    assert!(errors.contains("base.toml:1:1: profile: is what a resolved config says"), "{errors}");
    // As such it is read.
    let source = Source::parse("base.toml", b"profile = \"quick\"\nsize = 3\n").unwrap();
    assert_eq!(read(&source, &Overlay::default(), size).unwrap().value, 3);
    let overlay = Overlay { profile: None, overrides: vec!["profile=quick".into()] };
    let errors = read(&source, &overlay, size).unwrap_err().to_string();
    assert!(errors.contains("a profile is chosen by --profile"), "{errors}");
}
