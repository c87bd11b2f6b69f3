//! The schedulers that there are.

use crate::cluster::scheduler::Scheduler;
use crate::cluster::slurm;
use crate::config::nearest;

/// Every scheduler that a plan can be written for.
pub const REGISTRY: &[&dyn Scheduler] = &[&slurm::Slurm];

/// The scheduler of this name.
///
/// # Errors
/// When there is none, with those that there are.
pub fn scheduler(name: &str) -> Result<&'static dyn Scheduler, String> {
    REGISTRY.iter().copied().find(|scheduler| scheduler.name() == name).ok_or_else(|| {
        let names: Vec<&str> = REGISTRY.iter().map(|scheduler| scheduler.name()).collect();
        let meant = nearest(name, names.iter().copied());
        let meant = meant.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        format!("there is no scheduler \"{name}\"; there are {}{meant}", names.join(", "))
    })
}
