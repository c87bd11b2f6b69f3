//! What is told of results folders: their log, how far they are; and what is removed of them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::program;

/// A shipped experiment that takes a second.
const LITTLE: [&str; 7] =
    ["lsq", "--profile", "quick", "--set", "training.steps=20", "--out", "out"];

fn run(folder: &Path, more: &[&str]) -> String {
    let run = program("egop-run", folder).args(LITTLE).args(more).assert().success();
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

fn status(folder: &Path, of: &str) -> Value {
    let run = program("egop-run", folder).args(["--status", of, "--json"]).assert().success();
    serde_json::from_slice(&run.get_output().stdout).unwrap()
}

fn log(folder: &Path) -> Vec<Value> {
    let log = std::fs::read_to_string(folder.join("out/log.jsonl")).unwrap();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn tasks(folder: &Path) -> usize {
    folder.join("out/tasks").read_dir().unwrap().count()
}

/// `egop-plot results/*`, as a shell hands it over: with the files that are beside the folders.
#[test]
fn files_among_several_folders_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    std::fs::create_dir(&results).unwrap();
    run(folder.path(), &[]);
    std::fs::rename(folder.path().join("out"), results.join("lsq")).unwrap();
    std::fs::write(results.join("README.md"), "Results.\n").unwrap();
    std::fs::write(results.join("fig5.png"), "a picture").unwrap();
    let plot = |line: &str| {
        let line = format!("'{}' {line}", super::program::path("egop-plot"));
        let shell =
            Command::new("sh").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (shell.status.code().unwrap(), text(shell.stdout), text(shell.stderr))
    };
    let readme = include_str!("../../README.md");
    let line = "egop-plot results/* --report all.html";
    assert!(readme.contains(line));
    let (code, stdout, stderr) = plot(line.strip_prefix("egop-plot ").unwrap());
    assert!(code == 0 && stdout.starts_with("all.html: 1 folder"), "{stdout}{stderr}");
    for file in ["results/README.md", "results/fig5.png"] {
        let wanted = format!("passed over: {file} is a file, not a results folder\n");
        assert!(stderr.contains(&wanted), "{stderr}");
    }
    for line in ["results/* --clean", "results/* --figure fig5 --out two.png", "results/*"] {
        let (code, _, stderr) = plot(line);
        assert!(code == 0 && stderr.contains("passed over: results/fig5.png"), "{line}: {stderr}");
        assert_eq!(plot(&format!("{line} --quiet")), (0, String::new(), String::new()));
    }
    // One alone is what is meant; so are files alone.
    for line in
        ["results/README.md --report all.html", "results/fig5.png results/README.md --clean"]
    {
        let (code, _, stderr) = plot(line);
        assert!(
            code == 5 && stderr.contains("is a file, not a results folder"),
            "{line}: {stderr}"
        );
    }
}

#[test]
fn the_log_has_what_happened_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[]);
    let lines = log(folder.path());
    let times: Vec<&str> = lines.iter().map(|line| line["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times[0].ends_with('Z'), "{times:?}");
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert!(events[0] == "begun" && events.contains(&"ended"), "{events:?}");
    assert_eq!(lines[0]["arguments"][1], "lsq");
    let config: toml::Table = lines[0]["config"].as_str().unwrap().parse().unwrap();
    assert_eq!(config["training"]["steps"].as_integer(), Some(20));
    let extended = lines.iter().find(|line| line["event"] == "extended").unwrap();
    let message = extended["message"].as_str().unwrap();
    assert!(message.ends_with("is on the edge of the grid: extended by a decade"), "{message}");
    for stage in ["sweep", "curves"] {
        let last = lines.iter().rev().find(|line| line["stage"] == stage).unwrap();
        assert!(last["of"].as_u64().unwrap() > 0, "{last}");
    }
    let done = lines.iter().find(|line| line["event"] == "tasks").unwrap();
    assert_eq!(done["done"], tasks(folder.path()));
    // The next run goes on below; the results are the same, and the log is none of them.
    let sums = std::fs::read_to_string(folder.path().join("out/SHA256SUMS")).unwrap();
    assert!(!sums.contains("log.jsonl"));
    run(folder.path(), &[]);
    let more = log(folder.path());
    assert_eq!(more[..lines.len()], lines);
    assert_eq!(more[lines.len()]["event"], "begun");
}

#[test]
fn a_log_of_somebody_else_is_left_alone_and_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("out")).unwrap();
    std::fs::write(folder.path().join("out/log.jsonl"), "mine\n").unwrap();
    let refused = program("egop-run", folder.path()).args(LITTLE).assert().code(4);
    let messages = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("log.jsonl"), "{messages}");
    assert_eq!(folder.path().join("out").read_dir().unwrap().count(), 1);
}

