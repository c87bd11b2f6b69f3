//! The shipped configs, as the programs read them.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use egop::config::{self, Overlay, Source};
use egop::experiment::Experiment;

#[test]
fn shipped_configs_ask_for_what_there_is_in_every_profile() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/configs")).unwrap();
    let mut read = 0;
    for path in folder.map(|entry| entry.unwrap().path()) {
        let source = Source::open(&path).unwrap();
        let profiles: Vec<String> = source.profiles().iter().map(|&name| name.into()).collect();
        for profile in profiles {
            let overlay = Overlay { profile: Some(profile.clone()), overrides: Vec::new() };
            let experiment = config::read(&source, &overlay, Experiment::read);
            assert!(experiment.is_ok(), "{profile}: {}", experiment.unwrap_err());
            read += 1;
        }
    }
    assert!(read > 30, "{read}");
}
