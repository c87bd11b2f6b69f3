//! `egop-run` on a study: its points one after the other, in one results folder.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::cli::args::{ExperimentArgs, RunArgs};
use crate::cli::outcome::{Abort, Status, print};
use crate::cli::provenance::Provenance;
use crate::cli::publishing::{self, Drawn};
use crate::cli::reporters::Reporters;
use crate::cli::session::{Session, folder, open_store, overlay};
use crate::cli::{figures, text};
use crate::config::{self, DEFAULT_PROFILE, Resolved, Source};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, with_profile};
use crate::figure;
use crate::record::StudyRow;
use crate::run::{Failure, Next, Plan, PlannedTask, Run, Silent, Warning};
use crate::store::{EXPERIMENT, Identity, PROVENANCE, Publication, REPORT, Store, Stream, TABLES};
use crate::study::{Point, Study, rows};
use crate::summary::{PointPlan, StudyDryRun, StudySummary};

/// A checked study with all its points.
pub(super) struct StudySession<'a> {
    arguments: &'a ExperimentArgs,
    study: Study,
    /// Its resolved config.
    settings: toml::Table,
    /// It as a document.
    pub document: String,
    pub folder: PathBuf,
    identity: Identity,
    points: Vec<(Point, Session<'a>)>,
    pub reporters: Reporters,
}

/// The tasks that are given up of those that other machines do, if they do.
type Elsewhere<'a> = Option<&'a HashSet<String>>;

/// What `--json` prints.
#[derive(Serialize)]
struct Found<'a> {
    study: &'a [StudyRow],
    failures: &'a [PointFailure],
    name: &'a str,
    results: String,
}

/// A task of a point that failed.
#[derive(Serialize)]
struct PointFailure {
    point: String,
    #[serde(flatten)]
    failure: Failure,
}

/// Refuses what would be refused before any work.
pub(super) fn check(arguments: &RunArgs, source: &Source) -> Result<()> {
    let session = StudySession::open(&arguments.experiment, source)?;
    if arguments.experiment.dry_run { Ok(()) } else { session.check() }
}

/// What there is to do at each point of a study.
pub(super) fn plans(arguments: &ExperimentArgs, source: &Source) -> Result<Vec<Plan>> {
    let session = StudySession::open(arguments, source)?;
    session.look(|run| run.plan())
}

/// The tasks that the tables of a study's points are made of; `None` where some of them are missing.
pub(super) fn used(arguments: &ExperimentArgs, source: &Source) -> Result<Option<HashSet<String>>> {
    let session = StudySession::open(arguments, source)?;
    let used: Option<Vec<_>> = session.look(|run| run.used())?.into_iter().collect();
    Ok(used.map(|used| used.into_iter().flatten().collect()))
}

/// Runs a study.
pub(super) fn run(arguments: &RunArgs, source: &Source) -> Result<Status, Abort> {
    if arguments.save_basis {
        let message = "--save-basis: a study writes no changes of variables; run a point of it";
        return Err(Error::Usage(message.into()).into());
    }
    if arguments.save_instance.is_some() {
        let message = "--save-instance: a study has no trials of its own; run a point of it";
        return Err(Error::Usage(message.into()).into());
    }
    let session = StudySession::open(&arguments.experiment, source)?;
    if arguments.experiment.dry_run {
        return session.dry_run();
    }
    session.run(None, arguments.strict)
}

