//! What the programs hold in themselves: experiments by their names, the manual, a config to start
//! from.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod folders;
mod manual;
#[path = "../common/program.rs"]
mod program;
mod running;
mod writing;

use assert_cmd::Command;

/// A program that starts in a folder; it is an error if it takes minutes.
fn program(name: &str, folder: &std::path::Path) -> Command {
    let mut command = Command::new(program::path(name));
    command.current_dir(folder).env_remove("EGOP_DATA").env_remove("COLUMNS");
    command.timeout(std::time::Duration::from_secs(240));
    command
}

/// What `egop-run` prints with these arguments, in an empty folder.
fn said(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let run = program("egop-run", folder.path()).args(arguments).assert().success().stderr("");
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

/// What it says of arguments that it refuses, in an empty folder that stays so.
fn refused(arguments: &[&str], code: i32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let run = program("egop-run", folder.path()).args(arguments).assert().code(code).stdout("");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "{arguments:?}");
    String::from_utf8(run.get_output().stderr.clone()).unwrap()
}
