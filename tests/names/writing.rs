//! A config to start from, completions and manual pages.

use super::{program, refused, said};

#[test]
fn a_config_to_start_from_can_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = program("egop-run", folder.path()).args(["--init", "mine"]).assert().success();
    let told = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(told.starts_with("mine.toml: ") && told.contains("egop-run mine.toml"), "{told}");
    let arguments = ["mine.toml", "--profile", "quick", "--set", "training.steps=20"];
    program("egop-run", folder.path()).args(arguments).assert().success();
    assert!(folder.path().join("results/mine-quick/curves.png").is_file());
    // Never over what is there.
    std::fs::write(folder.path().join("mine.toml"), "changed").unwrap();
    program("egop-run", folder.path()).args(["--init", "mine"]).assert().code(4);
    assert_eq!(std::fs::read_to_string(folder.path().join("mine.toml")).unwrap(), "changed");
}

#[test]
fn a_shipped_config_is_written_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    program("egop-run", folder.path()).args(["--init", "lsq.toml"]).assert().success();
    let written = std::fs::read_to_string(folder.path().join("lsq.toml")).unwrap();
    let shipped = egop::shipped::Shipped::named("lsq").unwrap().text;
    let (schema, written) = written.split_once('\n').unwrap();
    assert_eq!(shipped.split_once('\n').unwrap().1, written);
    // What editors check it by is beside it.
    let schema = schema.strip_prefix("#:schema ").unwrap();
    let schema = std::fs::read_to_string(folder.path().join(schema)).unwrap();
    assert_eq!(schema, egop::manual::schema());
    program("egop-run", folder.path()).args(["--init", "other"]).assert().success();
    assert_eq!(folder.path().read_dir().unwrap().count(), 3);
}

#[test]
fn a_network_and_gradients_of_ones_own_have_configs_to_start_from() {
    let folder = tempfile::tempdir().unwrap();
    let init = |arguments: &[&str]| {
        program("egop-run", folder.path()).arg("--init").args(arguments).assert()
    };
    init(&["net", "--kind", "relu-net"]).success();
    let arguments = ["net.toml", "--profile", "quick", "--set", "training.epochs=1", "--quiet"];
    program("egop-run", folder.path()).args(arguments).assert().success().stderr("");
    assert!(folder.path().join("results/net-quick/training-loss.png").is_file());
    init(&["mine", "--kind", "gradients"]).success();
    let text = std::fs::read_to_string(folder.path().join("mine.toml")).unwrap();
    assert!(
        text.contains("\nname = \"mine\"") && text.contains("gradients = [\"gradients.npy\"]"),
        "{text}"
    );
    init(&["lsq", "--kind", "relu-net"]).code(2);
    init(&["x", "--kind", "lsq"]).code(2);
    init(&["x", "--quiet"]).code(2);
    // The name of a figure stays the figure's.
    init(&["fig5"]).code(2);
}

#[test]
fn what_goes_with_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["lsq", "--kind", "relu-net", "--dry-run"][..],
        &["--list", "--kind", "gradients"],
        &["--all", "--kind", "gradients"],
        &["--status", ".", "--kind", "gradients"],
        &["--status", ".", "--set", "trials=1"],
        &["--list", "lsq"],
        &["--list", "--json"],
    ] {
        program("egop-run", folder.path()).args(arguments).assert().code(2).stdout("");
    }
}

/// What bash offers for the last of some words.
fn offered(script: &std::path::Path, words: &[&str]) -> Vec<String> {
    let (program, last) = (words[0], words.len() - 1);
    let line = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={last}; \
         $(complete -p {program} | sed 's/.*-F *\\([^ ]*\\).*/\\1/') {program} '{}' '{}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words[last],
        words[last - 1],
    );
    let run = std::process::Command::new("bash").args(["--norc", "-c", &line]).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_names() {
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str| {
        let path = folder.path().join(name);
        let run = program(name, folder.path()).args(["--completions", "bash"]).assert().success();
        std::fs::write(&path, &run.get_output().stdout).unwrap();
        path
    };
    let run = script("egop-run");
    assert_eq!(offered(&run, &["egop-run", "lsq-"]), ["lsq-exponential", "lsq-large"]);
    assert_eq!(offered(&run, &["egop-run", "fig13"]), ["fig13"]);
    assert_eq!(offered(&run, &["egop-run", "--init", "schedu"]), ["schedule"]);
    let kinds = ["least-squares", "relu-net", "gradients"];
    assert_eq!(offered(&run, &["egop-run", "--init", "x", "--kind", ""]), kinds);
    let profiles = ["quick", "default", "paper"];
    assert_eq!(offered(&run, &["egop-run", "lsq", "--profile", ""]), profiles);
    for (begun, whole) in [
        ("gradient_tol", "gradient_tolerance"),
        ("F5C-adam", "F5C-adam"),
        ("final_lo", "final_loss"),
        ("egop_gra", "egop_gradients"),
        ("inconcl", "inconclusive"),
        ("claims.", "claims.csv"),
    ] {
        let offered = offered(&run, &["egop-run", "--explain", begun]);
        assert!(offered.iter().any(|word| word == whole), "{begun}: {offered:?}");
    }
    // Files, where nothing is known of that name.
    assert!(offered(&run, &["egop-run", "mine"]).is_empty());
    let sweep = script("egop-sweep");
    assert_eq!(offered(&sweep, &["egop-sweep", "logi"]), ["logistic"]);
    let plot = script("egop-plot");
    assert_eq!(offered(&plot, &["egop-plot", "--figure", "fig13"]), ["fig13"]);
    let zsh = said(&["--completions", "zsh"]);
    assert!(zsh.contains("_alternative \"names:experiment:(comparators-digits "), "{zsh}");
    assert!(said(&["--completions", "fish"]).contains("complete -c egop-run -a \"comparators-"));
}

#[test]
fn what_is_no_name_is_refused() {
    for name in ["", "../mine", "a/b", ".hidden", "a\"b", "über"] {
        let message = refused(&["--init", name], 2);
        assert!(message.contains("expected a name of at most 100 letters"), "{message}");
    }
}

#[test]
fn every_program_has_completions_and_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["egop-run", "egop-sweep", "egop-plot"] {
        let said = |arguments: &[&str]| {
            let run = program(name, folder.path()).args(arguments).assert().success().stderr("");
            String::from_utf8(run.get_output().stdout.clone()).unwrap()
        };
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = said(&["--completions", shell]);
            assert!(script.contains(name) && script.contains("completions"), "{name} {shell}");
        }
        let page = said(&["--man"]);
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".TH"), "{page}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    assert!(said(&["--man"]).contains("fig5"));
    assert!(refused(&["--completions", "cmd"], 2).contains("possible values"));
}
