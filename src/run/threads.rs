//! Rounds done by the threads of this program, which shares them with other programs that work in
//! the same folder.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::experiment::{FloatType, Study, TrainingStudy};
use crate::objective::Context;
use crate::provenance::BuildInfo;
use crate::record::{Phase, TimingRow};
use crate::run::basis_cache::{BasisCache, TrialBasis};
use crate::run::counts;
use crate::run::event::{Event, Stage, Warning};
use crate::run::executor::{Executor, RowSink, Unfinished};
use crate::run::index::{TaskIndex, locked};
use crate::run::memory::Memory;
use crate::run::stopwatch::Stopwatch;
use crate::run::task::{Failure, Round, Rows, Task, context, guarded, spectra, training};
use crate::run::timed::{Laps, on_one_thread};
use crate::store::{Stored, TaskLock};
use crate::trial::{Control, Precision, Problem};

/// How often to look whether other runners have finished their tasks.
const POLL: Duration = Duration::from_millis(100);

/// What became of the tasks so far.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Done here.
    pub done: AtomicUsize,
    /// Cached, from an earlier run or by another program.
    pub cached: AtomicUsize,
    /// Failed here.
    failed: AtomicUsize,
    /// The keys of those done or found, which a later round may find again.
    known: Mutex<HashSet<String>>,
}

/// The threads of this program, in an experiment's precision.
pub(super) fn executor<'a>(
    index: &'a TaskIndex<'a>,
    counters: &'a Counters,
    memory: Memory,
) -> Box<dyn Executor + 'a> {
    match index.experiment().precision {
        FloatType::Double => Box::new(Threads::<f64>::new(index, counters, memory)),
        FloatType::Single => Box::new(Threads::<f32>::new(index, counters, memory)),
    }
}

/// What became of the tasks of a round. It is told at once, and little is said: whatever else were
/// allocated for each task and held would keep the memory of whole trials from being used again.
struct RoundState<'a> {
    finished: Vec<bool>,
    failures: BTreeMap<usize, Failure>,
    sink: &'a mut RowSink<'a>,
}

impl<'a> RoundState<'a> {
    fn new(tasks: usize, sink: &'a mut RowSink<'a>) -> Self {
        Self { finished: vec![false; tasks], failures: BTreeMap::new(), sink }
    }

    fn finish(&mut self, index: usize, rows: Rows) {
        self.finished[index] = true;
        (self.sink)(index, rows);
    }

    fn pending(&self) -> Vec<usize> {
        let open = |index: &usize| !self.finished[*index] && !self.failures.contains_key(index);
        (0..self.finished.len()).filter(open).collect()
    }
}

/// Does rounds in one precision.
struct Threads<'a, R> {
    index: &'a TaskIndex<'a>,
    counters: &'a Counters,
    memory: Memory,
    bases: Mutex<BasisCache<R>>,
}

impl<'a, R: Precision> Threads<'a, R> {
    fn new(index: &'a TaskIndex<'a>, counters: &'a Counters, memory: Memory) -> Self {
        Self { index, counters, memory, bases: Mutex::new(BasisCache::new(memory.kept())) }
    }
}

impl<R: Precision> Executor for Threads<'_, R> {
    fn execute(&self, stage: Stage, round: &Round, sink: &mut RowSink<'_>) -> Result<Unfinished> {
        let tasks = &*round.tasks;
        let keys: Vec<String> = tasks.iter().map(|task| self.index.key(task)).collect();
        let state = Mutex::new(RoundState::new(tasks.len(), sink));
        let mut announced = false;
        loop {
            let unfinished = tasks.par_iter().zip(&keys).enumerate();
            let unfinished = unfinished.filter(|(index, _)| !locked(&state).finished[*index]);
            unfinished.try_for_each(|(index, (task, key))| -> Result<()> {
                if let Some(rows) = self.index.find(task, key, !announced)? {
                    let new = locked(&self.counters.known).insert(key.clone());
                    let cached = !task.is_empty() && new;
                    self.counters.cached.fetch_add(usize::from(cached), Ordering::Relaxed);
                    locked(&state).finish(index, rows);
                }
                Ok(())
            })?;
            let pending = locked(&state).pending();
            if pending.is_empty() {
                break;
            }
            if !announced {
                self.announce(stage, pending.iter().map(|&index| &tasks[index]));
                announced = true;
            }
            let work = || self.work(stage, tasks, &keys, &pending, &state);
            if tasks.iter().any(|task| task.alone) { on_one_thread(work) } else { work() }?;
            if locked(&state).pending().len() == pending.len() {
                if self.index.observer.interrupted().load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                std::thread::sleep(POLL);
            }
            if self.enough_failures() {
                return Err(Error::TooManyFailures(self.counters.failed.load(Ordering::Relaxed)));
            }
        }
        let failures = std::mem::take(&mut locked(&state).failures).into_values().collect();
        Ok(Unfinished { failures, missing: Vec::new() })
    }
}

