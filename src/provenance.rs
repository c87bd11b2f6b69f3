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
