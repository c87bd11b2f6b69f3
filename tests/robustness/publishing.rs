//! The published files are one set, of one experiment, and nobody else's files are touched.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::lab::{CONFIG, Random, folder, program, reproducible, times};

const FIGURES: &str = r#"
[[figures]]
kind = "curves"
file = "curves"
title = "Curves"
metric = "suboptimality"

[[figures]]
kind = "learning-rates"
file = "rates"
title = "Learning rates"

[[claims]]
id = "C"
statement = "It is faster."
source = "ours"
metric = "final_suboptimality"
left = { algorithm = "adam", coordinates = "original" }
right = { algorithm = "adam", coordinates = "reparameterized" }
relation = "at-least"
factor = 1.5
"#;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = folder();
        fs::write(folder.path().join("c.toml"), format!("{CONFIG}{FIGURES}")).unwrap();
        Self(folder)
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = program("egop-run");
        command.current_dir(self.0.path()).args(["c.toml", "--out", "out", "--threads", "2"]);
        command.args(arguments).output().unwrap()
    }

    #[track_caller]
    fn success(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(checks(&self.out()), "{arguments:?}");
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], expected: &[&str]) {
        let before = files(&self.out());
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        for text in expected {
            assert!(stderr.contains(text), "{text}: {stderr}");
        }
        assert!(!stderr.contains("tasks:"), "before any work: {stderr}");
        assert!(files(&self.out()) == before, "nothing changed");
    }
}

/// Every file but those in `locks/`, by its path.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !name.starts_with("locks/") {
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// The published files: all but the store's own.
fn published(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = files(root);
    files.retain(|name, _| {
        !name.starts_with("tasks/") && !["store.json", "log.jsonl"].contains(&&**name)
    });
    files
}

