//! Random keys that outlive the process: made once, readable by their owner only.

use rand::RngCore;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("the key file {} cannot be {what}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What failed.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the key file {} is open to other users; run `chmod 600` on it, or replace the key", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// It does not hold a key.
    #[error("the key file {} has {found} bytes, not 32; restore it, or delete it for a new key", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Its length.
        found: usize,
    },
}

/// The 32 bytes in `path`; made there of `random` where the file does not exist yet. Two processes that start at
/// once get the same key.
pub fn load_or_create(path: &Path, random: &mut impl RngCore) -> Result<[u8; 32], KeyFileError> {
    let failed = |what| {
        move |source| KeyFileError::Io {
            path: path.to_owned(),
            what,
            source,
        }
    };
    match fs::read(path) {
        Ok(bytes) => {
            private(path)?;
            let found = bytes.len();
            bytes.try_into().map_err(|_| KeyFileError::Damaged {
                path: path.to_owned(),
                found,
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            random.fill_bytes(&mut key);
            // Written whole under another name, then linked: nobody ever reads half a key, and of two who try,
            // the second finds the first one's.
            let draft = path.with_extension(format!("{:016x}.draft", random.next_u64()));
            let written = write(&draft, &key).and_then(|()| fs::hard_link(&draft, path));
            let _ = fs::remove_file(&draft);
            match written {
                Ok(()) => {
                    if let Some(folder) = path.parent() {
                        File::open(folder)
                            .and_then(|folder| folder.sync_all())
                            .map_err(failed("made durable"))?;
                    }
                    Ok(key)
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => load_or_create(path, random),
                Err(error) => Err(failed("made")(error)),
            }
        }
        Err(error) => Err(failed("read")(error)),
    }
}

fn write(path: &Path, key: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let read = |source| KeyFileError::Io {
        path: path.to_owned(),
        what: "read",
        source,
    };
    let mode = fs::metadata(path).map_err(read)?.permissions().mode();
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyFileError::Exposed {
            path: path.to_owned(),
        })
    }
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/access-token");
        let key = load_or_create(&path, &mut rand::rng()).unwrap();
        assert_eq!(load_or_create(&path, &mut rand::rng()).unwrap(), key);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "no draft stays"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(
                load_or_create(&path, &mut rand::rng()),
                Err(KeyFileError::Exposed { .. })
            ));
        }
    }

    #[test]
    fn processes_that_start_together_share_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| load_or_create(&path, &mut rand::rng()).unwrap()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_damaged_key_is_named_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        load_or_create(&path, &mut rand::rng()).unwrap();
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(7)
            .unwrap();
        let error = load_or_create(&path, &mut rand::rng()).unwrap_err();
        assert!(error.to_string().contains("has 7 bytes, not 32"), "{error}");
    }
}
