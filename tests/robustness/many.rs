//! Very many small tasks.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::lab::{config, folder, keys, program, times};

/// Resident memory in KiB and open files of a process, while it runs.
fn resources(process: u32) -> Option<(usize, usize)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib = resident.split_whitespace().next()?.parse().ok()?;
    Some((kib, fs::read_dir(format!("/proc/{process}/fd")).ok()?.count()))
}

/// So many tasks are done before it is looked whether more memory is needed for more.
const EARLY: usize = 1000;

/// How many bytes may be held of a task: its two rows of `runs.csv` are 312 each, that of
/// `timings.csv` 136, its key and its place in the list of tasks about 120; vectors that grow are up
/// to twice as long as what they hold, and the allocator loses some.
const A_TASK: usize = 1500;

#[test]
#[cfg(target_os = "linux")]
fn memory_and_open_files_hardly_grow_with_the_number_of_tasks() {
    let tasks = times(4000, 10_000);
    let folder = folder();
    let config = config(
        folder.path(),
        &[
            ("trials = 3", &format!("trials = {}", tasks / 2)),
            ("steps = 20", "steps = 1"),
            // Instances are 14 KiB, so that keeping them would show.
            ("rows = 6", "rows = 60"),
            ("columns = 3", "columns = 30"),
            ("basis = \"egop\"\nscope = \"global\"", "basis = \"identity\""),
            ("kind = \"adam\"", "kind = \"adam\"\nlearning_rates = [0.1]"),
            ("kind = \"sgd\"", "kind = \"sgd\"\nlearning_rates = [0.1]"),
        ],
    );
    let out = folder.path().join("out");
    let mut command = program("egop-sweep");
    command.arg(&config).arg("--out").arg(&out).args(["--threads", "2"]);
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let mut samples = Vec::new();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let done = fs::read_dir(out.join("tasks")).map_or(0, Iterator::count);
        samples.extend(resources(child.id()).map(|(memory, files)| (done, memory, files)));
        std::thread::sleep(Duration::from_millis(3));
    };
    assert!(status.success());
    assert_eq!(keys(&out).len(), tasks);

    let most = |tasks: usize| {
        let within = samples.iter().filter(|(done, ..)| (1..=tasks).contains(done));
        within.fold((0, 0), |most, &(_, memory, files)| (memory.max(most.0), files.max(most.1)))
    };
    let (early, half, late) = (most(EARLY), most(tasks / 2), most(tasks));
    println!(
        "at most {} KiB and {} open files in the first {EARLY} tasks, {} KiB and {} until {}, \
         {} KiB and {} until {tasks}: {} bytes a task",
        early.0,
        early.1,
        half.0,
        half.1,
        tasks / 2,
        late.0,
        late.1,
        (late.0 - early.0) * 1024 / (tasks - EARLY)
    );
    assert!(samples.len() > 10, "{samples:?}");
    let growth = (late.0 - early.0) * 1024;
    assert!(growth < (1 << 20) + A_TASK * (tasks - EARLY), "{early:?}, {late:?}");
    assert!(late.1 < 40, "{late:?}");
    let files = |folder: &str| fs::read_dir(out.join(folder)).unwrap().count();
    for key in keys(&out).iter().take(50) {
        assert_eq!(files(&format!("tasks/{key}")), 2, "a table and its manifest");
    }
    assert!(files("locks") <= tasks + 2);
}
