//! The script that obtains Fashion-MNIST, from files on this machine instead of the network.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::str::contains;

const DEBIAN: &str = "/usr/share/datasets/fashion-mnist";
const NAME: &str = "t10k-labels-idx1-ubyte";

fn script(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::new("scripts/fetch-fashion-mnist").env_remove("EGOP_DATA").args(arguments).assert()
}

#[test]
fn help_and_wrong_usage() {
    script(&["--help"]).success().stdout(contains("--dir DIR"));
    script(&["--verbose"]).code(2).stderr(contains("unknown argument '--verbose'"));
    script(&["--dir"]).code(2).stderr(contains("--dir needs a value"));
}

#[test]
fn what_cannot_be_downloaded_or_is_not_the_published_file_is_refused() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (source, target) = (source.path(), target.path());
    let url = format!("file://{}", source.display());
    let arguments = ["--dir", target.to_str().unwrap(), "--from", &url];
    script(&arguments).code(1).stderr(contains("could not download"));

    for name in
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", NAME]
    {
        fs::write(source.join(format!("{name}.gz")), b"something else").unwrap();
    }
    script(&arguments).code(1).stderr(contains("is not the published file"));
    assert_eq!(fs::read_dir(target).unwrap().count(), 0, "nothing bad is left behind");
}

/// On a machine that has Debian's package.
#[test]
fn good_files_are_left_alone_and_bad_ones_replaced() {
    if !Path::new(DEBIAN).join(format!("{NAME}.gz")).exists() {
        eprintln!("SKIPPED: {DEBIAN} is not on this machine; run scripts/fetch-fashion-mnist");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("with spaces");
    let url = format!("file://{DEBIAN}");
    let arguments = ["--dir", target.to_str().unwrap(), "--from", &url];
    script(&arguments).success().stderr(contains("all four files are good"));
    let good = target.join(format!("{NAME}.gz"));
    let written = fs::metadata(&good).unwrap().modified().unwrap();

    script(&arguments).success();
    assert_eq!(fs::metadata(&good).unwrap().modified().unwrap(), written);

    // The programs prefer an uncompressed file, so a bad one must go.
    let bad = target.join(NAME);
    fs::write(&bad, b"not the labels").unwrap();
    script(&arguments).success().stderr(contains(NAME));
    assert!(!bad.exists());
    assert_eq!(
        fs::read(&good).unwrap(),
        fs::read(Path::new(DEBIAN).join(format!("{NAME}.gz"))).unwrap()
    );
}
