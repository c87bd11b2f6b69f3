//! What a run takes and what the plan says that it takes.

use std::time::Duration;

use egop::run::Silent;
use egop::store::Store;

use crate::lab::{CONFIG, Lab, config, egop_run, folder};

/// The most memory that a program had, in bytes.
fn peak(mut command: std::process::Command) -> u64 {
    let mut child = command.arg("-q").spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
        most = most.max(1000 * kilobytes.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}

fn plan(overrides: &[&str]) -> egop::run::Memory {
    let mut lab = Lab::new(overrides);
    (lab.options.memory, lab.options.threads) = (u64::MAX, 2);
    let store = Store::peek(std::path::Path::new("nowhere"));
    let silent = Silent::default();
    lab.bound(&store, &silent).memory()
}

#[test]
fn a_long_run_takes_about_what_the_plan_says() {
    for points in ["thinned", "every-point"] {
        let folder = folder();
        let training = format!("steps = 20000\ngradient_tolerance = 0.0\ncurve = \"{points}\"");
        let config = config(folder.path(), &[("steps = 20", &training)]);
        let peak = peak(egop_run(&config, &folder.path().join("out")));
        let curve = format!("training.curve={points}");
        let said = plan(&["training.steps=20000", "training.gradient_tolerance=0", &curve]).total;
        println!("{points}: {peak} bytes, {said} as planned");
        assert!(peak < 4 * said && said < 4 * peak, "{points}: {peak} bytes, {said} as planned");
    }
}

#[test]
fn what_is_recorded_counts() {
    let of = |overrides: &[&str]| plan(overrides);
    let (short, long) = (of(&[]), of(&["training.steps=2000000"]));
    let every = of(&["training.steps=2000000", "training.curve=every-point"]);
    assert!(CONFIG.contains("steps = 20\n"));
    // Thinned curves do not grow with the steps.
    assert!(long.total < short.total + 10_000_000, "{short:?}, {long:?}");
    assert!(every.held > 2_000_000 * 100 && every.per_trial > 2_000_000 * 100, "{every:?}");
    let paths = of(&["training.steps=100000", "training.record=trajectories"]);
    let curves = of(&["training.steps=100000"]);
    assert!(paths.held > curves.held && paths.per_trial > curves.per_trial);
}
