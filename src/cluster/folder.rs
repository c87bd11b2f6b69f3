//! The folder of a plan.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cluster::array::ArrayTask;
use crate::cluster::registry::scheduler;
use crate::cluster::scheduler::Scheduler;
use crate::error::{Error, Result};
use crate::store::{self, Disk, LocalDisk, Store};

/// An array task takes at least about this long, unless asked otherwise: the scheduler's own work for it is
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
    /// Name of the scheduler.
    #[serde(default = "slurm")]
    pub scheduler: String,
    /// Its options for the jobs.
    #[serde(alias = "slurm")]
    pub options: Vec<String>,
    /// About how many minutes an array task takes at least.
    pub minutes: f64,
    /// SHA-256 of the files that were written with it, which tells them from somebody's.
    pub files: BTreeMap<String, String>,
}

/// The scheduler of plans that do not say so: they are older than any other.
fn slurm() -> String {
    "slurm".into()
}

/// A file that is written for a plan.
struct PlanFile {
    name: &'static str,
    bytes: Vec<u8>,
    executable: bool,
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
        let file = LocalDisk.open_lock(&path).map_err(Error::io(&path))?;
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
    pub fn check(
        &self,
        name: &str,
        experiment: &str,
        settings: &Settings,
        scheduler: &dyn Scheduler,
    ) -> Result<()> {
        self.files(name, experiment, settings, scheduler).map(drop)
    }

    /// What is written beside the plan and the settings, checked against what is there, and whether
    /// it is a program.
    fn files(
        &self,
        name: &str,
        experiment: &str,
        settings: &Settings,
        scheduler: &dyn Scheduler,
    ) -> Result<Vec<PlanFile>> {
        let this = std::env::current_exe().and_then(fs::read).map_err(Error::io(PROGRAM))?;
        let mut files = vec![
            PlanFile { name: EXPERIMENT, bytes: experiment.into(), executable: false },
            PlanFile { name: PROGRAM, bytes: this, executable: true },
        ];
        let scripts = scheduler.scripts(name, &settings.options).into_iter();
        files.extend(scripts.map(|script| PlanFile {
            name: script.name,
            bytes: script.text.into(),
            executable: script.executable,
        }));
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
        for PlanFile { name, bytes, .. } in &files {
            let path = self.root.join(name);
            if !path.exists() {
                continue;
            }
            let found = LocalDisk.read(&path).unwrap_or_default();
            if found != *bytes && written.get(*name) != Some(&store::sha256(&found)) {
                return Err(self.foreign(name));
            }
        }
        Ok(files)
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
    pub fn prepare(
        &self,
        name: &str,
        experiment: &str,
        settings: &Settings,
        scheduler: &dyn Scheduler,
    ) -> Result<()> {
        let files = self.files(name, experiment, settings, scheduler)?;
        for folder in [&self.root.join("bin"), &self.root.join("logs")] {
            fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        let sums = files.iter().map(|file| (file.name.into(), store::sha256(&file.bytes)));
        let settings = Settings { files: sums.collect(), ..settings.clone() };
        // Each is renamed into place: array tasks of an earlier plan may be running the old program.
        for file in &files {
            self.write(file.name, &file.bytes)?;
            if file.executable {
                make_executable(&self.root.join(file.name))?;
            }
        }
        let mut bytes =
            serde_json::to_vec_pretty(&settings).expect("strings and numbers have a JSON form");
        bytes.push(b'\n');
        self.write(SETTINGS, &bytes)
    }

    /// What the folder is bound to.
    ///
    /// # Errors
    /// When there is no such folder, it cannot be understood, or its experiment was changed.
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
        let bytes = LocalDisk.read(&path).map_err(Error::io(&path))?;
        let corrupt = |message| Error::Corrupt { path: path.clone(), message };
        let settings: Settings = serde_json::from_slice(&bytes)
            .map_err(|error| corrupt(format!("is not as it was planned: {error}")))?;
        let scheduler = scheduler(&settings.scheduler).map_err(corrupt)?;
        settings.options.iter().try_for_each(|option| scheduler.check(option)).map_err(corrupt)?;
        let experiment = self.experiment();
        let bytes = LocalDisk.read(&experiment).map_err(Error::io(&experiment))?;
        if settings.files.get(EXPERIMENT) != Some(&store::sha256(&bytes)) {
            return Err(self.foreign(EXPERIMENT));
        }
        Ok(settings)
    }

    /// The plan of the round under way; empty when nothing is left to do.
    ///
    /// # Errors
    /// When it is missing or cannot be understood.
    pub fn plan(&self) -> Result<Vec<ArrayTask>> {
        read_plan(&self.root.join(PLAN))
    }

    /// Replaces the plan; the old one is kept under another name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace_plan(&self, array_tasks: &[ArrayTask]) -> Result<()> {
        let mut text = String::new();
        for task in array_tasks {
            text += &serde_json::to_string(task).expect("texts and numbers have a JSON form");
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
            let tasks = read_plan(&path)?.into_iter().flat_map(|one| one.tasks);
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

fn read_plan(path: &Path) -> Result<Vec<ArrayTask>> {
    let bytes = LocalDisk.read(path).map_err(Error::io(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let array_task = |(index, line): (usize, &str)| match serde_json::from_str::<ArrayTask>(line) {
        Ok(task) if task.index == index => Ok(task),
        Ok(_) => Err(format!("line {}: out of order", index + 1)),
        Err(error) => Err(format!("line {}: {error}", index + 1)),
    };
    let tasks: Result<_, String> = text.lines().enumerate().map(array_task).collect();
    tasks.map_err(|message| Error::Corrupt { path: path.into(), message })
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
    use crate::cluster::array::tests::task;
    use crate::cluster::array_tasks;

    #[test]
    fn plans_are_read_as_written_and_earlier_ones_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::at(folder.path());
        let first = array_tasks("coarse sweep", vec![task(0, 0.1), task(1, 1.0 / 3.0)], 0.0, 1);
        folder.replace_plan(&first).unwrap();
        assert_eq!(folder.plan().unwrap(), first);
        let second = array_tasks("refined sweep", vec![task(2, 7.0)], 0.0, 1);
        folder.replace_plan(&second).unwrap();
        folder.replace_plan(&[]).unwrap();
        assert_eq!(folder.plan().unwrap(), []);
        assert_eq!(folder.planned().unwrap().len(), 3);
    }

    #[test]
    fn damaged_plans_are_refused_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::at(folder.path());
        folder.replace_plan(&array_tasks("coarse sweep", vec![task(0, 1.0)], 0.0, 1)).unwrap();
        let text = fs::read_to_string(folder.root().join(PLAN)).unwrap();
        fs::write(folder.root().join(PLAN), format!("{text}{}", &text[..20])).unwrap();
        let message = folder.plan().unwrap_err().to_string();
        assert!(message.contains("plan.jsonl: line 2: EOF"), "{message}");
        fs::write(folder.root().join(PLAN), format!("{text}{text}")).unwrap();
        let message = folder.plan().unwrap_err().to_string();
        assert!(message.contains("plan.jsonl: line 2: out of order"), "{message}");
    }
}
