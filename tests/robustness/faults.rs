//! Every operation of the store fails once, in every way.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use egop::record::ScheduleRow;
use egop::store::{self, Csv, Disk, EXPERIMENT, Store, Stream, System};

use crate::lab::{Lab, folder, identity, keys, tables, times};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Nothing is done: no space is left.
    NoSpace,
    /// Half of the bytes are written, then no space is left; what is no write is not done.
    Short,
    /// The operation is done, and none after it.
    CrashAfter,
    /// Half of the bytes are written, and no operation is done after that.
    CrashDuring,
}

const FAULTS: [Fault; 4] = [Fault::NoSpace, Fault::Short, Fault::CrashAfter, Fault::CrashDuring];

/// A file system on which operation number `at` fails.
#[derive(Debug)]
struct Faulty {
    at: usize,
    fault: Fault,
    count: AtomicUsize,
}

impl Faulty {
    fn new(at: usize, fault: Fault) -> Arc<Self> {
        Arc::new(Self { at, fault, count: AtomicUsize::new(0) })
    }

    fn operation<T>(
        &self,
        whole: impl FnOnce() -> io::Result<T>,
        half: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<T> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let crashes = matches!(self.fault, Fault::CrashAfter | Fault::CrashDuring);
        if number < self.at || (number > self.at && !crashes) {
            return whole();
        }
        if number == self.at {
            match self.fault {
                Fault::NoSpace => {}
                Fault::Short | Fault::CrashDuring => half()?,
                Fault::CrashAfter => return whole(),
            }
        }
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }
}

fn nothing() -> io::Result<()> {
    Ok(())
}

impl Disk for Faulty {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.operation(|| System.read(path), nothing)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.operation(|| System.make_folder(path), nothing)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = || System.write(path, &bytes[..bytes.len() / 2]);
        self.operation(|| System.write(path, bytes), half)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = || System.append(path, &bytes[..bytes.len() / 2]);
        self.operation(|| System.append(path, bytes), half)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation(|| System.rename(from, to), nothing)
    }

    fn flush_folder(&self, path: &Path) -> io::Result<()> {
        self.operation(|| System.flush_folder(path), nothing)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.operation(|| System.remove(path), nothing)
    }

    fn open_lock(&self, path: &Path) -> io::Result<File> {
        self.operation(|| System.open_lock(path), nothing)
    }
}

#[test]
fn whatever_operation_fails_the_next_run_completes_the_same_results() {
    let trials = format!("trials={}", times(1, 3));
    let lab = Lab::new(&[&trials]);
    let undisturbed = folder();
    let counting = Faulty::new(usize::MAX, Fault::NoSpace);
    let counted: Arc<dyn Disk> = counting.clone();
    lab.run(counted, undisturbed.path()).unwrap();
    let operations = counting.count.load(Ordering::Relaxed);
    let (expected, all) = (tables(undisturbed.path()), keys(undisturbed.path()));

    let (mut failed, mut survived) = (0, 0);
    for at in 0..operations {
        for fault in FAULTS {
            let what = format!("operation {at}, {fault:?}");
            let root = folder();
            match lab.run(Faulty::new(at, fault), root.path()) {
                Err(egop::Error::Io { .. }) => failed += 1,
                Err(other) => panic!("{what}: {other}"),
                Ok(_) => {
                    assert_eq!(tables(root.path()), expected, "{what}");
                    survived += 1;
                }
            }
            lab.run(Arc::new(System), root.path())
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(tables(root.path()), expected, "{what}");
            assert_eq!(keys(root.path()), all, "{what}");
        }
    }
    println!(
        "{operations} operations × {} faults: {failed} runs failed, {survived} made up for it; all \
         completed with the same bytes",
        FAULTS.len()
    );
    assert!(operations > 100 && failed > operations, "{operations}, {failed}");
}

#[test]
fn a_table_too_long_for_one_write_is_replaced_whole_or_not_at_all() {
    let rows = |scale: f64| -> Vec<ScheduleRow> {
        let row = |epoch| ScheduleRow { epoch, learning_rate: scale * epoch as f64 };
        (0..70_000).map(row).collect()
    };
    let (old, new) = (rows(1.0 / 3.0), rows(1.0 / 7.0));
    let bytes = [&old, &new].map(|rows| Csv::of(rows).bytes);
    assert!(bytes.iter().all(|bytes| bytes.len() > 1 << 20), "more than a mebibyte");
    let publish = |disk: Arc<dyn Disk>, root: &Path, rows: &[ScheduleRow]| {
        let store = Store::open_on(disk, root, &identity())?;
        let mut publication = store.stage()?;
        publication.write(EXPERIMENT, format!("seed = {}", rows[1].learning_rate).as_bytes())?;
        publication.write_table(&Stream::of(rows))?;
        publication.commit(|_| false)
    };
    let counting = Faulty::new(usize::MAX, Fault::NoSpace);
    let root = folder();
    publish(Arc::new(System), root.path(), &old).unwrap();
    let counted: Arc<dyn Disk> = counting.clone();
    publish(counted, root.path(), &new).unwrap();
    let operations = counting.count.load(Ordering::Relaxed);
    for at in 0..operations {
        for fault in FAULTS {
            let what = format!("operation {at} of {operations}, {fault:?}");
            let root = folder();
            publish(Arc::new(System), root.path(), &old).unwrap();
            let published = publish(Faulty::new(at, fault), root.path(), &new);
            let found = fs::read(root.path().join("schedule.csv")).unwrap();
            assert!(bytes[usize::from(published.is_ok())..].contains(&found), "{what}");
            check_no_mixture(root.path(), &what);
            publish(Arc::new(System), root.path(), &new).unwrap();
            assert_eq!(Store::peek(root.path()).read("schedule.csv").unwrap(), bytes[1], "{what}");
        }
    }
}

/// Where there is a list, every file is as it says.
fn check_no_mixture(root: &Path, what: &str) {
    let Ok(sums) = fs::read_to_string(root.join("SHA256SUMS")) else { return };
    assert_eq!(sums.lines().count(), 2, "{what}");
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(store::sha256(&fs::read(root.join(name)).unwrap()), sum, "{what}: {name}");
    }
}

#[test]
fn what_killed_programs_left_is_removed_once_it_is_old_and_nobody_works_there() {
    let root = folder();
    let identity = identity();
    let first = Store::open(root.path(), &identity).unwrap();
    let left = root.path().join("tasks/.unfinished-0123456789abcdef");
    let young = root.path().join("tasks/.unfinished-fedcba9876543210");
    for folder in [&left, &young] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("runs.csv"), "half a").unwrap();
    }
    let hours = std::time::Duration::from_secs(7200);
    File::open(&left).unwrap().set_modified(std::time::SystemTime::now() - hours).unwrap();
    drop(Store::open(root.path(), &identity).unwrap());
    assert!(left.exists(), "another program is there");
    assert!(first.clear().is_ok(), "and it is alone now");
    fs::create_dir(&left).unwrap_or_default();
    File::open(&left).unwrap().set_modified(std::time::SystemTime::now() - hours).unwrap();
    drop(first);
    fs::create_dir(&young).unwrap_or_default();
    drop(Store::open(root.path(), &identity).unwrap());
    assert!(!left.exists(), "nobody is there");
    assert!(young.exists(), "this may be somebody's");
}
