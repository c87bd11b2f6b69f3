//! Reads anything as a config. `cargo +nightly fuzz run config fuzz/corpus/config configs`
#![no_main]

use std::time::{Duration, Instant};

use egop::config::{Overlay, Source, read};
use egop::experiment::Experiment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let start = Instant::now();
    // What was understood must be understood again, as the same.
    if let Ok(source) = Source::parse("fuzzed.toml", bytes)
        && let Ok(once) = read(&source, &Overlay::default(), Experiment::read)
    {
        let document = toml::to_string(&once.table).expect("TOML values can be written");
        let source =
            Source::parse("again.toml", document.as_bytes()).expect("it was written as TOML");
        let twice = read(&source, &Overlay::default(), Experiment::read)
            .unwrap_or_else(|problems| panic!("{problems}\n{document}"));
        assert_eq!(once.table, twice.table);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "reading takes {:?}", start.elapsed());
});
