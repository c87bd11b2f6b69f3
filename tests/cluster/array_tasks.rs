//! `run-task`, `merge` and `status`.

use std::fs;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::lab::{Lab, published, stderr, stdout, success};

#[test]
fn an_array_task_may_run_twice_even_at_once() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    let mut first = lab.egop_sweep();
    let mut child = first.arg("run-task").arg(&lab.plan).args(["--index", "0"]).spawn().unwrap();
    let second = lab.run_task(0);
    assert!(child.wait().unwrap().success());
    success(&second);
    let third = lab.run_task(0);
    success(&third);
    assert!(stderr(&third).contains("tasks: 0 done, 1 cached"), "{}", stderr(&third));
    success(&lab.submit(&[("RUN", "1")]));
    assert_eq!(published(&lab.results), lab.local());
}

#[test]
fn what_is_missing_is_listed_and_planned_again() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    for index in [0, 1, 3, 5] {
        success(&lab.run_task(index));
    }
    let output = lab.merge(&[]);
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!("missing", stdout(&output));
    assert!(!lab.results.join("runs.csv").exists(), "no tables of a part");
    let status = lab.status(&[]);
    assert_eq!(
        status,
        "coarse sweep: 4 of 6 tasks done; 4 of 6 array tasks\nopen array tasks: 2,4\n"
    );
    let status: Value = serde_json::from_str(&lab.status(&["--json"])).unwrap();
    assert_eq!(status["open"], serde_json::json!([2, 4]));
    assert_eq!(status["tasks_done"], 4);

    success(&lab.emit(&["--only-missing"]));
    assert_eq!(lab.array_tasks(), 2);
    success(&lab.submit(&[("RUN", "1")]));
    assert_eq!(published(&lab.results), lab.local());
}

#[test]
fn what_is_given_up_is_said_to_be_missing() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    // All rounds, each without its last task: trial 2 in reparameterized coordinates.
    while lab.array_tasks() > 0 {
        for index in 0..lab.array_tasks() - 1 {
            success(&lab.run_task(index));
        }
        let output = lab.merge(&["--allow-partial"]);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        let wanted = "trial 2, reparameterized coordinates: missing from the coarse sweep";
        assert!(stderr(&output).contains(wanted), "{}", stderr(&output));
    }
    let rates = fs::read_to_string(lab.results.join("learning_rates.csv")).unwrap();
    assert!(rates.lines().skip(1).all(|row| row.contains(",2,3,") == row.contains("repar")));
    // On one machine the rest is made up for.
    success(&lab.egop_run(&lab.results));
    assert_eq!(published(&lab.results), lab.local());
}

#[test]
fn array_tasks_that_do_not_exist_and_plans_of_something_else_are_refused() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    let output = lab.run_task(6);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no array task 6"), "{}", stderr(&output));

    let path = lab.results.join("store.json");
    let bound = fs::read_to_string(&path).unwrap();
    fs::write(&path, bound.replace("\"seed\": 7", "\"seed\": 8")).unwrap();
    let output = lab.run_task(0);
    assert_eq!(output.status.code(), Some(4));
    let refusal = "it holds seed = 8, this has seed = 7";
    assert!(stderr(&output).contains(refusal), "{}", stderr(&output));
    let status = lab.egop_sweep().arg("status").arg(&lab.plan).output().unwrap();
    assert!(stderr(&status).contains(refusal), "{}", stderr(&status));
    fs::write(&path, bound).unwrap();

    let path = lab.plan.join("plan.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 10]).unwrap();
    let output = lab.run_task(0);
    assert_eq!(output.status.code(), Some(5));
    assert!(stderr(&output).contains("plan.jsonl: line 6"), "{}", stderr(&output));
    let missing = lab.egop_sweep().arg("status").arg(lab.folder.path()).output().unwrap();
    assert_eq!(missing.status.code(), Some(5));
}

#[test]
fn threads_are_as_many_as_slurm_gives() {
    let lab = Lab::new();
    let mut command = lab.egop_sweep();
    command.arg(&lab.config).arg("--out").arg(&lab.results);
    success(&command.env("SLURM_CPUS_PER_TASK", "3").output().unwrap());
    let provenance = fs::read(lab.results.join("provenance.json")).unwrap();
    let provenance: Value = serde_json::from_slice(&provenance).unwrap();
    assert_eq!(provenance["threads"], 3);
    assert!(provenance["processor"].as_str().is_some_and(|name| !name.is_empty()));
}

#[test]
fn results_of_different_processors_are_merged_with_a_warning() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    success(&lab.submit(&[("RUN", "1")]));
    assert!(!stderr(&lab.merge(&[])).contains("warning"));

    // As another machine would have written it.
    let task = fs::read_dir(lab.results.join("tasks")).unwrap().next().unwrap().unwrap().path();
    let path = task.join("task.json");
    let text = fs::read_to_string(&path).unwrap();
    let processor = text.lines().find(|line| line.contains("\"processor\"")).unwrap();
    let text = text.replace(processor, "      \"processor\": \"Another one\"");
    let (head, sealed) = text.split_once("  \"task\": {\n").unwrap();
    let (inside, _) = sealed.split_once("\n  },\n").unwrap();
    let inner: String = inside.lines().map(|line| format!("{}\n", &line[2..])).collect();
    let seal = Sha256::digest(format!("{{\n{inner}}}\n"));
    let seal: String = seal.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{head}  \"task\": {{\n{inside}\n  }},\n  \"sha256\": \"{seal}\"\n}}\n");
    fs::write(&path, text).unwrap();

    let output = lab.merge(&[]);
    success(&output);
    let stderr = stderr(&output);
    assert!(stderr.contains("warning: these results mix"), "{stderr}");
    assert!(stderr.contains("Another one"), "{stderr}");
}
