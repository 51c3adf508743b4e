use super::*;
use std::sync::Arc;

fn files(folder: &std::path::Path, master: u8) -> Arc<dyn KeyRing> {
    Arc::new(FileKeyRing::open(folder, [master; 32]).unwrap())
}

const ASHA: &str = "usr_00000000000000000000000001";
const RAVI: &str = "usr_00000000000000000000000002";

#[test]
fn a_sealed_name_opens_with_the_persons_key_until_it_is_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let in_memory: Arc<dyn KeyRing> = Arc::new(MemoryKeyRing::default());
    for keys in [in_memory, files(folder.path(), 1)] {
        let sealed = keys.seal(ASHA, &"Asha Rao".to_owned()).unwrap();
        let json = serde_json::to_string(&sealed).unwrap();
        assert!(!json.contains("Asha") && json.contains(ASHA), "{json}");
        assert_eq!(format!("{sealed:?}"), format!("Sealed(of {ASHA}, …)"));
        let read: Sealed<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(keys.open(&read).unwrap(), Opened::Value("Asha Rao".to_owned()));
        assert_eq!(
            keys.seal(ASHA, &"Asha Rao".to_owned()).unwrap(),
            sealed,
            "the same value gives the same bytes, as a repeated command must"
        );

        keys.seal(RAVI, &1).unwrap();
        keys.destroy(ASHA).unwrap();
        keys.destroy(ASHA).unwrap();
        assert_eq!(keys.open(&read).unwrap(), Opened::Erased);
        assert!(matches!(keys.seal(ASHA, &1), Err(KeyError::Erased(_))));
        assert!(keys.seal(RAVI, &1).is_ok(), "nobody else is erased");
    }
}

#[test]
fn keys_outlive_the_process_and_so_does_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = files(folder.path(), 1).seal(ASHA, &7_u32).unwrap();
    assert_eq!(files(folder.path(), 1).open(&sealed).unwrap(), Opened::Value(7));
    let error = files(folder.path(), 2).open(&sealed).unwrap_err();
    assert!(
        matches!(error, KeyError::Damaged(_)),
        "another master key: {error}"
    );
    files(folder.path(), 1).destroy(ASHA).unwrap();
    assert_eq!(files(folder.path(), 1).open(&sealed).unwrap(), Opened::Erased);
}

#[test]
fn a_key_whose_destruction_was_cut_off_is_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = files(folder.path(), 1).seal(ASHA, &7_u32).unwrap();
    let file = folder.path().join(&ASHA[ASHA.len() - 2..]).join(ASHA);
    std::fs::write(&file, [0; 128]).unwrap();
    let keys = files(folder.path(), 1);
    assert_eq!(keys.open(&sealed).unwrap(), Opened::Erased);
    assert!(matches!(keys.seal(ASHA, &1), Err(KeyError::Erased(_))));
    keys.destroy(ASHA).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"destroyed");
}

#[test]
fn a_key_that_another_process_destroys_is_not_good_for_long_here() {
    let folder = tempfile::tempdir().unwrap();
    let ring = || FileKeyRing::open(folder.path(), [1; 32]).unwrap();
    let soon = std::time::Duration::from_millis(20);
    let (here, there): (Arc<dyn KeyRing>, _) = (Arc::new(ring().reading_again_after(soon)), ring());
    let sealed = here.seal(ASHA, &7_u32).unwrap();
    there.destroy(ASHA).unwrap();
    std::thread::sleep(soon);
    assert_eq!(here.open(&sealed).unwrap(), Opened::Erased);
    assert!(matches!(here.seal(ASHA, &1), Err(KeyError::Erased(_))));
}

#[test]
fn a_value_moved_to_another_person_or_changed_does_not_open() {
    let keys: Arc<dyn KeyRing> = Arc::new(MemoryKeyRing::default());
    let sealed = keys.seal(ASHA, &"secret".to_owned()).unwrap();
    let of = |person: &str, data: &str| {
        Sealed::<String>::new(person.to_owned(), sealed.key().to_owned(), data.to_owned())
    };
    let moved = of(RAVI, sealed.data());
    let mut data = sealed.data().to_owned();
    data.replace_range(40..41, if &data[40..41] == "A" { "B" } else { "A" });
    let changed = of(ASHA, &data);
    for wrong in [moved, changed] {
        assert!(matches!(keys.open(&wrong), Err(KeyError::Damaged(_))));
    }
}

#[test]
fn a_missing_key_is_an_alarm_and_not_an_erasure() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let sealed = files(folder.path(), 1).seal(ASHA, &7_u32).unwrap();
    let error = files(other.path(), 1).open(&sealed).unwrap_err();
    assert!(matches!(error, KeyError::Missing(_)), "{error}");
    let outside = files(other.path(), 1).seal("../../etc", &1).unwrap_err();
    assert!(matches!(outside, KeyError::Missing(_)), "{outside}");
}

#[cfg(unix)]
#[test]
fn key_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), 1).seal(ASHA, &7_u32).unwrap();
    let file = folder.path().join("01").join(ASHA);
    assert_eq!(
        std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
