//! Sweeps on more than one machine: a folder that holds a frozen plan, what is needed to work on it
//! elsewhere, and the scripts that submit it.
//!
//! A sweep has passes: which learning rates come next depends on the results of those before. A
//! plan therefore holds the tasks of one pass, and merging plans the next. The tasks are those of a
//! sweep on one machine, stored under the same keys: the tables come out the same to the byte.
//!
//! ```text
//! experiment.toml               the experiment, resolved
//! cluster.json                  where results go and data lies, Slurm's options
//! plan.jsonl                    one line per array element: the pass under way
//! plan-1.jsonl …                earlier plans
//! bin/egop-sweep                the program that planned it
//! array.sbatch, merge.sbatch    jobs
//! submit.sh                     submits them
//! logs/                         what they print
//! ```

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::PlannedTask;
use crate::store::{self, Disk, Store, System};

mod slurm;

pub use slurm::{SlurmOption, array_script, merge_script, submit_script};

/// An element takes at least about this long, unless asked otherwise: Slurm's own work for it is
/// then a small part.
pub const DEFAULT_MINUTES: f64 = 5.0;

const EXPERIMENT: &str = "experiment.toml";
const SETTINGS: &str = "cluster.json";
const PLAN: &str = "plan.jsonl";
const PROGRAM: &str = "bin/egop-sweep";

/// What a plan's folder is bound to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The results folder.
    pub results: PathBuf,
    /// Where data sets are kept, if not at the usual places.
    pub data_dir: Option<PathBuf>,
    /// Slurm's options for the jobs.
    pub slurm: Vec<SlurmOption>,
    /// About how many minutes an element takes at least.
    pub minutes: f64,
    /// SHA-256 of the files that were written with it, which tells them from somebody's.
    pub files: BTreeMap<String, String>,
}

/// One element of a job array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// Its number in the plan, from 0.
    pub index: usize,
    /// The pass that its tasks belong to.
    pub pass: String,
    /// About how long it takes.
    pub seconds: f64,
    /// Its tasks.
    pub tasks: Vec<PlannedTask>,
}

/// Groups consecutive tasks into elements that take at least so many seconds on so many threads.
pub fn elements(pass: &str, tasks: Vec<PlannedTask>, seconds: f64, threads: usize) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    for task in tasks {
        let share = task.seconds / threads as f64;
        match elements.last_mut() {
            Some(element) if element.seconds < seconds => {
                element.seconds += share;
                element.tasks.push(task);
            }
            _ => elements.push(Element {
                index: elements.len(),
                pass: pass.into(),
                seconds: share,
                tasks: vec![task],
            }),
        }
    }
    elements
}

