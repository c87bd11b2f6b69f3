//! Several programs in one folder.

use std::process::{Child, Stdio};

use crate::lab::{config, egop_run, folder, keys, tables, times};

/// How many tasks the programs did, by their own account.
fn done(children: Vec<Child>) -> usize {
    let mut done = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        let line = stderr.lines().find_map(|line| line.strip_prefix("tasks: ")).unwrap();
        done += line.split_once(" done").unwrap().0.parse::<usize>().unwrap();
    }
    done
}

#[test]
fn programs_share_the_work_and_do_no_task_twice() {
    let folder = folder();
    let config = config(folder.path(), &[("steps = 20", "steps = 400")]);
    let alone = folder.path().join("alone");
    assert!(egop_run(&config, &alone).arg("--quiet").status().unwrap().success());
    let (expected, all) = (tables(&alone), keys(&alone));
    let repeats = times(2, 20);
    for runners in [2, 4, 8] {
        for repeat in 0..repeats {
            let out = folder.path().join(format!("out-{runners}-{repeat}"));
            let start = || {
                let mut command = egop_run(&config, &out);
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            };
            let what = format!("{runners} programs, repeat {repeat}");
            assert_eq!(done((0..runners).map(|_| start()).collect()), all.len(), "{what}");
            assert_eq!(tables(&out), expected, "{what}");
            assert_eq!(keys(&out), all, "{what}");
        }
    }
    println!("2, 4 and 8 programs, {repeats} repeats: the same bytes, no task done twice");
}

#[test]
fn finished_tasks_are_not_forgotten_while_another_program_works_there() {
    let folder = folder();
    let endless = "steps = 100000000\ngradient_tolerance = 0.0";
    let slow = config(folder.path(), &[("steps = 20", endless)]);
    let out = folder.path().join("out");
    let mut other = egop_run(&slow, &out).stderr(Stdio::null()).spawn().unwrap();
    while !out.join("locks/trial-0-0").exists() {
        assert!(other.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let output = egop_run(&slow, &out).arg("--force").output().unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("another program works in this folder"), "{stderr}");
}
