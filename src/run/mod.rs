//! Running an experiment: plan → tasks → records → selection → tables.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crate::error::Result;
use crate::experiment::{Experiment, Precision};
use crate::record::{ClaimRow, MeasureRow, RateRow, TheoryRow};
use crate::store::{Store, Stream};

mod bases;
mod distributed;
mod ledger;
mod memory;
mod observer;
mod pass;
mod plan;
mod prepared;
mod sweep;
mod tables;
mod task;
mod theory;

pub use distributed::{Next, PlannedTask, Rates};
pub use memory::{Memory, of_this_machine};
pub use observer::{Observer, Silent, Stage};
pub use pass::Failure;
pub use plan::{PassPlan, Plan};
pub use sweep::Swept;

use crate::claim::Records;
use ledger::Ledger;
use pass::{Passes, Runner, Tally};
use sweep::Sweep;

/// How to run, apart from what.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the user keeps data sets, if not at the usual places.
    pub data_dir: Option<PathBuf>,
    /// SHA-256 of each data file used: part of the identity of every task.
    pub data: Vec<String>,
    /// Begin no further task once so many have failed; `None`: go on with the others.
    pub max_failures: Option<usize>,
    /// Bytes that may be used; see [`of_this_machine`].
    pub memory: u64,
    /// Threads that the work is done on.
    pub threads: usize,
}

/// A finished run.
#[derive(Debug, serde::Serialize)]
pub struct Report {
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
    experiment: &'a Experiment,
    resolved: &'a toml::Table,
    store: &'a Store,
    options: &'a Options,
    observer: &'a dyn Observer,
    tally: Tally,
}

impl<'a> Run<'a> {
    /// Binds an experiment (and its resolved config) to a results folder.
    pub fn new(
        experiment: &'a Experiment,
        resolved: &'a toml::Table,
        store: &'a Store,
        options: &'a Options,
        observer: &'a dyn Observer,
    ) -> Self {
        Self { experiment, resolved, store, options, observer, tally: Tally::default() }
    }

    /// Tunes the learning rates, with what is finished already taken from the store, and writes
    /// `learning_rates.csv` and `runs.csv`.
    ///
    /// # Errors
    /// On interruption, when too many tasks fail, and when the store cannot be read or written.
    pub fn sweep(&self) -> Result<Swept> {
        let swept = self.tune(&*self.passes())?;
        self.publish(&swept.tables())?;
        Ok(swept)
    }

    /// Does the sweep, then everything after: curves at the selected learning rates, spectra and
    /// verdicts. Figures are drawn from the tables by [`crate::figure`].
    ///
    /// # Errors
    /// As for [`Run::sweep`].
    pub fn all(&self) -> Result<Report> {
        let passes = self.passes();
        let mut swept = self.tune(&*passes)?;
        let finals = tables::selected(&*passes, self.experiment, &mut swept)?;
        for failure in &finals.failures {
            if !swept.failures.contains(failure) {
                swept.failures.push(failure.clone());
            }
        }
        let records = Records {
            runs: &swept.runs,
            rates: &swept.rates,
            measures: &finals.measures,
            planned: self.experiment.trials,
        };
        let theory = theory::observed(&finals.theory, self.experiment, records);
        let unjudged = self.experiment.unjudged();
        let claims = self.experiment.claims.iter();
        let claims: Vec<_> = claims.map(|claim| claim.judge(records, unjudged)).collect();
        let schedule = self.experiment.training.schedule_rows();
        let mut tables = swept.tables();
        tables.extend(finals.tables());
        tables.extend([Stream::of(&theory), Stream::of(&claims), Stream::of(&schedule)]);
        self.publish(&tables)?;
        drop(tables);
        Ok(Report {
            rates: swept.rates,
            theory,
            measures: finals.measures,
            claims,
            failures: swept.failures,
        })
    }

    /// How the memory is shared out.
    pub fn memory(&self) -> Memory {
        Memory::share(self.experiment, self.options.memory, self.options.threads)
    }

    fn passes(&self) -> Box<dyn Passes + '_> {
        match self.experiment.precision {
            Precision::Double => Box::new(Runner::<f64>::new(self)),
            Precision::Single => Box::new(Runner::<f32>::new(self)),
        }
    }

    fn tune(&self, passes: &dyn Passes) -> Result<Swept> {
        let mut sweep = Sweep::new(self.experiment, self.observer);
        while let Some(pass) = sweep.next() {
            let failures =
                passes.pass(Stage::Sweep, &pass.tasks, &mut |_, rows| sweep.take(rows))?;
            sweep.end(failures);
        }
        Ok(sweep.finish())
    }

    /// What would run, as far as the finished results tell, and what is done already.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plan(&self) -> Result<Plan> {
        let ledger = Ledger::new(self);
        let mut plan = Plan::default();
        let mut sweep = Sweep::new(self.experiment, self.observer);
        while let Some(pass) = sweep.next() {
            let rows = ledger.look(&pass.tasks)?;
            let pending = rows.iter().zip(&pass.tasks).filter(|(rows, _)| rows.is_none());
            plan.add(self.experiment, &pass, pending.map(|(_, task)| task));
            if rows.contains(&None) {
                return Ok(plan);
            }
            rows.into_iter().flatten().for_each(|rows| sweep.take(rows));
            sweep.end(Vec::new());
        }
        let pass = tables::pass(self.experiment, &sweep.finish().rates);
        let rows = ledger.look(&pass.tasks)?;
        let pending = rows.iter().zip(&pass.tasks).filter(|(rows, _)| rows.is_none());
        plan.add(self.experiment, &pass, pending.map(|(_, task)| task));
        plan.complete = true;
        Ok(plan)
    }

    /// How many tasks were done by this run, and how many were found done.
    pub fn tally(&self) -> (usize, usize) {
        (self.tally.done.load(Ordering::Relaxed), self.tally.found.load(Ordering::Relaxed))
    }

    fn publish(&self, tables: &[Stream<'_>]) -> Result<()> {
        let document = toml::to_string(self.resolved)
            .expect("a document that was read from TOML can be written as TOML");
        self.store.publish(&document, tables)
    }
}
