//! Where results come from: `provenance.json`.

use std::time::{Instant, SystemTime};

use serde::Serialize;
use serde_json::Value;

use crate::error::Result;
use crate::provenance::{BuildInfo, cpu_seconds, operating_system, peak_memory};
use crate::store::{self, PROVENANCE, Publication};

/// What the program was built with.
const FEATURES: &[&str] = if cfg!(feature = "openblas") { &["openblas"] } else { &[] };

/// What differs between runs that make the same.
const OF_ONE_RUN: [&str; 7] =
    ["threads", "arguments", "start", "end", "wall_seconds", "cpu_seconds", "peak_memory"];

/// The program that drew the figures, where it is not the one that made the results.
const DRAWN_BY: &str = "figures_drawn_by";

/// Everything that is needed to tell two results apart, and what it took to make them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Provenance {
    #[serde(flatten)]
    build: &'static BuildInfo,
    revision: &'static str,
    /// A hash of its sources: two of one revision may differ, where they were changed since.
    sources: &'static str,
    rustc: &'static str,
    features: &'static [&'static str],
    operating_system: String,
    threads: usize,
    seed: u64,
    /// SHA-256 of the resolved config.
    config_sha256: String,
    data: Vec<(String, String)>,
    arguments: Vec<String>,
    start: String,
    end: String,
    #[serde(skip)]
    began: Instant,
    /// From start to end.
    wall_seconds: f64,
    /// Of all threads of this program, since it began.
    cpu_seconds: Option<f64>,
    /// The most memory that this program had, in bytes.
    peak_memory: Option<u64>,
}

impl Provenance {
    /// At the start of a run of this resolved config.
    pub fn begin(seed: u64, threads: usize, data: Vec<(String, String)>, config: &str) -> Self {
        Self {
            build: BuildInfo::this(),
            revision: env!("EGOP_REVISION"),
            sources: env!("EGOP_SOURCES"),
            rustc: env!("EGOP_RUSTC"),
            features: FEATURES,
            operating_system: operating_system(),
            threads,
            seed,
            config_sha256: store::sha256(config.as_bytes()),
            data,
            arguments: std::env::args_os().map(|one| one.to_string_lossy().into_owned()).collect(),
            start: now(),
            end: String::new(),
            began: Instant::now(),
            wall_seconds: 0.0,
            cpu_seconds: None,
            peak_memory: None,
        }
    }

    /// Whether what is published was made by this very program, of the same config and data: all but the
    /// command and what it took is the same.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stays(&self, publication: &Publication<'_>) -> Result<bool> {
        let Some(published) = publication.published(PROVENANCE)? else { return Ok(false) };
        let origin = |bytes: &[u8]| {
            let told: Option<serde_json::Map<String, Value>> = serde_json::from_slice(bytes).ok();
            told.map(|mut told| {
                OF_ONE_RUN.iter().for_each(|name| drop(told.remove(*name)));
                told
            })
        };
        Ok(origin(&published) == origin(&self.end()))
    }

    /// At its end, as JSON.
    pub fn end(&self) -> Vec<u8> {
        // No more digits than are known.
        let seconds = |seconds: f64| (1000.0 * seconds).round() / 1000.0;
        let ended = Self {
            end: now(),
            wall_seconds: seconds(self.began.elapsed().as_secs_f64()),
            cpu_seconds: cpu_seconds().map(seconds),
            peak_memory: peak_memory(),
            ..self.clone()
        };
        store::json(&ended)
    }
}

/// What `provenance.json` says once this program draws figures of results that another one made: who drew.
/// `None` where it is the same program, and nothing has to be said.
pub(super) fn redrawn(published: &[u8]) -> Option<Vec<u8>> {
    let mut told: serde_json::Map<String, Value> = serde_json::from_slice(published).ok()?;
    let (revision, sources) = (env!("EGOP_REVISION"), env!("EGOP_SOURCES"));
    let is = |key: &str, value: &str| told.get(key).is_some_and(|told| told == value);
    if is("revision", revision) && is("sources", sources) {
        return None;
    }
    told.insert(DRAWN_BY.into(), format!("{revision}, sources {sources}").into());
    Some(store::json(&told))
}

/// UTC.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_program_that_draws_is_told() {
        let own = Provenance::begin(1, 2, Vec::new(), "").end();
        assert_eq!(redrawn(&own), None);
        let others = String::from_utf8(own).unwrap().replace(env!("EGOP_SOURCES"), "another");
        let told: Value = serde_json::from_slice(&redrawn(others.as_bytes()).unwrap()).unwrap();
        assert_eq!(told["sources"], "another");
        assert!(told[DRAWN_BY].as_str().unwrap().contains(env!("EGOP_SOURCES")));
        assert_eq!(redrawn(b"no JSON"), None);
    }
}
