//! Records the source revision and the compiler, for the provenance of results.

use std::process::Command;

fn main() {
    // Optional locks would let `git status` touch the index, and so make the next build start anew.
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").arg("--no-optional-locks").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let revision = git(&["rev-parse", "HEAD"]).map_or_else(
        || "unknown".to_owned(),
        |revision| match git(&["status", "--porcelain", "--untracked-files=no"]) {
            Some(changes) if !changes.is_empty() => format!("{revision}-dirty"),
            _ => revision,
        },
    );
    println!("cargo::rustc-env=EGOP_REVISION={revision}");
    let compiler = std::env::var_os("RUSTC").and_then(|rustc| {
        let output = Command::new(rustc).arg("--version").output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    });
    println!("cargo::rustc-env=EGOP_RUSTC={}", compiler.unwrap_or_else(|| "unknown".to_owned()));
    for watched in [".git/HEAD", ".git/index", "src", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={watched}");
    }
}
