//! `--emit-slurm` and `submit.sh`.

use std::fs;
use std::process::{Command, Output};

use crate::lab::{Lab, published, stderr, stdout, success};

#[test]
fn an_experiment_submitted_once_gives_the_bytes_of_a_local_one() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    assert_eq!(lab.array_tasks(), 6);
    let output = lab.submit(&[("RUN", "1")]);
    success(&output);
    // The job that merges plans and submits the rounds that follow: extensions, a refined one and the
    // curves.
    assert!(stdout(&output).starts_with("job 1: array tasks 0 to 5 of 6\n"), "{}", stdout(&output));
    assert_eq!(published(&lab.results), lab.local());
    assert_eq!(lab.array_tasks(), 0);
    assert!(lab.status(&[]).starts_with("nothing is left to do; results in "));
    let rounds = (1..).take_while(|n| lab.plan.join(format!("plan-{n}.jsonl")).exists()).count();
    assert!(rounds >= 4, "{rounds}");
    let again = lab.submit(&[("RUN", "1")]);
    success(&again);
    assert_eq!(stdout(&again), "nothing is left to submit\n");
    // A local run finds all of it done.
    let output = lab.egop_run(&lab.results);
    success(&output);
    assert!(stderr(&output).contains("tasks: 0 done"), "{}", stderr(&output));
}

#[test]
fn a_study_and_estimates_are_submitted_once_too() {
    let study = r#"
name = "decays"
title = "Tiny least squares by decay"
about = "study"

[study]
bases = ["tiny.toml"]

[[study.axes]]
keys = ["objective.decay.exponent"]
values = [0.5, 1.0]

[[study.axes]]
keys = ["sweep.floor"]
values = [0.0, 1e-4]

[[figures]]
kind = "study"
file = "gains"
title = "Gains"
"#;
    let spectra = r#"
name = "estimates"
title = "Tiny least squares: the EGOP"
seed = 7
trials = 3

[objective]
kind = "least-squares"
rows = 6
columns = 3
decay = { kind = "power", exponent = 1.0 }

[distribution]
kind = "gaussian"
scale = 1.0

[egop]
samples = 20

[spectra.all]
scope = "global"
"#;
    for (name, text, table) in
        [("decays.toml", study, "study.csv"), ("estimates.toml", spectra, "spectrum.csv")]
    {
        let mut lab = Lab::new();
        lab.config = lab.folder.path().join(name);
        fs::write(&lab.config, text).unwrap();
        lab.emit_single_tasks();
        success(&lab.submit(&[("RUN", "1")]));
        assert_eq!(lab.array_tasks(), 0, "{name}");
        let local = lab.folder.path().join("local");
        success(&lab.egop_run(&local));
        let (there, here) = (published(&lab.results), published(&local));
        assert!(here.contains_key(table), "{name}");
        assert!(there == here, "{name}");
        assert!(lab.results.join("report.html").exists());
    }
}

#[test]
fn algorithms_that_train_in_some_coordinates_do_so_elsewhere_too() {
    let lab = Lab::new();
    let some = "[algorithms.soap]\nkind = \"soap\"\ncoordinates = [\"original\"]\n\n[training]";
    let config = fs::read_to_string(&lab.config).unwrap().replace("[training]", some);
    fs::write(&lab.config, config).unwrap();
    lab.emit_single_tasks();
    success(&lab.submit(&[("RUN", "1")]));
    assert_eq!(published(&lab.results), lab.local());
    let rates = fs::read_to_string(lab.results.join("learning_rates.csv")).unwrap();
    let of = |pair: &str| rates.lines().filter(|line| line.starts_with(pair)).count();
    assert!(of("soap,original,") > 0 && of("adam,reparameterized,") > 0, "{rates}");
    assert_eq!(of("soap,reparameterized,"), 0, "{rates}");
}