/// Whether `sha256sum` is content, and the list is complete.
fn checks(root: &Path) -> bool {
    let Ok(sums) = fs::read_to_string(root.join("SHA256SUMS")) else { return false };
    let listed: Vec<&str> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    let there = published(root);
    let all =
        there.keys().filter(|name| *name != "SHA256SUMS").all(|name| listed.contains(&&**name));
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(root);
    all && check.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn another_experiment_is_refused_and_replaces_all_when_told_to() {
    let place = Place::new();
    place.success(&["--save-basis"]);
    let first = files(&place.out());
    assert!(first.contains_key("basis/0-reparameterized-all.npy"));
    place.refused(&["--set", "seed=2"], &["it holds seed = 7, this has seed = 2", "--replace"]);
    place.refused(&["--set", "training.steps=21"], &["training.steps = 20", "training.steps = 21"]);
    place.refused(
        &["--set", "objective.columns=2", "--set", "algorithms.adam.beta1=0.8"],
        &["objective.columns = 3", "algorithms.adam.beta1 = 0.9"],
    );
    place.refused(&["--set", "coordinates.third.basis=identity"], &["coordinates.third.basis"]);
    place.refused(&["--dry-run", "--set", "seed=2"], &["it holds seed = 7"]);
    place.success(&["--set", "seed=2", "--replace", "--set", "figures=[]"]);
    let second = files(&place.out());
    for (name, bytes) in &first {
        assert!(second.get(name) != Some(bytes), "{name} is of the first");
    }
    assert!(!second.keys().any(|name| name.ends_with(".png") || name.starts_with("basis/")));
    assert!(!place.out().join("basis").exists());
}

#[test]
fn what_tasks_do_not_depend_on_may_change() {
    let place = Place::new();
    place.success(&[]);
    for change in [
        "trials=5",
        "trials=2",
        "title=Another",
        "sweep.coarse=[0.01, 1.0]",
        "sweep.metric=final_loss",
        "claims=[]",
        "algorithms.sgd.learning_rates=[0.5]",
        "training.record=all",
        "figures=[]",
    ] {
        place.success(&["--set", change]);
    }
    assert!(!published(&place.out()).keys().any(|name| name.ends_with(".png")));
}

#[test]
fn what_the_same_program_published_of_the_same_tables_stays_as_it_is() {
    let place = Place::new();
    place.success(&[]);
    let first = published(&place.out());
    // With what it took to make it.
    place.success(&["--quiet"]);
    assert!(published(&place.out()) == first);
    // What is missing is made again, and all with it that says when.
    let mut second = first;
    let quiet: &[&str] = &["--quiet"];
    for (missing, arguments) in
        [("curves.png", quiet), ("provenance.json", &[]), ("report.html", quiet), ("runs.csv", &[])]
    {
        fs::remove_file(place.out().join(missing)).unwrap();
        place.success(arguments);
        let made = published(&place.out());
        let changed = second.keys().filter(|&name| made.get(name) != second.get(name));
        let changed: Vec<&String> = changed.collect();
        assert_eq!(changed, ["SHA256SUMS", "provenance.json", "report.html"], "{missing}");
        second = made;
    }
    // Of other results nothing is kept.
    place.success(&["--set", "trials=2"]);
    let third = published(&place.out());
    for name in ["curves.png", "provenance.json", "report.html", "runs.csv"] {
        assert!(third[name] != second[name], "{name}");
    }
}

#[test]
fn a_figure_that_cannot_be_drawn_leaves_no_old_one() {
    let place = Place::new();
    place.success(&[]);
    assert!(place.out().join("curves.png").exists());
    let diverging =
        ["adam", "sgd"].map(|name| format!("algorithms.{name}.learning_rates=[1e9, 1e10]"));
    let output = place.run(&["--set", &diverging[0], "--set", &diverging[1]]);
    assert_eq!(output.status.code(), Some(3));
    assert!(checks(&place.out()));
    assert!(!place.out().join("curves.png").exists() && place.out().join("rates.png").exists());
}

#[test]
fn a_sweep_does_not_undo_a_finished_run_but_replaces_an_older_one() {
    let place = Place::new();
    let sweep = |arguments: &[&str]| {
        let mut command = program("egop-sweep");
        command.current_dir(place.0.path()).args(["c.toml", "--out", "out", "--quiet"]);
        assert!(command.args(arguments).status().unwrap().success());
        assert!(checks(&place.out()), "{arguments:?}");
    };
    sweep(&[]);
    assert_eq!(published(&place.out()).len(), 6);
    place.success(&[]);
    let whole = published(&place.out());
    sweep(&[]);
    assert!(published(&place.out()) == whole);
    sweep(&["--set", "trials=2"]);
    assert_eq!(published(&place.out()).len(), 6, "figures of three trials went");
}

#[test]
fn files_of_others_are_never_written_over_removed_or_adopted() {
    let place = Place::new();
    place.success(&["--save-basis"]);
    let whole = published(&place.out());
    for name in [
        "experiment.toml",
        "provenance.json",
        "runs.csv",
        "curves.svg",
        "report.html",
        "basis/1-reparameterized-all.npy",
    ] {
        let path = place.out().join(name);
        let mut mine = whole[name].clone();
        mine.extend(b"\n# my notes\n");
        fs::write(&path, &mine).unwrap();
        for arguments in [&[][..], &["--set", "figures=[]"], &["--replace", "--set", "seed=9"]] {
            place.refused(arguments, &[name]);
        }
        let plot = program("egop-plot").arg(place.out()).output().unwrap();
        assert_ne!(plot.status.code(), Some(0), "{name}");
        assert_eq!(fs::read(&path).unwrap(), mine);
        fs::write(&path, &whole[name]).unwrap();
        assert!(checks(&place.out()));
    }
    // Files that are nobody's concern stay.
    for name in ["notes.txt", "basis/mine.txt", "photo.png"] {
        fs::write(place.out().join(name), "mine").unwrap();
    }
    assert!(place.run(&["--set", "seed=3", "--replace"]).status.success());
    for name in ["notes.txt", "basis/mine.txt", "photo.png"] {
        assert_eq!(fs::read(place.out().join(name)).unwrap(), b"mine");
    }
    // A list that somebody else made makes nothing the programs' own.
    fs::write(place.out().join("runs.csv"), "mine").unwrap();
    let mut own = Command::new("sh");
    own.args(["-c", "sha256sum *.csv > SHA256SUMS"]).current_dir(place.out());
    assert!(own.status().unwrap().success());
    place.refused(&["--set", "seed=3"], &["SHA256SUMS"]);
    let plot = program("egop-plot").arg(place.out()).output().unwrap();
    let stderr = String::from_utf8(plot.stderr).unwrap();
    assert!(stderr.contains("experiment.toml: is not listed in SHA256SUMS"), "{stderr}");
}

#[test]
fn a_folder_with_a_file_of_others_stays_as_it_is() {
    let place = Place::new();
    fs::create_dir(place.out()).unwrap();
    fs::write(place.out().join("runs.csv"), "mine").unwrap();
    place.refused(&[], &["runs.csv"]);
    assert_eq!(fs::read_dir(place.out()).unwrap().count(), 1);
}

#[test]
fn replacing_refuses_before_it_removes_anything() {
    let place = Place::new();
    place.success(&[]);
    let replace = ["--replace", "--save-basis", "--set", "seed=2", "--set", "figures.0.file=spec"];
    for name in ["spec.png", "trajectories.csv", "basis/0-reparameterized-all.npy"] {
        let path = place.out().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        place.refused(&replace, &[name]);
        fs::remove_file(&path).unwrap();
        // A folder in the place of a file is somebody's as well.
        fs::create_dir(&path).unwrap();
        place.refused(&replace, &[name]);
        fs::remove_dir(&path).unwrap();
    }
    fs::remove_dir(place.out().join("basis")).unwrap();
    fs::write(place.out().join("basis"), "mine").unwrap();
    place.refused(&replace, &["basis"]);
    fs::remove_file(place.out().join("basis")).unwrap();
    assert!(checks(&place.out()));
    place.success(&replace);
}

#[test]
fn files_among_the_tasks_and_locks_are_not_removed() {
    let place = Place::new();
    place.success(&[]);
    let task = crate::lab::keys(&place.out())[0].clone();
    for name in ["tasks/notes.txt".to_owned(), format!("tasks/{task}/notes.txt")] {
        let path = place.out().join(&name);
        fs::write(&path, "mine").unwrap();
        for arguments in [&["--replace", "--set", "seed=2"][..], &["--force"]] {
            place.refused(arguments, &[&name]);
        }
        fs::remove_file(&path).unwrap();
    }
    for name in ["locks/notes.txt", "locks/trial-notes"] {
        fs::write(place.out().join(name), "mine").unwrap();
    }
    place.success(&["--replace", "--set", "seed=2"]);
    for name in ["locks/notes.txt", "locks/trial-notes"] {
        assert_eq!(fs::read(place.out().join(name)).unwrap(), b"mine");
    }
}

#[test]
fn what_came_while_a_publication_was_cut_short_is_not_written_over() {
    let place = Place::new();
    place.success(&["--set", "figures.1.file=old"]);
    let old = published(&place.out());
    place.success(&[]);
    let new = published(&place.out());
    // As if the program had been killed after the commit: everything is still to be done.
    let staged = place.out().join(".unfinished-1");
    fs::create_dir(&staged).unwrap();
    let list = |set: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, String> {
        let files = set.iter().filter(|(name, _)| *name != "SHA256SUMS");
        files.map(|(name, bytes)| (name.clone(), egop::store::sha256(bytes))).collect()
    };
    for name in new.keys() {
        fs::rename(place.out().join(name), staged.join(name)).unwrap();
    }
    for (name, bytes) in &old {
        fs::write(place.out().join(name), bytes).unwrap();
    }
    let journal = serde_json::json!({
        "staged": ".unfinished-1", "sums": list(&new), "replaced": list(&old),
    });
    fs::write(place.out().join("publication.json"), journal.to_string()).unwrap();
    // One that is to be replaced, and one that is to be removed.
    for name in ["runs.csv", "old.svg"] {
        fs::write(place.out().join(name), "mine").unwrap();
        let plot = program("egop-plot").arg(place.out()).output().unwrap();
        let stderr = String::from_utf8(plot.stderr).unwrap();
        assert_eq!(plot.status.code(), Some(4), "{stderr}");
        assert!(stderr.contains(name), "{stderr}");
        place.refused(&[], &[name]);
        fs::write(place.out().join(name), &old[name]).unwrap();
    }
    let plot = program("egop-plot").arg(place.out()).output().unwrap();
    assert!(plot.status.success(), "{}", String::from_utf8_lossy(&plot.stderr));
    assert!(checks(&place.out()));
    assert!(!place.out().join("old.svg").exists() && !staged.exists());
    assert!(published(&place.out())["runs.csv"] == new["runs.csv"]);
}

#[test]
fn results_of_which_it_is_not_known_what_they_are_of_are_not_replaced() {
    let place = Place::new();
    place.success(&[]);
    let bound = fs::read(place.out().join("store.json")).unwrap();
    fs::remove_file(place.out().join("store.json")).unwrap();
    place.refused(&["--set", "seed=2"], &["store.json is gone", "--replace"]);
    fs::remove_file(place.out().join("experiment.toml")).unwrap();
    place.refused(&["--set", "seed=2"], &["store.json is gone", "--replace"]);
    fs::write(place.out().join("store.json"), bound).unwrap();
    place.success(&[]);
    let sums = fs::read(place.out().join("SHA256SUMS")).unwrap();
    // Without the list, nobody's tables are taken for one's own, and the way out is told.
    fs::remove_file(place.out().join("SHA256SUMS")).unwrap();
    place.refused(&["--set", "trials=2"], &["there is no SHA256SUMS", "move it"]);
    fs::write(place.out().join("SHA256SUMS"), sums).unwrap();
    fs::write(place.out().join("runs.csv"), "mine").unwrap();
    place.refused(&["--set", "trials=2"], &["runs.csv", "move it away"]);
    fs::rename(place.out().join("runs.csv"), place.0.path().join("mine")).unwrap();
    place.success(&["--set", "trials=2"]);
}

#[test]
#[cfg(unix)]
fn pipes_and_folders_where_files_are_needed_are_told() {
    for name in ["curves.csv", "store.json", "SHA256SUMS", "publication.json", "locks/outputs"] {
        for folder in [false, true] {
            let place = Place::new();
            let path = place.out().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if folder {
                fs::create_dir(&path).unwrap();
            } else {
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            }
            let output = place.run(&[]);
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(matches!(output.status.code(), Some(4 | 5)), "{name}: {stderr}");
            assert!(stderr.contains(name) && !stderr.contains("tasks:"), "{stderr}");
        }
    }
}

#[test]
fn a_folder_of_somebody_is_not_taken_for_what_was_cut_short() {
    let place = Place::new();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let names = [
        ".unfinished-abc",
        ".unfinished-curves.csv",
        ".unfinished-0123456789abcdef",
        "tasks/.unfinished-zz",
        "tasks/.unfinished-0123456789abcdef",
    ];
    for name in names {
        let folder = place.out().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("thesis.tex"), "mine").unwrap();
        fs::File::open(&folder).unwrap().set_modified(old).unwrap();
    }
    assert!(place.run(&[]).status.success());
    for name in names {
        assert!(place.out().join(name).join("thesis.tex").exists(), "{name}");
    }
}

