//! What is understood when a configuration is right: defaults, profiles, overrides.

use egop::config::{Allowed, ConfigErrors, Overlay, Reader, Resolved, Source, key, read};

use super::document;

fn overlay(profile: Option<&str>, overrides: &[&str]) -> Overlay {
    Overlay {
        profile: profile.map(str::to_owned),
        overrides: overrides.iter().map(|&text| text.to_owned()).collect(),
    }
}

fn read_text<T>(
    text: &str,
    overlay: &Overlay,
    reading: impl Fn(&mut Reader<'_>) -> Option<T>,
) -> Result<Resolved<T>, ConfigErrors> {
    read(&Source::parse("x.toml", text.as_bytes())?, overlay, reading)
}

#[test]
fn the_resolved_document_states_every_default_in_the_order_of_reading() {
    let text = "shift = -7\n[[claims]]\nmetric = \"loss\"\n[algorithms.momentum]\n\
                [algorithms.adam]\nbeta = 0\n[objective]\nkind = \"logistic\"\nrows = 3\n";
    let resolved = read_text(text, &Overlay::default(), document).unwrap();
    let expected = r#"title = "untitled"
seed = 0
tags = []
widths = [32]
learning_rates = [0.1]
shift = -7.0

[training]
trials = 5
shown = 1
momentum = 0.9
tolerance = 0.00000001
fraction = 0.5

[objective]
kind = "logistic"
rows = 3

[[claims]]
metric = "loss"
factor = 1.0

[algorithms.momentum]
beta = 0.9

[algorithms.adam]
beta = 0.0
"#;
    assert_eq!(toml::to_string(&resolved.table).unwrap(), expected);
    let again = read_text(expected, &Overlay::default(), document).unwrap();
    assert_eq!(again.table, resolved.table);
}

#[test]
fn the_resolved_document_depends_on_the_meaning_alone() {
    let resolved = |text| read_text(text, &Overlay::default(), document).unwrap().table;
    let one = resolved("shift = 1\nseed = 16\n[training]\ntolerance = 0\ntrials = 5");
    let two = resolved("training = {tolerance = -0.0}\nseed = 0x1_0\nshift = 10e-1 # one\n");
    assert_eq!(one.to_string(), two.to_string());
    assert_ne!(one, resolved("shift = 1\nseed = 17\ntraining.tolerance = 0"));
    assert_ne!(one, resolved("seed = 16\ntraining.tolerance = 0"));
}

#[test]
fn a_flag_is_true_or_false() {
    let reading = |root: &mut Reader<'_>| root.flag_or(key("flag", "one"), false);
    let read = |text: &str| read_text(text, &Overlay::default(), reading);
    assert!(!read("").unwrap().value && read("flag = true").unwrap().value);
    assert_eq!(read("").unwrap().table, read("flag = false").unwrap().table);
    for (text, wanted) in [("'true'", "did you mean true?"), ("1", "expected true or false")] {
        let text = format!("flag = {text}");
        let message = read(&text).unwrap_err().to_string();
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn what_is_declared_to_be_presentation_is_no_part_of_the_identity() {
    let reading = |root: &mut Reader<'_>| {
        let title = root.presentation(|root| root.string(key("title", "one")));
        let figures = root.presentation(|root| {
            root.tables(key("figures", "one"), None, |figure| figure.string(key("file", "one")))
        });
        let tables = root.named_tables(key("algorithms", "one"), None, |_, table| {
            let rate = table.presentation(|table| table.number(key("rate", "one"), Allowed::any()));
            rate.zip(table.number(key("beta", "one"), Allowed::any()))
        });
        let claims = root.tables(key("claims", "one"), None, |claim| {
            let id = claim.presentation(|claim| claim.string(key("id", "one")));
            id.zip(claim.count(key("factor", "one"), 0..=9))
        });
        title.zip(figures).zip(tables).zip(claims)
    };
    let text = "title = 'a'\n[[figures]]\nfile = 'b'\n[algorithms.c]\nrate = 1\nbeta = 2\n\
                [[claims]]\nid = 'd'\nfactor = 3\n";
    let resolved = read_text(text, &Overlay::default(), reading).unwrap();
    assert_eq!(
        resolved.identity.to_string(),
        "[algorithms.c]\nbeta = 2.0\n\n[[claims]]\nfactor = 3\n"
    );
    assert_eq!(resolved.table["algorithms"]["c"]["rate"].as_float(), Some(1.0));
    assert_eq!(resolved.table["figures"][0]["file"].as_str(), Some("b"));
}

#[test]
fn profiles_lie_over_the_document_and_overrides_over_both() {
    let text = "title = \"base\"\nwidths = [1, 2, 3]\ntraining = {trials = 5, shown = 2}\n\
                [[claims]]\nmetric = \"loss\"\n[[claims]]\nmetric = \"loss\"\nfactor = 2\n\
                [profiles.quick]\nwidths = [4]\ntraining.trials = 3\nclaims.1.factor = 3\n\
                [profiles.paper]\ntraining.trials = 50\n";
    let source = Source::parse("x.toml", text.as_bytes()).unwrap();
    assert_eq!(source.profiles(), ["default", "quick", "paper"]);
    let read = |profile, overrides: &[&str]| {
        let table = read(&source, &overlay(profile, overrides), document).unwrap().table;
        let factor = table["claims"][1]["factor"].clone();
        (table["widths"].to_string(), table["training"]["trials"].to_string(), factor.to_string())
    };
    let expect = |widths: &str, trials: &str, factor: &str| {
        (widths.to_owned(), trials.to_owned(), factor.to_owned())
    };
    assert_eq!(read(None, &[]), expect("[1, 2, 3]", "5", "2.0"));
    assert_eq!(read(Some("default"), &[]), expect("[1, 2, 3]", "5", "2.0"));
    assert_eq!(read(Some("quick"), &[]), expect("[4]", "3", "3.0"));
    assert_eq!(read(Some("paper"), &[]), expect("[1, 2, 3]", "50", "2.0"));
    assert_eq!(
        read(Some("quick"), &["widths=[5, 6]", "widths.1=7", "claims.1.factor=9"]),
        expect("[5, 7]", "3", "9.0")
    );
    assert_eq!(
        read(None, &["training.trials=8", "training={trials = 9}"]),
        expect("[1, 2, 3]", "9", "2.0")
    );
}

#[test]
fn the_default_profile_can_be_defined() {
    let text = "seed = 1\n[profiles.default]\nseed = 2\n[profiles.other]\ntitle = \"x\"";
    let seed =
        |profile| read_text(text, &overlay(profile, &[]), document).unwrap().table["seed"].clone();
    assert_eq!(seed(None), 2.into());
    assert_eq!(seed(Some("default")), 2.into());
    assert_eq!(seed(Some("other")), 1.into());
}

#[test]
fn overrides_make_tables_and_take_bare_words_for_strings() {
    let overrides = [
        "title=least squares",
        "algorithms.\"my adam\".beta=0.5",
        "tags = [\"a\", 'b']",
        "objective={kind = \"logistic\", rows = 5}",
        "objective.rows=6",
        " seed = 7 ",
    ];
    let table = read_text("", &overlay(None, &overrides), document).unwrap().table;
    assert_eq!(table["title"].as_str(), Some("least squares"));
    assert_eq!(table["algorithms"]["my adam"]["beta"].as_float(), Some(0.5));
    assert_eq!(table["tags"], vec!["a", "b"].into());
    assert_eq!(table["objective"]["rows"].as_integer(), Some(6));
    assert_eq!(table["seed"].as_integer(), Some(7));

    let equals = read_text("", &overlay(None, &["title=a=b"]), document).unwrap().table;
    assert_eq!(equals["title"].as_str(), Some("a=b"));
    let empty = read_text("", &overlay(None, &["title=''"]), document).unwrap().table;
    assert_eq!(empty["title"].as_str(), Some(""));
}

#[test]
fn named_tables_keep_the_order_of_the_file() {
    let reading = |root: &mut Reader<'_>| {
        root.named_tables(key("algorithms", "one"), None, |name, table| {
            table.optional_number(key("beta", "one"), Allowed::any()).map(|beta| (name.len(), beta))
        })
    };
    let text = "[algorithms.zero]\n[algorithms.adam]\nbeta = 2\n[algorithms.momentum]";
    let named = read_text(text, &Overlay::default(), reading).unwrap().value;
    let expected = [("zero", (4, None)), ("adam", (4, Some(2.0))), ("momentum", (8, None))];
    assert_eq!(named, expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(read_text("", &Overlay::default(), reading).unwrap().value, []);
}

#[test]
fn every_accessor_yields_what_is_written() {
    let text = "a = 'x'\nb = ['y']\nc = 1.5\nd = [2, 0.5]\ne = 3\nf = [4]\ng = 'two'\nh.i = 5";
    let reading = |root: &mut Reader<'_>| {
        assert_eq!(root.string(key("a", "one"))?, "x");
        assert_eq!(root.optional_file_name(key("a", "one"))?, Some("x".to_owned()));
        assert_eq!(root.optional_file_name(key("z", "one"))?, None);
        assert_eq!(root.strings(key("b", "one"))?, ["y"]);
        assert_eq!(root.number(key("c", "one"), Allowed::any())?, 1.5);
        assert_eq!(root.numbers(key("d", "one"), Allowed::any())?, [2.0, 0.5]);
        assert_eq!(root.count(key("e", "one"), 3..=3)?, 3);
        assert_eq!(root.optional_count(key("e", "one"), 3..=3)?, Some(3));
        assert_eq!(root.optional_count(key("z", "one"), 3..=3)?, None);
        assert_eq!(root.counts(key("f", "one"), 0..=9)?, [4]);
        assert_eq!(root.choice(key("g", "one"), &[("one", 1), ("two", 2)])?, 2);
        assert_eq!(root.table(key("h", "one"), |h| h.count(key("i", "one"), 0..=9))?, 5);
        assert_eq!(
            root.optional_table(key("z", "one"), |h| h.count(key("i", "one"), 0..=9))?,
            None
        );
        Some(())
    };
    read_text(text, &Overlay::default(), reading).unwrap();
}

fn refusal(text: &str, reading: impl Fn(&mut Reader<'_>) -> Option<()>) -> String {
    read_text(text, &Overlay::default(), reading).expect_err("the text is refused").to_string()
}

#[test]
fn problems_of_several_keys_stand_where_they_are_reported() {
    let text = "a.b = 1\n[[c]]\nd = 2\n";
    let reading = |root: &mut Reader<'_>| {
        let a = root.table(key("a", "one"), |a| {
            let b = a.count(key("b", "one"), 0..=9);
            a.problem("", "the table itself");
            a.problem("", "the table again");
            a.problem("missing", "a key that is not there");
            b
        });
        let c = root.tables(key("c", "one"), None, |c| c.count(key("d", "one"), 5..=9));
        root.problem("a.b", "from above");
        root.problem("a.b", "only one for a key");
        root.problem("c.0.d", "refused already");
        root.problem("c.7.d.e", "beyond the end");
        a.and(c).map(drop)
    };
    assert_eq!(
        refusal(text, reading),
        "x.toml:1:1: a: the table itself\n\
         x.toml:1:1: a: the table again\n\
         x.toml:1:1: a.missing: a key that is not there\n\
         x.toml:1:7: a.b: from above\n\
         x.toml:2:1: c.7.d.e: beyond the end\n\
         x.toml:3:5: c.0.d: expected a whole number from 5 to 9, found 2\n\
         6 problems in x.toml"
    );
}

#[test]
fn mistakes_of_the_program_are_problems_too() {
    let none = |_: &mut Reader<'_>| None;
    assert_eq!(refusal("", none), "x.toml: refused, but no reason was given\n1 problem in x.toml");
    let bad_default =
        |root: &mut Reader<'_>| root.choice_or(key("a", "one"), "z", &[("x", ()), ("y", ())]);
    assert_eq!(
        refusal("", bad_default),
        "x.toml: a: the default \"z\" is not among the choices\n1 problem in x.toml"
    );
}

/// A table of either `count` or `share`, and of a kind with a key of its own.
fn alternatives(root: &mut Reader<'_>) -> Option<(Option<usize>, f64)> {
    root.table(key("table", "one"), |table| {
        let given = table.alternative(&[&["count"], &["share", "unit"]]);
        let number = match given {
            None => None,
            Some(Some(0)) => table.count(key("count", "one"), 0..=99).map(|count| count as f64),
            Some(_) => table.string_or(key("unit", "one"), "one").and(table.number_or(
                key("share", "one"),
                0.5,
                Allowed::any(),
            )),
        };
        let kind =
            table.choice_or(key("kind", "one"), "plain", &[("plain", false), ("scaled", true)]);
        let scale = match kind {
            Some(true) => table.number(key("scale", "one"), Allowed::any()),
            _ => Some(1.0),
        };
        Some((given?, number? * scale?))
    })
}

#[test]
fn what_is_laid_over_takes_the_place_of_what_it_excludes() {
    let read = |text: &str, profile, overrides: &[&str]| {
        read_text(text, &overlay(profile, overrides), alternatives)
    };
    let value =
        |text: &str, profile, overrides: &[&str]| read(text, profile, overrides).unwrap().value;
    let text = "[table]\nshare = 2\nunit = 'two'\n[profiles.quick]\ntable.count = 7";
    assert_eq!(value(text, None, &[]), (Some(1), 2.0));
    assert_eq!(value(text, Some("quick"), &[]), (Some(0), 7.0));
    assert_eq!(value(text, None, &["table.count=3"]), (Some(0), 3.0));
    assert_eq!(value(text, None, &["table={count=3}"]), (Some(0), 3.0));
    assert_eq!(value(text, Some("quick"), &["table.share=4"]), (Some(1), 4.0));
    assert_eq!(value(text, None, &["table.count=3", "table.share=5"]), (Some(1), 5.0));
    assert_eq!(value("table = {}", None, &[]), (None, 0.5));
    let resolved = read(text, None, &["table.count=3"]).unwrap().table;
    assert_eq!(toml::to_string(&resolved).unwrap(), "[table]\ncount = 3\nkind = \"plain\"\n");

    let message =
        |text: &str, overrides: &[&str]| read(text, None, overrides).unwrap_err().to_string();
    let both = message("table = {kind = 'plain', count = 1, share = 2}", &[]);
    let expected = "x.toml:1:34: table.count: give either count or share and unit, not both\n";
    assert_eq!(both, format!("{expected}1 problem in x.toml"));
    let both = message("table = {}", &["table={count=1,share=2}"]);
    assert!(both.contains("not both\n1 problem in x.toml"), "{both}");
}

#[test]
fn a_choice_that_is_laid_over_makes_the_keys_of_the_former_one_void() {
    let read = |text: &str, overrides: &[&str]| {
        read_text(text, &overlay(None, overrides), alternatives).map(|resolved| resolved.value.1)
    };
    let text = "[table]\nkind = 'scaled'\nscale = 3\nshare = 2";
    assert_eq!(read(text, &[]).unwrap(), 6.0);
    assert_eq!(read(text, &["table.kind=plain"]).unwrap(), 2.0);
    assert_eq!(read(text, &["table={kind='plain'}"]).unwrap(), 2.0);
    // The same kind again, and a key that was never one, are no reason to overlook anything.
    for (text, overrides, problem) in [
        (
            "[table]\nkind = 'plain'\nscale = 3",
            &["table.kind=plain"][..],
            "x.toml:3:1: table.scale",
        ),
        ("[table]\nkind = 'scaled'\nskale = 3\nscale = 1", &["table.kind=plain"], "table.skale"),
        (text, &["table.kind=plain", "table.scale=4"], "--set table.scale=4: table.scale"),
        (text, &["table={kind='plain',scale=4}"], "table.scale"),
        ("[table]\nkind = 'plain'", &["table.kind=scaled"], "table.scale: missing"),
    ] {
        let message = read(text, overrides).unwrap_err().to_string();
        assert!(message.contains(problem) && message.contains("1 problem"), "{message}");
    }
}

#[test]
fn paths_are_relative_to_the_folder_of_the_document() {
    let reading = |root: &mut Reader<'_>| root.files(key("files", "one"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, "files = ['a.npy', '../b', '/c']").unwrap();
    let source = Source::open(&file).unwrap();
    let resolved = read(&source, &Overlay::default(), reading).unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    assert_eq!(resolved.value, [at("a.npy"), at("../b"), "/c".to_owned()]);
    // What was resolved may be read from anywhere.
    let again = read_text(&toml::to_string(&resolved.table).unwrap(), &Overlay::default(), reading);
    assert_eq!(again.unwrap().value, resolved.value);
    let over = overlay(None, &["files=['d']"]);
    assert_eq!(read(&source, &over, reading).unwrap().value, [at("d")]);
    let refused = refusal("files = ['']", |root| reading(root).map(drop));
    assert!(refused.contains("files.0: expected the path of a file, found \"\""), "{refused}");
}
