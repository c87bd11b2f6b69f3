//! Where results come from: `provenance.json`.

use std::time::SystemTime;

use serde::Serialize;

/// Everything that is needed to tell two results apart, apart from the experiment itself.
#[derive(Debug, Serialize)]
pub(super) struct Provenance {
    version: &'static str,
    revision: &'static str,
    back_end: &'static str,
    processor: String,
    threads: usize,
    seed: u64,
    data: Vec<(String, String)>,
    arguments: Vec<String>,
    start: String,
    end: String,
}

impl Provenance {
    /// At the start of a run.
    pub fn begin(seed: u64, threads: usize, data: Vec<(String, String)>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            revision: env!("EGOP_REVISION"),
            back_end: if cfg!(feature = "openblas") { "openblas" } else { "faer" },
            processor: processor(),
            threads,
            seed,
            data,
            arguments: std::env::args().collect(),
            start: now(),
            end: String::new(),
        }
    }

    /// At its end, as JSON.
    pub fn end(mut self) -> Vec<u8> {
        self.end = now();
        let mut bytes =
            serde_json::to_vec_pretty(&self).expect("texts and numbers have a JSON form");
        bytes.push(b'\n');
        bytes
    }
}

/// UTC.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The processor's model, where Linux tells it.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let name = model.and_then(|rest| rest.split(':').nth(1)).map(str::trim);
    name.unwrap_or(std::env::consts::ARCH).to_owned()
}
