//! The shipped configs, as the programs read them.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use egop::config::{self, Overlay, Source};
use egop::experiment::Experiment;
use egop::study::{self, Study};

#[test]
fn shipped_configs_ask_for_what_there_is_in_every_profile() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/configs")).unwrap();
    let mut read = 0;
    for path in folder.map(|entry| entry.unwrap().path()) {
        let source = Source::open(&path).unwrap();
        let profiles: Vec<String> = source.profiles().iter().map(|&name| name.into()).collect();
        for profile in profiles {
            let overlay = Overlay { profile: Some(profile.clone()), overrides: Vec::new() };
            let problems = if source.has(study::TABLE) {
                let study = config::read(&source, &overlay, Study::read);
                study.and_then(|study| study.value.points(source.name())).err()
            } else {
                config::read(&source, &overlay, Experiment::read).err()
            };
            assert!(problems.is_none(), "{profile}: {}", problems.unwrap());
            read += 1;
        }
    }
    assert!(read > 30, "{read}");
}
