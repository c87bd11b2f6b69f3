//! What egop-run and egop-sweep do before any work: everything that can be refused is refused here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::args::ExperimentArgs;
use crate::cli::outcome::{Abort, Status, print};
use crate::cli::provenance::Provenance;
use crate::cli::reporters::Reporters;
use crate::cli::resources::{memory, threads};
use crate::cli::{listing, text};
use crate::config::{self, ConfigErrors, DEFAULT_PROFILE, Overlay, Source};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::figure;
use crate::input::corrupt;
use crate::objective::Context;
use crate::rng::Streams;
use crate::run::{self, Data, Dependencies, Memory, Observer, Options, Run, Subject, Warning};
use crate::store::{EXPERIMENT, Identity, PROVENANCE, REPORT, Store, TABLES};
use crate::study;
use crate::summary::DryRun;

/// Where results folders are, unless asked otherwise.
pub(super) const RESULTS: &str = "results";

/// A checked experiment with its results folder's place.
pub(super) struct Session<'a> {
    pub arguments: &'a ExperimentArgs,
    pub experiment: Experiment,
    /// Its resolved config.
    pub settings: toml::Table,
    /// It as a document.
    pub document: String,
    /// What of it results depend on.
    identity: toml::Table,
    pub folder: PathBuf,
    pub reporters: Arc<Reporters>,
    /// Whether changes of variables are written.
    pub save_basis: bool,
    /// The trial whose instance is written, if one is.
    pub save_instance: Option<usize>,
    data: Data,
}

/// The config as a program reads it.
///
/// # Errors
/// All problems of the config.
fn load(source: &Source, overlay: &Overlay) -> Result<config::Resolved<Experiment>, ConfigErrors> {
    let read = config::read(source, overlay, Experiment::read)?;
    Ok(match overlay.profile.as_deref().filter(|&name| name != DEFAULT_PROFILE) {
        Some(profile) => Experiment::under_profile(read, profile),
        None => read,
    })
}

/// What the command line lays over a config.
pub(super) fn overlay(arguments: &ExperimentArgs) -> Overlay {
    Overlay { profile: arguments.profile.clone(), overrides: arguments.set.clone() }
}

/// The results folder that is asked for, or the one of this name and profile.
pub(super) fn folder(arguments: &ExperimentArgs, name: &str, profile: Option<&str>) -> PathBuf {
    let usual = || Path::new(RESULTS).join(folder_name(name, profile));
    arguments.out.clone().unwrap_or_else(usual)
}

/// What the results folder of this name and profile is called.
pub(super) fn folder_name(name: &str, profile: Option<&str>) -> String {
    match profile.filter(|&one| one != DEFAULT_PROFILE) {
        Some(profile) => format!("{name}-{profile}"),
        None => name.to_owned(),
    }
}

/// Opens a results folder, with another experiment's results or without.
pub(super) fn open_store(
    arguments: &ExperimentArgs,
    folder: &Path,
    identity: &Identity,
) -> Result<Store> {
    if arguments.out.is_none() {
        fs::create_dir_all(RESULTS).map_err(Error::io(RESULTS))?;
    }
    if let Some(parent) = folder.parent().filter(|path| !path.as_os_str().is_empty())
        && !parent.exists()
    {
        let message = format!("cannot be made: there is no folder {}", parent.display());
        return Err(corrupt(folder, message));
    }
    let open = if arguments.replace { Store::replace } else { Store::open };
    open(folder, identity)
}

impl<'a> Session<'a> {
    /// Reads the config and finds the data; writes nothing.
    pub fn open(arguments: &'a ExperimentArgs, source: &Source) -> Result<Self> {
        if source.has(study::TABLE) {
            let message = format!("{} is a study: egop-run runs it", source.name());
            return Err(Error::Usage(message));
        }
        Self::of_experiment(arguments, source)
    }

    /// The same of a config that is an experiment.
    pub fn of_experiment(arguments: &'a ExperimentArgs, source: &Source) -> Result<Self> {
        let read = load(source, &overlay(arguments))?;
        let Experiment { name, profile, .. } = &read.value;
        let folder = folder(arguments, name, profile.as_deref());
        Self::of(arguments, read, folder, Arc::new(Reporters::new(arguments.quiet)))
    }

