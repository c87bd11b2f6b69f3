//! The tasks of a job array.

use serde::{Deserialize, Serialize};

use crate::run::PlannedTask;

/// One task of a job array: tasks of a sweep that are done one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrayTask {
    /// Its number in the plan, from 0.
    pub index: usize,
    /// The round that its tasks belong to.
    #[serde(alias = "pass")]
    pub round: String,
    /// About how long it takes.
    pub seconds: f64,
    /// Its tasks.
    pub tasks: Vec<PlannedTask>,
}

/// Groups consecutive tasks into array tasks that take at least so many seconds on so many threads.
pub fn array_tasks(
    round: &str,
    tasks: Vec<PlannedTask>,
    seconds: f64,
    threads: usize,
) -> Vec<ArrayTask> {
    let mut all: Vec<ArrayTask> = Vec::new();
    for task in tasks {
        let share = task.seconds / threads as f64;
        match all.last_mut() {
            Some(last) if last.seconds < seconds => {
                last.seconds += share;
                last.tasks.push(task);
            }
            _ => all.push(ArrayTask {
                index: all.len(),
                round: round.into(),
                seconds: share,
                tasks: vec![task],
            }),
        }
    }
    all
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A planned task that takes so long.
    pub fn task(trial: usize, seconds: f64) -> PlannedTask {
        PlannedTask {
            recording: crate::trial::Recording::Summary,
            alone: false,
            key: format!("key {trial}"),
            point: None,
            trial,
            coordinates: "original".into(),
            rates: Vec::new(),
            seconds,
        }
    }

    fn sizes(seconds: f64, threads: usize) -> Vec<usize> {
        let tasks = (0..5).map(|trial| task(trial, 60.0)).collect();
        array_tasks("coarse sweep", tasks, seconds, threads)
            .iter()
            .map(|one| one.tasks.len())
            .collect()
    }

    #[test]
    fn array_tasks_take_at_least_as_long_as_asked_for() {
        assert_eq!(sizes(0.0, 1), [1; 5]);
        assert_eq!(sizes(60.0, 1), [1; 5]);
        assert_eq!(sizes(100.0, 1), [2, 2, 1]);
        assert_eq!(sizes(60.0, 2), [2, 2, 1]);
        assert_eq!(sizes(1e9, 1), [5]);
    }
}
