//! A pass: the same learning rates for all trials, shared with other runners on the same folder.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::basis::Part;
use crate::error::{Error, Result};
use crate::experiment::{self, Experiment};
use crate::provenance::Maker;
use crate::run::observer::Stage;
use crate::run::plan;
use crate::run::task::{Rows, Task, context};
use crate::run::{Observer, Options, Run};
use crate::store::{Claim, Store, Stored};
use crate::trial::{Control, Precision, Problem};

/// How often to look whether other runners have finished their tasks.
const POLL: Duration = Duration::from_millis(100);

/// Changes of variables are kept from pass to pass until they take this many bytes; the rest is
/// computed again.
const KEPT_BYTES: usize = 1 << 30;

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
    /// Found done.
    pub found: AtomicUsize,
    /// Failed here.
    failed: AtomicUsize,
}

/// Runs passes.
pub(super) struct Runner<'a> {
    pub experiment: &'a Experiment,
    resolved: &'a toml::Table,
    pub store: &'a Store,
    options: &'a Options,
    pub observer: &'a dyn Observer,
    tally: &'a Tally,
    /// Changes of variables by trial and coordinate system; what they cost is spent once.
    parts: Mutex<Kept>,
    /// What made the results.
    makers: Mutex<BTreeSet<Maker>>,
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Kept {
    parts: HashMap<(usize, usize), Arc<Vec<Part>>>,
    bytes: usize,
}

impl<'a> Runner<'a> {
    pub fn new(run: &'a Run<'_>) -> Self {
        Self {
            experiment: run.experiment,
            resolved: run.resolved,
            store: run.store,
            options: run.options,
            observer: run.observer,
            tally: &run.tally,
            parts: Mutex::default(),
            makers: Mutex::default(),
        }
    }

    pub fn key(&self, task: &Task) -> String {
        task.key(self.experiment, self.resolved, &self.options.data)
    }