    /// Finds the data of an experiment that was read; writes nothing.
    pub fn of(
        arguments: &'a ExperimentArgs,
        read: config::Resolved<Experiment>,
        folder: PathBuf,
        reporters: Arc<Reporters>,
    ) -> Result<Self> {
        if let Some(folder) = arguments.data_dir.as_deref().filter(|folder| !folder.is_dir()) {
            let message = format!("--data-dir {}: there is no such folder", folder.display());
            return Err(Error::Usage(message));
        }
        let config::Resolved { value: experiment, table: settings, identity } = read;
        let context = Context {
            streams: Streams::new(experiment.seed, 0),
            data_dir: arguments.data_dir.clone(),
        };
        let data = Data::of(&experiment, &context)?;
        let document =
            toml::to_string(&settings).expect("what was read from TOML can be written as TOML");
        Ok(Self {
            arguments,
            experiment,
            settings,
            document,
            identity,
            folder,
            reporters,
            save_basis: false,
            save_instance: None,
            data,
        })
    }

    fn options(&self) -> Result<Options> {
        Ok(Options {
            data_dir: self.arguments.data_dir.clone(),
            data: self.data.clone(),
            max_failures: match (self.arguments.fail_fast, self.arguments.max_failures) {
                (true, _) => Some(1),
                (false, most) => most.map(|most| most as usize),
            },
            memory: memory(self.arguments.memory)?,
            threads: self.threads()?,
        })
    }

    /// Refuses an experiment of which a single trial takes more memory than there is: asking the
    /// operating system for it would end the program.
    pub fn check_memory(&self) -> Result<()> {
        let memory = self.sufficient_memory()?;
        self.warn_of_memory(memory);
        self.warn_of_data()
    }

    /// Says which data of the user's own nothing is done with, and which there are none of.
    fn warn_of_data(&self) -> Result<()> {
        let mut told = Vec::new();
        for system in self.experiment.systems() {
            let sets = system.objective.rows_in_sets()?.filter(|(used, rows)| used < rows);
            let unused = sets.map(|(used, rows)| Warning::UnusedRows { used, rows });
            let classes = system.objective.missing_classes()?;
            let missing = (!classes.is_empty()).then_some(Warning::MissingClasses { classes });
            for warning in unused.into_iter().chain(missing) {
                if !told.contains(&warning) {
                    self.reporters.warn(warning.clone());
                    told.push(warning);
                }
            }
        }
        Ok(())
    }

    /// The memory that it takes; as [`Session::check_memory`], but without a warning.
    fn sufficient_memory(&self) -> Result<Memory> {
        self.check_bases()?;
        refuse(run::trial_too_large(&self.experiment, self.available_memory()))?;
        self.look_in(&Store::peek(&self.folder), &*self.reporters, |run| Ok(run.memory()))
    }

    /// Refuses a change of variables that alone takes more memory than there is.
    fn check_bases(&self) -> Result<()> {
        refuse(run::too_large(&self.experiment, self.available_memory()))
    }

    /// What this machine has, or is said to have.
    fn available_memory(&self) -> u64 {
        let asked = self.arguments.memory.map_or(0, |memory| memory.as_u64());
        run::of_this_machine().max(asked)
    }

    fn warn_of_memory(&self, memory: Memory) {
        if memory.total > memory.budget {
            let (needed, allowed) = (memory.total, memory.budget);
            self.reporters.warn(Warning::Memory { needed, allowed });
        }
    }

    fn identity(&self) -> Identity {
        Identity::new(&self.identity, self.data())
    }

    /// Name and SHA-256 of each file that it reads.
    pub fn data(&self) -> impl Iterator<Item = (String, String)> {
        self.data.named().into_iter()
    }

    /// How many threads work.
    pub fn threads(&self) -> Result<usize> {
        threads(self.arguments.threads)
    }

    /// Refuses what would be refused before any work.
    pub fn check(&self) -> Result<()> {
        self.sufficient_memory()?;
        self.check_store()
    }

    /// Refuses a results folder that cannot be opened, or holds what is not ours; changes nothing
    /// there but that it finishes a publication that was cut short.
    pub fn check_store(&self) -> Result<()> {
        let there = Store::peek(&self.folder);
        let tables = TABLES.iter().map(|&name| name.to_owned());
        let others = [EXPERIMENT, PROVENANCE, REPORT].map(str::to_owned);
        let bases = self.save_basis.then(|| run::basis_outputs(&self.experiment));
        let instance = self.save_instance;
        let instance = instance.map(|trial| run::instance_outputs(&self.experiment, trial));
        let arrays = bases.into_iter().chain(instance.transpose()?).flatten();
        let figures = figure::outputs(&self.experiment.figures);
        let outputs = tables.chain(others).chain(figures).chain(arrays);
        there.check_outputs(&outputs.collect::<Vec<_>>())?;
        there.check_log()?;
        if self.arguments.replace { Ok(()) } else { there.check_bound(&self.identity()) }
    }

