//! What a user reads when a configuration is wrong: one golden message per mistake.

use std::fs;

use egop::config::{Origin, Overlay, Source, read};

use super::document;

/// The messages for a document, without the last line, which counts them. `arguments` are
/// overrides; one that begins with `@` names the profile.
fn messages(document_text: &[u8], arguments: &[&str]) -> String {
    let (profiles, overrides): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| argument.starts_with('@'));
    let overlay = Overlay {
        profile: profiles.first().map(|profile| profile[1..].to_owned()),
        overrides: overrides.into_iter().map(str::to_owned).collect(),
    };
    let result =
        Source::parse("x.toml", document_text).and_then(|source| read(&source, &overlay, document));
    let Err(errors) = result else { return "accepted".to_owned() };
    let text = errors.to_string();
    let (messages, count) = text.rsplit_once('\n').expect("a message and the count");
    let noun = if errors.len() == 1 { "problem" } else { "problems" };
    assert_eq!(count, format!("{} {noun} in x.toml", errors.len()));
    messages.to_owned()
}

/// Compares every document, its arguments and what a user reads about them with a snapshot.
fn golden<T: AsRef<[u8]> + ?Sized>(name: &str, cases: &[(&T, &[&str])]) {
    let visible = |c: char| match c.is_control() || c == '\u{feff}' {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    let mut all = String::new();
    for (document, arguments) in cases {
        for line in String::from_utf8_lossy(document.as_ref()).split('\n') {
            all += &format!("| {}\n", line.chars().map(visible).collect::<String>());
        }
        for argument in *arguments {
            all += &format!("| with {argument}\n");
        }
        all += &format!("{}\n\n", messages(document.as_ref(), arguments));
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, all) });
}

#[test]
fn values_of_the_wrong_kind() {
    golden(
        "values_of_the_wrong_kind",
        &[
            ("title = 5", &[]),
            ("title = true", &[]),
            ("title = 2020-01-02", &[]),
            ("title = [\"a\"]", &[]),
            ("title = {}", &[]),
            ("seed = \"five\"", &[]),
            ("seed = \"5\"", &[]),
            ("seed = 1.5", &[]),
            ("seed = 1e3", &[]),
            ("seed = []", &[]),
            ("seed = [{}, {}]", &[]),
            ("shift = \"far\"", &[]),
            ("shift = \"1e-3\"", &[]),
            ("shift = false", &[]),
            ("tags = \"a\"", &[]),
            ("tags = [\"a\", 1, true]", &[]),
            ("widths = 32", &[]),
            ("widths = [32, 0, 1.0]", &[]),
            ("learning_rates = {from = 1}", &[]),
            ("training = 5", &[]),
            ("[[training]]", &[]),
            ("[claims]", &[]),
            ("claims = [5]", &[]),
            ("claims = 5", &[]),
            ("algorithms = []", &[]),
            ("algorithms.adam = \"on\"", &[]),
        ],
    );
}

#[test]
fn values_out_of_range() {
    golden(
        "values_out_of_range",
        &[
            ("seed = -1", &[]),
            ("seed = 99999999999999999999", &[]),
            ("seed = 0xffffffffffffffffffff", &[]),
            ("training.trials = 0", &[]),
            ("training.trials = 100001", &[]),
            ("training.trials = 1_000_000", &[]),
            ("training.momentum = 1", &[]),
            ("training.momentum = -0.1", &[]),
            ("training.fraction = 1.1", &[]),
            ("training.fraction = nan", &[]),
            ("training.tolerance = -1e-300", &[]),
            ("training.tolerance = inf", &[]),
            ("training.tolerance = -inf", &[]),
            ("shift = nan", &[]),
            ("shift = 1e400", &[]),
            ("learning_rates = [1, 0.0, -0.0, +inf]", &[]),
            ("training = {trials = 3, shown = 4}", &[]),
            ("algorithms.banned = {}", &[]),
        ],
    );
}

#[test]
fn keys_unknown_or_missing() {
    golden(
        "keys_unknown_or_missing",
        &[
            ("sead = 1", &[]),
            ("learning-rates = [1]", &[]),
            ("Title = \"x\"", &[]),
            ("colour = \"red\"", &[]),
            ("seed = 1\nseeds = 2", &[]),
            ("training.trails = 5", &[]),
            ("[trainign]\ntrials = 5", &[]),
            ("\"a key\" = 1\n\"\" = 2", &[]),
            ("[objective]", &[]),
            ("[objective]\nrowz = 10", &[]),
            ("objective.columns = 10", &[]),
            ("[objective]\nkind = \"logistik\"\nrows = 5\ndecay = 2", &[]),
            ("[objective]\nkind = \"hinge\"\nrows = 5\ndecay = 2\nrow = 4", &[]),
            ("[objective]\nkind = \"logistic\"\nrows = 5\ndecay = 2", &[]),
            ("[[claims]]\nmetric = \"loss\"\n[[claims]]\nfactor = 2", &[]),
            ("[[claims]]\nmetrik = \"loss\"", &[]),
            ("[algorithms.\"my adam\"]\nbetta = 0.5", &[]),
        ],
    );
}

