//! Running an experiment: plan → tasks → records → selection → tables.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use crate::claim::Records;
use crate::error::Result;
use crate::experiment::TrainingStudy;
use crate::record::{ClaimRow, MeasureRow, RateRow, RunRow, TheoryRow};
use crate::shipped::Settings;
use crate::store::{BASES, EXPERIMENT, INSTANCE, Publication, Store, Stream, Table};

mod anew;
mod bases;
mod basis_cache;
mod basis_memory;
mod break_even;
mod cost;
mod counts;
mod distributed;
mod event;
mod executor;
mod identity;
mod index;
mod instance;
mod memory;
mod plan;
mod stopwatch;
mod subject;
mod sweep;
mod tables;
mod task;
mod theory;
mod threads;
mod timed;
mod used;

pub use bases::{SavedBases, basis_outputs};
pub use basis_memory::{too_large, trial_too_large};
pub use distributed::{Next, PlannedRates, PlannedTask};
pub use event::{EdgeReason, Event, GridEdge, Observer, Silent, Stage, Warning};
pub use identity::Data;
pub use instance::instance_outputs;
pub use memory::{Memory, of_this_machine};
pub use plan::{Plan, RoundPlan};
pub use subject::{Dependencies, Options, Subject};
pub use sweep::{Between, SweepResult};
pub use task::Failure;

use distributed::Elsewhere;
use executor::Executor;
use index::TaskIndex;
use plan::Survey;
use sweep::tune;
use task::Round;
use threads::Counters;
use used::Used;

/// A finished run.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// All runs.
    #[serde(skip)]
    pub runs: Vec<RunRow>,
    /// The learning rates and which were selected.
    pub rates: Vec<RateRow>,
    /// Theory and observed speed-up of each change of variables by an EGOP eigenbasis.
    pub theory: Vec<TheoryRow>,
    /// The measures of EGOP estimates.
    pub measures: Vec<MeasureRow>,
    /// The verdicts.
    pub claims: Vec<ClaimRow>,
    /// Tasks that failed (not: diverged) and are not in the results.
    pub failures: Vec<Failure>,
}

/// An experiment bound to its results folder.
pub struct Run<'a> {
    index: TaskIndex<'a>,
    counters: Counters,
}

impl<'a> Run<'a> {
    /// Binds an experiment to a results folder.
    pub fn new(
        subject: Subject<'a>,
        store: &'a Store,
        options: &'a Options,
        observer: &'a dyn Observer,
    ) -> Self {
        let index = TaskIndex::new(subject, store, options, observer);
        Self { index, counters: Counters::default() }
    }

