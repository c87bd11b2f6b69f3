//! Every stored file, cut at every length, and with bits flipped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egop::figure::{Facts, ResultTables};
use egop::store::{LocalDisk, Store, Stored};

use crate::lab::{Lab, Random, folder, identity, keys, reproducible, tables, times};

/// All files with contents, by their paths in the folder.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                if !bytes.is_empty() {
                    files.insert(path.strip_prefix(root).unwrap().into(), bytes);
                }
            }
        }
    }
    files
}

/// Whether the damage is noticed by whoever reads the file, or does not matter.
fn check_reading(root: &Path, file: &Path, what: &str) {
    let store = Store::peek(root);
    if let Ok(inside) = file.strip_prefix("tasks") {
        let key = inside.iter().next().unwrap().to_str().unwrap();
        assert!(matches!(store.load(key).unwrap(), Stored::Damaged(_)), "{what}");
    } else if file == Path::new("store.json") {
        let error = Store::open(root, &identity()).unwrap_err().to_string();
        assert!(error.contains("store.json"), "{what}: {error}");
    } else if file == Path::new("SHA256SUMS") {
        for (name, bytes) in tables(root).iter().filter(|(name, _)| *name != "SHA256SUMS") {
            match store.read(name) {
                Ok(read) => assert_eq!(read, *bytes, "{what}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        error.contains(name) || error.contains("SHA256SUMS"),
                        "{what}: {error}"
                    );
                }
            }
        }
    } else {
        let error = store.read(file.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains(file.to_str().unwrap()), "{what}: {error}");
        if file == Path::new("runs.csv") {
            let error = ResultTables::new(root, Facts::default()).runs().unwrap_err().to_string();
            assert!(error.contains("runs.csv"), "{what}: {error}");
        }
    }
}

/// Runs again; either all is as it was, or the error names the file, which is then put back as it
/// was `before`.
fn check_running(
    lab: &Lab,
    root: &Path,
    (file, before): (&Path, &[u8]),
    whole: &BTreeMap<PathBuf, Vec<u8>>,
    what: &str,
) {
    match lab.run(Arc::new(LocalDisk), root) {
        Ok(_) => {
            for (path, bytes) in whole.iter().filter(|(path, _)| !path.ends_with("task.json")) {
                let found = fs::read(root.join(path)).unwrap();
                let same = |bytes: &[u8]| reproducible(path.to_str().unwrap(), bytes);
                assert!(same(&found) == same(bytes), "{what}: {} differs", path.display());
            }
        }
        Err(error) => {
            let error = error.to_string();
            let named = |path: &Path| error.contains(path.file_name().unwrap().to_str().unwrap());
            // Of a file and another checksum in the list, either may be the damaged one.
            let listed = file == Path::new("SHA256SUMS") && whole.keys().any(|path| named(path));
            assert!(named(file) || listed, "{what}: {error}");
            fs::write(root.join(file), before).unwrap();
        }
    }
}

#[test]
fn files_cut_at_any_length_are_noticed_and_done_again() {
    let lab = Lab::new(&["trials=1"]);
    let root = folder();
    lab.run(Arc::new(LocalDisk), root.path()).unwrap();
    let whole = files(root.path());
    let mut random = Random(3);
    let (mut cuts, mut runs) = (0, 0);
    for file in whole.keys() {
        // What says how long tasks took is not the same when one is done again.
        let read = || fs::read(root.path().join(file)).unwrap();
        let bytes = read();
        // Curves are long: every length of the full form, every seventh here.
        let step = if bytes.len() > 4096 { times(7, 1) } else { 1 };
        for length in (0..bytes.len()).step_by(step) {
            fs::write(root.path().join(file), &bytes[..length]).unwrap();
            check_reading(root.path(), file, &format!("{} cut to {length}", file.display()));
            cuts += 1;
        }
        fs::write(root.path().join(file), &bytes).unwrap();
        for _ in 0..times(2, 20) {
            let bytes = read();
            let length = random.below(bytes.len());
            fs::write(root.path().join(file), &bytes[..length]).unwrap();
            let what = format!("{} cut to {length}", file.display());
            check_running(&lab, root.path(), (file, &bytes), &whole, &what);
            runs += 1;
        }
        let bytes = read();
        fs::remove_file(root.path().join(file)).unwrap();
        let what = format!("{} removed", file.display());
        check_running(&lab, root.path(), (file, &bytes), &whole, &what);
        assert!(root.path().join(file).exists(), "{what}");
    }
    println!("{} files: {cuts} cuts noticed, {runs} runs after a cut", whole.len());
    assert!(cuts > 5000, "{cuts}");
}

#[test]
fn flipped_bits_are_noticed_and_done_again() {
    let lab = Lab::new(&["trials=2"]);
    let root = folder();
    lab.run(Arc::new(LocalDisk), root.path()).unwrap();
    let whole = files(root.path());
    let names: Vec<&PathBuf> = whole.keys().collect();
    let all = keys(root.path());
    let mut random = Random(5);
    let flips = times(60, 200);
    for _ in 0..flips {
        let file = names[random.below(names.len())];
        let before = fs::read(root.path().join(file)).unwrap();
        let mut bytes = before.clone();
        let (place, bit) = (random.below(bytes.len()), random.below(8));
        bytes[place] ^= 1 << bit;
        fs::write(root.path().join(file), &bytes).unwrap();
        let what = format!("{}: bit {bit} of byte {place}", file.display());
        check_reading(root.path(), file, &what);
        check_running(&lab, root.path(), (file, &before), &whole, &what);
        assert_eq!(keys(root.path()), all, "{what}");
    }
    println!("{flips} flipped bits noticed");
}
