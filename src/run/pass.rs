//! A pass: the same learning rates for all trials, shared with other runners on the same folder.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::experiment::Study;
use crate::provenance::Maker;
use crate::run::Run;
use crate::run::cost;
use crate::run::ledger::Ledger;
use crate::run::memory::Memory;
use crate::run::observer::Stage;
use crate::run::prepared::{Kept, Prepared};
use crate::run::task::{Rows, Task, context, spectra};
use crate::store::{Claim, Stored};
use crate::trial::{Control, Precision, Problem};

/// How often to look whether other runners have finished their tasks.
const POLL: Duration = Duration::from_millis(100);

/// What takes the rows of a pass's tasks: in no particular order, one after the other.
pub(super) type Take<'a> = dyn FnMut(usize, Rows) + Send + 'a;

/// A task that failed; a diverged run is not a failure.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// The trial.
    pub trial: usize,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// What happened.
    pub message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "trial {}, {} coordinates: {}", self.trial, self.coordinates, self.message)
    }
}

/// What became of the tasks so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Done here.
    pub done: AtomicUsize,
    /// Found done, in an earlier run or by another program.
    pub found: AtomicUsize,
    /// Failed here.
    failed: AtomicUsize,
}

/// Does passes; hides the precision.
pub(super) trait Passes {
    /// Does the tasks that are not done yet, and hands over the rows of all, each with the position
    /// of its task, as they come: none are kept here.
    fn pass(&self, stage: Stage, tasks: &[Task], take: &mut Take<'_>) -> Result<Vec<Failure>>;
}

/// What became of the tasks of a pass. It is told at once, and little is said: whatever else were
/// allocated for each task and held would keep the memory of whole trials from being used again.
struct Settled<'a> {
    finished: Vec<bool>,
    failures: BTreeMap<usize, Failure>,
    take: &'a mut Take<'a>,
}

impl<'a> Settled<'a> {
    fn new(tasks: usize, take: &'a mut Take<'a>) -> Self {
        Self { finished: vec![false; tasks], failures: BTreeMap::new(), take }
    }

    fn finish(&mut self, index: usize, rows: Rows) {
        self.finished[index] = true;
        (self.take)(index, rows);
    }

    fn pending(&self) -> Vec<usize> {
        let open = |index: &usize| !self.finished[*index] && !self.failures.contains_key(index);
        (0..self.finished.len()).filter(open).collect()
    }
}

/// Whatever a thread that panicked had locked is whole: rows and rooms are changed at once.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does passes in one precision.
pub(super) struct Runner<'a, R> {
    ledger: Ledger<'a>,
    tally: &'a Tally,
    memory: Memory,
    kept: Mutex<Kept<R>>,
}

impl<'a, R: Precision> Runner<'a, R> {
    pub fn new(run: &'a Run<'_>) -> Self {
        let memory = run.memory();
        Self {
            ledger: Ledger::new(run),
            tally: &run.tally,
            memory,
            kept: Mutex::new(Kept::new(memory.kept())),
        }
    }
}

impl<R: Precision> Passes for Runner<'_, R> {
    fn pass(&self, stage: Stage, tasks: &[Task], take: &mut Take<'_>) -> Result<Vec<Failure>> {
        let keys: Vec<String> = tasks.iter().map(|task| self.ledger.key(task)).collect();
        let settled = Mutex::new(Settled::new(tasks.len(), take));
        let mut announced = false;
        loop {
            for (index, (task, key)) in tasks.iter().zip(&keys).enumerate() {
                if !locked(&settled).finished[index]
                    && let Some(rows) = self.ledger.find(task, key, !announced)?
                {
                    self.tally.found.fetch_add(usize::from(!task.is_empty()), Ordering::Relaxed);
                    locked(&settled).finish(index, rows);
                }
            }
            let pending = locked(&settled).pending();
            if pending.is_empty() {
                break;
            }
            if !announced {
                self.announce(stage, pending.iter().map(|&index| &tasks[index]));
                announced = true;
            }
            self.work(stage, tasks, &keys, &pending, &settled)?;
            if locked(&settled).pending().len() == pending.len() {
                if self.ledger.observer.interrupted().load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                std::thread::sleep(POLL);
            }
            if self.enough_failures() {
                return Err(Error::TooManyFailures(self.tally.failed.load(Ordering::Relaxed)));
            }
        }
        let failures = std::mem::take(&mut locked(&settled).failures);
        Ok(failures.into_values().collect())
    }
}

