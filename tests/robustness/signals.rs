//! SIGINT and SIGTERM.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lab::{config, egop_run, folder, keys};

#[test]
fn the_first_signal_stops_after_a_step_and_keeps_what_is_finished() {
    let folder = folder();
    let endless = "steps = 100000000\ngradient_tolerance = 0.0";
    let config = config(folder.path(), &[("steps = 20", endless)]);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let out = folder.path().join(signal);
        let mut command = egop_run(&config, &out);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        while !out.join("locks/trial-0-0").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was told to");
            std::thread::sleep(Duration::from_millis(10));
        }
        let start = Instant::now();
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).arg(child.id().to_string());
        assert!(kill.status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert!(stderr.contains("interrupted; finished work is kept"), "{stderr}");
        assert!(keys(&out).is_empty());
    }
}
