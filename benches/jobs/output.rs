//! What a job leaves for its peers: the problem as `.npy` files, and result lines.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use egop::trial::Outcome;
use ndarray_npy::WriteNpyExt;
use serde::Serialize;
use serde_json::Value;

use crate::{Args, Result};

/// One repetition of one case of a job.
#[derive(Debug, Serialize)]
pub struct Line {
    peer: &'static str,
    job: &'static str,
    case: String,
    lanes: usize,
    #[serde(flatten)]
    elapsed: Elapsed,
    /// Numbers that peers must reproduce: of nets and sweeps, the losses of all lanes early on …
    early: Vec<f64>,
    /// … and at the end.
    last: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    products: Option<Products>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<usize>,
}

/// How long something took.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Elapsed {
    /// On the clock.
    pub seconds: f64,
    /// Of the processor: what other work makes wait does not count.
    pub cpu_seconds: f64,
}

/// The products in a repetition.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Products {
    /// Processor time spent in them.
    pub seconds: f64,
    /// Their rate.
    pub gflops: f64,
    /// The rate of a product of two square matrices in the same process.
    pub reference_gflops: f64,
}

impl Line {
    pub fn new(job: &'static str, case: String, lanes: usize, elapsed: Elapsed) -> Self {
        Self {
            peer: "egop",
            job,
            case,
            lanes,
            elapsed,
            early: Vec::new(),
            last: Vec::new(),
            products: None,
            steps: None,
        }
    }

    /// Adds numbers to compare.
    pub fn results(self, early: Vec<f64>, last: Vec<f64>) -> Self {
        Self { early, last, ..self }
    }

    /// Adds what was measured of the products.
    pub fn products(self, products: Option<Products>) -> Self {
        Self { products, ..self }
    }

    /// Adds the number of steps that were made.
    pub fn steps(self, steps: usize) -> Self {
        Self { steps: Some(steps), ..self }
    }

    pub fn print(&self) -> Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

/// What the work returns, and how long it took.
pub fn time<T>(work: impl FnOnce() -> T) -> (T, Elapsed) {
    let (before, start) = (cpu_seconds(), Instant::now());
    let result = std::hint::black_box(work());
    let seconds = start.elapsed().as_secs_f64();
    (result, Elapsed { seconds, cpu_seconds: cpu_seconds() - before })
}

/// The processor time that something takes: the median of so many times.
pub fn median_cpu_seconds(times: usize, mut work: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..times).map(|_| time(&mut work).1.cpu_seconds).collect();
    seconds.sort_by(f64::total_cmp);
    seconds[times / 2]
}

/// The processor time of this process so far, in seconds.
pub fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// The training losses of runs after some steps or epochs, and at the end.
///
/// # Errors
/// When a run stopped before the end, which would make it less work than the peer's.
pub fn losses(outcomes: &[Outcome], early: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    if let Some(stopped) = outcomes.iter().find(|run| run.stop != egop::record::Stop::Budget) {
        return Err(format!("a run {:?} after {} steps", stopped.stop, stopped.steps).into());
    }
    let at = |run: &Outcome| run.curve[early].train_loss;
    let end = |run: &Outcome| run.ends.1.train_loss;
    Ok((outcomes.iter().map(at).collect(), outcomes.iter().map(end).collect()))
}

/// The folder that holds a job's problem.
pub struct Folder(PathBuf);

impl Folder {
    pub fn create(args: &Args, job: &str) -> Result<Self> {
        let folder = args.data.join(job);
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub fn settings(&self, settings: &Value) -> Result<()> {
        Ok(fs::write(self.0.join("settings.json"), serde_json::to_string_pretty(settings)?)?)
    }

    pub fn array(&self, name: &str, array: &impl WriteNpyExt) -> Result<()> {
        let path: &Path = &self.0.join(format!("{name}.npy"));
        array.write_npy(std::io::BufWriter::new(fs::File::create(path)?))?;
        Ok(())
    }
}