    /// Opens the results folder. What it holds and is not ours is refused before any work.
    pub fn store(&self) -> Result<Store> {
        self.check_store()?;
        open_store(self.arguments, &self.folder, &self.identity())
    }

    /// Refuses a results folder that holds another experiment.
    pub fn check_bound(&self) -> Result<()> {
        Store::peek(&self.folder).check_bound(&self.identity())
    }

    /// Opens the results folder and works in it on as many threads as asked for; the log there says
    /// what happens.
    pub fn work<T: Send>(
        &self,
        work: impl FnOnce(&Run<'_>, &Provenance) -> Result<T> + Send,
    ) -> Result<T, Abort> {
        self.check_memory()?;
        let store = self.store()?;
        if self.arguments.force {
            store.clear()?;
        }
        self.reporters.begin(&store, self.threads()?, &self.document)?;
        let result = self.work_in(&store, work);
        self.reporters.end(&result);
        result
    }

    /// The same in a results folder that is open.
    pub fn work_in<T: Send>(
        &self,
        store: &Store,
        work: impl FnOnce(&Run<'_>, &Provenance) -> Result<T> + Send,
    ) -> Result<T, Abort> {
        let options = self.options()?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .build()
            .map_err(|error| Error::io("threads")(std::io::Error::other(error)))?;
        let provenance = Provenance::begin(
            self.experiment.seed,
            options.threads,
            self.data.named(),
            &self.document,
        );
        let identity = Dependencies::from(&self.identity);
        let run = Run::new(self.subject(&identity), store, &options, &*self.reporters);
        let result = pool.install(|| work(&run, &provenance));
        run.finish();
        Ok(result?)
    }

    /// Looks at what the results folder holds, writing nothing there.
    pub fn look<T>(
        &self,
        observer: &dyn Observer,
        look: impl FnOnce(&Run<'_>) -> Result<T>,
    ) -> Result<T> {
        let store = Store::peek(&self.folder);
        if !self.arguments.replace {
            store.check_bound(&self.identity())?;
        }
        self.look_in(&store, observer, look)
    }

    /// The same, whatever it is bound to.
    pub fn look_in<T>(
        &self,
        store: &Store,
        observer: &dyn Observer,
        look: impl FnOnce(&Run<'_>) -> Result<T>,
    ) -> Result<T> {
        let options = self.options()?;
        let identity = Dependencies::from(&self.identity);
        look(&Run::new(self.subject(&identity), store, &options, observer))
    }

    fn subject<'b>(&'b self, identity: &'b Dependencies) -> Subject<'b> {
        Subject { experiment: &self.experiment, document: &self.document, identity }
    }

    /// Sums up failed tasks, each of which was reported when it failed; says how the program ends.
    /// `incomplete`: something else is missing.
    pub fn status(&self, failures: &[run::Failure], incomplete: bool) -> Status {
        if !failures.is_empty() {
            self.reporters.warn(Warning::FailedTasks { number: failures.len() });
        }
        if failures.is_empty() && !incomplete { Status::Done } else { Status::Partial }
    }

    /// What would run.
    pub fn dry_run(&self) -> Result<Status, Abort> {
        self.check_bases()?;
        let (plan, memory) = self.look(&*self.reporters, |run| Ok((run.plan()?, run.memory())))?;
        self.warn_of_memory(memory);
        self.warn_of_data()?;
        let dry_run = DryRun::new(&self.experiment, &self.folder, &plan, memory);
        print(&if self.arguments.json {
            text::json(&self.reporters.document(dry_run))
        } else {
            text::plan(&dry_run)
        })?;
        Ok(Status::Done)
    }
}

fn refuse(why: Option<String>) -> Result<()> {
    why.map_or(Ok(()), |why| Err(Error::Usage(why)))
}

/// The path of the config, after `--list` has had its way.
///
/// # Errors
/// [`Error::Usage`] when neither is there.
pub(super) fn config_or_list(arguments: &ExperimentArgs) -> Result<Option<PathBuf>, Abort> {
    if arguments.list {
        print(&listing::listing())?;
        return Ok(None);
    }
    let needed = || {
        let message = "an experiment is needed, by its name, such as lsq, or as a file; --list names all \
                       that come with the program, --all runs them, --help says what else can be asked for";
        Error::Usage(message.into())
    };
    Ok(Some(arguments.config.clone().ok_or_else(needed)?))
}