#[test]
fn text_that_is_not_toml() {
    golden(
        "text_that_is_not_toml",
        &[
            ("title = lsq", &[]),
            ("title = “lsq”", &[]),
            ("seed = True", &[]),
            ("title = None", &[]),
            ("seed =", &[]),
            ("seed 5", &[]),
            ("seed: 5", &[]),
            ("= 5", &[]),
            ("seed = 1\nseed = 2", &[]),
            ("[training]\n[objective]\nrows = 1\n[training]\ntrials = 0", &[]),
            ("title = \"a\nseed = 1", &[]),
            ("title = 'a\nseed = -1", &[]),
            ("title = \"\"\"a\n\n", &[]),
            ("title = \"\\q\"", &[]),
            ("seed = 007", &[]),
            ("shift = 1.", &[]),
            ("shift = 1,5", &[]),
            ("seed = 1 shift = 2", &[]),
            ("tags = [\"a\"\nseed = 1", &[]),
            ("training = {trials = 3", &[]),
            ("[training\ntrials = 3", &[]),
            ("[]\n", &[]),
            ("]", &[]),
            ("title = \"\u{1}\"", &[]),
            ("seed = 1\rshift = 2", &[]),
            ("seed = -1\ntitle = yes\nsead = 4\nshift = x y\n", &[]),
            // What the parser could not read is not missing too.
            ("[objective\nkind = \"logistic\"\nrows = 1\n[[claims]]", &[]),
            ("[objective]\nrows =\n[[claims]]\nfactor = 0", &[]),
        ],
    );
}

#[test]
fn overrides() {
    golden(
        "overrides",
        &[
            ("", &["training.trials=five"]),
            ("training.trials = 5", &["training.trials=0"]),
            ("", &["training.trails=3"]),
            ("", &["seed"]),
            ("", &["=3"]),
            ("", &["a b=3"]),
            ("", &["seed="]),
            ("", &["tags=[1"]),
            ("", &["title='a"]),
            ("", &["training=5"]),
            ("seed = 1", &["seed.x=5"]),
            ("", &["claims.0.factor=2"]),
            ("[[claims]]\nmetric = \"loss\"", &["claims.1.factor=2", "claims.0.factor=0"]),
            ("tags = [\"a\"]", &["tags.first=b"]),
            ("training.trials = \"five\"", &["training.trials=5"]),
            ("", &["seed=1", "seed=-1", "seed=-2"]),
            ("", &["algorithms.\"my adam\".beta=1"]),
            ("", &["profiles.quick.seed=1"]),
            ("", &["tags=[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]"]),
        ],
    );
}

#[test]
fn profiles() {
    let text = "[training]\ntrials = 5\n[profiles.quick]\ntraining.trials = 2\n\
                [profiles.paper]\ntraining = {trials = 0, trails = 9}\nobjective.kind = \"logistic\"";
    golden(
        "profiles",
        &[
            (text, &[]),
            (text, &["@paper"]),
            (text, &["@quik"]),
            (text, &["@quick", "training.trials=-1"]),
            ("", &["@quick"]),
            ("", &["@default"]),
            ("profiles = 5", &[]),
            ("profiles.quick = 5", &["@quick"]),
            ("seed = -1\n[profiles.quick]\nseed = -2\n[profiles.default]\nseed = -3", &[]),
            ("training.trials = 5\n[profiles.quick]\ntraining.shown = 6", &[]),
            ("[[claims]]\nmetric = \"loss\"\n[profiles.quick]\nclaims.1.factor = 2", &[]),
            ("[profiles.quick]\nprofiles.x.seed = 1", &[]),
        ],
    );
}

#[test]
fn accepted_documents() {
    for (text, why) in [
        ("", "empty"),
        ("# nothing\n\n", "only a comment"),
        ("\u{feff}seed = 1\r\nshift = 2\r\n", "byte order mark and CRLF"),
        ("seed = 0x10\nshift = 99999999999999999999", "a number may be any finite one"),
        ("title = \"\"\"\n[[[[[[[[[[[[[[[[[[[[[[\"\"\" # [[[[[[[[[[[[[[", "brackets in strings"),
    ] {
        assert_eq!(messages(text.as_bytes(), &[]), "accepted", "{why}");
    }
}

#[test]
fn columns_count_characters_and_skip_the_mark() {
    golden(
        "columns_count_characters_and_skip_the_mark",
        &[
            ("\u{feff}seed = -1", &[]),
            ("title = \"a\"\r\nseed = -1\r\n", &[]),
            ("tags = [\"αβγ\", 1]", &[]),
        ],
    );
}

