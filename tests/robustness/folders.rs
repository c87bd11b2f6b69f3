//! Results folders that cannot be written to, or not much.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::{config, egop_run, folder, keys, tables};

/// Exit code and message, and that nothing was computed.
fn refused(config: &Path, out: &Path, code: i32) -> String {
    let output = egop_run(config, out).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(!stderr.contains("tasks:"), "nothing is computed: {stderr}");
    assert!(stderr.contains(out.to_str().unwrap()), "the folder is named: {stderr}");
    stderr
}

#[test]
fn a_file_in_its_place_and_a_missing_parent_are_refused() {
    let folder = folder();
    let config = config(folder.path(), &[]);
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    refused(&config, &file, 4);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    refused(&config, &file.join("out"), 5);
    refused(&config, &folder.path().join("missing/out"), 5);
    assert!(!folder.path().join("missing").exists());
}

#[test]
#[cfg(unix)]
fn without_permission_it_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let config = config(folder.path(), &[]);
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = egop_run(&config, &out);
    if fs::create_dir(out.join("probe")).is_ok() {
        // The superuser may write everywhere, unless it gives that up.
        fs::remove_dir(out.join("probe")).unwrap();
        let mut plain = Command::new("setpriv");
        let rights = "-dac_override,-dac_read_search,-fowner";
        plain.arg(format!("--bounding-set={rights}")).arg(format!("--inh-caps={rights}"));
        plain.arg(command.get_program()).args(command.get_args());
        command = plain;
    }
    let output = command.output();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).unwrap();
    let Ok(output) = output else {
        println!("SKIPPED: as superuser, this test needs setpriv (util-linux)");
        return;
    };
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains("ermission denied"), "{stderr}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

/// A file system in memory, while it lives.
struct Mounted(PathBuf);

impl Mounted {
    /// `None`, and says so, where this is not allowed.
    fn new(at: PathBuf, options: &str) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at);
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(at)),
            _ => {
                println!("SKIPPED: mounting a file system is not allowed here");
                None
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        assert!(unmounted.unwrap().success());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_system_that_is_read_only_is_refused() {
    let folder = folder();
    let config = config(folder.path(), &[]);
    let Some(mounted) = Mounted::new(folder.path().join("mounted"), "ro") else { return };
    let stderr = refused(&config, &mounted.0.join("out"), 5);
    assert!(stderr.contains("ead-only file system"), "{stderr}");
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_full_disk_what_is_finished_stays_and_is_resumed() {
    let folder = folder();
    let config = config(folder.path(), &[("trials = 3", "trials = 40")]);
    let elsewhere = folder.path().join("elsewhere");
    assert!(egop_run(&config, &elsewhere).arg("--quiet").status().unwrap().success());

    let Some(mounted) = Mounted::new(folder.path().join("mounted"), "size=1m") else { return };
    let out = mounted.0.join("out");
    let ballast = mounted.0.join("ballast");
    fs::write(&ballast, vec![0; 2 << 20]).unwrap_err();
    refused(&config, &out, 5);

    // Room for some tasks, but not for all: what is done stays, run after run.
    let mut before = 0;
    for room in [200, 400] {
        fs::File::options()
            .write(true)
            .open(&ballast)
            .unwrap()
            .set_len(1024 * (1000 - room))
            .unwrap();
        let output = egop_run(&config, &out).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{stderr}");
        assert!(stderr.contains("No space left on device"), "{stderr}");
        let done = keys(&out).len();
        println!("{room} KiB: {done} tasks finished");
        assert!(done > before, "{stderr}");
        before = done;
    }
    let more = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&mounted.0).status();
    assert!(more.unwrap().success());
    let output = egop_run(&config, &out).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(tables(&out), tables(&elsewhere));
    assert_eq!(keys(&out), keys(&elsewhere));
}
