//! A small experiment, run through the library or by the programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use egop::config::{self, Overlay, Source};
use egop::experiment::Experiment;
use egop::run::{Dependencies, Options, Report, Run, Silent, Subject};
use egop::store::{Disk, Identity, SUMS, Store, is_reproducible};
use tempfile::TempDir;

use crate::program;

/// Two algorithms in two coordinate systems: a coarse round, extensions, a refined one and curves.
pub const CONFIG: &str = include_str!("../data/tiny.toml");

/// How often something is done: in the short form, and in the full one.
pub fn times(short: usize, full: usize) -> usize {
    if std::env::var_os("EGOP_TORTURE").is_some() { full } else { short }
}

/// A folder that is removed afterwards; in memory where possible, as flushing to a real disk is
/// most of the time that these tests take.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let builder = tempfile::Builder::new();
    if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() }.unwrap()
}

/// Pseudo-random numbers (SplitMix64), the same in every run of the tests.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

/// The experiment, to be run through the library.
pub struct Lab {
    pub experiment: Experiment,
    pub document: String,
    pub identity: Dependencies,
    pub options: Options,
}

impl Lab {
    pub fn new(overrides: &[&str]) -> Self {
        let source = Source::parse("tiny.toml", CONFIG.as_bytes()).unwrap();
        let overrides = overrides.iter().map(|&text| text.into()).collect();
        let overlay = Overlay { profile: None, overrides };
        let read = config::read(&source, &overlay, Experiment::read).unwrap();
        let document = toml::to_string(&read.table).unwrap();
        let identity = (&read.identity).into();
        Self { experiment: read.value, document, identity, options: Options::default() }
    }

    /// What is run.
    pub fn subject(&self) -> Subject<'_> {
        let Self { experiment, document, identity, .. } = self;
        Subject { experiment, document, identity }
    }

    /// Runs it on one thread, so that operations come in one order.
    pub fn run(&self, disk: Arc<dyn Disk>, root: &Path) -> egop::Result<Report> {
        let store = Store::open_on(disk, root, &identity())?;
        let silent = Silent::default();
        let run = Run::new(self.subject(), &store, &self.options, &silent);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        pool.install(|| run.all(|_| Ok(()))).map(|(report, ())| report)
    }
}

/// What a folder is bound to, where the test does not care.
pub fn identity() -> Identity {
    Identity::new(&toml::Table::new(), [])
}

/// What is always the same of a published file: `None`, all, or all lines but those about files of
/// which nothing is.
pub fn reproducible(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    if name != SUMS {
        return is_reproducible(name).then(|| bytes.to_vec());
    }
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let stays = |line: &&[u8]| {
        let line = std::str::from_utf8(line).unwrap().trim_end();
        line.split_once("  ").is_none_or(|(_, name)| is_reproducible(name))
    };
    Some(lines.filter(stays).flatten().copied().collect())
}

/// The merged tables and what tells that they are whole, as far as they are always the same.
pub fn tables(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut tables = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|end| end == "csv")
            || ["SHA256SUMS", "experiment.toml"].contains(&&*name)
        {
            let same = reproducible(&name, &fs::read(path).unwrap());
            tables.extend(same.map(|bytes| (name, bytes)));
        }
    }
    assert!(tables.contains_key("runs.csv"), "{}", root.display());
    tables
}

/// The keys of the finished tasks.
pub fn keys(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("tasks")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut keys: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    keys.sort();
    keys
}

/// A program, to be run on a config in a folder.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(program::path(name));
    command.env_remove("SLURM_CPUS_PER_TASK");
    command
}

/// `egop-run CONFIG --out OUT --threads 2`.
pub fn egop_run(config: &Path, out: &Path) -> Command {
    let mut command = program("egop-run");
    command.arg(config).arg("--out").arg(out).args(["--threads", "2"]);
    command
}

/// Writes the config, with some of its lines replaced.
pub fn config(folder: &Path, replacements: &[(&str, &str)]) -> std::path::PathBuf {
    let mut text = CONFIG.to_owned();
    for (old, new) in replacements {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let path = folder.join("tiny.toml");
    fs::write(&path, text).unwrap();
    path
}
