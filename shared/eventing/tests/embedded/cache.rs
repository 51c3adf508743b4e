//! The folder of caches: whose it is, and what a full disk does to it.

use interstate_engines::on_a_small_disk;
use interstate_eventing::store::{FjallCaches, Put, StateStore};
use std::{io::Write, path::Path, time::Duration};

/// Longer than the pause after a failure.
const PAUSE: Duration = Duration::from_millis(2_100);

fn put(number: u32) -> Vec<Put> {
    // Nothing that can be compressed.
    let value: Vec<u8> = (0..20_000).map(|_| rand::random()).collect();
    vec![
        (format!("row {number:05}").into_bytes(), Some(value)),
        (b"last".to_vec(), Some(number.to_be_bytes().to_vec())),
    ]
}

/// The number of the last write, which is there with all before it.
fn last(store: &impl StateStore) -> u32 {
    let last = store.get(b"last").unwrap().unwrap();
    let last = u32::from_be_bytes(last.try_into().unwrap());
    let rows = store
        .rows()
        .filter(|row| row.as_ref().unwrap().0.starts_with(b"row"));
    assert_eq!(rows.count(), last as usize + 1);
    last
}

fn fill(ballast: &Path) {
    let mut file = std::fs::File::create(ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
}

#[test]
fn whoever_comes_second_is_refused_and_takes_nothing_away() {
    let dir = tempfile::tempdir().unwrap();
    let caches = FjallCaches::open(dir.path()).unwrap();
    let mut store = caches.partition("booking", 0).unwrap();
    store.write(put(0)).unwrap();
    let refused = FjallCaches::open(dir.path()).err().unwrap();
    assert!(refused.to_string().contains("another process has"), "{refused}");
    store.write(put(1)).unwrap();
    drop((store, caches));
    let caches = FjallCaches::open(dir.path()).unwrap();
    assert_eq!(last(&caches.partition("booking", 0).unwrap()), 1);
}

#[test]
fn after_a_full_disk_it_is_opened_again_with_what_was_written_before() {
    let name = "cache::after_a_full_disk_it_is_opened_again_with_what_was_written_before";
    let Some(disk) = on_a_small_disk(name, 60) else {
        return;
    };
    let (dir, ballast) = (disk.join("cache"), disk.join("somebody else's file"));
    let caches = FjallCaches::open(&dir).unwrap();
    let mut store = caches.partition("booking", 0).unwrap();
    let mut idle = caches.partition("booking", 1).unwrap();
    idle.write(put(0)).unwrap();
    store.write(put(0)).unwrap();
    fill(&ballast);
    let written = (1..).find(|number| store.write(put(*number)).is_err()).unwrap();
    println!("{written} writes before the disk was full");
    assert!(store.get(b"last").is_err(), "it was given up");
    assert!(caches.partition("booking", 0).is_err(), "it is not tried at once");
    std::thread::sleep(PAUSE);
    assert!(caches.partition("booking", 0).is_err(), "the disk is still full");
    std::fs::remove_file(&ballast).unwrap();
    std::thread::sleep(PAUSE);
    let mut store = caches.partition("booking", 0).unwrap();
    let found = last(&store);
    assert!(found < written, "{found} of {written}");
    for number in found + 1..found + 10 {
        store.write(put(number)).unwrap();
    }
    assert!(
        idle.write(put(1)).is_err(),
        "it has the database that was given up"
    );
    let idle = caches.partition("booking", 1).unwrap();
    assert_eq!((last(&idle), last(&store)), (0, found + 9));
}
