//! Running an experiment: plan → tasks → records → selection → tables.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crate::error::Result;
use crate::experiment::{Experiment, Precision};
use crate::record::{ClaimRow, MeasureRow, RateRow, TheoryRow};
use crate::store::{BASES, EXPERIMENT, Publication, Store, Stream, Table};

mod bases;
mod cost;
mod distributed;
mod identity;
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

pub use bases::{SavedBases, basis_outputs};
pub use distributed::{Next, PlannedTask, Rates};
pub use identity::Data;
pub use memory::{Memory, of_this_machine};
pub use observer::{Observer, Silent, Stage};
pub use pass::Failure;
pub use plan::{Between, PassPlan, Plan};
pub use sweep::Swept;

use crate::claim::Records;
use ledger::Ledger;
use pass::{Passes, Runner, Tally};
use plan::Planner;
use sweep::Sweep;

/// How to run, apart from what.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the user keeps data sets, if not at the usual places.
    pub data_dir: Option<PathBuf>,
    /// Checksums of the data used: part of the identity of every task.
    pub data: Data,
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
    identity: &'a toml::Table,
    store: &'a Store,
    options: &'a Options,
    observer: &'a dyn Observer,
    tally: Tally,
}

impl<'a> Run<'a> {
    /// Binds an experiment (with its resolved config, and what of it results depend on) to a results
    /// folder.
    pub fn new(
        experiment: &'a Experiment,
        resolved: &'a toml::Table,
        identity: &'a toml::Table,
        store: &'a Store,
        options: &'a Options,
        observer: &'a dyn Observer,
    ) -> Self {
        Self { experiment, resolved, identity, store, options, observer, tally: Tally::default() }
    }

    /// Tunes the learning rates, with what is finished already taken from the store, and publishes
    /// `learning_rates.csv` and `runs.csv`, with what `more` adds.
    ///
    /// # Errors
    /// On interruption, when too many tasks fail, and when the store cannot be read or written.
    pub fn sweep(&self, more: impl FnOnce(&mut Publication<'_>) -> Result<()>) -> Result<Swept> {
        let swept = self.tune(&*self.passes())?;
        self.publish_sweep(&swept, more)?;
        Ok(swept)
    }

    /// Publishes a sweep, in the place of all that was published; nothing is done if it is
    /// published already, perhaps with more.
    ///
    /// # Errors
    /// When files cannot be written.
    pub fn publish_sweep(
        &self,
        swept: &Swept,
        more: impl FnOnce(&mut Publication<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut publication = self.stage(&swept.tables())?;
        if publication.is_published(RateRow::FILE)? {
            return Ok(());
        }
        more(&mut publication)?;
        publication.commit(|_| false)
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
        let passes = self.passes();
        let mut swept = self.tune(&*passes)?;
        let mut finals = tables::selected(&*passes, self.experiment, &mut swept)?;
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
        let mut publication = self.stage(&tables)?;
        drop(tables);
        let measures = std::mem::take(&mut finals.measures);
        drop(finals);
        let report =
            Report { rates: swept.rates, theory, measures, claims, failures: swept.failures };
        let added = more(&mut publication)?;
        // Changes of variables are those of the same experiment.
        publication.commit(|name| name.starts_with(BASES))?;
        Ok((report, added))
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
        let mut planner = Planner::new(self.experiment, self.memory());
        let mut sweep = Sweep::new(self.experiment, self.observer);
        while let Some(pass) = sweep.next() {
            let found = ledger.look(&pass.tasks)?;
            planner.add(&pass, &found);
            if found.iter().any(Option::is_none) {
                return Ok(planner.finish(Some(&sweep)));
            }
            found.into_iter().flatten().for_each(|found| sweep.take(found.rows));
            sweep.end(Vec::new());
        }
        let pass = tables::pass(self.experiment, &sweep.finish().rates);
        planner.add(&pass, &ledger.look(&pass.tasks)?);
        Ok(planner.finish(None))
    }

    /// How many tasks were done by this run, and how many were cached.
    pub fn tally(&self) -> (usize, usize) {
        (self.tally.done.load(Ordering::Relaxed), self.tally.found.load(Ordering::Relaxed))
    }

    /// The experiment and its tables.
    fn stage(&self, tables: &[Stream<'_>]) -> Result<Publication<'_>> {
        let document = toml::to_string(self.resolved)
            .expect("a document that was read from TOML can be written as TOML");
        let mut publication = self.store.stage()?;
        publication.write(EXPERIMENT, document.as_bytes())?;
        for table in tables {
            publication.write_table(table)?;
        }
        Ok(publication)
    }
}