/// The folder of a plan.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A folder, whether it is there or not.
    pub fn at(root: &Path) -> Self {
        Self { root: root.into() }
    }

    /// The folder's path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The experiment's file.
    pub fn experiment(&self) -> PathBuf {
        self.root.join(EXPERIMENT)
    }

    /// Whether a plan is here.
    pub fn is_planned(&self) -> bool {
        self.root.join(SETTINGS).exists()
    }

    /// Waits until nobody else plans or merges here, and keeps others from it until dropped.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.root).map_err(Error::io(&self.root))?;
        let path = self.root.join("lock");
        let file = System.open_lock(&path).map_err(Error::io(&path))?;
        match file.lock() {
            // Without locks, whoever merges twice at once submits twice: work, but no harm.
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(Error::io(path)(error)),
            _ => Ok(file),
        }
    }

    /// Refuses when a file or folder that a plan needs is there but is not a plan's, or was changed
    /// since; changes nothing.
    ///
    /// # Errors
    /// [`Error::Incompatible`] with its name.
    pub fn check(&self, name: &str, experiment: &str, settings: &Settings) -> Result<()> {
        self.files(name, experiment, settings).map(drop)
    }

    /// What is written beside the plan and the settings, checked against what is there.
    fn files(
        &self,
        name: &str,
        experiment: &str,
        settings: &Settings,
    ) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let this = std::env::current_exe().and_then(fs::read).map_err(Error::io(PROGRAM))?;
        let files = [
            (EXPERIMENT, experiment.as_bytes()),
            ("array.sbatch", array_script(name, &settings.slurm).as_bytes()),
            ("merge.sbatch", merge_script(name, &settings.slurm).as_bytes()),
            ("submit.sh", submit_script().as_bytes()),
            (PROGRAM, &this),
        ]
        .map(|(name, bytes)| (name, bytes.to_vec()));
        let planned = self.is_planned();
        let written = if planned { self.settings()?.files } else { BTreeMap::new() };
        if planned {
            self.planned()?;
        } else if self.root.join(PLAN).exists() || self.earlier(1).exists() {
            return Err(self.foreign(PLAN));
        }
        for folder in ["", "bin", "logs"] {
            let path = self.root.join(folder);
            if path.exists() && !path.is_dir() {
                return Err(self.foreign(folder));
            }
        }
        for (name, bytes) in &files {
            let path = self.root.join(name);
            if !path.exists() {
                continue;
            }
            let found = System.read(&path).unwrap_or_default();
            if found != *bytes && written.get(*name) != Some(&store::sha256(&found)) {
                return Err(self.foreign(name));
            }
        }
        Ok(files.into())
    }

    fn foreign(&self, name: &str) -> Error {
        Error::Incompatible {
            path: self.root.join(name),
            message: "is not as it was planned, or not of a plan at all, and is not written over; \
                      move it away, or choose another folder"
                .into(),
        }
    }

    /// Writes everything but the plan: settings, experiment, program and scripts.
    ///
    /// # Errors
    /// As for [`Folder::check`], before anything is written; otherwise when a file cannot be read
    /// or written.
    pub fn prepare(&self, name: &str, experiment: &str, settings: &Settings) -> Result<()> {
        let files = self.files(name, experiment, settings)?;
        for folder in [&self.root.join("bin"), &self.root.join("logs")] {
            fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        let sums = files.iter().map(|(name, bytes)| ((*name).into(), store::sha256(bytes)));
        let settings = Settings { files: sums.collect(), ..settings.clone() };
        // Each is renamed into place: elements of an earlier plan may be running the old program.
        for (name, bytes) in &files {
            self.write(name, bytes)?;
        }
        for program in ["submit.sh", PROGRAM] {
            make_executable(&self.root.join(program))?;
        }
        let mut bytes =
            serde_json::to_vec_pretty(&settings).expect("texts and numbers have a JSON form");
        bytes.push(b'\n');
        self.write(SETTINGS, &bytes)
    }

    /// What the folder is bound to.
    ///
    /// # Errors
    /// When there is no such folder or it cannot be understood.
    pub fn settings(&self) -> Result<Settings> {
        let path = self.root.join(SETTINGS);
        if !path.exists() {
            let what =
                if self.root.exists() { "is not the folder of a plan" } else { "is not there" };
            return Err(Error::Corrupt {
                path: self.root.clone(),
                message: format!("{what}; egop-sweep CONFIG --emit-slurm DIR makes a plan"),
            });
        }
        let bytes = System.read(&path).map_err(Error::io(&path))?;
        let settings: Settings = serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("is not as it was planned: {error}");
            Error::Corrupt { path, message }
        })?;
        let experiment = System.read(&self.experiment()).map_err(Error::io(self.experiment()))?;
        if settings.files.get(EXPERIMENT) != Some(&store::sha256(&experiment)) {
            return Err(self.foreign(EXPERIMENT));
        }
        Ok(settings)
    }

    /// The plan of the pass under way; empty when nothing is left to do.
    ///
    /// # Errors
    /// When it is missing or cannot be understood.
    pub fn plan(&self) -> Result<Vec<Element>> {
        read_plan(&self.root.join(PLAN))
    }

    /// Replaces the plan; the old one is kept under another name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace_plan(&self, elements: &[Element]) -> Result<()> {
        let mut text = String::new();
        for element in elements {
            text += &serde_json::to_string(element).expect("texts and numbers have a JSON form");
            text.push('\n');
        }
        let path = self.root.join(PLAN);
        if fs::metadata(&path).is_ok_and(|plan| plan.len() > 0) {
            let mut number = 1;
            while self.earlier(number).exists() {
                number += 1;
            }
            fs::rename(&path, self.earlier(number)).map_err(Error::io(&path))?;
        }
        self.write(PLAN, text.as_bytes())
    }

    /// The keys of all tasks that were ever planned here.
    ///
    /// # Errors
    /// When a plan cannot be understood.
    pub fn planned(&self) -> Result<HashSet<String>> {
        let earlier = (1..).map(|number| self.earlier(number)).take_while(|path| path.exists());
        let plans = earlier.chain(Some(self.root.join(PLAN)).filter(|path| path.exists()));
        let mut keys = HashSet::new();
        for path in plans {
            let tasks = read_plan(&path)?.into_iter().flat_map(|element| element.tasks);
            keys.extend(tasks.map(|task| task.key));
        }
        Ok(keys)
    }

    fn earlier(&self, number: usize) -> PathBuf {
        self.root.join(format!("plan-{number}.jsonl"))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        Store::peek(&self.root).write(name, bytes)
    }
}