#[test]
fn arrays_are_split_at_slurms_limit() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    success(&lab.submit(&[("MAX_ARRAY_SIZE", "4")]));
    insta::assert_snapshot!("split", lab.asked());

    let whole = Lab::new();
    whole.emit_single_tasks();
    success(&whole.submit(&[("MAX_ARRAY_SIZE", "6")]));
    insta::assert_snapshot!("whole", whole.asked());

    let split = Lab::new();
    split.emit_single_tasks();
    success(&split.submit(&[("MAX_ARRAY_SIZE", "1"), ("RUN", "1")]));
    assert_eq!(published(&split.results), split.local());
}

#[test]
fn what_slurm_refuses_is_not_hidden() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    let output = lab.submit(&[("MAX_ARRAY_SIZE", "0")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("allows no job arrays"), "{}", stderr(&output));
    fs::write(lab.fake().join("broken"), "").unwrap();
    let output = lab.submit(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Batch job submission failed"), "{}", stderr(&output));
    let asked = lab.asked();
    let submitted = asked.lines().filter(|line| line.starts_with("sbatch")).count();
    assert_eq!(submitted, 1, "nothing is submitted after that");
}

#[test]
fn options_are_handed_to_both_jobs_and_kept() {
    let lab = Lab::new();
    let options = ["--slurm", "partition=main", "time=1:00:00", "--slurm", "cpus-per-task=2"];
    success(&lab.emit(&options));
    let read = |name: &str| fs::read_to_string(lab.plan.join(name)).unwrap();
    let wanted = "#SBATCH --partition=main\n#SBATCH --time=1:00:00\n#SBATCH --cpus-per-task=2\n";
    assert!(read("array.sbatch").contains(wanted) && read("merge.sbatch").contains(wanted));
    success(&lab.emit(&["--only-missing"]));
    assert!(read("array.sbatch").contains(wanted), "they are kept when planned anew");
    success(&lab.emit(&["--only-missing", "--slurm", "partition=long"]));
    assert!(!read("array.sbatch").contains("main"));

    for (option, why) in [
        ("array=0-3", "set by the scripts themselves"),
        ("comment=a b", "without blanks"),
        ("tiny.toml", "expected KEY=VALUE"),
    ] {
        let output = Lab::new().emit(&["--slurm", option]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

#[test]
fn a_plan_is_not_overwritten_by_accident_nor_mixed_with_another() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    let output = lab.emit(&[]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("--only-missing"), "{}", stderr(&output));
    let output = lab.emit(&["--only-missing", "--set", "seed=8"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("another experiment"), "{}", stderr(&output));
}

#[test]
fn small_tasks_share_an_array_task() {
    let lab = Lab::new();
    success(&lab.emit(&[]));
    assert_eq!(lab.array_tasks(), 1, "all together take less than five minutes");
    success(&lab.submit(&[("RUN", "1")]));
    assert_eq!(published(&lab.results), lab.local());
}

#[test]
fn results_that_cannot_be_written_are_refused_before_anything_is_planned() {
    let lab = Lab::new();
    fs::write(&lab.results, "a file").unwrap();
    assert_eq!(lab.emit(&[]).status.code(), Some(4));
    assert_eq!(fs::read(&lab.results).unwrap(), b"a file");
}

#[test]
fn shellcheck_finds_nothing() {
    let Ok(version) = Command::new("shellcheck").arg("--version").output() else {
        println!("SKIPPED: shellcheck is not installed");
        return;
    };
    success(&version);
    let lab = Lab::new();
    success(&lab.emit(&["--slurm", "partition=main"]));
    let mut check = Command::new("shellcheck");
    check.current_dir(&lab.plan).args(["submit.sh", "array.sbatch", "merge.sbatch"]);
    let scripts = ["torture", "test-slurm", "slurm-one-node"];
    check.args(scripts.map(|name| format!("{}/scripts/{name}", env!("CARGO_MANIFEST_DIR"))));
    success(&check.output().unwrap());
}

const FILES: [&str; 6] = [
    "experiment.toml",
    "array.sbatch",
    "merge.sbatch",
    "submit.sh",
    "bin/egop-sweep",
    "plan.jsonl",
];

#[test]
fn files_of_others_in_the_folder_of_a_plan_are_left_alone() {
    for name in FILES {
        let lab = Lab::new();
        let path = lab.plan.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        let output = lab.emit(&[]);
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        assert!(!lab.plan.join("cluster.json").exists() && !lab.plan.join("logs").exists());
    }
}

#[test]
fn what_was_changed_in_a_plan_is_not_written_over() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    // Unchanged, all of it is the programs' own, also with other options.
    success(&lab.emit(&["--only-missing", "--slurm", "time=10"]));
    let path = lab.plan.join("array.sbatch");
    let mine = fs::read_to_string(&path).unwrap() + "#SBATCH --account=me\n";
    fs::write(&path, &mine).unwrap();
    let output = lab.emit(&["--only-missing"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stderr(&output).contains("array.sbatch"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&path).unwrap(), mine);
}

#[test]
fn a_plan_and_its_results_need_two_folders() {
    let lab = Lab::new();
    for plan in [lab.results.clone(), lab.results.join("tasks"), lab.results.join("a/b")] {
        let mut command = lab.egop_sweep();
        command.arg(&lab.config).arg("--out").arg(&lab.results).arg("--emit-slurm").arg(&plan);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("a folder of its own"), "{}", stderr(&output));
        assert!(!lab.results.exists());
    }
}

#[test]
fn a_plan_that_is_refused_replaces_nothing() {
    let lab = Lab::new();
    let run = |arguments: &[&str]| {
        let mut command = lab.egop_sweep();
        command.arg(&lab.config).arg("--out").arg(&lab.results).args(arguments).output().unwrap()
    };
    success(&lab.egop_run(&lab.results));
    let before = published(&lab.results);
    fs::create_dir_all(&lab.plan).unwrap();
    for (name, folder) in [("submit.sh", false), ("bin", false), ("array.sbatch", true)] {
        let path = lab.plan.join(name);
        let made = if folder { fs::create_dir(&path) } else { fs::write(&path, "mine") };
        made.unwrap();
        let plan = lab.plan.to_str().unwrap();
        let output = run(&["--set", "seed=99", "--replace", "--emit-slurm", plan]);
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
        assert!(published(&lab.results) == before, "{name}");
        let removed = if folder { fs::remove_dir(&path) } else { fs::remove_file(&path) };
        removed.unwrap();
    }
    // A plan that cannot be written: the program's copy is larger than files may be.
    let mut limited = lab.command("sh");
    limited.args(["-c", "ulimit -f 200; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_egop-sweep")]);
    limited.arg(&lab.config).arg("--out").arg(&lab.results).args(["--set", "seed=99"]);
    let output = limited.args(["--replace", "--emit-slurm"]).arg(&lab.plan).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(published(&lab.results) == before);
    assert_eq!(lab.emit(&["--json"]).status.code(), Some(2));
}

#[test]
fn a_plan_that_was_changed_is_told_before_any_work() {
    let refused = |lab: &Lab, output: &Output, code: i32, name: &str| {
        assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
        assert!(stderr(output).contains(name), "{}", stderr(output));
        assert!(!lab.results.join("tasks").read_dir().unwrap().any(|_| true), "before any work");
    };
    for (name, code) in [("plan-1.jsonl", 5), ("plan.jsonl", 5), ("experiment.toml", 4)] {
        let lab = Lab::new();
        lab.emit_single_tasks();
        let path = lab.plan.join(name);
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, text + "# mine\n").unwrap();
        refused(&lab, &lab.run_task(0), code, name);
        refused(&lab, &lab.merge(&[]), code, name);
        refused(&lab, &lab.emit(&["--only-missing"]), code, name);
    }
    // Somebody's file of the name of the settings is no plan.
    let lab = Lab::new();
    fs::create_dir_all(&lab.plan).unwrap();
    fs::write(lab.plan.join("cluster.json"), "mine").unwrap();
    let output = lab.emit(&[]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(stderr(&output).contains("is not as it was planned"), "{}", stderr(&output));
    assert!(!lab.results.exists());
}
