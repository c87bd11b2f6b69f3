//! A pass: the same learning rates for all trials, shared with other runners on the same folder.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::basis::Part;
use crate::error::{Error, Result};
use crate::experiment::{self, Experiment};
use crate::run::observer::Stage;
use crate::run::plan::Plan;
use crate::run::task::{Rows, Task, context};
use crate::run::{Observer, Options, Run};
use crate::store::Store;
use crate::trial::{Control, Precision, Problem};

/// How often to look whether other runners have finished their trials.
const POLL: Duration = Duration::from_millis(100);

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

/// Runs passes.
pub(super) struct Runner<'a> {
    pub experiment: &'a Experiment,
    resolved: &'a toml::Table,
    pub store: &'a Store,
    options: &'a Options,
    pub observer: &'a dyn Observer,
    /// Changes of variables by trial and coordinate system; what they cost is spent once.
    parts: Mutex<HashMap<(usize, usize), Arc<Vec<Part>>>>,
    /// When this is a rehearsal: what would run, so far.
    pub plan: Option<Mutex<Plan>>,
}

impl<'a> Runner<'a> {
    pub fn new(run: &Run<'a>) -> Self {
        Self {
            experiment: run.experiment,
            resolved: run.resolved,
            store: run.store,
            options: run.options,
            observer: run.observer,
            parts: Mutex::new(HashMap::new()),
            plan: None,
        }
    }

    /// Does the tasks that are not done yet, and returns the rows of all in the order of the
    /// tasks.
    pub fn pass(&self, stage: Stage, tasks: &[Task]) -> Result<(Vec<Rows>, Vec<Failure>)> {
        let keys: Vec<String> = tasks
            .iter()
            .map(|task| task.key(self.experiment, self.resolved, &self.options.data))
            .collect();
        let mut rows: Vec<Option<Rows>> = vec![None; tasks.len()];
        let mut failures = Vec::new();
        let mut announced = false;
        loop {
            for (slot, key) in rows.iter_mut().zip(&keys).filter(|(slot, _)| slot.is_none()) {
                if let Some(tables) = self.store.load(key)? {
                    *slot = Some(Rows::from_tables(&tables, self.store, key)?);
                }
            }
            let failed = |index: &usize| failures.iter().any(|(i, _)| i == index);
            let pending: Vec<usize> = (0..tasks.len())
                .filter(|&index| rows[index].is_none() && !tasks[index].is_empty())
                .filter(|index| !failed(index))
                .collect();
            if let Some(plan) = &self.plan {
                let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
                let pending = pending.iter().map(|&index| &tasks[index]);
                plan.add(self.experiment, stage, tasks.len(), pending);
            }
            if pending.is_empty() {
                break;
            }
            if self.plan.is_some() {
                // What comes next depends on these tasks' results.
                return Err(Error::Interrupted);
            }
            if !announced {
                self.announce(stage, pending.iter().map(|&index| &tasks[index]));
                announced = true;
            }
            let done = self.work(stage, tasks, &keys, &pending)?;
            if done.is_empty() {
                if self.observer.interrupted().load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                std::thread::sleep(POLL);
            }
            for (index, result) in done {
                match result {
                    Ok(finished) => rows[index] = Some(finished),
                    Err(failure) => failures.push((index, failure)),
                }
            }
        }
        let rows = rows.into_iter().map(Option::unwrap_or_default).collect();
        Ok((rows, failures.into_iter().map(|(_, failure)| failure).collect()))
    }

    fn announce<'t>(&self, stage: Stage, tasks: impl Iterator<Item = &'t Task>) {
        let epochs = self.experiment.training.epochs;
        let samples =
            self.experiment.sampling.count(self.experiment.objective.layout().dimension());
        for task in tasks {
            self.observer.expect(stage, (task.lanes() * epochs) as u64);
            let basis = &self.experiment.coordinates[task.coordinates].basis;
            if basis.samples_gradients() && self.cached(task).is_none() {
                self.observer.expect(Stage::Egop, samples as u64);
            }
        }
    }

    /// Does those of the pending tasks whose trials no other runner has taken.
    fn work(
        &self,
        stage: Stage,
        tasks: &[Task],
        keys: &[String],
        pending: &[usize],
    ) -> Result<Vec<(usize, Result<Rows, Failure>)>> {
        let mut trials: Vec<(usize, Vec<usize>)> = Vec::new();
        for &index in pending {
            let trial = tasks[index].trial;
            match trials.iter_mut().find(|(known, _)| *known == trial) {
                Some((_, indices)) => indices.push(index),
                None => trials.push((trial, vec![index])),
            }
        }
        let done: Result<Vec<_>> = trials
            .into_par_iter()
            .map(|(trial, indices)| {
                let Some(_claim) = self.store.claim(trial)? else { return Ok(Vec::new()) };
                let mut mine = Vec::new();
                for index in indices {
                    // Another runner may have done it since.
                    if self.store.load(&keys[index])?.is_none() {
                        mine.push(index);
                    }
                }
                match self.experiment.precision {
                    experiment::Precision::Double => {
                        self.trial::<f64>(stage, trial, tasks, keys, &mine)
                    }
                    experiment::Precision::Single => {
                        self.trial::<f32>(stage, trial, tasks, keys, &mine)
                    }
                }
            })
            .collect();
        Ok(done?.into_iter().flatten().collect())
    }

    /// Draws a trial's problem and does its tasks.
    fn trial<R: Precision>(
        &self,
        stage: Stage,
        trial: usize,
        tasks: &[Task],
        keys: &[String],
        mine: &[usize],
    ) -> Result<Vec<(usize, Result<Rows, Failure>)>> {
        if mine.is_empty() {
            return Ok(Vec::new());
        }
        let experiment = self.experiment;
        let context = context(experiment, self.options.data_dir.as_deref(), trial);
        let problem =
            guarded(|| Problem::<R>::draw(&*experiment.objective, experiment.start, &context))?;
        let done: Result<Vec<_>> = mine
            .into_par_iter()
            .map(|&index| {
                let task = &tasks[index];
                let start = Instant::now();
                let rows = match &problem {
                    Ok(problem) => guarded(|| {
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
                if let Ok(rows) = &rows {
                    let seconds = start.elapsed().as_secs_f64();
                    self.store.save(&keys[index], &rows.to_tables(), seconds)?;
                }
                Ok((index, rows))
            })
            .collect();
        done
    }

    /// The change of variables of a task's trial and coordinate system.
    fn parts<R: Precision>(&self, problem: &Problem<R>, task: &Task) -> Result<Arc<Vec<Part>>> {
        if let Some(parts) = self.cached(task) {
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
        let mut cache = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert((task.trial, task.coordinates), Arc::clone(&parts));
        Ok(parts)
    }

    fn cached(&self, task: &Task) -> Option<Arc<Vec<Part>>> {
        let cache = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(&(task.trial, task.coordinates)).cloned()
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
