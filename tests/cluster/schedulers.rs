//! Schedulers: what is asked of every one, and one that is made up.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use egop::cluster::{DEFAULT_MINUTES, Folder, REGISTRY, Scheduler, Script, Settings, scheduler};

use crate::lab::{Lab, stdout};

/// Does a plan line by line.
#[derive(Debug)]
struct Loop;

impl Scheduler for Loop {
    fn name(&self) -> &'static str {
        "loop"
    }

    fn title(&self) -> &'static str {
        "a loop"
    }

    fn emit_flag(&self) -> &'static str {
        "emit-loop"
    }

    fn options_help(&self) -> &'static str {
        "none"
    }

    fn check(&self, option: &str) -> Result<(), String> {
        Err(format!("\"{option}\" is no option of a loop"))
    }

    fn threads(&self, _: &[String]) -> usize {
        1
    }

    fn scripts(&self, name: &str, _: &[String]) -> Vec<Script> {
        let text = format!("#!/bin/sh\n# {name}\nexec ./bin/egop-sweep merge .\n");
        vec![Script { name: "loop.sh", text, executable: true }]
    }

    fn submit(&self) -> &'static str {
        "loop.sh"
    }

    fn threads_variable(&self) -> &'static str {
        "LOOP_THREADS"
    }

    fn memory_variable(&self) -> &'static str {
        "LOOP_MEMORY"
    }
}

#[test]
fn a_new_scheduler_writes_its_own_files_and_no_others() {
    let lab = Lab::new();
    let settings = Settings {
        results: lab.results.clone(),
        data_dir: None,
        scheduler: "loop".into(),
        options: Vec::new(),
        minutes: DEFAULT_MINUTES,
        files: BTreeMap::new(),
    };
    Folder::at(&lab.plan).prepare("tiny", "seed = 1\n", &settings, &Loop).unwrap();
    let script = lab.plan.join(Loop.submit());
    assert!(fs::read_to_string(&script).unwrap().contains("# tiny\n"));
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o111, 0o111);
    assert!(!lab.plan.join("submit.sh").exists());
    // It is not registered: its plan is refused with those that are.
    let refused = Folder::at(&lab.plan).settings().unwrap_err().to_string();
    assert!(refused.contains("there is no scheduler \"loop\"; there are slurm"), "{refused}");
}

#[test]
fn every_scheduler_has_its_flags_and_a_script_that_submits() {
    let lab = Lab::new();
    let help = stdout(&lab.egop_sweep().arg("--help").output().unwrap());
    for one in REGISTRY {
        assert_eq!(scheduler(one.name()).unwrap().name(), one.name());
        assert!(help.contains(&format!("--{} <DIR>", one.emit_flag())), "{help}");
        assert!(help.contains(&format!("--{} <KEY=VALUE>", one.name())), "{help}");
        let scripts = one.scripts("tiny", &[]);
        let submits = scripts.iter().find(|script| script.name == one.submit()).unwrap();
        assert!(submits.executable);
    }
}

#[test]
fn older_plans_name_no_scheduler() {
    let lab = Lab::new();
    lab.emit_single_tasks();
    let rename = |name: &str, changes: &[(&str, &str)]| {
        let path = lab.plan.join(name);
        let mut text = fs::read_to_string(&path).unwrap();
        for (new, old) in changes {
            assert!(text.contains(new), "{text}");
            text = text.replace(new, old);
        }
        fs::write(&path, text).unwrap();
    };
    rename("cluster.json", &[("  \"scheduler\": \"slurm\",\n", ""), ("\"options\"", "\"slurm\"")]);
    rename("plan.jsonl", &[("\"round\":", "\"pass\":")]);
    assert!(lab.status(&[]).starts_with("coarse sweep: 0 of 6 tasks done"), "{}", lab.status(&[]));
}
