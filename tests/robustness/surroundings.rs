//! What must not matter: locale, time zone, and starting at the same moment.

use std::process::Stdio;

use crate::lab::{config, egop_run, folder, tables};

#[test]
fn locale_time_zone_and_moment_change_nothing() {
    let folder = folder();
    let config = config(folder.path(), &[]);
    let surroundings = [
        ("C", "UTC"),
        ("de_DE.UTF-8", "Europe/Berlin"),
        ("tr_TR.UTF-8", "Pacific/Kiritimati"),
        ("ar_EG.UTF-8", "America/St_Johns"),
        ("no such locale", "no such zone"),
    ];
    // All start within one second, every other pair in one folder.
    let out = |index: usize| folder.path().join(format!("out-{}", index / 2));
    let children: Vec<_> = surroundings
        .iter()
        .enumerate()
        .map(|(index, (locale, zone))| {
            let mut command = egop_run(&config, &out(index));
            command.env("LC_ALL", locale).env("LANG", locale).env("TZ", zone);
            command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", output.status);
    }
    let expected = tables(&out(0));
    for (index, surrounding) in surroundings.iter().enumerate() {
        assert_eq!(tables(&out(index)), expected, "{surrounding:?}");
    }
    println!("{} locales and time zones, started at once: the same bytes", surroundings.len());
}