#[test]
fn bytes_that_are_not_text() {
    golden::<[u8]>(
        "bytes_that_are_not_text",
        &[
            (b"seed = 1\ntitle = \"caf\xe9\"\n", &[]),
            (b"\xff\xfes\0e\0e\0d\0", &[]),
            (b"\xef\xbb\xbf\xff", &[]),
            (b"\xe2\x82", &[]),
            (b"\0", &[]),
        ],
    );
}

#[test]
fn nesting_is_limited_before_it_can_exhaust_the_stack() {
    let path = ["a"; 79].join(".");
    let deepest = format!("{path} = {}1{}", format!("{{{path} = ").repeat(79), "}".repeat(79));
    for (text, column) in [
        (format!("tags = {}{}", "[".repeat(17), "]".repeat(17)), 23),
        (format!("tags = {}", "[".repeat(100_000)), 88),
        (deepest, 31),
        (format!("{}x = 1", "x.".repeat(100_000)), 1),
    ] {
        let message = messages(text.as_bytes(), &[]);
        assert_eq!(message, format!("x.toml:1:{column}: nested more than 16 levels deep"));
    }
    let just_allowed = format!("tags = {}{}", "[".repeat(15), "]".repeat(15));
    let message = messages(just_allowed.as_bytes(), &[]);
    assert_eq!(message, "x.toml:1:9: tags.0: expected a string, found an array");
}

#[test]
fn floods_are_cut() {
    let text: String = (0..1000).map(|i| format!("nonsense_{i} = 1\n")).collect();
    let message = messages(text.as_bytes(), &[]);
    assert_eq!(message.lines().count(), 51);
    assert_eq!(message.lines().last(), Some("… and 950 more"));

    let long = format!("title = [\"{0}\"]\n{0} = 5\nseed = \"{0}\"", "x".repeat(10_000));
    assert!(messages(long.as_bytes(), &[]).len() < 1000);
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lsq.toml");
    fs::write(&file, "seed = 1").unwrap();
    assert_eq!(Source::open(&file).unwrap().name(), file.display().to_string());

    let name = |name: &str| folder.path().join(name).display().to_string();
    let message = |name: &str| Source::open(name).unwrap_err().to_string();
    assert_eq!(
        message(&name("lsp.toml")),
        format!(
            "{}: cannot be read: No such file or directory (os error 2); did you mean {}?\n\
             1 problem in {0}",
            name("lsp.toml"),
            name("lsq.toml"),
        )
    );
    assert_eq!(
        message(&name("nowhere/lsq.toml")),
        format!(
            "{}: cannot be read: No such file or directory (os error 2)\n1 problem in {0}",
            name("nowhere/lsq.toml"),
        )
    );
    assert_eq!(
        message(&name(".")),
        format!("{}: is a folder, not a config; it holds lsq.toml\n1 problem in {0}", name(".")),
    );
    // Without its extension; and a results folder, of which the experiment is meant.
    let meant = |name: &str| message(name).split("did you mean ").nth(1).unwrap().to_owned();
    assert!(meant(&name("lsq")).starts_with(&name("lsq.toml?")));
    fs::create_dir(name("results")).unwrap();
    fs::write(name("results/experiment.toml"), "").unwrap();
    assert!(meant(&name("results")).starts_with(&name("results/experiment.toml?")));
    // The configs of this project, from its folder.
    assert!(meant("lsq").starts_with("configs/lsq.toml?"));
    assert!(meant("config/lsq.toml").starts_with("configs/lsq.toml?"));
    fs::write(&file, "#".repeat(256 * 1024)).unwrap();
    assert!(Source::open(&file).is_ok());
    fs::write(&file, "#".repeat(256 * 1024 + 1)).unwrap();
    assert_eq!(
        message(&name("lsq.toml")),
        format!("{}: the file is larger than 256 KiB\n1 problem in {0}", name("lsq.toml")),
    );
}

#[test]
fn problems_can_be_inspected() {
    let text = b"seed = -1\n[training]\ntrails = 3\n[[claims]]\n";
    let source = Source::parse("x.toml", text).unwrap();
    let overlay = Overlay { overrides: vec!["title=5".to_owned()], ..Overlay::default() };
    let errors = read(&source, &overlay, document).unwrap_err();
    assert_eq!((errors.len(), errors.file()), (4, "x.toml"));
    let [seed, trails, metric, title] = errors.problems() else { panic!("{errors}") };
    assert_eq!(seed.origin, Origin::Place { line: 1, column: 8 });
    assert_eq!(seed.found.as_deref(), Some("-1"));
    assert_eq!(trails.suggestion.as_deref(), Some("\"trials\""));
    assert_eq!(metric.key, "claims.0.metric");
    assert_eq!(title.origin, Origin::Argument { index: 1, text: "--set title=5".to_owned() });
}
