//! A run that was stopped, at whatever moment, goes on where it was.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::workspace::{SMALL, Workspace, files};

/// Long enough to be stopped in the middle.
fn longer() -> String {
    SMALL.replace("steps = 100", "steps = 4000\ngradient_tolerance = 0.0")
}

/// Starts egop-run and sends it a signal when it has finished tasks, and at least so many are
/// finished; 0: when it begins.
fn stopped(workspace: &Workspace, signal: &str, tasks: usize) -> (ExitStatus, String) {
    let before = workspace.tasks().len();
    let child = Command::new(env!("CARGO_BIN_EXE_egop-run"))
        .current_dir(workspace.path(""))
        .args(["experiment.toml", "--out", "out", "-j", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let wanted = if tasks == 0 { 0 } else { tasks.max(before + 1) };
    let start = Instant::now();
    // The handlers of signals are in place before the folder of tasks is made.
    while !workspace.path("out/tasks").exists() || workspace.tasks().len() < wanted {
        assert!(start.elapsed() < Duration::from_secs(60), "{wanted} tasks are never finished");
        std::thread::sleep(Duration::from_micros(500));
    }
    let kill = format!("kill -s {signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_stopped_run_resumes_to_the_same_bytes() {
    let undisturbed = Workspace::new(&longer());
    undisturbed.run(&[]).success();
    let expected = undisturbed.tables();
    let all = undisturbed.tasks().len();

    // Killed, interrupted and terminated, several times on the same folder, then to the end.
    for (signal, number) in [("KILL", 9), ("INT", 2), ("TERM", 15)] {
        let workspace = Workspace::new(&longer());
        let mut early = 0;
        for moment in [0, 1, all / 3, all / 2, all - 6] {
            let (status, stderr) = stopped(&workspace, signal, moment);
            if status.success() {
                continue; // It was faster than the signal.
            }
            early += 1;
            if signal == "KILL" {
                assert_eq!(status.signal(), Some(number));
            } else {
                assert_eq!(status.code(), Some(128 + number), "{stderr}");
                assert!(stderr.contains("interrupted"), "{stderr}");
                assert!(stderr.contains("run the same command to go on"), "{stderr}");
            }
        }
        assert!(early >= 4, "{signal} came too late {} times", 5 - early);
        let before = files(&workspace.path("out/tasks"));
        let finished = workspace.tasks();
        workspace.run(&[]).success();
        assert!(workspace.tables() == expected, "other bytes after {signal}");
        assert_eq!(workspace.tasks().len(), all);
        // What was finished is not done again.
        let after = files(&workspace.path("out/tasks"));
        for task in finished {
            let manifest =
                task.strip_prefix(workspace.path("out/tasks")).unwrap().join("task.json");
            assert_eq!(before[&manifest], after[&manifest], "{} again", task.display());
        }
    }
}

#[test]
fn a_finished_run_repeats_nothing_and_force_repeats_everything() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&[]).success();
    let (tables, first) = (workspace.tables(), files(&workspace.path("out/tasks")));
    workspace.run(&[]).success();
    assert!(files(&workspace.path("out/tasks")) == first);
    workspace.run(&["--force"]).success();
    let forced = files(&workspace.path("out/tasks"));
    assert!(forced.keys().eq(first.keys()));
    assert!(forced.iter().all(|(path, file)| file.at != first[path].at), "all are new");
    assert!(workspace.tables() == tables);
}

#[test]
fn a_run_takes_over_a_finished_sweep() {
    let workspace = Workspace::new(SMALL);
    let sweep = ["experiment.toml", "--out", "out"];
    workspace.program("egop-sweep").args(sweep).assert().success();
    let (tables, swept) = (workspace.tables(), files(&workspace.path("out/tasks")));
    assert!(tables.keys().eq(["learning_rates.csv", "runs.csv"]));
    workspace.run(&[]).success();
    let all = files(&workspace.path("out/tasks"));
    assert!(swept.iter().all(|(path, file)| all[path] == *file), "the sweep is not repeated");
    assert!(all.len() > swept.len());
    for (name, bytes) in tables {
        assert!(workspace.tables()[&name] == bytes, "{name}");
    }
}

#[test]
fn damaged_tasks_are_done_again() {
    let workspace = Workspace::new(SMALL);
    workspace.run(&[]).success();
    let (tables, intact) = (workspace.tables(), files(&workspace.path("out")));
    let tasks = workspace.tasks();
    let damage: [&dyn Fn(&std::path::Path); 5] = [
        // A flipped bit, a cut table, a cut manifest, a lost table, a lost manifest.
        &|task| {
            let path = task.join("runs.csv");
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        },
        &|task| {
            let path = task.join("runs.csv");
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() / 3]).unwrap();
        },
        &|task| std::fs::write(task.join("task.json"), "{\"schema\": 1").unwrap(),
        &|task| std::fs::remove_file(task.join("runs.csv")).unwrap(),
        &|task| std::fs::remove_file(task.join("task.json")).unwrap(),
    ];
    for (damage, task) in damage.iter().zip(&tasks) {
        damage(task);
    }
    workspace.run(&[]).success();
    assert!(workspace.tables() == tables);
    let mended = files(&workspace.path("out"));
    assert!(mended.keys().eq(intact.keys()), "nothing is missing, nothing is left over");
    for (index, task) in tasks.iter().enumerate() {
        let table = task.strip_prefix(workspace.path("out")).unwrap().join("runs.csv");
        assert_eq!(mended[&table].bytes, intact[&table].bytes);
        assert_eq!(mended[&table].at != intact[&table].at, index < damage.len(), "{table:?}");
    }
}
