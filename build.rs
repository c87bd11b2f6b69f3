//! Records the source revision, the sources and the compiler, for the provenance of results.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the programs are made of.
const SOURCES: [&str; 5] = ["Cargo.lock", "Cargo.toml", "configs", "data", "src"];

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
    let mut hash = DefaultHasher::new();
    SOURCES.iter().for_each(|source| add(Path::new(source), &mut hash));
    println!("cargo::rustc-env=EGOP_SOURCES={:016x}", hash.finish());
    for watched in [".git/HEAD", ".git/index"].iter().chain(&SOURCES) {
        println!("cargo::rerun-if-changed={watched}");
    }
}

/// Adds a file, or all files of a folder in the order of their names. What cannot be read is as good as
/// not there: the compiler will say so.
fn add(path: &Path, hash: &mut DefaultHasher) {
    if path.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().for_each(|path| add(path, hash));
    } else if let Ok(bytes) = fs::read(path) {
        hash.write(path.to_string_lossy().as_bytes());
        hash.write_usize(bytes.len());
        hash.write(&bytes);
    }
}
