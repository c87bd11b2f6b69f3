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
use crate::objective::Context;
use crate::rng::Streams;
use crate::run::{self, Observer, Options, Run};
use crate::store::{Identity, Store};

/// Where results folders are, unless asked otherwise.
const RESULTS: &str = "results";

/// A checked experiment with its results folder's place.
pub(super) struct Session<'a> {
    pub arguments: &'a ExperimentArgs,
    pub experiment: Experiment,
    pub resolved: toml::Table,
    pub folder: PathBuf,
    pub console: Console,
    data: Vec<(String, String)>,
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
        let overlay =
            Overlay { profile: arguments.profile.clone(), overrides: arguments.set.clone() };
        let config::Resolved { value: experiment, table: resolved } = load(path, &overlay)?;
        let context = Context {
            streams: Streams::new(experiment.seed, 0),
            data_dir: arguments.data_dir.clone(),
        };
        let data = experiment.data(&context)?;
        let folder = arguments.out.clone().unwrap_or_else(|| {
            let profile = experiment.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
            let suffix = if profile == DEFAULT_PROFILE { "" } else { "-" };
            let name = if suffix.is_empty() { "" } else { profile };
            PathBuf::from(RESULTS).join(format!("{}{suffix}{name}", experiment.name))
        });
        let console = Console::new(arguments.quiet)?;
        Ok(Self { arguments, experiment, resolved, folder, console, data })
    }

    fn options(&self) -> Options {
        Options {
            data_dir: self.arguments.data_dir.clone(),
            data: self.data.iter().map(|(_, sha256)| sha256.clone()).collect(),
            max_failures: match (self.arguments.fail_fast, self.arguments.max_failures) {
                (true, _) => Some(1),
                (false, most) => most.map(|most| most as usize),
            },
            memory: memory(self.arguments.memory),
            threads: threads(self.arguments.threads),
        }
    }

    /// Opens the results folder.
    pub fn store(&self) -> Result<Store> {
        if self.arguments.out.is_none() {
            fs::create_dir_all(RESULTS).map_err(Error::io(RESULTS))?;
        }
        Store::open(&self.folder, &Identity::new(self.data.clone()))
    }

    /// Opens the results folder and works in it on as many threads as asked for.
    pub fn work<T: Send>(
        &self,
        work: impl FnOnce(&Run<'_>, &Store) -> Result<T> + Send,
    ) -> Result<T, Failure> {
        let store = self.store()?;
        if self.arguments.force {
            store.clear()?;
        }
        let options = self.options();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .build()
            .map_err(|error| Error::io("threads")(std::io::Error::other(error)))?;
        let provenance =
            Provenance::begin(self.experiment.seed, options.threads, self.data.clone());
        let run = Run::new(&self.experiment, &self.resolved, &store, &options, &self.console);
        let result = pool.install(|| work(&run, &store));
        self.console.finish();
        let (done, found) = run.tally();
        if done + found > 0 {
            self.console.note(&format!("tasks: {done} done, {found} found done"));
        }
        match result {
            Ok(value) => {
                store.write("provenance.json", &provenance.end())?;
                Ok(value)
            }
            Err(Error::Interrupted) => {
                Err(Failure::Signal(self.console.signal().unwrap_or(signal_hook::consts::SIGINT)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Looks at what the results folder holds, writing nothing there.
    pub fn look<T>(&self, look: impl FnOnce(&Run<'_>) -> Result<T>) -> Result<T> {
        let options = self.options();
        let store = Store::peek(&self.folder);
        look(&Run::new(&self.experiment, &self.resolved, &store, &options, &self.console))
    }

    /// The resolved config as a document.
    pub fn document(&self) -> String {
        toml::to_string(&self.resolved).expect("what was read from TOML can be written as TOML")
    }

    /// What would run.
    pub fn dry_run(&self) -> Result<Status, Failure> {
        let (plan, memory) = self.look(|run| Ok((run.plan()?, run.memory())))?;
        print(&text::plan(&self.experiment, &self.folder, &plan, memory))?;
        Ok(Status::Done)
    }
}

/// As many threads as asked for; otherwise as Slurm gives this job, or one for each processor.
fn threads(asked: Option<u16>) -> usize {
    let slurm = || std::env::var("SLURM_CPUS_PER_TASK").ok()?.parse().ok();
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    asked.or_else(slurm).filter(|&threads| threads > 0).map_or_else(processors, usize::from)
}

/// As many bytes as asked for; otherwise as Slurm gives this job (it counts in MiB; 0: all), or as
/// this machine has.
fn memory(asked: Option<ByteSize>) -> u64 {
    let slurm = || {
        let mebibytes: u64 = std::env::var("SLURM_MEM_PER_NODE").ok()?.parse().ok()?;
        Some(ByteSize::mib(mebibytes)).filter(|_| mebibytes > 0)
    };
    asked.or_else(slurm).map_or_else(run::of_this_machine, |memory| memory.as_u64())
}

/// The path of the config, after `--list` has had its way.
pub(super) fn config_or_list(arguments: &ExperimentArgs) -> Result<Option<PathBuf>, Failure> {
    if arguments.list {
        print(&listing::listing())?;
        return Ok(None);
    }
    Ok(arguments.config.clone())
}
