//! How long a piece of work takes.

use std::time::Instant;

use crate::record::{Phase, TimingRow};
use crate::run::task::Task;

/// Runs from where it is made, in the thread that makes it.
pub(super) struct Stopwatch {
    start: Instant,
    cpu_start: Option<f64>,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { start: Instant::now(), cpu_start: thread_cpu_seconds() }
    }

    /// Seconds on the clock.
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// A phase of a task that this thread did by itself.
    pub fn alone(&self, phase: Phase, task: &Task, coordinates: &str) -> TimingRow {
        let spent = thread_cpu_seconds().zip(self.cpu_start);
        TimingRow {
            trial: task.trial,
            coordinates: coordinates.into(),
            round: "".into(),
            phase,
            lanes: task.lanes(),
            algorithm: "".into(),
            learning_rate: None,
            step: None,
            wall_seconds: self.seconds(),
            cpu_seconds: spent.map(|(now, before)| now - before),
        }
    }

    /// A phase that the threads of the pool share in. While this thread waits for others, it works
    /// for other tasks, and its processor time is nobody's: it is known where there is one thread.
    pub fn shared(&self, phase: Phase, task: &Task, coordinates: &str) -> TimingRow {
        let row = self.alone(phase, task, coordinates);
        let is_alone = rayon::current_num_threads() == 1;
        TimingRow { cpu_seconds: row.cpu_seconds.filter(|_| is_alone), ..row }
    }
}

/// Processor time of this thread, where the operating system tells it.
#[cfg(unix)]
fn thread_cpu_seconds() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64)
}

#[cfg(not(unix))]
fn thread_cpu_seconds() -> Option<f64> {
    None
}
