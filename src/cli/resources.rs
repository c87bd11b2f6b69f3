//! The threads and the memory that a program may use: as asked for, as a scheduler says, or all.

use std::num::NonZero;
use std::ops::RangeInclusive;

use bytesize::ByteSize;

use crate::cluster::{REGISTRY, Scheduler};
use crate::error::Result;
use crate::input::words;
use crate::run;

/// As many threads as asked for; otherwise as a scheduler gives this job, or one for each processor.
/// Never so many that they only stand in each other's way: making thousands takes minutes.
pub(super) fn threads(asked: Option<u16>) -> Result<usize> {
    /// Threads for each processor, and in any case.
    const MOST: [usize; 2] = [4, 16];
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let most = MOST[1].max(MOST[0].saturating_mul(processors));
    Ok(wanted_threads(asked)?.unwrap_or(processors).min(most))
}

fn wanted_threads(asked: Option<u16>) -> Result<Option<usize>> {
    if let Some(threads) = asked {
        return Ok(Some(threads.into()));
    }
    let most = 1..=u64::from(u16::MAX);
    let given = given(|scheduler| scheduler.threads_variable(), most, "--threads N")?;
    Ok(given.and_then(|threads| usize::try_from(threads).ok()))
}

/// What the scheduler that this job is of says in an environment variable.
fn given(
    variable: impl Fn(&dyn Scheduler) -> &'static str,
    range: RangeInclusive<u64>,
    instead: &str,
) -> Result<Option<u64>> {
    let mut given = REGISTRY
        .iter()
        .map(|&scheduler| words::variable(variable(scheduler), range.clone(), instead));
    given.find_map(Result::transpose).transpose()
}

/// As many bytes as asked for; otherwise as a scheduler gives this job (in MiB; 0: all), or as this
/// machine has.
pub(super) fn memory(asked: Option<ByteSize>) -> Result<u64> {
    if let Some(memory) = asked {
        return Ok(memory.as_u64());
    }
    let most = 0..=u64::MAX >> 20;
    let given = given(|scheduler| scheduler.memory_variable(), most, "--memory SIZE")?;
    let given = given.filter(|&mebibytes| mebibytes > 0);
    Ok(given.map_or_else(run::of_this_machine, |mebibytes| mebibytes << 20))
}
