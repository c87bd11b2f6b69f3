//! What egop-run and egop-sweep do before any work: everything that can be refused is refused here.

use std::fs;
use std::num::NonZero;
use std::path::PathBuf;

use bytesize::ByteSize;

use crate::cli::args::ExperimentArgs;
use crate::cli::console::Console;
use crate::cli::provenance::Provenance;
use crate::cli::{Failure, Status, listing, print, text};
use crate::config::{self, ConfigErrors, DEFAULT_PROFILE, Overlay, Source};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::figure;
use crate::input::{corrupt, words};
use crate::objective::Context;
use crate::rng::Streams;
use crate::run::{self, Data, Observer, Options, Run};
use crate::store::{EXPERIMENT, Identity, PROVENANCE, Store, TABLES};

/// Where results folders are, unless asked otherwise.
const RESULTS: &str = "results";

/// A checked experiment with its results folder's place.
pub(super) struct Session<'a> {
    pub arguments: &'a ExperimentArgs,
    pub experiment: Experiment,
    pub resolved: toml::Table,
    /// What of it results depend on.
    identity: toml::Table,
    pub folder: PathBuf,
    pub console: Console,
    /// Whether changes of variables are written.
    pub save_basis: bool,
    data: Data,
}

/// The config as a program reads it: used by the tests of the shipped configs as well.
///
/// # Errors
/// All problems of the config.
pub fn load(
    path: &std::path::Path,
    overlay: &Overlay,
) -> Result<config::Resolved<Experiment>, ConfigErrors> {
    let mut read = config::read(&Source::open(path)?, overlay, Experiment::read)?;
    // What was stored under a profile stays so, whatever it is read as afterwards.
    if let Some(profile) = overlay.profile.as_deref().filter(|&name| name != DEFAULT_PROFILE) {
        read.value.profile = Some(profile.to_owned());
        let key = ("profile".to_owned(), profile.into());
        read.table = std::iter::once(key).chain(read.table).collect();
    }
    Ok(read)
}

impl<'a> Session<'a> {
    /// Reads the config and finds the data; writes nothing.
    pub fn open(arguments: &'a ExperimentArgs, path: &std::path::Path) -> Result<Self> {
        if let Some(folder) = arguments.data_dir.as_deref().filter(|folder| !folder.is_dir()) {
            let message = format!("--data-dir {}: there is no such folder", folder.display());
            return Err(Error::Usage(message));
        }
        let overlay =
            Overlay { profile: arguments.profile.clone(), overrides: arguments.set.clone() };
        let config::Resolved { value: experiment, table: resolved, identity } =
            load(path, &overlay)?;
        let context = Context {
            streams: Streams::new(experiment.seed, 0),
            data_dir: arguments.data_dir.clone(),
        };
        let data = Data::of(&experiment, &context)?;
        let folder = arguments.out.clone().unwrap_or_else(|| {
            let profile = experiment.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
            let suffix = if profile == DEFAULT_PROFILE { "" } else { "-" };
            let name = if suffix.is_empty() { "" } else { profile };
            PathBuf::from(RESULTS).join(format!("{}{suffix}{name}", experiment.name))
        });
        let console = Console::new(arguments.quiet);
        Ok(Self {
            arguments,
            experiment,
            resolved,
            identity,
            folder,
            console,
            save_basis: false,
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
            threads: threads(self.arguments.threads)?,
        })
    }

