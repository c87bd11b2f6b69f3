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
    assert_eq!(shipped.split_once('\n').unwrap().1, written);
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
