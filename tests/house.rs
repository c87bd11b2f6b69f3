//! The house: no import circle among its rooms or files, no file over 400 lines, no licence that `deny.toml`
//! does not allow.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LONGEST: usize = 400;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        match path.extension() {
            _ if path.is_dir() => files(&path, found),
            Some(end) if end == "rs" => found.push(path),
            _ => {}
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    found
}

fn is_test(file: &Path) -> bool {
    file.file_stem().is_some_and(|stem| stem.to_str().unwrap().ends_with("tests"))
}

/// The room of a file: the first part of its module's path.
fn room(file: &Path) -> String {
    let inside = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The rooms that each room takes something from, its tests aside.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources();
    let rooms: BTreeSet<String> = sources.iter().map(|file| room(file)).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources.iter().filter(|file| !is_test(file)) {
        let text = fs::read_to_string(file).unwrap();
        let own = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
        let code = own.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named = code.flat_map(|line| line.split("crate::").skip(1)).map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest[..end].to_owned()
        });
        let here = room(file);
        let others = named.filter(|name| rooms.contains(name) && *name != here);
        imports.entry(here.clone()).or_default().extend(others);
    }
    imports
}

#[test]
fn rooms_have_no_import_circle() {
    let imports = imports();
    assert!(imports.len() > 20 && imports["objective"].contains("lanes"), "{imports:?}");
    let circles = circles(imports);
    assert!(circles.is_empty(), "a circle among {circles:?}");
}

/// The files that each file takes something from by a path from the crate's root, `use` lists
/// included. Files that declare others are left out: they pass on what those have.
fn files_imported() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let leaf = |file: &&PathBuf| !file.ends_with("mod.rs") && !file.with_extension("").is_dir();
    let module = |file: &PathBuf| {
        let inside = file.strip_prefix(&root).unwrap().with_extension("");
        inside.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("::")
    };
    let sources = sources();
    let files = || sources.iter().filter(leaf).filter(|file| !is_test(file));
    let modules: BTreeSet<String> = files().map(module).collect();
    let mut imports = BTreeMap::new();
    for file in files() {
        let text = fs::read_to_string(file).unwrap();
        let own = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
        let code: Vec<&str> =
            own.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join(" ");
        let mut named = BTreeSet::new();
        for rest in code.split("crate::").skip(1) {
            let path_of = |text: &str| -> String {
                text.chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c)).collect()
            };
            let head = path_of(rest);
            // Of a list in braces each name, nested lists aside: those are of one more file.
            let list = rest[head.len()..].strip_prefix('{').and_then(|list| list.split('}').next());
            let paths = match list {
                Some(list) => {
                    list.split([',', '{']).map(|name| head.clone() + name.trim()).collect()
                }
                None => vec![head],
            };
            for path in paths {
                let path = path_of(&path);
                let of = modules.iter().filter(|module| {
                    path.strip_prefix(&***module)
                        .is_some_and(|end| end.is_empty() || end.starts_with("::"))
                });
                named.extend(of.max_by_key(|module| module.len()).cloned());
            }
        }
        let here = module(file);
        named.remove(&here);
        imports.insert(here, named);
    }
    imports
}

/// What is in a circle, or above one.
fn circles(mut left: BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    // What imports nothing that is left can be taken away, from the bottom up.
    loop {
        let bottom: BTreeSet<String> = left
            .iter()
            .filter(|(_, imports)| !imports.iter().any(|other| left.contains_key(other)))
            .map(|(name, _)| name.clone())
            .collect();
        if bottom.is_empty() {
            return left;
        }
        left.retain(|name, _| !bottom.contains(name));
    }
}

#[test]
fn files_have_no_import_circle() {
    let imports = files_imported();
    assert!(imports["claim::paired"].contains("claim::claimed"), "imports are found");
    assert!(imports["cli::plot"].contains("cli::beside"), "lists are read");
    let circles = circles(imports);
    assert!(circles.is_empty(), "a circle among {circles:?}");
}

#[test]
fn files_are_short() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

/// `cargo deny check` does this for all systems and features; here it is for what was compiled, which
/// needs no network and no other program.
#[test]
fn licences_are_allowed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deny: toml::Table = fs::read_to_string(folder.join("deny.toml")).unwrap().parse().unwrap();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let is_allowed = |name: &str| allowed.iter().any(|allowed| allowed.as_str() == Some(name));
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--no-dedupe",
            "--prefix=none",
            "--format={p}: {l}",
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates: BTreeSet<&str> = tree.lines().collect();
    assert!(crates.len() > 50, "crates are found: {crates:?}");
    for one in crates {
        // Where ANDs and ORs are nested this may refuse what is allowed, never the other way round.
        let licence = one.rsplit_once(": ").unwrap().1.replace('/', " OR ");
        let allowed = licence.split(" AND ").all(|part| {
            part.split(" OR ").any(|name| is_allowed(name.trim_matches(['(', ')', ' '])))
        });
        assert!(allowed, "{one}");
    }
}
