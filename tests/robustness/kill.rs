//! Programs that are killed, at random moments.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::lab::{Random, config, egop_run, folder, keys, tables, times};

#[test]
fn after_being_killed_at_random_moments_a_run_completes_the_same_results() {
    let folder = folder();
    // Enough tasks and steps that killing hits every stage.
    let config =
        config(folder.path(), &[("trials = 3", "trials = 12"), ("steps = 20", "steps = 1500")]);
    let undisturbed = folder.path().join("undisturbed");
    let start = Instant::now();
    assert!(egop_run(&config, &undisturbed).arg("--quiet").status().unwrap().success());
    let whole = start.elapsed();
    let (expected, all) = (tables(&undisturbed), keys(&undisturbed));

    let mut random = Random(11);
    let wanted = times(10, 50);
    let (mut kills, mut in_store) = (0, 0);
    for round in 0.. {
        if kills >= wanted {
            break;
        }
        let out = folder.path().join(format!("out-{round}"));
        for _ in 0..3 {
            let mut child = egop_run(&config, &out)
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(
                whole
                    .mul_f64(0.9 * random.below(1000) as f64 / 1000.0)
                    .min(Duration::from_secs(20)),
            );
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                in_store += usize::from(out.join("tasks").is_dir());
            }
        }
        let output = egop_run(&config, &out).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(tables(&out), expected, "round {round}");
        assert_eq!(keys(&out), all, "round {round}: only what is finished counts");
    }
    println!(
        "killed {kills} times, {in_store} times after work had begun; every run was completed with the same bytes"
    );
    assert!(in_store > kills / 2);
}