impl<R: Precision> Threads<'_, R> {
    fn announce<'t>(&self, stage: Stage, tasks: impl Iterator<Item = &'t Task>) {
        let experiment = self.index.experiment();
        let epochs = experiment.training().map_or(0, |study| study.training.epochs);
        let start = |stage, units| self.index.observer.event(&Event::Started { stage, units });
        for task in tasks {
            start(stage, (task.lanes() * epochs) as u64);
            if self.bases().get((task.trial, task.system)).is_none() {
                start(Stage::Egop, counts::samples(&experiment.system(task.system)));
            }
        }
    }

    fn advance(&self, stage: Stage, units: u64) {
        self.index.observer.event(&Event::Advanced { stage, units });
    }

    fn enough_failures(&self) -> bool {
        let failed = self.counters.failed.load(Ordering::Relaxed);
        self.index.options.max_failures.is_some_and(|most| failed >= most)
    }

    /// Whether no further task is to be begun.
    fn check_stopped(&self) -> Result<()> {
        let interrupted = self.index.observer.interrupted().load(Ordering::Relaxed);
        if interrupted { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Does those of the pending tasks that no other runner has taken.
    fn work(
        &self,
        stage: Stage,
        tasks: &[Task],
        keys: &[String],
        pending: &[usize],
        state: &Mutex<RoundState<'_>>,
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
                let mine = self.lock(*trial, indices, tasks, keys)?;
                self.trial(stage, *trial, tasks, keys, mine, state)?;
            }
            Ok(())
        })
    }

    /// Takes those of a trial's tasks that no other runner has taken or done.
    fn lock(
        &self,
        trial: usize,
        indices: &[usize],
        tasks: &[Task],
        keys: &[String],
    ) -> Result<Vec<(usize, TaskLock)>> {
        let mut mine = Vec::new();
        for &index in indices {
            let work = match &tasks[index] {
                Task { alone: true, .. } => format!("alone-{}", keys[index]),
                Task { system, .. } => format!("trial-{trial}-{system}"),
            };
            if let Some(lock) = self.index.store.lock_task(&work)?
                // Another runner may have done it since.
                && !matches!(self.index.store.load(&keys[index])?, Stored::Complete(_))
            {
                mine.push((index, lock));
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
        mine: Vec<(usize, TaskLock)>,
        state: &Mutex<RoundState<'_>>,
    ) -> Result<()> {
        if mine.is_empty() || self.enough_failures() {
            return Ok(());
        }
        let experiment = self.index.experiment();
        let context = context(experiment, self.index.options.data_dir.as_deref(), trial);
        let problem = match &experiment.study {
            Study::Training(study) => guarded(|| {
                let objective = &*experiment.objective;
                let problem = Problem::<R>::draw(objective, experiment.start, &context)?;
                Ok(Some((study, problem)))
            })?,
            Study::Spectra(_) => Ok(None),
        };
        mine.into_par_iter().try_for_each(|(index, _lock)| {
            self.check_stopped()?;
            if self.enough_failures() {
                return Ok(());
            }
            let task = &tasks[index];
            let start = Instant::now();
            let rows = match &problem {
                Ok(None) => guarded(|| self.estimated(task, &context))?,
                Ok(Some((study, problem))) => {
                    guarded(|| self.trained(stage, study, problem, task))?
                }
                Err(message) => Err(message.clone()),
            };
            match rows {
                Ok(rows) => {
                    let seconds = start.elapsed().as_secs_f64();
                    let timings = rows.timings.clone();
                    self.index.store.save(&keys[index], rows.to_tables(), seconds, timings)?;
                    self.index.note_build(BuildInfo::this());
                    self.counters.done.fetch_add(1, Ordering::Relaxed);
                    locked(&self.counters.known).insert(keys[index].clone());
                    locked(state).finish(index, rows);
                }
                Err(message) => {
                    let failure = task.failure(experiment, message);
                    self.index.observer.event(&Event::Failed(failure.clone()));
                    self.counters.failed.fetch_add(1, Ordering::Relaxed);
                    locked(state).failures.insert(index, failure);
                }
            }
            Ok(())
        })
    }

    /// The rows of an EGOP estimate.
    fn estimated(&self, task: &Task, context: &Context) -> Result<Rows> {
        let system = self.index.experiment().system(task.system);
        let progress = |units| self.advance(Stage::Egop, units);
        let control = Control::new(self.index.observer.interrupted(), &progress);
        let watch = Stopwatch::start();
        let mut rows = spectra::rows::<R>(&system, task.trial, context, control)?;
        rows.timings = vec![watch.shared(Phase::Spectra, task, system.name)];
        Ok(rows)
    }

    /// The rows of a task's runs.
    fn trained(
        &self,
        stage: Stage,
        study: &TrainingStudy,
        problem: &Problem<R>,
        task: &Task,
    ) -> Result<Rows> {
        let experiment = self.index.experiment();
        let system = experiment.system(task.system);
        let changed = problem.with_inputs(system.inputs)?;
        let problem = changed.as_ref().unwrap_or(problem);
        let (prepared, mut timings) = self.prepared(problem, task)?;
        let (watch, laps) = (Stopwatch::start(), Laps::start());
        let progress = |units| {
            if task.alone {
                laps.told(units);
            }
            self.advance(stage, units);
        };
        let control = Control::new(self.index.observer.interrupted(), &progress);
        let (mut rows, stuck) =
            training::rows(task, experiment, study, problem, &prepared, control)?;
        for stuck in stuck {
            self.index.observer.event(&Event::Warning(Warning::Stuck(stuck)));
        }
        match &*rows.runs {
            [run] if task.alone => {
                timings.extend(laps.absorption(task, &system));
                timings.extend(laps.rows(run, task));
            }
            _ => {
                let name = &study.coordinates[task.system].name;
                // What bases are made anew of is summed up on all threads.
                let lap = if system.follow.is_some() {
                    watch.shared(Phase::Training, task, name)
                } else {
                    watch.alone(Phase::Training, task, name)
                };
                timings.push(lap);
            }
        }
        rows.timings = timings;
        Ok(rows)
    }

    /// What a task's trial prepares in its coordinate system, and how long that took if it was not
    /// kept.
    fn prepared(
        &self,
        problem: &Problem<R>,
        task: &Task,
    ) -> Result<(Arc<TrialBasis<R>>, Vec<TimingRow>)> {
        if let Some(prepared) = self.bases().get((task.trial, task.system)) {
            return Ok((prepared, Vec::new()));
        }
        let system = self.index.experiment().system(task.system);
        let progress = |units| self.advance(Stage::Egop, units);
        let watch = Stopwatch::start();
        let parts = problem.parts(
            system.basis,
            system.distribution,
            system.sampling,
            Control::new(self.index.observer.interrupted(), &progress),
        )?;
        let prepared = Arc::new(TrialBasis::new(&parts, problem, task.trial, system.name));
        let timing = watch.shared(Phase::Setup, task, system.name);
        self.bases().keep((task.trial, task.system), &prepared);
        // In original coordinates there is nothing to make.
        let timings = if system.basis.is_identity() { Vec::new() } else { vec![timing] };
        Ok((prepared, timings))
    }

    fn bases(&self) -> MutexGuard<'_, BasisCache<R>> {
        locked(&self.bases)
    }
}
