//! Removing what is no longer wanted: finished tasks, locks, and what killed programs left behind.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::store::lock::{self, Lock};
use crate::store::publication::{ARRAYS, is_output};
use crate::store::{RUNNERS, SUMS, Store, TABLES, is_unfinished, task};

/// Whether there is nothing in an unfinished folder but what the programs put into such.
fn holds_ours_only(path: &Path) -> bool {
    let Ok(entries) = path.read_dir() else { return true };
    entries.flatten().all(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            return (ARRAYS.contains(&&*name) || is_key(&name) || is_unfinished(&name))
                && holds_ours_only(&entry.path());
        }
        let holds_arrays = ARRAYS.iter().any(|folder| path.ends_with(folder));
        holds_arrays && name.ends_with(".npy")
            || [task::MANIFEST, SUMS].contains(&&*name)
            || is_output(&name)
    })
}

/// Whether a name is a task's.
fn is_key(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Store {
    /// Removes the locks of pieces of work; to be called when nobody else works in the folder.
    pub(super) fn remove_locks(&self) -> Result<()> {
        let folder = self.locks();
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let entry = entry.map_err(Error::io(&folder))?;
            let empty = entry.metadata().is_ok_and(|file| file.is_file() && file.len() == 0);
            if empty && entry.file_name().to_string_lossy().starts_with("trial-") {
                self.disk.remove(&entry.path()).map_err(Error::io(entry.path()))?;
            }
        }
        Ok(())
    }

    /// Removes what killed programs left, if it is older; to be called when nobody else works in the
    /// folder.
    pub(super) fn remove_left_behind(&self, than: Duration) -> Result<()> {
        for folder in self.all_roots()?.into_iter().chain([self.tasks()]) {
            for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
                let entry = entry.map_err(Error::io(&folder))?;
                let old = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
                if is_unfinished(&entry.file_name().to_string_lossy())
                    && old().is_some_and(|age| age >= than)
                    && holds_ours_only(&entry.path())
                {
                    self.disk.remove(&entry.path()).map_err(Error::io(entry.path()))?;
                }
            }
        }
        Ok(())
    }

    /// Forgets all finished tasks.
    ///
    /// # Errors
    /// [`Error::Incompatible`] when another program works in the folder; otherwise when they cannot
    /// be removed.
    pub fn clear(&self) -> Result<()> {
        let Some(runners) = &self.presence else { return Ok(()) };
        let failed = || Error::io(self.locks().join(RUNNERS));
        let alone = lock::exclusive(runners).map_err(failed())?;
        let cleared = match alone {
            Lock::Held => self.check_tasks().and_then(|()| self.clear_alone()),
            _ => Ok(()),
        };
        lock::wait_shared(runners).map_err(failed())?;
        if alone != Lock::Held {
            return Err(self.in_use("its tasks are not forgotten"));
        }
        cleared
    }

    /// Keeps all others from working in the folder until what is returned is dropped; `so` is what does
    /// not happen otherwise.
    ///
    /// # Errors
    /// [`Error::Incompatible`] when another program works in it, or nobody knows.
    pub fn alone(&self, so: &str) -> Result<File> {
        self.make_folder(&self.locks())?;
        let runners = self.lock_file(RUNNERS)?;
        match lock::exclusive(&runners).map_err(Error::io(self.locks().join(RUNNERS)))? {
            Lock::Held => Ok(runners),
            Lock::Taken | Lock::Unknown => Err(self.in_use(so)),
        }
    }

    /// Removes the finished tasks that are not among these; to be called when nobody else works in the
    /// folder. How many were removed, how many there were, and the bytes that they had.
    ///
    /// # Errors
    /// [`Error::Incompatible`] when there is anything among the tasks that is not one's; otherwise when
    /// they cannot be removed.
    pub fn keep_tasks(&self, used: &HashSet<String>) -> Result<(usize, usize, u64)> {
        let folder = self.tasks();
        if !folder.is_dir() {
            return Ok((0, 0, 0));
        }
        self.remove_left_behind(Duration::ZERO)?;
        self.check_tasks()?;
        let (mut removed, mut all, mut bytes) = (0, 0, 0);
        for task in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let task = task.map_err(Error::io(&folder))?;
            all += 1;
            if used.contains(&*task.file_name().to_string_lossy()) {
                continue;
            }
            let files = task.path().read_dir().map_err(Error::io(task.path()))?;
            bytes +=
                files.flatten().filter_map(|file| Some(file.metadata().ok()?.len())).sum::<u64>();
            // First out of sight: half a task would be a damaged one.
            let old = self.unfinished(&folder);
            self.disk.rename(&task.path(), &old).map_err(Error::io(task.path()))?;
            self.disk.remove(&old).map_err(Error::io(&old))?;
            removed += 1;
        }
        Ok((removed, all, bytes))
    }

    /// Refuses when there is anything among the tasks that is not one's.
    pub(super) fn check_tasks(&self) -> Result<()> {
        let list = |folder: &Path| -> Result<Vec<_>> {
            let entries = std::fs::read_dir(folder).map_err(Error::io(folder))?;
            entries.collect::<io::Result<_>>().map_err(Error::io(folder))
        };
        for task in list(&self.tasks())? {
            let name = task.file_name().to_string_lossy().into_owned();
            if is_unfinished(&name) && holds_ours_only(&task.path()) {
                continue;
            }
            if !is_key(&name) || !task.path().is_dir() {
                return Err(self.foreign(&format!("tasks/{name}")));
            }
            for file in list(&task.path())? {
                let file = file.file_name().to_string_lossy().into_owned();
                if file != task::MANIFEST && !TABLES.contains(&&*file) {
                    return Err(self.foreign(&format!("tasks/{name}/{file}")));
                }
            }
        }
        Ok(())
    }

    pub(super) fn clear_alone(&self) -> Result<()> {
        let (tasks, old) = (self.tasks(), self.unfinished(&self.root));
        self.disk.rename(&tasks, &old).map_err(Error::io(&tasks))?;
        self.make_folder(&tasks)?;
        self.disk.remove(&old).map_err(Error::io(&old))
    }
}
