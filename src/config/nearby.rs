//! Which config may have been meant by a path at which there is none.

use std::path::{Path, PathBuf};

use super::suggest::nearest;

/// Where the configs of this project are.
const CONFIGS: &str = "configs";
/// The config in a results folder.
const EXPERIMENT: &str = "experiment.toml";
/// At most this many files of a folder are listed.
const LISTED: usize = 8;

/// A config with a similar name beside `path` or, if that is relative, in `configs`; the extension
/// may have been left out. Or one of `names`, which need no file: of several that are equally similar
/// the first of these if `path` is a name, the last if it is a path.
pub(super) fn config(path: &Path, names: &[&str]) -> Option<String> {
    let folder = match path.parent()? {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".toml").unwrap_or(name);
    let beside = configs_in(folder).into_iter().map(|file| path.with_file_name(file));
    let mut candidates: Vec<PathBuf> = beside.collect();
    let names = names.iter().map(PathBuf::from);
    let is_name = path.components().count() == 1 && path.extension().is_none();
    if path.is_relative() {
        let configs = Path::new(CONFIGS);
        candidates.extend(configs_in(configs).into_iter().map(|file| configs.join(file)));
    }
    let place = if is_name { 0 } else { candidates.len() };
    candidates.splice(place..place, names);
    let stem = |candidate: &PathBuf| Some(candidate.file_stem()?.to_str()?.to_owned());
    let stems: Vec<String> = candidates.iter().filter_map(stem).collect();
    let meant = nearest(name, stems.iter().map(String::as_str))?;
    let found = candidates.iter().find(|candidate| stem(candidate).as_deref() == Some(meant))?;
    Some(found.display().to_string())
}

/// Of a folder that was taken for a config: what it holds, in words, and the config that may have
/// been meant, as one would write it.
pub(super) fn in_folder(folder: &Path) -> (String, Option<String>) {
    let experiment = folder.join(EXPERIMENT);
    if experiment.is_file() {
        return (String::new(), Some(experiment.display().to_string()));
    }
    let configs = configs_in(folder);
    let more = if configs.len() > LISTED { ", …" } else { "" };
    let listed = configs.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let holds =
        if configs.is_empty() { String::new() } else { format!("; it holds {listed}{more}") };
    (holds, None)
}

/// The names of the configs in a folder, sorted.
fn configs_in(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut configs: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    configs.sort();
    configs
}
