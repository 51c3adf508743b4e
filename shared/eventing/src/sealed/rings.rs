//! Two places for keys: a folder of files, and memory.

use super::{KeyError, KeyRing, PersonKey};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Keys that are kept open at a time; then it begins anew.
const REMEMBERED: usize = 10_000;
/// A key that was read longer ago is read again: another process may have destroyed it.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// What stands in the file of a destroyed key.
const DESTROYED: &[u8] = b"destroyed";
/// What is written over a key first, longer than a key. A process that ends then leaves it.
const OVERWRITTEN: [u8; 128] = [0; 128];

/// One small file a person, each encrypted under a master key. Files, because deleting must delete: a database that
/// merges sorted runs, or keeps a journal, holds a deleted value for as long as it likes.
pub struct FileKeyRing {
    folder: PathBuf,
    master: PersonKey,
    /// Each with when it was read.
    open: Mutex<HashMap<String, (PersonKey, Instant)>>,
    read_again: Duration,
}

impl FileKeyRing {
    /// The keys in this folder, which is made where it is missing. The master key must come from elsewhere and
    /// never change.
    pub fn open(folder: &Path, master: [u8; 32]) -> Result<Self, KeyError> {
        fs::create_dir_all(folder).map_err(|source| failed(folder, "made", source))?;
        Ok(Self {
            folder: folder.to_owned(),
            master: PersonKey::new(master),
            open: Mutex::default(),
            read_again: READ_AGAIN,
        })
    }

    #[cfg(test)]
    pub(super) fn reading_again_after(self, read_again: Duration) -> Self {
        Self { read_again, ..self }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<String, (PersonKey, Instant)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, person: &str) -> Option<PersonKey> {
        let remembered = self.remembered();
        let (key, read) = remembered.get(person)?;
        (read.elapsed() < self.read_again).then(|| key.clone())
    }

    /// The last characters of an id are random: 1,024 folders with few files each.
    fn path(&self, person: &str) -> Result<PathBuf, KeyError> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(3..=64).contains(&person.len()) || !person.bytes().all(legal) {
            return Err(KeyError::Missing(person.chars().take(64).collect()));
        }
        let shard = &person[person.len() - 2..];
        Ok(self.folder.join(shard).join(person))
    }

    fn read(&self, path: &Path, person: &str) -> Result<Stored, KeyError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stored::Nothing),
            Err(error) => return Err(failed(path, "read", error)),
        };
        if bytes == DESTROYED || bytes == OVERWRITTEN {
            return Ok(Stored::Destroyed);
        }
        let key = self.master.decrypt(person, &bytes);
        let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok());
        key.map(|key| Stored::Key(PersonKey::new(key)))
            .ok_or_else(|| KeyError::Damaged(person.to_owned()))
    }

    fn remember(&self, person: &str, key: &PersonKey) {
        let mut open = self.remembered();
        if open.len() >= REMEMBERED {
            open.clear();
        }
        open.insert(person.to_owned(), (key.clone(), Instant::now()));
    }
}

enum Stored {
    Key(PersonKey),
    Destroyed,
    Nothing,
}

impl KeyRing for FileKeyRing {
    fn key_for(&self, person: &str) -> Result<PersonKey, KeyError> {
        if let Some(key) = self.known(person) {
            return Ok(key);
        }
        let path = self.path(person)?;
        let key = match self.read(&path, person)? {
            Stored::Key(key) => key,
            Stored::Destroyed => return Err(KeyError::Erased(person.to_owned())),
            Stored::Nothing => {
                let key = PersonKey::new(rand::random());
                match place(&path, &self.master.encrypt(person, &key.0), Place::New) {
                    Ok(()) => key,
                    // Somebody else made it in this moment.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        return self.key_for(person);
                    }
                    Err(error) => return Err(failed(&path, "made", error)),
                }
            }
        };
        self.remember(person, &key);
        Ok(key)
    }

    fn find(&self, person: &str) -> Result<Option<PersonKey>, KeyError> {
        if let Some(key) = self.known(person) {
            return Ok(Some(key));
        }
        match self.read(&self.path(person)?, person)? {
            Stored::Key(key) => {
                self.remember(person, &key);
                Ok(Some(key))
            }
            Stored::Destroyed => {
                self.remembered().remove(person);
                Ok(None)
            }
            Stored::Nothing => Err(KeyError::Missing(person.to_owned())),
        }
    }

    fn destroy(&self, person: &str) -> Result<(), KeyError> {
        let path = self.path(person)?;
        // Over the key's own bytes first: a new file would leave the old blocks as they are.
        let overwritten = OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut file| file.write_all(&OVERWRITTEN).and_then(|()| file.sync_all()));
        match overwritten {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&path, "overwritten", error));
            }
            _ => {}
        }
        place(&path, DESTROYED, Place::Over).map_err(|error| failed(&path, "marked as destroyed", error))?;
        self.remembered().remove(person);
        Ok(())
    }
}

enum Place {
    New,
    Over,
}

/// Written whole under another name, then moved: nobody ever reads half a key.
fn place(path: &Path, bytes: &[u8], how: Place) -> io::Result<()> {
    let folder = path.parent().expect("a key stands in a folder");
    fs::create_dir_all(folder)?;
    let draft = path.with_extension(format!("{:016x}.draft", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let moved = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| match how {
            Place::New => fs::hard_link(&draft, path),
            Place::Over => fs::rename(&draft, path),
        });
    let _ = fs::remove_file(&draft);
    moved?;
    File::open(folder)?.sync_all()?;
    folder
        .parent()
        .map_or(Ok(()), |above| File::open(above)?.sync_all())
}

fn failed(path: &Path, what: &'static str, source: io::Error) -> KeyError {
    KeyError::Io {
        path: path.to_owned(),
        what,
        source,
    }
}

/// Keys in memory, derived from a seed: for tests and the simulator, where the same run gives the same bytes.
#[derive(Default)]
pub struct MemoryKeyRing {
    seed: [u8; 32],
    destroyed: Mutex<BTreeSet<String>>,
}

impl MemoryKeyRing {
    /// Keys of this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            destroyed: Mutex::default(),
        }
    }

    fn destroyed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.destroyed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyRing for MemoryKeyRing {
    fn key_for(&self, person: &str) -> Result<PersonKey, KeyError> {
        self.find(person)?
            .ok_or_else(|| KeyError::Erased(person.to_owned()))
    }

    fn find(&self, person: &str) -> Result<Option<PersonKey>, KeyError> {
        if self.destroyed().contains(person) {
            return Ok(None);
        }
        let mac = Hmac::<Sha256>::new_from_slice(&self.seed).expect("an HMAC key may have any length");
        let key = mac.chain_update(person).finalize().into_bytes();
        Ok(Some(PersonKey::new(key.into())))
    }

    fn destroy(&self, person: &str) -> Result<(), KeyError> {
        self.destroyed().insert(person.to_owned());
        Ok(())
    }
}