    /// Does the tasks that are not done yet, and hands over the rows of all, each with the position
    /// of its task, as they come: none are kept here.
    pub fn pass(&self, stage: Stage, tasks: &[Task], take: &mut Take<'_>) -> Result<Vec<Failure>> {
        let keys: Vec<String> = tasks.iter().map(|task| self.key(task)).collect();
        let settled = Mutex::new(Settled::new(tasks.len(), take));
        let mut announced = false;
        loop {
            for (index, (task, key)) in tasks.iter().zip(&keys).enumerate() {
                if !locked(&settled).finished[index]
                    && let Some(rows) = self.find(task, key, !announced)?
                {
                    self.tally.found.fetch_add(1, Ordering::Relaxed);
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
                if self.observer.interrupted().load(Ordering::Relaxed) {
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

    /// The rows of those tasks that are done.
    pub fn look(&self, tasks: &[Task]) -> Result<Vec<Option<Rows>>> {
        tasks.iter().map(|task| self.find(task, &self.key(task), false)).collect()
    }

    /// The rows of a task, if it is done; that a damaged one is done again is said if so wished.
    fn find(&self, task: &Task, key: &str, say: bool) -> Result<Option<Rows>> {
        if task.is_empty() {
            return Ok(Some(Rows::default()));
        }
        match self.store.load(key)? {
            Stored::Complete(finished) => {
                self.note_maker(&finished.maker);
                Rows::from_tables(&finished.tables, &self.store.task(key)).map(Some)
            }
            Stored::Damaged(what) if say => {
                let folder = self.store.task(key);
                self.observer.note(&format!("{}: {what}; done again", folder.display()));
                Ok(None)
            }
            Stored::Damaged(_) | Stored::Absent => Ok(None),
        }
    }

    /// Warns when results of different makers are mixed.
    fn note_maker(&self, maker: &Maker) {
        let mut makers = locked(&self.makers);
        if makers.contains(maker) {
            return;
        }
        makers.insert(maker.clone());
        if makers.len() > 1 {
            let names: Vec<String> = makers.iter().map(Maker::to_string).collect();
            self.observer.note(&format!(
                "warning: these results mix what different programs or processors made, which may \
                 round differently: {}",
                names.join("; ")
            ));
        }
    }

    fn announce<'t>(&self, stage: Stage, tasks: impl Iterator<Item = &'t Task>) {
        let epochs = self.experiment.training.epochs;
        for task in tasks {
            self.observer.expect(stage, (task.lanes() * epochs) as u64);
            if self.kept(task).is_none() {
                let samples = plan::samples(self.experiment, task.coordinates);
                self.observer.expect(Stage::Egop, samples);
            }
        }
    }

    fn enough_failures(&self) -> bool {
        let failed = self.tally.failed.load(Ordering::Relaxed);
        self.options.max_failures.is_some_and(|most| failed >= most)
    }

    /// Whether no further task is to be begun.
    fn check_stopped(&self) -> Result<()> {
        let interrupted = self.observer.interrupted().load(Ordering::Relaxed);
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
        trials.into_par_iter().try_for_each(|(trial, indices)| {
            self.check_stopped()?;
            let mut mine = Vec::new();
            for index in indices {
                let work = format!("trial-{trial}-{}", tasks[index].coordinates);
                if let Some(claim) = self.store.claim(&work)?
                        // Another runner may have done it since.
                        && !matches!(self.store.load(&keys[index])?, Stored::Complete(_))
                {
                    mine.push((index, claim));
                }
            }
            match self.experiment.precision {
                experiment::Precision::Double => {
                    self.trial::<f64>(stage, trial, tasks, keys, mine, settled)
                }
                experiment::Precision::Single => {
                    self.trial::<f32>(stage, trial, tasks, keys, mine, settled)
                }
            }
        })
    }

    /// Draws a trial's problem and does its tasks.
    fn trial<R: Precision>(
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
        let experiment = self.experiment;
        let context = context(experiment, self.options.data_dir.as_deref(), trial);
        let problem = if experiment.trains() {
            let draw = || Problem::<R>::draw(&*experiment.objective, experiment.start, &context);
            guarded(|| draw().map(Some))?
        } else {
            Ok(None)
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
                    let progress = |units| self.observer.advance(Stage::Egop, units);
                    let control = Control::new(self.observer.interrupted(), &progress);
                    task.measure::<R>(experiment, &context, control)
                })?,
                Ok(Some(problem)) => guarded(|| {
                    let parts = self.parts(problem, task)?;
                    let progress = |units| self.observer.advance(stage, units);
                    let control = Control::new(self.observer.interrupted(), &progress);
                    task.run(experiment, problem, &parts, control)
                })?,
                Err(message) => Err(message.clone()),
            };
            let rows = rows.map_err(|message| Failure {
                trial,
                coordinates: experiment.coordinates[task.coordinates].name.clone(),
                message,
            });
            match rows {
                Ok(rows) => {
                    let seconds = start.elapsed().as_secs_f64();
                    self.store.save(&keys[index], rows.to_tables(), seconds)?;
                    self.note_maker(Maker::this());
                    self.tally.done.fetch_add(1, Ordering::Relaxed);
                    locked(settled).finish(index, rows);
                }
                Err(failure) => {
                    self.observer.note(&format!("failed: {failure}"));
                    self.tally.failed.fetch_add(1, Ordering::Relaxed);
                    locked(settled).failures.insert(index, failure);
                }
            }
            Ok(())
        })
    }

    /// The change of variables of a task's trial and coordinate system.
    pub fn parts<R: Precision>(&self, problem: &Problem<R>, task: &Task) -> Result<Arc<Vec<Part>>> {
        if let Some(parts) = self.kept(task) {
            return Ok(parts);
        }
        let experiment = self.experiment;
        let progress = |units| self.observer.advance(Stage::Egop, units);
        let parts = Arc::new(problem.parts(
            &*experiment.coordinates[task.coordinates].basis,
            experiment.distribution,
            experiment.sampling,
            Control::new(self.observer.interrupted(), &progress),
        )?);
        let sizes =
            experiment.coordinates[task.coordinates].basis.sizes(&experiment.objective.layout());
        let bytes = sizes.iter().map(|size| size * size * size_of::<f64>()).sum::<usize>();
        let mut kept = locked(&self.parts);
        // The identity is not worth keeping.
        if bytes > 0 && kept.bytes + bytes <= KEPT_BYTES {
            kept.bytes += bytes;
            kept.parts.insert((task.trial, task.coordinates), Arc::clone(&parts));
        }
        Ok(parts)
    }

    fn kept(&self, task: &Task) -> Option<Arc<Vec<Part>>> {
        let kept = locked(&self.parts);
        kept.parts.get(&(task.trial, task.coordinates)).cloned()
    }
}

/// Runs a piece of work; a panic or numerical failure becomes a message, so that the other tasks
/// go on. What concerns the whole run (interruption, input/output) is passed on.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<Result<T, String>> {
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
