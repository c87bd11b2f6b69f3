//! SIGINT and SIGTERM, in every phase.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::lab::{config, egop_run, folder, keys, program};

/// How long a program may go on, beside other tests on a busy machine.
const SOON: Duration = Duration::from_millis(1500);

fn start(command: &mut Command) -> Child {
    command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

fn send(child: &Child, signal: &str) {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{signal}")).arg(child.id().to_string());
    assert!(kill.status().unwrap().success());
}

fn wait_until(child: &mut Child, what: impl Fn() -> bool) {
    while !what() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was told to");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal and expects the end.
fn end(child: Child, signal: &str, code: i32) {
    let start = Instant::now();
    send(&child, signal);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    let said = stderr.matches("interrupted; finished work is kept").count();
    assert_eq!(said, 1, "{stderr}");
}

/// Expects the end in the log, whoever ended the program.
fn assert_logged(out: &Path) {
    let log = fs::read_to_string(out.join("log.jsonl")).unwrap();
    let last = log.lines().last().unwrap();
    assert!(last.contains(r#""event":"ended","how":"interrupted""#), "{log}");
    assert_eq!(log.matches(r#""event":"ended""#).count(), 1, "{log}");
}

const SIGNALS: [(&str, i32); 2] = [("INT", 130), ("TERM", 143)];

#[test]
fn the_first_signal_stops_after_a_step_and_keeps_what_is_finished() {
    let folder = folder();
    let endless = "steps = 100000000\ngradient_tolerance = 0.0";
    let config = config(folder.path(), &[("steps = 20", endless)]);
    for (signal, code) in SIGNALS {
        let out = folder.path().join(signal);
        let mut child = start(&mut egop_run(&config, &out));
        wait_until(&mut child, || out.join("locks/trial-0-0").exists());
        end(child, signal, code);
        assert!(keys(&out).is_empty());
        assert_logged(&out);
    }
}

#[test]
fn a_decomposition_does_not_hold_a_program() {
    let folder = folder();
    // Two samples are taken in no time; what follows takes seconds, and asks nobody.
    let large = [("columns = 3", "columns = 3000"), ("trials = 3", "trials = 1")];
    let config = config(folder.path(), &large);
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}\n[egop]\nsamples = 2\n")).unwrap();
    for (signal, code) in SIGNALS {
        let out = folder.path().join(signal);
        let mut child = start(&mut egop_run(&config, &out));
        wait_until(&mut child, || out.join("locks/trial-0-0").exists());
        std::thread::sleep(Duration::from_millis(300));
        end(child, signal, code);
        assert_logged(&out);
    }
}

/// A file whose reader waits for ever.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn reading_does_not_hold_a_program() {
    let folder = folder();
    let done = folder.path().join("done");
    let config = config(folder.path(), &[]);
    let figure = "[[figures]]\nkind = \"curves\"\nfile = \"curves\"\ntitle = \"T\"\nmetric = \"train_loss\"\n";
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}\n{figure}")).unwrap();
    assert!(egop_run(&config, &done).arg("-q").status().unwrap().success());

    let waiting = folder.path().join("waiting.toml");
    pipe(&waiting);
    for name in ["egop-run", "egop-sweep"] {
        for (signal, code) in SIGNALS {
            let child = start(program(name).arg(&waiting));
            std::thread::sleep(Duration::from_millis(200));
            end(child, signal, code);
        }
    }
    // What the programs wrote themselves is never a pipe: that is told, not waited for.
    let told = |command: &mut Command, name: &str| {
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{stderr}");
        assert!(stderr.contains(name) && stderr.contains("is a pipe"), "{stderr}");
    };
    pipe(&done.join("curves.csv"));
    told(program("egop-plot").arg(&done), "curves.csv");
    let plan = folder.path().join("plan");
    fs::create_dir(&plan).unwrap();
    for file in ["cluster.json", "plan.json", "experiment.toml"] {
        pipe(&plan.join(file));
    }
    for arguments in [&["run-task", "--index", "0"][..], &["merge"], &["status"]] {
        told(program("egop-sweep").args(arguments).arg(&plan), "cluster.json");
    }
}

#[test]
fn waiting_for_another_program_does_not_hold_a_program() {
    let folder = folder();
    let config = config(folder.path(), &[]);
    let out = folder.path().join("out");
    assert!(egop_run(&config, &out).arg("-q").status().unwrap().success());
    // Everything is done; the tables are somebody else's.
    let tables = fs::File::open(out.join("locks/outputs")).unwrap();
    tables.lock().unwrap();
    for (signal, code) in SIGNALS {
        let child = start(&mut egop_run(&config, &out));
        std::thread::sleep(Duration::from_millis(400));
        end(child, signal, code);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let folder = folder();
    let waiting = folder.path().join("waiting.toml");
    pipe(&waiting);
    let child = start(program("egop-run").arg(&waiting));
    std::thread::sleep(Duration::from_millis(200));
    send(&child, "TERM");
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    send(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
}
