//! `egop-plot --clean DIR`: removes finished tasks that no table is made of.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;

use crate::cli::outcome::{Abort, Status, print};
use crate::cli::session::Session;
use crate::cli::{results_folder, study as studies};
use crate::error::{Error, Result};
use crate::run::Silent;
use crate::store::{EXPERIMENT, Store};
use crate::study;

/// Cleans each of the folders.
pub(super) fn clean(folders: &[PathBuf], quiet: bool) -> Result<Status, Abort> {
    for folder in folders {
        let (removed, of, bytes) = clean_one(folder)?;
        if !quiet {
            let size = ByteSize(bytes).display().si();
            let folder = folder.display();
            print(&format!("{folder}: {removed} of {of} tasks removed, {size:#}\n"))?;
        }
    }
    Ok(Status::Done)
}

/// How many tasks were removed, of how many, with how many bytes.
fn clean_one(folder: &Path) -> Result<(usize, usize, u64)> {
    results_folder::check_begun(folder)?;
    results_folder::check(folder)?;
    let store = Store::peek(folder);
    store.finish_publication()?;
    // Held to the end: what is used must not change before the rest is removed.
    let _alone = store.alone("its tasks are not removed")?;
    let Some(used) = used(folder, &store)? else {
        return Err(Error::Incompatible {
            path: folder.into(),
            message: "tasks are missing that its tables are made of, or were made by another version, so \
                      that it is not known which are used; run the experiment again first"
                .into(),
        });
    };
    store.keep_tasks(&used)
}

/// The keys of the tasks that the published tables are made of; `None` where some of them are missing.
fn used(folder: &Path, store: &Store) -> Result<Option<HashSet<String>>> {
    let (source, arguments) = results_folder::config_of(folder, &store.read(EXPERIMENT)?)?;
    if source.has(study::TABLE) {
        return studies::used(&arguments, &source);
    }
    Session::of_experiment(&arguments, &source)?.look(&Silent::default(), |run| run.used())
}
