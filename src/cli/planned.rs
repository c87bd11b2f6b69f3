//! What a plan for other machines is of: an experiment, or a study.

use std::collections::HashSet;
use std::path::Path;

use crate::cli::args::ExperimentArgs;
use crate::cli::experiment;
use crate::cli::outcome::{Abort, Status};
use crate::cli::reporters::Reporters;
use crate::cli::session::Session;
use crate::cli::study::StudySession;
use crate::config::Source;
use crate::error::Result;
use crate::run::{Event, Failure, Next, Observer, PlannedTask};
use crate::study;

/// What a plan is of.
pub(super) enum Planned<'a> {
    Experiment(Box<Session<'a>>),
    Study(Box<StudySession<'a>>),
}

impl<'a> Planned<'a> {
    /// Reads the config and finds the data; writes nothing.
    pub fn open(arguments: &'a ExperimentArgs, source: &Source) -> Result<Self> {
        Ok(if source.has(study::TABLE) {
            Self::Study(Box::new(StudySession::open(arguments, source)?))
        } else {
            Self::Experiment(Box::new(Session::of_experiment(arguments, source)?))
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Experiment(session) => &session.experiment.name,
            Self::Study(session) => session.name(),
        }
    }

    /// Its resolved config.
    pub fn document(&self) -> &str {
        match self {
            Self::Experiment(session) => &session.document,
            Self::Study(session) => &session.document,
        }
    }

    /// The results folder.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Experiment(session) => &session.folder,
            Self::Study(session) => &session.folder,
        }
    }

    /// Told what happens.
    pub fn reporters(&self) -> &Reporters {
        match self {
            Self::Experiment(session) => &session.reporters,
            Self::Study(session) => &session.reporters,
        }
    }

    /// Refuses a results folder that cannot be worked in. Whether there is room is asked where the work
    /// is done.
    pub fn check_store(&self) -> Result<()> {
        match self {
            Self::Experiment(session) => session.check_store(),
            Self::Study(session) => session.check_store(),
        }
    }

    /// Refuses a results folder that holds something else.
    pub fn check_bound(&self) -> Result<()> {
        match self {
            Self::Experiment(session) => session.check_bound(),
            Self::Study(session) => session.check_bound(),
        }
    }

    /// Makes the results folder.
    pub fn bind(&self) -> Result<()> {
        match self {
            Self::Experiment(session) => session.store().map(drop),
            Self::Study(session) => session.store().map(drop),
        }
    }

    /// The first round of which tasks are missing. Those that are given up count as failed.
    pub fn next(&self, given_up: &HashSet<String>) -> Result<Next> {
        match self {
            Self::Experiment(session) => {
                session.look(&*session.reporters, |run| run.next_round(given_up))
            }
            Self::Study(session) => session.next(given_up),
        }
    }

    /// Does planned tasks that are not done yet. Without a log: on the disks that machines share, lines
    /// of several are mixed.
    pub fn perform(&self, tasks: &[PlannedTask]) -> Result<Status, Abort> {
        let failures = match self {
            Self::Experiment(session) => {
                session.check_memory()?;
                session.work_in(&session.store()?, |run, _| run.perform(tasks))?
            }
            Self::Study(session) => session.perform(tasks)?,
        };
        Ok(self.status(&failures))
    }

    /// Publishes what other machines have done, as egop-run would, and says what was found.
    pub fn publish(&self, given_up: &HashSet<String>, quiet: bool) -> Result<Status, Abort> {
        match self {
            Self::Experiment(session) => {
                let (report, drawn) = session.work(|run, provenance| {
                    run.collect(given_up, |publication| {
                        experiment::publish(session, publication, provenance)
                    })
                })?;
                if !quiet {
                    experiment::show(session, &report, &drawn)?;
                }
                experiment::warn_of_missing(session, &drawn);
                self.tell(&report.failures);
                Ok(session.status(&report.failures, !drawn.missing.is_empty()))
            }
            Self::Study(session) => session.run(Some(given_up), false),
        }
    }

    /// Reports tasks that yielded nothing.
    pub fn tell(&self, failures: &[Failure]) {
        for failure in failures {
            self.reporters().event(&Event::Failed(failure.clone()));
        }
    }

    /// How a program ends after tasks that failed.
    pub fn status(&self, failures: &[Failure]) -> Status {
        match self {
            Self::Experiment(session) => session.status(failures, false),
            Self::Study(session) => session.status(failures.len(), false),
        }
    }
}
