//! What makes results: the program and the machine.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// What bits may depend on beside the experiment: another version, back end or processor may round
/// differently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BuildInfo {
    /// The program's version.
    pub version: String,
    /// The linear algebra used.
    pub back_end: String,
    /// The processor's model.
    pub processor: String,
}

impl BuildInfo {
    /// This program on this machine.
    pub fn this() -> &'static Self {
        static THIS: LazyLock<BuildInfo> = LazyLock::new(|| BuildInfo {
            version: env!("CARGO_PKG_VERSION").into(),
            back_end: if cfg!(feature = "openblas") { "openblas" } else { "faer" }.into(),
            processor: processor(),
        });
        &THIS
    }
}

impl std::fmt::Display for BuildInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { version, back_end, processor } = self;
        write!(f, "egop {version} with {back_end} on {processor}")
    }
}

/// The processor's model, where Linux tells it.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let name = model.and_then(|rest| rest.split(':').nth(1)).map(str::trim);
    name.unwrap_or(std::env::consts::ARCH).to_owned()
}

/// The operating system and its kernel.
pub fn operating_system() -> String {
    let name = sysinfo::System::name().unwrap_or_else(|| std::env::consts::OS.to_owned());
    let version = sysinfo::System::os_version().unwrap_or_default();
    format!("{} ({})", format!("{name} {version}").trim(), sysinfo::System::kernel_long_version())
}

/// Processor time of all threads of this program, where the operating system tells it.
#[cfg(unix)]
pub fn cpu_seconds() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64)
}

/// Processor time of all threads of this program, where the operating system tells it.
#[cfg(not(unix))]
pub fn cpu_seconds() -> Option<f64> {
    None
}

/// The most memory that this program had so far, in bytes, where Linux tells it.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