#[test]
fn replacing_leaves_nothing_of_what_was_cut_short() {
    let place = Place::new();
    place.success(&[]);
    let staged = place.out().join(".unfinished-0123456789abcdef");
    fs::create_dir(&staged).unwrap();
    fs::write(staged.join("runs.csv"), "old").unwrap();
    assert!(place.run(&[]).status.success());
    assert!(staged.exists(), "it may be somebody's who works there now");
    place.success(&["--set", "seed=2", "--replace"]);
    assert!(!staged.exists());
}

#[test]
fn a_config_in_the_folder_that_it_is_run_into_is_not_written_over() {
    let place = Place::new();
    place.success(&[]);
    let stored = place.out().join("experiment.toml");
    let again = |arguments: &[&str]| {
        let mut command = program("egop-run");
        command.current_dir(place.0.path()).args(["out/experiment.toml", "--out", "out"]);
        command.args(arguments).output().unwrap()
    };
    // As it is, it is the programs' own.
    assert!(again(&[]).status.success());
    let text = fs::read_to_string(&stored).unwrap();
    let mine = format!("# notes\n{text}\n[profiles.paper]\ntrials = 4\n");
    fs::write(&stored, &mine).unwrap();
    let output = again(&[]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("out/experiment.toml"), "{stderr}");
    assert_eq!(fs::read_to_string(&stored).unwrap(), mine);
}

