//! Where results come from: `provenance.json`.

use std::time::SystemTime;

use serde::Serialize;

use crate::provenance::BuildInfo;

/// Everything that is needed to tell two results apart, apart from the experiment itself.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Provenance {
    #[serde(flatten)]
    build: &'static BuildInfo,
    revision: &'static str,
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
            build: BuildInfo::this(),
            revision: env!("EGOP_REVISION"),
            threads,
            seed,
            data,
            arguments: std::env::args_os().map(|one| one.to_string_lossy().into_owned()).collect(),
            start: now(),
            end: String::new(),
        }
    }

    /// At its end, as JSON.
    pub fn end(&self) -> Vec<u8> {
        let ended = Self { end: now(), ..self.clone() };
        let mut bytes =
            serde_json::to_vec_pretty(&ended).expect("texts and numbers have a JSON form");
        bytes.push(b'\n');
        bytes
    }
}

/// UTC.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