fn read_plan(path: &Path) -> Result<Vec<Element>> {
    let bytes = System.read(path).map_err(Error::io(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let element = |(index, line): (usize, &str)| match serde_json::from_str::<Element>(line) {
        Ok(element) if element.index == index => Ok(element),
        Ok(_) => Err(format!("line {}: out of order", index + 1)),
        Err(error) => Err(format!("line {}: {error}", index + 1)),
    };
    let elements: Result<_, String> = text.lines().enumerate().map(element).collect();
    elements.map_err(|message| Error::Corrupt { path: path.into(), message })
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(Error::io(path))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(trial: usize, seconds: f64) -> PlannedTask {
        PlannedTask {
            key: format!("key {trial}"),
            trial,
            coordinates: "original".into(),
            rates: Vec::new(),
            seconds,
        }
    }

    fn sizes(seconds: f64, threads: usize) -> Vec<usize> {
        let tasks = (0..5).map(|trial| task(trial, 60.0)).collect();
        elements("coarse sweep", tasks, seconds, threads)
            .iter()
            .map(|element| element.tasks.len())
            .collect()
    }

    #[test]
    fn elements_take_at_least_as_long_as_asked_for() {
        assert_eq!(sizes(0.0, 1), [1; 5]);
        assert_eq!(sizes(60.0, 1), [1; 5]);
        assert_eq!(sizes(100.0, 1), [2, 2, 1]);
        assert_eq!(sizes(60.0, 2), [2, 2, 1]);
        assert_eq!(sizes(1e9, 1), [5]);
    }

    #[test]
    fn plans_are_read_as_written_and_earlier_ones_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::at(folder.path());
        let first = elements("coarse sweep", vec![task(0, 0.1), task(1, 1.0 / 3.0)], 0.0, 1);
        folder.replace_plan(&first).unwrap();
        assert_eq!(folder.plan().unwrap(), first);
        let second = elements("refined sweep", vec![task(2, 7.0)], 0.0, 1);
        folder.replace_plan(&second).unwrap();
        folder.replace_plan(&[]).unwrap();
        assert_eq!(folder.plan().unwrap(), []);
        assert_eq!(folder.planned().unwrap().len(), 3);
    }

    #[test]
    fn damaged_plans_are_refused_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::at(folder.path());
        folder.replace_plan(&elements("coarse sweep", vec![task(0, 1.0)], 0.0, 1)).unwrap();
        let text = fs::read_to_string(folder.root().join(PLAN)).unwrap();
        fs::write(folder.root().join(PLAN), format!("{text}{}", &text[..20])).unwrap();
        let message = folder.plan().unwrap_err().to_string();
        assert!(message.contains("plan.jsonl: line 2: EOF"), "{message}");
        fs::write(folder.root().join(PLAN), format!("{text}{text}")).unwrap();
        let message = folder.plan().unwrap_err().to_string();
        assert!(message.contains("plan.jsonl: line 2: out of order"), "{message}");
    }
}