#[test]
fn names_of_coordinates_that_differ_little_have_files_of_their_own() {
    let place = Place::new();
    let names = ["a_b", "a b", "A_b", "ä"];
    let mut command = vec!["--save-basis".to_owned()];
    for name in names {
        command.extend(["--set".into(), format!("coordinates.\"{name}\".basis=random-rotation")]);
    }
    command.extend(["--set".into(), "sweep.tune=[\"original\"]".into()]);
    place.success(&command.iter().map(String::as_str).collect::<Vec<_>>());
    let all = files(&place.out());
    let bases: Vec<&String> = all.keys().filter(|name| name.starts_with("basis/0-")).collect();
    assert_eq!(bases.len(), names.len() + 2, "{bases:?}");
    for (i, base) in bases.iter().enumerate() {
        assert!(!bases[..i].iter().any(|other| other.eq_ignore_ascii_case(base)), "{bases:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_whose_name_is_no_text_is_a_folder() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let mut command = program("egop-run");
    command.current_dir(place.0.path()).arg("c.toml").arg("--out");
    let output = command.arg(OsStr::from_bytes(b"x\xff")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(checks(&place.0.path().join(OsStr::from_bytes(b"x\xff"))));
}

#[test]
fn killed_while_publishing_the_folder_holds_the_old_set_or_the_new_one() {
    let place = Place::new();
    // Both experiments' tasks are done, so that little but publishing is left to do.
    let settings = [&["--set", "trials=3"][..], &["--set", "trials=2", "--set", "title=New"]];
    let sets = settings.map(|arguments| {
        place.success(arguments);
        published(&place.out())
    });
    let same = |one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>| {
        let plain = |set: &BTreeMap<String, Vec<u8>>| -> Vec<(String, Vec<u8>)> {
            let same = |(name, bytes): (&String, &Vec<u8>)| {
                Some((name.clone(), reproducible(name, bytes)?))
            };
            set.iter().filter_map(same).collect()
        };
        plain(one) == plain(other)
    };
    let start = Instant::now();
    place.success(settings[0]);
    let whole = start.elapsed();
    let mut random = Random(17);
    let (mut kills, mut mixed, mut changed) = (0, 0, 0);
    let wanted = times(20, 400);
    let journal = place.out().join("publication.json");
    let mut holds = 0;
    while kills < wanted {
        let next = 1 - holds;
        let mut command = program("egop-run");
        command.current_dir(place.0.path()).args(["c.toml", "--out", "out", "--threads", "2"]);
        command.args(settings[next]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        if kills % 2 == 0 {
            let share = 0.3 + 0.8 * random.below(1000) as f64 / 1000.0;
            std::thread::sleep(whole.mul_f64(share).min(Duration::from_secs(5)));
        } else {
            // Moving the files takes less than a millisecond of it.
            while !journal.exists() && child.try_wait().unwrap().is_none() {
                std::hint::spin_loop();
            }
            let moment = Instant::now() + Duration::from_micros(random.below(400) as u64);
            while Instant::now() < moment {
                std::hint::spin_loop();
            }
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        let before = published(&place.out());
        let own = |name: &str| name.starts_with(".unfinished") || name == "publication.json";
        let visible: BTreeMap<_, _> = before.into_iter().filter(|(name, _)| !own(name)).collect();
        let whole = sets.iter().position(|set| same(set, &visible));
        match whole {
            None => {
                mixed += 1;
                assert!(!place.out().join("SHA256SUMS").exists(), "a mixture never checks");
            }
            Some(set) => changed += usize::from(set != holds),
        }
        // Any program finishes what was committed.
        let plot = program("egop-plot").arg(place.out()).arg("--quiet").output().unwrap();
        assert!(plot.status.success(), "{}", String::from_utf8_lossy(&plot.stderr));
        let mut after = published(&place.out());
        after.retain(|name, _| !name.starts_with(".unfinished"));
        let now = sets.iter().position(|set| same(set, &after));
        holds = now.unwrap_or_else(|| panic!("a mixture: {:?}", after.keys()));
    }
    println!("killed {kills} times: {mixed} in the midst of it, {changed} after it");
    // That few kills hit so short a time is chance; `faults` stops at every operation of it.
    assert!(mixed > 0 || kills < 100, "no kill came while files were moved");
}
