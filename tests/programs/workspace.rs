//! A temporary folder with an experiment and its results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assert_cmd::Command;
use egop::store::is_reproducible;
use tempfile::TempDir;

use crate::program;

/// A small least-squares experiment with three trials, three coordinate systems and every
/// optimizer; it takes a fraction of a second.
pub const SMALL: &str = r#"
name = "small"
title = "Small least squares"
seed = 2025
trials = 3

[objective]
kind = "least-squares"
rows = 20
columns = 8
decay = { kind = "power", exponent = 1.0 }

[distribution]
kind = "gaussian"

[coordinates.original]
basis = "identity"
[coordinates.reparameterized]
basis = "egop"
[coordinates.rotated]
basis = "random-rotation"

[algorithms.adam]
kind = "adam"
[algorithms.adagrad]
kind = "adagrad"
[algorithms.sgd]
kind = "sgd"
[algorithms.momentum]
kind = "momentum"

[training]
steps = 100

[sweep]
metric = "final_suboptimality"
coarse = [0.1, 1.0]
tune = ["original", "reparameterized"]
"#;

/// The same, but so long that a run which is not refused at once is noticed: hours.
pub fn endless() -> String {
    SMALL.replace("steps = 100", "steps = 100000000\ngradient_tolerance = 0.0")
}

/// A folder that vanishes with the test.
pub struct Workspace(TempDir);

impl Workspace {
    /// With `experiment.toml` in it.
    pub fn new(config: &str) -> Self {
        let workspace = Self(TempDir::new().unwrap());
        std::fs::write(workspace.path("experiment.toml"), config).unwrap();
        workspace
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A program that starts in the folder; it is an error if it takes minutes.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(program::path(name));
        command.current_dir(self.0.path()).timeout(std::time::Duration::from_secs(120));
        command
    }

    /// `egop-run experiment.toml --out out` with further arguments, to its end.
    pub fn run(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = self.program("egop-run");
        command.args(["experiment.toml", "--out", "out"]).args(arguments).assert()
    }

    /// The merged tables of `out` that are always the same bytes, by name.
    pub fn tables(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.path("out"))
            .into_iter()
            .filter(|(path, _)| path.extension().is_some_and(|extension| extension == "csv"))
            .filter(|(path, _)| !path.starts_with("tasks"))
            .map(|(path, file)| (path.to_str().unwrap().to_owned(), file.bytes))
            .filter(|(name, _)| is_reproducible(name))
            .collect()
    }

    /// The rows of a merged table of `out`, by column.
    pub fn rows(&self, table: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.path("out").join(table)).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// The folders of the finished tasks of `out`.
    pub fn tasks(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("out/tasks")) else { return Vec::new() };
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.join("task.json").exists())
            .filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'))
            .collect()
    }
}

/// A file's contents and when it was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub bytes: Vec<u8>,
    pub at: SystemTime,
}

/// All files below a folder, by relative path.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Written> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let at = path.metadata().unwrap().modified().unwrap();
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                found.insert(name, Written { bytes, at });
            }
        }
    }
    found
}
