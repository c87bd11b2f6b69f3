//! How long a run takes that is trained alone: the runs at the selected learning rates once more,
//! one at a time, on one thread.
//!
//! In a sweep many runs share each product with the change of variables, and tasks share the
//! machine, so that its times say little of a run.

use std::sync::{Arc, Mutex, OnceLock};

use crate::error::{Error, Result};
use crate::experiment::{Experiment, System, TrainingStudy};
use crate::record::{Phase, RateRow, RunRow, TimingRow};
use crate::run::event::Stage;
use crate::run::executor::Executor;
use crate::run::index::locked;
use crate::run::stopwatch::Stopwatch;
use crate::run::sweep::{SweepResult, sort_timings};
use crate::run::task::{Failure, Round, Task};
use crate::trial::Recording;

/// A task for each run at a selected learning rate.
pub(super) fn round(experiment: &Experiment, study: &TrainingStudy, rates: &[RateRow]) -> Round {
    let selected: Vec<&RateRow> = rates.iter().filter(|row| !row.selected.is_empty()).collect();
    let alone = |trial: usize, row: &RateRow| {
        let of = |(index, _)| {
            let is_its = Some(index) == study.algorithm_index(&row.algorithm);
            if is_its { vec![row.learning_rate] } else { Vec::new() }
        };
        Some(Task {
            trial,
            system: study.coordinates_index(&row.coordinates)?,
            rates: study.algorithms.iter().enumerate().map(of).collect(),
            recording: Recording::Summary,
            alone: true,
        })
    };
    let trials = 0..experiment.trials;
    let tasks = trials.flat_map(|trial| selected.iter().filter_map(move |row| alone(trial, row)));
    Round { name: "alone", tasks: tasks.collect() }
}

/// Times the runs at the selected learning rates.
///
/// # Errors
/// As for [`Executor::execute`].
pub(super) fn time(
    executor: &dyn Executor,
    experiment: &Experiment,
    study: &TrainingStudy,
    swept: &mut SweepResult,
) -> Result<Vec<Failure>> {
    let round = round(experiment, study, &swept.rates);
    let mut timings = vec![Vec::new(); round.tasks.len()];
    let left = executor.execute(Stage::Timing, &round, &mut |index, rows| {
        timings[index] = rows.timings;
    })?;
    let name: Arc<str> = round.name.into();
    let rows = timings.into_iter().flatten();
    swept.timings.extend(rows.map(|row| TimingRow { round: Arc::clone(&name), ..row }));
    sort_timings(&mut swept.timings, study);
    Ok(left.failures)
}

/// Does some work on one thread, with no other of this program's tasks beside it.
///
/// # Errors
/// Those of the work, and when there is no thread to be had.
pub(super) fn on_one_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| Error::io("threads")(std::io::Error::other(error)))?;
    pool.install(work)
}

/// When each epoch of a run was over, in seconds from the first update.
pub(super) struct Laps {
    /// From where the data take in what they can of the change of variables.
    whole: Stopwatch,
    /// From where training begins.
    run: OnceLock<Stopwatch>,
    seconds: Mutex<Vec<f64>>,
}

impl Laps {
    /// Of a run that is set up from now on.
    pub fn start() -> Self {
        Self { whole: Stopwatch::start(), run: OnceLock::new(), seconds: Mutex::default() }
    }

    /// Of no units: training begins. Else an epoch is over, or all that were left.
    pub fn told(&self, units: u64) {
        let run = self.run.get_or_init(Stopwatch::start);
        if units > 0 {
            locked(&self.seconds).push(run.seconds());
        }
    }

    /// How long it took to set the run up that ends now.
    pub fn absorption(&self, task: &Task, system: &System<'_>) -> Option<TimingRow> {
        // Original coordinates leave the data as they are.
        let run = self.run.get().filter(|_| !system.basis.is_identity())?;
        let row = |watch: &Stopwatch| watch.alone(Phase::Absorption, task, system.name);
        let (run, whole) = (row(run), row(&self.whole));
        let cpu_seconds = whole.cpu_seconds.zip(run.cpu_seconds);
        Some(TimingRow {
            wall_seconds: whole.wall_seconds - run.wall_seconds,
            cpu_seconds: cpu_seconds.map(|(whole, run)| whole - run),
            ..whole
        })
    }

    /// How long the run took that ends now, and before that to each of its levels.
    pub fn rows(self, run: &RunRow, task: &Task) -> Vec<TimingRow> {
        let watch = self.run.get().unwrap_or(&self.whole);
        let of_run = |phase, step| TimingRow {
            algorithm: Arc::clone(&run.algorithm),
            learning_rate: Some(run.learning_rate),
            step: Some(step),
            ..watch.alone(phase, task, &run.coordinates)
        };
        let whole = of_run(Phase::Run, run.steps);
        let laps = locked(&self.seconds);
        let mut steps = run.levels.0.clone();
        // Several levels may have been reached at once.
        steps.dedup();
        let level = |step: u64| {
            let lap = usize::try_from(step).ok()?.checked_sub(1)?;
            let wall_seconds = *laps.get(lap)?;
            Some(TimingRow { wall_seconds, cpu_seconds: None, ..of_run(Phase::Level, step) })
        };
        let mut rows: Vec<TimingRow> = steps.into_iter().filter_map(level).collect();
        rows.push(whole);
        rows
    }
}