impl<'a> StudySession<'a> {
    /// Reads the study and all its points, and finds their data; writes nothing.
    pub fn open(arguments: &'a ExperimentArgs, source: &Source) -> Result<Self> {
        let Resolved { value: mut study, table: mut settings, .. } =
            config::read(source, &overlay(arguments), Study::read)?;
        let profile = arguments.profile.as_deref().filter(|&name| name != DEFAULT_PROFILE);
        if let Some(profile) = profile {
            study.heading.profile = Some(profile.to_owned());
            settings = with_profile(settings, profile);
        }
        let folder = folder(arguments, &study.heading.name, study.heading.profile.as_deref());
        let reporters = Reporters::new(arguments.quiet);
        let points = study.points(source.name())?;
        let store = Store::peek(&folder);
        let session = |(point, read): (Point, Resolved<Experiment>)| {
            let place = store.inner(&point.folder()).root().to_path_buf();
            let reporters = Arc::new(reporters.at_point(point.words()));
            Ok((point, Session::of(arguments, read, place, reporters)?))
        };
        let sessions = points.all.into_iter().map(session);
        let sessions: Vec<(Point, Session<'_>)> = sessions.collect::<Result<_>>()?;
        let data = sessions.iter().flat_map(|(point, session)| {
            let folder = point.folder();
            session.data().map(move |(name, sum)| (format!("{folder}: {name}"), sum))
        });
        let identity = Identity::new(&points.identity, data);
        let document =
            toml::to_string(&settings).expect("what was read from TOML can be written as TOML");
        let points = sessions;
        Ok(Self { arguments, study, settings, document, folder, identity, points, reporters })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.study.heading.name
    }

    /// Does all points, or takes what other machines have done of them, and says what was found.
    /// `strict`: claims that are not reproduced count as something that is missing.
    pub fn run(&self, elsewhere: Elsewhere<'_>, strict: bool) -> Result<Status, Abort> {
        self.check_memory()?;
        let store = self.store()?;
        let (_, first) = &self.points[0];
        self.reporters.begin(&store, first.threads()?, &self.document)?;
        let result = self.work(&store, elsewhere);
        self.reporters.end(&result);
        let (all, failures, drawn) = result?;
        if !self.arguments.json && !self.arguments.quiet {
            print(&text::study(&StudySummary::all(&all)))?;
            let files = drawn.files.iter().map(String::as_str);
            print(&figures::written(&self.folder, files, &[REPORT]))?;
        }
        let refuted = all.iter().any(|row| !row.verdict.is_empty() && row.verdict != "reproduced");
        let incomplete = !drawn.missing.is_empty() || strict && refuted;
        let status = self.status(failures.len(), incomplete);
        if self.arguments.json {
            let results = self.folder.display().to_string();
            let found = Found { study: &all, failures: &failures, name: self.name(), results };
            print(&text::json(&self.reporters.document(found)))?;
        }
        Ok(status)
    }

    /// Sums up failed tasks; `incomplete`: something else is missing.
    pub fn status(&self, failed: usize, incomplete: bool) -> Status {
        if failed > 0 {
            self.reporters.warn(Warning::FailedTasks { number: failed });
        }
        if failed == 0 && !incomplete { Status::Done } else { Status::Partial }
    }

    /// Refuses a results folder that holds something else.
    pub fn check_bound(&self) -> Result<()> {
        Store::peek(&self.folder).check_bound(&self.identity)
    }

    /// The first rounds of all points of which tasks are missing, as one: what several points share
    /// is planned once.
    pub fn next(&self, given_up: &HashSet<String>) -> Result<Next> {
        let (mut names, mut known) = (Vec::new(), HashSet::new());
        let (mut tasks, mut missing, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        let next = self.look(|run| run.next_round(given_up))?;
        for ((point, _), next) in self.points.iter().zip(next) {
            let Next::Round { name, tasks: of_point, missing: left, failures: failed } = next
            else {
                continue;
            };
            names.push(name);
            failures.extend(failed);
            missing.extend(left);
            let planned = of_point.into_iter().filter(|task| known.insert(task.key.clone()));
            tasks.extend(planned.map(|task| task.at_point(point.folder())));
        }
        names.dedup();
        Ok(match *names {
            [] => Next::Nothing,
            [name] => Next::Round { name, tasks, missing, failures },
            _ => Next::Round { name: "rounds of several points", tasks, missing, failures },
        })
    }

    /// Does planned tasks that are not done yet, point by point.
    pub fn perform(&self, tasks: &[PlannedTask]) -> Result<Vec<Failure>, Abort> {
        self.check_memory()?;
        let store = self.store()?;
        let mut failures = Vec::new();
        for (point, session) in &self.points {
            let folder = point.folder();
            let here = tasks.iter().filter(|task| task.point.as_deref() == Some(&*folder));
            let here: Vec<PlannedTask> = here.cloned().collect();
            if !here.is_empty() {
                let inner = store.within(&folder)?;
                failures.extend(session.work_in(&inner, |run, _| run.perform(&here))?);
            }
        }
        Ok(failures)
    }

    /// Refuses what has no room, and a results folder that holds what is not ours.
    fn check(&self) -> Result<()> {
        self.check_memory()?;
        self.check_store()
    }

    /// Refuses what has no room on this machine.
    fn check_memory(&self) -> Result<()> {
        self.points.iter().try_for_each(|(_, session)| session.check_memory())
    }

    /// Refuses a results folder that holds what is not ours.
    pub fn check_store(&self) -> Result<()> {
        let there = Store::peek(&self.folder);
        let own = |name: &str| name.to_owned();
        let tables = || TABLES.iter().copied().chain([EXPERIMENT, PROVENANCE, REPORT]).map(own);
        let figures = figure::outputs(&self.study.figures);
        there.check_outputs(&tables().chain(figures).collect::<Vec<_>>())?;
        let planned = self.points.iter().map(|(point, _)| point.folder());
        for name in planned.chain(there.inner_names()?) {
            there.inner(&name).check_outputs(&tables().collect::<Vec<_>>())?;
        }
        there.check_log()?;
        if self.arguments.replace { Ok(()) } else { there.check_bound(&self.identity) }
    }

    /// Opens the results folder. What cannot be worked on there is refused before.
    pub fn store(&self) -> Result<Store> {
        self.check_store()?;
        let store = open_store(self.arguments, &self.folder, &self.identity)?;
        if self.arguments.force {
            store.clear()?;
        }
        Ok(store)
    }

    /// Does all points, and publishes what they come to.
    fn work(
        &self,
        store: &Store,
        elsewhere: Elsewhere<'_>,
    ) -> Result<(Vec<StudyRow>, Vec<PointFailure>, Drawn), Abort> {
        let provenance = self.provenance()?;
        let (mut all, mut failures) = (Vec::new(), Vec::new());
        for (index, (point, inner)) in self.points.iter().enumerate() {
            let number = format!("point {} of {}", index + 1, self.points.len());
            self.reporters.progress(&format!("{number}: {}", point.words()));
            let folder = store.within(&point.folder())?;
            let (report, ()) = inner.work_in(&folder, |run, provenance| {
                let more = |publication: &mut Publication<'_>| {
                    if publication
                        .keep([PROVENANCE], |publication| provenance.stays(publication))?
                    {
                        return Ok(());
                    }
                    publication.write(PROVENANCE, &provenance.end())
                };
                match elsewhere {
                    Some(given_up) => run.collect(given_up, more),
                    None => run.all(more),
                }
            })?;
            all.extend(rows(&self.study, point, &inner.experiment, &report));
            let words = point.words();
            let failed = |failure| PointFailure { point: words.clone(), failure };
            failures.extend(report.failures.into_iter().map(failed));
        }
        let drawn = self.publish(store, &all, &provenance)?;
        Ok((all, failures, drawn))
    }

    fn provenance(&self) -> Result<Provenance> {
        let (_, first) = &self.points[0];
        let threads = first.threads()?;
        let data = first.data().collect();
        Ok(Provenance::begin(first.experiment.seed, threads, data, &self.document))
    }

    /// Publishes the study's own table, figures and report, and removes what earlier points left.
    fn publish(&self, store: &Store, rows: &[StudyRow], provenance: &Provenance) -> Result<Drawn> {
        let mut publication = store.stage()?;
        publication.write(EXPERIMENT, self.document.as_bytes())?;
        publication.write_table(&Stream::of(rows))?;
        let Study { heading, figures, .. } = &self.study;
        let (settings, facts) = (&self.settings, self.study.facts());
        let drawn =
            publishing::add(&mut publication, heading, settings, figures, facts, provenance)?;
        publication.commit(|_| false)?;
        let names: Vec<String> = self.points.iter().map(|(point, _)| point.folder()).collect();
        store.remove_inner(|name| names.iter().any(|one| one == name))?;
        for (figure, why) in &drawn.missing {
            let (figure, problem) = (figure.clone(), why.to_string());
            self.reporters.warn(Warning::FigureMissing { figure, problem });
        }
        Ok(drawn)
    }

    /// Looks at what the results folder holds of each point.
    fn look<T>(&self, look: impl Fn(&Run<'_>) -> Result<T>) -> Result<Vec<T>> {
        let store = Store::peek(&self.folder);
        store.check_bound(&self.identity)?;
        let one = |(point, session): &(Point, Session<'_>)| {
            session.look_in(&store.inner(&point.folder()), &Silent::default(), &look)
        };
        self.points.iter().map(one).collect()
    }

    /// What would run.
    fn dry_run(&self) -> Result<Status, Abort> {
        let store = Store::peek(&self.folder);
        if !self.arguments.replace {
            store.check_bound(&self.identity)?;
        }
        let mut points = Vec::new();
        for (point, session) in &self.points {
            session.check_memory()?;
            let inner = store.inner(&point.folder());
            let look = |run: &Run<'_>| Ok((run.plan()?, run.memory()));
            let (plan, memory) = session.look_in(&inner, &*session.reporters, look)?;
            points.push(PointPlan { point: point.words(), plan, memory });
        }
        let heading = &self.study.heading;
        let dry_run = StudyDryRun::new(&heading.name, &heading.title, &self.folder, points);
        print(&if self.arguments.json {
            text::json(&self.reporters.document(dry_run))
        } else {
            text::study_plan(&dry_run)
        })?;
        Ok(Status::Done)
    }
}