    /// Refuses an experiment of which a single trial takes more memory than there is: asking the
    /// operating system for it would end the program.
    fn check_memory(&self) -> Result<()> {
        let needed = self.look(|run| Ok(run.memory()))?.per_trial;
        let asked = self.arguments.memory.map_or(0, |memory| memory.as_u64());
        let there = run::of_this_machine().max(asked);
        if needed <= there {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "a trial takes about {:#} of memory, and there are {:#}: choose smaller sizes, or state \
             with --memory that there is more",
            ByteSize(needed).display().si(),
            ByteSize(there).display().si(),
        )))
    }

    fn identity(&self) -> Identity {
        Identity::new(&self.identity, self.data.named())
    }

    /// Refuses a results folder that cannot be opened, or holds what is not ours; changes nothing
    /// there but that it finishes a publication that was cut short.
    pub fn check_store(&self) -> Result<()> {
        let there = Store::peek(&self.folder);
        there.finish_publication()?;
        let tables = TABLES.iter().map(|&name| name.to_owned());
        let others = [EXPERIMENT, PROVENANCE].map(str::to_owned);
        let bases = self.save_basis.then(|| run::basis_outputs(&self.experiment));
        let figures = figure::outputs(&self.experiment);
        let outputs = tables.chain(others).chain(figures).chain(bases.into_iter().flatten());
        there.check_outputs(outputs)?;
        if self.arguments.replace { Ok(()) } else { there.check_bound(&self.identity()) }
    }

    /// Opens the results folder. What it holds and is not ours is refused before any work.
    pub fn store(&self) -> Result<Store> {
        self.check_store()?;
        if self.arguments.out.is_none() {
            fs::create_dir_all(RESULTS).map_err(Error::io(RESULTS))?;
        }
        if let Some(parent) = self.folder.parent().filter(|path| !path.as_os_str().is_empty())
            && !parent.exists()
        {
            let message = format!("cannot be made: there is no folder {}", parent.display());
            return Err(corrupt(&self.folder, message));
        }
        let open = if self.arguments.replace { Store::replace } else { Store::open };
        open(&self.folder, &self.identity())
    }

    /// Refuses a results folder that holds another experiment.
    pub fn check_bound(&self) -> Result<()> {
        Store::peek(&self.folder).check_bound(&self.identity())
    }

    /// Opens the results folder and works in it on as many threads as asked for.
    pub fn work<T: Send>(
        &self,
        work: impl FnOnce(&Run<'_>, &Provenance) -> Result<T> + Send,
    ) -> Result<T, Failure> {
        let options = self.options()?;
        self.check_memory()?;
        let store = self.store()?;
        if self.arguments.force {
            store.clear()?;
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .build()
            .map_err(|error| Error::io("threads")(std::io::Error::other(error)))?;
        let provenance =
            Provenance::begin(self.experiment.seed, options.threads, self.data.named());
        let run = self.run(&store, &options);
        let result = pool.install(|| work(&run, &provenance));
        self.console.finish();
        let (done, found) = run.tally();
        if done + found > 0 {
            self.console.note(&format!("tasks: {done} done, {found} cached"));
        }
        Ok(result?)
    }

    /// Looks at what the results folder holds, writing nothing there.
    pub fn look<T>(&self, look: impl FnOnce(&Run<'_>) -> Result<T>) -> Result<T> {
        let options = self.options()?;
        let store = Store::peek(&self.folder);
        if !self.arguments.replace {
            store.check_bound(&self.identity())?;
        }
        look(&self.run(&store, &options))
    }

    fn run<'b>(&'b self, store: &'b Store, options: &'b Options) -> Run<'b> {
        let Self { experiment, resolved, identity, console, .. } = self;
        Run::new(experiment, resolved, identity, store, options, console)
    }

    /// The resolved config as a document.
    pub fn document(&self) -> String {
        toml::to_string(&self.resolved).expect("what was read from TOML can be written as TOML")
    }

    /// What would run.
    pub fn dry_run(&self) -> Result<Status, Failure> {
        let (plan, memory) = self.look(|run| Ok((run.plan()?, run.memory())))?;
        print(&if self.arguments.json {
            text::json(&text::DryRun::new(&self.experiment, &self.folder, &plan, memory))
        } else {
            text::plan(&self.experiment, &self.folder, &plan, memory)
        })?;
        Ok(Status::Done)
    }
}

/// As many threads as asked for; otherwise as Slurm gives this job, or one for each processor.
fn threads(asked: Option<u16>) -> Result<usize> {
    if let Some(threads) = asked {
        return Ok(threads.into());
    }
    let most = 1..=u64::from(u16::MAX);
    let slurm = words::variable("SLURM_CPUS_PER_TASK", most, "--threads N")?;
    let slurm = slurm.and_then(|threads| usize::try_from(threads).ok());
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    Ok(slurm.unwrap_or_else(processors))
}

/// As many bytes as asked for; otherwise as Slurm gives this job (it counts in MiB; 0: all), or as
/// this machine has.
fn memory(asked: Option<ByteSize>) -> Result<u64> {
    if let Some(memory) = asked {
        return Ok(memory.as_u64());
    }
    let most = 0..=u64::MAX >> 20;
    let slurm = words::variable("SLURM_MEM_PER_NODE", most, "--memory SIZE")?;
    let slurm = slurm.filter(|&mebibytes| mebibytes > 0);
    Ok(slurm.map_or_else(run::of_this_machine, |mebibytes| mebibytes << 20))
}

/// The path of the config, after `--list` has had its way.
pub(super) fn config_or_list(arguments: &ExperimentArgs) -> Result<Option<PathBuf>, Failure> {
    if arguments.list {
        print(&listing::listing())?;
        return Ok(None);
    }
    Ok(arguments.config.clone())
}