impl<R: Precision> Runner<'_, R> {
    fn announce<'t>(&self, stage: Stage, tasks: impl Iterator<Item = &'t Task>) {
        let experiment = self.ledger.experiment;
        let epochs = experiment.training().map_or(0, |study| study.training.epochs);
        for task in tasks {
            self.ledger.observer.expect(stage, (task.lanes() * epochs) as u64);
            if self.kept().get(task).is_none() {
                let samples = cost::samples(&experiment.system(task.system));
                self.ledger.observer.expect(Stage::Egop, samples);
            }
        }
    }

    fn enough_failures(&self) -> bool {
        let failed = self.tally.failed.load(Ordering::Relaxed);
        self.ledger.options.max_failures.is_some_and(|most| failed >= most)
    }

    /// Whether no further task is to be begun.
    fn check_stopped(&self) -> Result<()> {
        let interrupted = self.ledger.observer.interrupted().load(Ordering::Relaxed);
        if interrupted { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Does those of the pending tasks that no other runner has taken.
    fn work(
        &self,
        stage: Stage,
        tasks: &[Task],
        keys: &[String],
        pending: &[usize],
        settled: &Mutex<Settled<'_>>,
    ) -> Result<()> {
        let mut trials: Vec<(usize, Vec<usize>)> = Vec::new();
        for &index in pending {
            let trial = tasks[index].trial;
            match trials.iter_mut().find(|(known, _)| *known == trial) {
                Some((_, indices)) => indices.push(index),
                None => trials.push((trial, vec![index])),
            }
        }
        let next = AtomicUsize::new(0);
        (0..self.memory.in_flight).into_par_iter().with_max_len(1).try_for_each(|_| {
            while let Some((trial, indices)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.check_stopped()?;
                let mine = self.claim(*trial, indices, tasks, keys)?;
                self.trial(stage, *trial, tasks, keys, mine, settled)?;
            }
            Ok(())
        })
    }

    /// Takes those of a trial's tasks that no other runner has taken or done.
    fn claim(
        &self,
        trial: usize,
        indices: &[usize],
        tasks: &[Task],
        keys: &[String],
    ) -> Result<Vec<(usize, Claim)>> {
        let mut mine = Vec::new();
        for &index in indices {
            let work = format!("trial-{trial}-{}", tasks[index].system);
            if let Some(claim) = self.ledger.store.claim(&work)?
                // Another runner may have done it since.
                && !matches!(self.ledger.store.load(&keys[index])?, Stored::Complete(_))
            {
                mine.push((index, claim));
            }
        }
        Ok(mine)
    }

    /// Draws a trial's problem and does its tasks.
    fn trial(
        &self,
        stage: Stage,
        trial: usize,
        tasks: &[Task],
        keys: &[String],
        mine: Vec<(usize, Claim)>,
        settled: &Mutex<Settled<'_>>,
    ) -> Result<()> {
        if mine.is_empty() || self.enough_failures() {
            return Ok(());
        }
        let experiment = self.ledger.experiment;
        let context = context(experiment, self.ledger.options.data_dir.as_deref(), trial);
        let problem = match &experiment.study {
            Study::Training(study) => guarded(|| {
                let objective = &*experiment.objective;
                let problem = Problem::<R>::draw(objective, experiment.start, &context)?;
                Ok(Some((study, problem)))
            })?,
            Study::Spectra(_) => Ok(None),
        };
        mine.into_par_iter().try_for_each(|(index, _claim)| {
            self.check_stopped()?;
            if self.enough_failures() {
                return Ok(());
            }
            let task = &tasks[index];
            let start = Instant::now();
            let rows = match &problem {
                Ok(None) => guarded(|| {
                    let progress = |units| self.ledger.observer.advance(Stage::Egop, units);
                    let control = Control::new(self.ledger.observer.interrupted(), &progress);
                    spectra::rows::<R>(&experiment.system(task.system), trial, &context, control)
                })?,
                Ok(Some((study, problem))) => guarded(|| {
                    let prepared = self.prepared(problem, task)?;
                    let progress = |units| self.ledger.observer.advance(stage, units);
                    let control = Control::new(self.ledger.observer.interrupted(), &progress);
                    task.run(study, problem, &prepared, control)
                })?,
                Err(message) => Err(message.clone()),
            };
            let rows = rows.map_err(|message| Failure {
                trial,
                coordinates: experiment.system(task.system).name.to_owned(),
                message,
            });
            match rows {
                Ok(rows) => {
                    let seconds = start.elapsed().as_secs_f64();
                    self.ledger.store.save(&keys[index], rows.to_tables(), seconds)?;
                    self.ledger.note_maker(Maker::this());
                    self.tally.done.fetch_add(1, Ordering::Relaxed);
                    locked(settled).finish(index, rows);
                }
                Err(failure) => {
                    self.ledger.observer.note(&format!("failed: {failure}"));
                    self.tally.failed.fetch_add(1, Ordering::Relaxed);
                    locked(settled).failures.insert(index, failure);
                }
            }
            Ok(())
        })
    }

    /// What a task's trial prepares in its coordinate system.
    fn prepared(&self, problem: &Problem<R>, task: &Task) -> Result<Arc<Prepared<R>>> {
        if let Some(prepared) = self.kept().get(task) {
            return Ok(prepared);
        }
        let system = self.ledger.experiment.system(task.system);
        let progress = |units| self.ledger.observer.advance(Stage::Egop, units);
        let parts = problem.parts(
            system.basis,
            system.distribution,
            system.sampling,
            Control::new(self.ledger.observer.interrupted(), &progress),
        )?;
        let prepared =
            Arc::new(Prepared::new(&parts, &*problem.objective, task.trial, system.name));
        self.kept().keep(task, &prepared);
        Ok(prepared)
    }

    fn kept(&self) -> MutexGuard<'_, Kept<R>> {
        locked(&self.kept)
    }
}

/// Runs a piece of work; a panic or numerical failure becomes a message, so that the other tasks
/// go on. What concerns the whole run (interruption, input/output) is passed on.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<Result<T, String>> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(Ok(value)),
        Ok(Err(Error::Numerical(message))) => Ok(Err(message)),
        Ok(Err(error)) => Err(error),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Ok(Err(format!("panicked: {}", text.unwrap_or_default())))
        }
    }
}
