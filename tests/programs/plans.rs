//! What `--dry-run` foretells.

use std::time::{Duration, Instant};

use crate::workspace::{SMALL, Workspace};

fn plan(workspace: &Workspace, arguments: &[&str]) -> String {
    let arguments = [&["--dry-run"], arguments].concat();
    let output = workspace.run(&arguments).success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

/// The runs to do of a round, at least and at most.
fn runs(plan: &str, round: &str) -> (usize, usize) {
    let line = plan.lines().find(|line| line.contains(round)).unwrap_or_else(|| panic!("{plan}"));
    let rest = line.split_once(round).unwrap().1;
    let words: Vec<&str> = rest.split_whitespace().filter(|word| *word != "*").collect();
    // Tasks, done, runs (– runs).
    let lower = words[2].parse().unwrap();
    let upper = if words[3] == "–" { words[4].parse().unwrap() } else { lower };
    (lower, upper)
}

#[test]
fn the_later_passes_are_within_their_forecast() {
    let workspace = Workspace::new(SMALL);
    let plan = plan(&workspace, &[]);
    let rounds = ["coarse sweep", "extended sweep", "refined sweep", "curves"];
    let foretold = rounds.map(|round| runs(&plan, round));
    workspace.run(&[]).success();
    let swept: usize = workspace.rows("runs.csv").len();
    let [lower, upper] = [|round: &(usize, usize)| round.0, |round: &(usize, usize)| round.1]
        .map(|end| foretold[..3].iter().map(end).sum::<usize>());
    assert!((lower..=upper).contains(&swept), "{swept} runs: {plan}");
    let mut curves = workspace.rows("curves.csv");
    curves.retain(|row| row["step"] == "0");
    let (lower, upper) = foretold[3];
    assert!((lower..=upper).contains(&curves.len()), "{} curves: {plan}", curves.len());
    let done = self::plan(&workspace, &[]);
    assert!(done.contains("all tasks are done"), "{done}");
}

#[test]
fn a_plan_is_made_at_once_and_says_a_range() {
    let workspace = Workspace::new(SMALL);
    let start = Instant::now();
    let text = plan(&workspace, &["--set", "training.steps=10000000"]);
    // With the start of the program, on a busy machine.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let line = text.lines().find(|line| line.starts_with("about ")).unwrap();
    assert!(line.contains(" – ") && line.contains("of work"), "{line}");
}
