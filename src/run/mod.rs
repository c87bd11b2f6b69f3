//! Running an experiment: plan → tasks → records → selection → tables.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::record::{ClaimRow, RateRow};
use crate::store::Store;

mod observer;
mod pass;
mod plan;
mod sweep;
mod tables;
mod task;

pub use observer::{Observer, Silent, Stage};
pub use pass::Failure;
pub use plan::{PassPlan, Plan};
pub use sweep::Swept;

use crate::claim::Records;
use pass::Runner;

/// How to run, apart from what.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the user keeps data sets, if not at the usual places.
    pub data_dir: Option<PathBuf>,
    /// SHA-256 of each data file used: part of the identity of every task.
    pub data: Vec<String>,
}

/// A finished run.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// The learning rates and which were selected.
    pub rates: Vec<RateRow>,
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
        Self { experiment, resolved, store, options, observer }
    }

    /// Tunes the learning rates, with what is finished already taken from the store, and writes
    /// `learning_rates.csv` and `runs.csv`.
    ///
    /// # Errors
    /// On interruption, and when the store cannot be written.
    pub fn sweep(&self) -> Result<Swept> {
        let runner = Runner::new(self);
        let swept = sweep::sweep(&runner)?;
        self.save_sweep(&swept)?;
        Ok(swept)
    }

    /// Does the sweep, then everything after: curves at the selected learning rates, spectra and
    /// verdicts. Figures are drawn from the tables by [`crate::figure`].
    ///
    /// # Errors
    /// As for [`Run::sweep`].
    pub fn all(&self) -> Result<Report> {
        let runner = Runner::new(self);
        let mut swept = sweep::sweep(&runner)?;
        let finals = tables::selected(&runner, &swept)?;
        for failure in &finals.failures {
            if !swept.failures.contains(failure) {
                swept.failures.push(failure.clone());
            }
        }
        tables::replace_runs(&mut swept.runs, &finals.runs);
        self.save_sweep(&swept)?;
        tables::save(self.store, &finals)?;
        let records =
            Records { runs: &swept.runs, rates: &swept.rates, planned: self.experiment.trials };
        let claims: Vec<_> =
            self.experiment.claims.iter().map(|claim| claim.judge(records)).collect();
        tables::save_table(self.store, &claims)?;
        Ok(Report { rates: swept.rates, claims, failures: swept.failures })
    }

    /// What would run, as far as the finished results tell, and what is done already.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plan(&self) -> Result<Plan> {
        let mut runner = Runner::new(self);
        runner.plan = Some(Mutex::default());
        let rehearsal =
            sweep::sweep(&runner).and_then(|swept| tables::selected(&runner, &swept).map(drop));
        let plan = runner.plan.take().unwrap_or_default();
        let mut plan = plan.into_inner().unwrap_or_else(PoisonError::into_inner);
        match rehearsal {
            Ok(()) => plan.complete = true,
            Err(Error::Interrupted) => {}
            Err(error) => return Err(error),
        }
        Ok(plan)
    }

    fn save_sweep(&self, swept: &Swept) -> Result<()> {
        tables::save_table(self.store, &swept.runs)?;
        tables::save_table(self.store, &swept.rates)
    }
}