    /// Tunes the learning rates, with what is finished already taken from the store, and publishes
    /// `learning_rates.csv` and `runs.csv`, with what `more` adds.
    ///
    /// # Errors
    /// On interruption, when too many tasks fail, and when the store cannot be read or written.
    pub fn sweep(
        &self,
        more: impl FnOnce(&mut Publication<'_>) -> Result<()>,
    ) -> Result<SweepResult> {
        let swept = self.tune(&*self.threads())?;
        let mut publication = self.stage(&swept.tables())?;
        // It may be published already, perhaps with more.
        if !publication.is_published(RateRow::FILE)? {
            more(&mut publication)?;
            publication.commit(|_| false)?;
        }
        Ok(swept)
    }

    /// Does the sweep, then everything after: curves at the selected learning rates, spectra and
    /// verdicts. Publishes the tables with what `more` adds to them, such as figures, which are
    /// drawn from the staged tables by [`crate::figure`].
    ///
    /// # Errors
    /// As for [`Run::sweep`], and those of `more`.
    pub fn all<T>(
        &self,
        more: impl FnOnce(&mut Publication<'_>) -> Result<T>,
    ) -> Result<(Report, T)> {
        self.all_by(&*self.threads(), more)
    }

    /// The same of what programs elsewhere have done. Tasks that are given up count as failed.
    ///
    /// # Errors
    /// As for [`Run::all`].
    pub fn collect<T>(
        &self,
        given_up: &HashSet<String>,
        more: impl FnOnce(&mut Publication<'_>) -> Result<T>,
    ) -> Result<(Report, T)> {
        self.all_by(&Elsewhere { index: &self.index, given_up }, more)
    }

    fn all_by<T>(
        &self,
        executor: &dyn Executor,
        more: impl FnOnce(&mut Publication<'_>) -> Result<T>,
    ) -> Result<(Report, T)> {
        let experiment = self.index.experiment();
        let mut swept = self.tune(executor)?;
        let mut finals = tables::selected(executor, experiment, &mut swept)?;
        let mut failures = std::mem::take(&mut finals.failures);
        let study = experiment.training();
        if let Some(study) = study.filter(|study| study.timed) {
            failures.extend(timed::time(executor, experiment, study, &mut swept)?);
        }
        for failure in failures {
            if !swept.failures.contains(&failure) {
                swept.failures.push(failure);
            }
        }
        let records = Records {
            runs: &swept.runs,
            rates: &swept.rates,
            measures: &finals.measures,
            theory: &finals.theory,
            planned: experiment.trials,
            break_even: &[],
            epochs: study.and_then(|study| study.training.recorded_epochs()),
            selection: study.map(TrainingStudy::selection),
        };
        let break_even = study.map(|study| break_even::rows(study, records, finals.curves()));
        let break_even = break_even.unwrap_or_default();
        let records = Records { break_even: &break_even, ..records };
        let theory = study.map(|study| theory::observed(&finals.theory, study, records));
        let theory = theory.unwrap_or_default();
        let unjudged = experiment.unjudged();
        let settings = Settings::of(&experiment.name, self.index.document());
        let claims = experiment.claims.iter();
        let claims: Vec<_> =
            claims.map(|claim| claim.judge(records, unjudged, settings.judging(claim))).collect();
        let schedule = study.map(|study| study.training.schedule_rows()).unwrap_or_default();
        let mut tables = swept.tables();
        tables.extend(finals.tables());
        tables.extend([Stream::of(&theory), Stream::of(&break_even)]);
        tables.extend([Stream::of(&claims), Stream::of(&schedule)]);
        let mut publication = self.stage(&tables)?;
        drop(tables);
        let measures = std::mem::take(&mut finals.measures);
        drop(finals);
        let SweepResult { runs, rates, failures, .. } = swept;
        let report = Report { runs, rates, theory, measures, claims, failures };
        let added = more(&mut publication)?;
        // Changes of variables and instances are those of the same experiment.
        publication.commit(|name| [BASES, INSTANCE].iter().any(|of| name.starts_with(of)))?;
        Ok((report, added))
    }

    /// How the memory is shared out.
    pub fn memory(&self) -> Memory {
        let Options { memory, threads, .. } = self.index.options;
        Memory::share(self.index.experiment(), *memory, *threads)
    }

    fn threads(&self) -> Box<dyn Executor + '_> {
        threads::executor(&self.index, &self.counters, self.memory())
    }

    fn tune(&self, executor: &dyn Executor) -> Result<SweepResult> {
        Ok(tune(self.index.experiment(), executor, self.index.observer)?.finish())
    }

    /// What would run, as far as the finished results tell, and what is done already.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plan(&self) -> Result<Plan> {
        let experiment = self.index.experiment();
        let survey = Survey::new(&self.index, self.memory());
        let tuning = tune(experiment, &survey, self.index.observer)?;
        if tuning.open.is_some() {
            return Ok(survey.finish(tuning.state.as_ref()));
        }
        for (stage, round) in self.after_sweep(&tuning.finish().rates) {
            survey.execute(stage, &round, &mut |_, _| {})?;
        }
        Ok(survey.finish(None))
    }

    /// The rounds that come after a sweep.
    fn after_sweep(&self, rates: &[RateRow]) -> Vec<(Stage, Round)> {
        let experiment = self.index.experiment();
        let mut rounds = vec![(Stage::Curves, tables::round(experiment, rates))];
        let timed = experiment.training().filter(|study| study.timed);
        rounds.extend(timed.map(|study| (Stage::Timing, timed::round(experiment, study, rates))));
        rounds
    }

    /// The keys of the tasks that the tables are made of; `None` where some of these are missing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn used(&self) -> Result<Option<HashSet<String>>> {
        let used = Used::new(&self.index);
        let tuning = tune(self.index.experiment(), &used, self.index.observer)?;
        if tuning.open.is_some() {
            return Ok(None);
        }
        for (stage, round) in self.after_sweep(&tuning.finish().rates) {
            if !used.execute(stage, &round, &mut |_, _| {})?.missing.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(used.finish()))
    }

    /// Finds the first round of which tasks are missing. Those that are given up count as failed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_round(&self, given_up: &HashSet<String>) -> Result<Next> {
        let elsewhere = Elsewhere { index: &self.index, given_up };
        let mut tuning = tune(self.index.experiment(), &elsewhere, self.index.observer)?;
        let open = |round: &Round, missing: &[usize], failures| Next::Round {
            name: round.name,
            tasks: PlannedTask::of(&self.index, round),
            missing: missing.iter().map(|&index| self.index.key(&round.tasks[index])).collect(),
            failures,
        };
        if let Some((round, missing)) = tuning.open.take() {
            return Ok(open(&round, &missing, tuning.finish().failures));
        }
        let SweepResult { rates, mut failures, .. } = tuning.finish();
        for (stage, round) in self.after_sweep(&rates) {
            let left = elsewhere.execute(stage, &round, &mut |_, _| {})?;
            failures.extend(left.failures);
            if !left.missing.is_empty() {
                return Ok(open(&round, &left.missing, failures));
            }
        }
        Ok(Next::Nothing)
    }

    /// Does planned tasks that are not done yet.
    ///
    /// # Errors
    /// [`crate::Error::Incompatible`] when a task is not one of this experiment; otherwise as for
    /// [`Run::sweep`].
    pub fn perform(&self, planned: &[PlannedTask]) -> Result<Vec<Failure>> {
        let tasks = planned.iter().map(|planned| planned.task(&self.index));
        let round = Round { name: "plan", tasks: tasks.collect::<Result<_>>()? };
        Ok(self.threads().execute(Stage::Sweep, &round, &mut |_, _| {})?.failures)
    }

    /// Tells how many tasks were done by this run, and how many were cached.
    pub fn finish(&self) {
        let [done, cached] =
            [&self.counters.done, &self.counters.cached].map(|count| count.load(Ordering::Relaxed));
        self.index.observer.event(&Event::Finished { done, cached });
    }

    /// The experiment and its tables.
    fn stage(&self, tables: &[Stream<'_>]) -> Result<Publication<'_>> {
        let mut publication = self.index.store.stage()?;
        publication.write(EXPERIMENT, self.index.document().as_bytes())?;
        for table in tables {
            publication.write_table(table)?;
        }
        Ok(publication)
    }
}
