//! A task that fails: the others finish, and it is tried again next time.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use egop::experiment::Study;
use egop::lanes::Layout;
use egop::linalg::Real;
use egop::optimizer::{Adam, Build, Optimizer, Spec};
use egop::store::LocalDisk;

use crate::lab::{Lab, config, egop_run, folder, keys, tables};

/// Adam that panics the `at`-th time it is made: in one task.
#[derive(Debug)]
struct Panicking {
    at: usize,
    made: AtomicUsize,
}

impl<R: Real> Build<R> for Panicking
where
    Adam: Build<R>,
{
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        if self.made.fetch_add(1, Ordering::Relaxed) == self.at {
            // As `panic!`, but without a trace in the tests' output.
            std::panic::resume_unwind(Box::new("as it was asked to"));
        }
        Adam::default().build(layout, lanes)
    }
}

impl Spec for Panicking {
    fn state_len(&self, _: &Layout) -> usize {
        0
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        Adam::default().step_flops(layout)
    }
}

fn lab(at: usize) -> Lab {
    let mut lab = Lab::new(&[]);
    let Study::Training(study) = &mut lab.experiment.study else { panic!("nothing is trained") };
    study.algorithms[0].optimizer = Box::new(Panicking { at, made: AtomicUsize::new(0) });
    lab
}

#[test]
fn after_a_panic_the_other_tasks_finish_and_the_next_run_makes_up_for_it() {
    let undisturbed = folder();
    Lab::new(&[]).run(Arc::new(LocalDisk), undisturbed.path()).unwrap();
    let mut tried = 0;
    for at in 0..keys(undisturbed.path()).len() {
        let root = folder();
        let report = lab(at).run(Arc::new(LocalDisk), root.path()).unwrap();
        assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
        assert_eq!(report.failures[0].message, "panicked: as it was asked to");
        // Only the tables of the sweep count trials; a curve that is missing is one of these too.
        let complete = report.rates.iter().all(|row| row.trials == row.planned);
        assert!(report.rates.iter().all(|row| row.planned == 3 && row.trials >= 2));
        let in_curves = at >= keys(undisturbed.path()).len() - 6;
        assert_eq!(complete, in_curves, "task {at}");

        let report = Lab::new(&[]).run(Arc::new(LocalDisk), root.path()).unwrap();
        assert!(report.failures.is_empty());
        assert_eq!(tables(root.path()), tables(undisturbed.path()), "task {at}");
        tried += 1;
    }
    println!("a panic in each of {tried} tasks: the others finished, the next run completed");
    assert!(tried >= 18, "{tried}");
}

#[test]
fn as_many_failures_as_allowed_end_the_run() {
    let root = folder();
    let mut lab = lab(2);
    lab.options.max_failures = Some(1);
    let error = lab.run(Arc::new(LocalDisk), root.path()).unwrap_err();
    assert!(matches!(error, egop::Error::TooManyFailures(1)), "{error}");
    assert_eq!(keys(root.path()).len(), 2, "nothing was begun after the failure");
    assert!(!root.path().join("runs.csv").exists());
}

/// Products of gradients at such points overflow: there is no EGOP, and other runs diverge.
const OVERFLOW: [(&str, &str); 1] = [("scale = 1.0", "scale = 1e200")];

#[test]
fn failed_tasks_are_listed_and_the_program_exits_with_3() {
    let folder = folder();
    let config = config(folder.path(), &OVERFLOW);
    let out = folder.path().join("out");
    let run = |extra: &[&str]| {
        let output = egop_run(&config, &out).args(extra).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, stderr) = run(&[]);
    assert_eq!(code, Some(3), "{stderr}");
    for trial in 0..3 {
        let line = format!("failed: trial {trial}, reparameterized coordinates: ");
        assert!(stderr.contains(&line), "{stderr}");
    }
    let rates = fs::read_to_string(out.join("learning_rates.csv")).unwrap();
    let row = "adam,reparameterized,0.01,final_suboptimality,,,,,0,3,0,";
    assert!(rates.contains(row), "what is missing is said to be: {rates}");
    assert!(keys(&out).len() >= 3, "runs that diverged are results");

    // Nor do bases that cannot be formed keep the rest from being published.
    let (code, stderr) = run(&["--save-basis"]);
    assert_eq!(code, Some(3), "{stderr}");
    let line = "no basis was written: trial 2, reparameterized coordinates: ";
    assert!(stderr.contains(line), "{stderr}");
    let (code, stderr) = run(&["--fail-fast"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("stopped after"), "{stderr}");
    let (code, stderr) = run(&["--max-failures", "100"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(!stderr.contains("stopped after"), "{stderr}");
}
