//! The shipped configs, as the programs read them.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use egop::config::{self, ConfigErrors, Overlay, Resolved, Source};
use egop::experiment::Experiment;
use egop::study::{self, Study};

/// Reads a config, and what is published of it, which must be the same.
fn read_twice<T>(
    source: &Source,
    overlay: &Overlay,
    read: impl Fn(&mut config::Reader<'_>) -> Option<T>,
) -> Result<Resolved<T>, ConfigErrors> {
    let resolved = config::read(source, overlay, &read)?;
    let published = toml::to_string(&resolved.table).unwrap();
    let published = Source::parse("experiment.toml", published.as_bytes()).unwrap();
    let again = config::read(&published, &Overlay::default(), &read)?;
    assert_eq!(again.identity, resolved.identity);
    assert_eq!(again.table, resolved.table);
    Ok(resolved)
}

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
                read_twice(&source, &overlay, Study::read)
                    .and_then(|study| study.value.points(source.name()))
                    .err()
            } else {
                read_twice(&source, &overlay, Experiment::read).err()
            };
            assert!(problems.is_none(), "{profile}: {}", problems.unwrap());
            read += 1;
        }
    }
    assert!(read > 30, "{read}");
}