#[test]
fn a_folder_is_running_then_stopped_then_done() {
    let folder = tempfile::tempdir().unwrap();
    // Hours, if it is not ended.
    let long = ["--set", "training.steps=100000000", "--set", "training.gradient_tolerance=0.0"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_egop-run"))
        .args(LITTLE)
        .args(long)
        .args(["--quiet", "--threads", "1"])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !folder.path().join("out/log.jsonl").is_file() {
        assert!(began.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(20));
    }
    let running = status(folder.path(), "out");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(running["state"], "running", "{running}");
    assert!(running["seconds_left"]["upper"].as_f64().unwrap() > 60.0, "{running}");
    let stopped = status(folder.path(), "out");
    assert_eq!((&stopped["state"], &stopped["tasks_done"]), (&"stopped".into(), &0.into()));
    let begun = stopped["begun"].as_str().unwrap();
    assert!(begun.starts_with("20"), "{begun}");

    run(folder.path(), &["--replace"]);
    assert_eq!(log(folder.path()).iter().filter(|line| line["event"] == "begun").count(), 1);
    let done = status(folder.path(), "out");
    assert_eq!((&done["state"], &done["tasks_done"]), (&"done".into(), &done["tasks"]));
    let text = program("egop-run", folder.path()).args(["--status", "out"]).assert().success();
    let text = String::from_utf8(text.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("out\n  state  done\n  tasks  "), "{text}");
    // A folder of such folders.
    let all = program("egop-run", folder.path()).args(["--status", "."]).assert().success();
    let all = String::from_utf8(all.get_output().stdout.clone()).unwrap();
    assert!(all.starts_with("./out\n"), "one is told in full: {all}");
    program("egop-run", folder.path()).args(["--status", "nowhere"]).assert().code(5);
}

#[test]
fn what_is_wanted_is_not_known_without_the_data() {
    let folder = tempfile::tempdir().unwrap();
    program("egop-run", folder.path()).args(["--init", "mine"]).assert().success();
    let own = [
        "--set",
        "objective={kind='least-squares', matrix=['A.csv'], targets=['y.csv'], rows=3, columns=2}",
    ];
    let small = ["--set", "training.steps=5", "--set", "trials=1", "--out", "out", "--quiet"];
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("A.csv", "1,2\n3,4\n5,7\n");
    write("y.csv", "1\n2\n3\n");
    program("egop-run", folder.path()).arg("mine.toml").args(own).args(small).assert().success();
    std::fs::rename(folder.path().join("A.csv"), folder.path().join("B.csv")).unwrap();
    let told = status(folder.path(), "out");
    assert_eq!(told["tasks"], Value::Null, "{told}");
    assert!(told["unknown"].as_str().unwrap().contains("A.csv"), "{told}");
}

#[test]
fn what_is_begun_has_no_results_yet() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[]);
    std::fs::remove_file(folder.path().join("out/experiment.toml")).unwrap();
    for arguments in [&["--clean", "out"][..], &["out"]] {
        let refused = program("egop-plot", folder.path()).args(arguments).assert().code(5);
        let told = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(told.contains("out: has no results yet"), "{told}");
    }
}

#[test]
fn tasks_that_no_table_is_made_of_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["--set", "trials=3"]);
    let published = |name: &str| std::fs::read(folder.path().join("out").join(name)).unwrap();
    run(folder.path(), &[]);
    let more = tasks(folder.path());
    let before = published("runs.csv");
    let clean = || {
        let run = program("egop-plot", folder.path()).args(["--clean", "out"]).assert().success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap()
    };
    let said = clean();
    let left = tasks(folder.path());
    assert!(left > 0 && left < more, "{left} of {more}");
    assert!(said.starts_with(&format!("out: {} of {more} tasks removed, ", more - left)), "{said}");
    assert!(
        clean().starts_with(&format!("out: 0 of {left} tasks removed")),
        "nothing is left to do"
    );
    // All that the tables are made of is still there.
    let again = program("egop-run", folder.path()).args(LITTLE).assert().success();
    let messages = String::from_utf8(again.get_output().stderr.clone()).unwrap();
    assert!(messages.contains("tasks: 0 done, "), "{messages}");
    assert_eq!(published("runs.csv"), before);
    // What is used is not known where something is missing; then nothing is removed.
    let one = folder.path().join("out/tasks").read_dir().unwrap().next().unwrap().unwrap();
    std::fs::remove_dir_all(one.path()).unwrap();
    program("egop-plot", folder.path()).args(["--clean", "out"]).assert().code(4);
    assert_eq!(tasks(folder.path()), left - 1);
}

#[test]
fn a_study_is_told_of_and_cleaned_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let study = |values: &str| {
        let text = format!(
            "name = \"decay\"\ntitle = \"Decay\"\n[study]\nbases = [\"lsq\"]\n\
             set = {{ trials = 1, training = {{ steps = 10 }}, claims = [] }}\n\
             [[study.axes]]\nkeys = [\"objective.decay.exponent\"]\nvalues = {values}\n"
        );
        std::fs::write(folder.path().join("study.toml"), text).unwrap();
        let arguments = ["study.toml", "--quiet", "--out", "out"];
        program("egop-run", folder.path()).args(arguments).assert().success();
    };
    study("[0.5, 1.0]");
    let both = tasks(folder.path());
    let done = status(folder.path(), "out");
    assert_eq!((&done["state"], &done["tasks_done"]), (&"done".into(), &done["tasks"]));
    assert!(log(folder.path()).iter().any(|line| line["point"].is_string()));
    study("[0.5]");
    program("egop-plot", folder.path()).args(["--clean", "out"]).assert().success();
    assert!(tasks(folder.path()) < both);
    assert_eq!(status(folder.path(), "out")["state"], "done");
    let point = "out/points/lsq-objective.decay.exponent-0.5";
    assert!(folder.path().join(point).is_dir());
    program("egop-run", folder.path()).args(["--status", point]).assert().code(5);
    program("egop-plot", folder.path()).args(["--clean", point]).assert().code(5);
}
