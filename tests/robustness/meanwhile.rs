//! What another program publishes while this one looks is no fault of the files.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use egop::Error;
use egop::store::{Disk, EXPERIMENT, LocalDisk, Publication, REPORT, Store};

use crate::lab::{folder, identity};

/// The operating system's, but at one of its readings another program publishes first.
#[derive(Debug)]
struct Shared {
    root: PathBuf,
    at: usize,
    count: AtomicUsize,
    done: Mutex<bool>,
}

impl Shared {
    fn new(root: &Path, at: usize) -> Arc<Self> {
        let (count, done) = (AtomicUsize::new(0), Mutex::new(false));
        Arc::new(Self { root: root.into(), at, count, done })
    }

    fn publish_now(&self) {
        let mut done = self.done.lock().unwrap();
        if !*done {
            *done = true;
            publish(&self.root, b"new");
        }
    }
}

fn publish(root: &Path, table: &[u8]) {
    let store = Store::open(root, &identity()).unwrap();
    staged(&store, table).commit(|_| false).unwrap();
}

fn staged<'a>(store: &'a Store, table: &[u8]) -> Publication<'a> {
    let mut publication = store.stage().unwrap();
    publication.write(EXPERIMENT, b"name = \"e\"\n").unwrap();
    publication.write("runs.csv", table).unwrap();
    publication
}

impl Disk for Shared {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if self.count.fetch_add(1, Ordering::Relaxed) == self.at {
            self.publish_now();
        }
        LocalDisk.read(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        LocalDisk.make_folder(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        LocalDisk.write(path, bytes)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        LocalDisk.append(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.rename(from, to)
    }

    fn flush_folder(&self, path: &Path) -> io::Result<()> {
        LocalDisk.flush_folder(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalDisk.remove(path)
    }

    fn open_lock(&self, path: &Path) -> io::Result<File> {
        LocalDisk.open_lock(path)
    }
}

/// Looks at a folder in which another program publishes at each of the readings in turn; returns
/// how many there are.
fn at_every_reading(published: bool, look: impl Fn(&Store)) -> usize {
    for at in 0.. {
        let root = folder();
        if published {
            publish(root.path(), b"old");
        } else {
            drop(Store::open(root.path(), &identity()).unwrap());
        }
        // Opening the folder is not what is looked at.
        let disk = Shared::new(root.path(), usize::MAX);
        drop(Store::open_on(disk.clone(), root.path(), &identity()).unwrap());
        let opening = disk.count.load(Ordering::Relaxed);
        let disk = Shared::new(root.path(), opening + at);
        let store = Store::open_on(disk.clone(), root.path(), &identity()).unwrap();
        look(&store);
        if !*disk.done.lock().unwrap() {
            return at;
        }
    }
    unreachable!("a look ends")
}

#[test]
fn files_that_are_published_meanwhile_are_not_taken_for_somebodys() {
    let names = [EXPERIMENT, "runs.csv", "curves.csv"].map(str::to_owned);
    for published in [false, true] {
        let readings = at_every_reading(published, |store| {
            store.check_outputs(&names).unwrap();
        });
        assert!(readings >= 6, "{readings}");
    }
}

#[test]
fn a_file_that_is_published_meanwhile_is_read_as_it_was_or_as_it_is() {
    let readings = at_every_reading(true, |store| {
        let found = store.read("runs.csv").unwrap();
        assert!(found == b"old" || found == b"new", "{found:?}");
    });
    assert!(readings >= 5, "{readings}");
}

#[test]
fn what_is_kept_of_a_set_is_kept_as_it_is_or_not_at_all() {
    let root = folder();
    let store = Store::open(root.path(), &identity()).unwrap();
    let yes = |_: &Publication<'_>| Ok(true);
    let mut first = staged(&store, b"old");
    assert!(!first.keep([REPORT], yes).unwrap(), "nothing is published");
    first.write(REPORT, b"page").unwrap();
    first.commit(|_| false).unwrap();

    let mut second = staged(&store, b"old");
    assert!(!second.keep([REPORT, "curves.png"], yes).unwrap(), "there are no curves");
    assert!(!second.keep([REPORT], |_| Ok(false)).unwrap(), "it may not");
    assert!(second.keep([REPORT], yes).unwrap());
    second.commit(|_| false).unwrap();
    assert_eq!(store.read(REPORT).unwrap(), b"page");

    assert!(!staged(&store, b"other").keep([REPORT], yes).unwrap(), "the table is another");
    let mut fewer = store.stage().unwrap();
    fewer.write(EXPERIMENT, b"name = \"e\"\n").unwrap();
    assert!(!fewer.keep([REPORT], yes).unwrap(), "a table is missing");
}

/// A set that is about to keep a page while another program replaces all.
fn keeping(between: impl FnOnce(&Path, Publication<'_>)) {
    let root = folder();
    let store = Store::open(root.path(), &identity()).unwrap();
    let mut first = staged(&store, b"old");
    first.write(REPORT, b"page").unwrap();
    first.commit(|_| false).unwrap();
    let mut late = staged(&store, b"old");
    assert!(late.keep([REPORT], |_| Ok(true)).unwrap());
    between(root.path(), late);
    assert_eq!(store.read("runs.csv").unwrap(), b"new");
    assert_eq!(store.lists(REPORT).unwrap(), Some(false));
}

#[test]
fn a_program_that_publishes_waits_for_one_that_keeps() {
    keeping(|root, late| {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| publish(root, b"new"));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!other.is_finished());
            late.commit(|_| false).unwrap();
        });
    });
}

#[test]
fn without_locks_what_was_replaced_is_not_kept() {
    keeping(|root, late| {
        // Who comes now takes another lock.
        std::fs::remove_file(root.join("locks/outputs")).unwrap();
        publish(root, b"new");
        let refused = late.commit(|_| false).unwrap_err();
        assert!(matches!(&refused, Error::Incompatible { .. }), "{refused}");
    });
}
