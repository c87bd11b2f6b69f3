//! Studies that are killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::lab::{Random, config, egop_run, folder, keys, tables, times};

const STUDY: &str = r#"
name = "targets"
title = "Tiny least squares by decay"

[study]
bases = ["tiny.toml"]

[[study.axes]]
keys = ["objective.decay.exponent"]
values = [0.5, 1.0, 2.0]

[[figures]]
kind = "study"
file = "gains"
title = "Gains"
"#;

/// What a study publishes, its points included.
fn published(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(out.join("points")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        all.extend(
            tables(&path).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)),
        );
    }
    for file in ["study.csv", "experiment.toml", "gains.png"] {
        all.insert(file.into(), std::fs::read(out.join(file)).unwrap());
    }
    all
}

#[test]
fn after_being_killed_at_random_moments_a_study_completes_the_same_results() {
    let folder = folder();
    config(folder.path(), &[("trials = 3", "trials = 6"), ("steps = 20", "steps = 800")]);
    let study = folder.path().join("study.toml");
    std::fs::write(&study, STUDY).unwrap();
    let undisturbed = folder.path().join("undisturbed");
    let start = Instant::now();
    assert!(egop_run(&study, &undisturbed).arg("--quiet").status().unwrap().success());
    let whole = start.elapsed();
    let (expected, all) = (published(&undisturbed), keys(&undisturbed));

    let mut random = Random(5);
    let wanted = times(8, 50);
    let (mut kills, mut within) = (0, 0);
    for round in 0.. {
        if kills >= wanted {
            break;
        }
        let out = folder.path().join(format!("out-{round}"));
        for _ in 0..3 {
            let mut child =
                egop_run(&study, &out).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
            let part = random.below(1000) as f64 / 1000.0;
            std::thread::sleep(whole.mul_f64(0.9 * part).min(Duration::from_secs(20)));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                within += usize::from(out.join("points").is_dir());
            }
        }
        let output = egop_run(&study, &out).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(published(&out), expected, "round {round}");
        assert_eq!(keys(&out), all, "round {round}: only what is finished counts");
    }
    println!(
        "killed {kills} times, {within} times within points; every study was completed with the same bytes"
    );
    assert!(within > kills / 3);
}
