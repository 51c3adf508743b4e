//! A copy of all that a deployment cannot make again: its log, its keys and the settings that were given.

use crate::catalogue;
use interstate_eventing::{
    backup::{self, BackupError, Manifest},
    runtime::MachineClock,
};
use interstate_log::{Log, PartitionId};
use interstate_schemas::{SignedDuration, Timestamp};
use std::{
    fmt::Write,
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// What makes up the keys: of access tokens, of personal data, of numbers at the start of a ride, of values that must be
/// unique, and the beginning of an accelerated clock. The folder may hold other things as well.
const KEYS: [&str; 6] = [
    "access-token.ed25519",
    "clock.json",
    "keys",
    PERSONAL,
    "start-codes.hmac",
    "unique-values.hmac",
];
/// Each deployment has it from its first start on.
const PERSONAL: &str = "personal-data.key";
/// Where they stand in a backup.
const KEYS_FOLDER: &str = "keys";
/// The settings that were given, `NAME=value` a line.
const SETTINGS: &str = "settings.env";

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log.
    #[error(transparent)]
    Log(#[from] BackupError),
    /// A file of keys or settings.
    #[error("{} cannot be {what}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What failed.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// There are no keys to copy: without them nobody's data could be read again.
    #[error(
        "there are no keys in {}: to back up, name the folder that the services keep theirs in with --keys-dir or \
         --data-dir; a backup is restored with the folder of keys that it was made with",
        .0.display()
    )]
    NoKeys(PathBuf),
    /// There are keys where keys are to be put.
    #[error("{} is there already: name a folder without keys with --keys-dir, or --data-dir", .0.display())]
    KeysThere(PathBuf),
}

fn failed(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, what, source }
}

/// Copies a log and the keys behind it, while both are in use. Says what was copied.
pub async fn take(log: &dyn Log, keys_dir: &Path, into: &Path) -> Result<String, Error> {
    has_keys(keys_dir)?;
    let tell = |id: &PartitionId, records| tracing::info!(partition = %id, records, "copied");
    let manifest = backup::take(log, &catalogue::services(), into, tell).await?;
    // Behind the log: whatever is sealed in it was sealed with a key that is there by now.
    let kept = into.join(KEYS_FOLDER);
    for name in KEYS {
        copy(&keys_dir.join(name), &kept.join(name))?;
    }
    manifest.write(into)?;
    Ok(format!(
        "{} events of {} partitions, {} bytes, and the keys are in {}\n\
         It holds everything that was acknowledged before {}. Whoever has it can read personal data: encrypt it.\n",
        manifest.events(),
        manifest.partitions.len(),
        manifest.bytes(),
        into.display(),
        manifest.began,
    ))
}

/// Notes the settings that were given, in a finished backup.
pub fn note_settings(into: &Path, settings: &[(&'static str, String)]) -> Result<(), Error> {
    let path = into.join(SETTINGS);
    let text: String = settings
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&path)
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(failed(&path, "written"))
}

/// Fills an empty log and an empty folder of keys. Says what is there now, and what is not.
pub async fn restore(log: &dyn Log, keys_dir: &Path, from: &Path) -> Result<String, Error> {
    if let Some(there) = KEYS
        .map(|name| keys_dir.join(name))
        .into_iter()
        .find(|path| path.exists())
    {
        return Err(Error::KeysThere(there));
    }
    has_keys(&from.join(KEYS_FOLDER))?;
    let tell = |id: &PartitionId, records: u64| eprintln!("{id}: {records} records");
    let manifest = backup::restore(log, &catalogue::services(), from, tell).await?;
    for name in KEYS {
        copy(&from.join(KEYS_FOLDER).join(name), &keys_dir.join(name))?;
    }
    Ok(report(&manifest, MachineClock::machine_now(), from))
}

fn has_keys(dir: &Path) -> Result<(), Error> {
    let there = dir.join(PERSONAL).exists();
    there.then_some(()).ok_or_else(|| Error::NoKeys(dir.to_owned()))
}

fn report(manifest: &Manifest, now: Timestamp, from: &Path) -> String {
    let mut told = String::new();
    for copied in manifest.partitions.iter().filter(|copied| copied.sequence > 0) {
        let time = copied
            .time
            .map(|time| format!(", log time {time}"))
            .unwrap_or_default();
        let _ = writeln!(
            told,
            "{:<12} ends with event {}{time}",
            format!("{}/{}", copied.service, copied.partition),
            copied.sequence
        );
    }
    let window = SignedDuration::from_secs(now.duration_since(manifest.began).as_secs());
    let _ = write!(
        told,
        "{} events and the keys are restored.\n\
         Loss window: what was acknowledged from {} on is not here, until now {window:#}.\n\
         Erasures of that time must be asked for again; the payment provider may have entries that nobody here knows.\n\
         Start services with new data folders and empty stores: read models are made from the log. The settings that \
         were given stand in {}.\n",
        manifest.events(),
        manifest.began,
        from.join(SETTINGS).display(),
    );
    told
}

/// Copies a file, or a folder with all that is in it; nothing where there is none. Files are their owner's alone.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let about = match fs::metadata(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about.map_err(failed(from, "read"))?,
    };
    if about.is_dir() {
        fs::create_dir_all(to).map_err(failed(to, "made"))?;
        for entry in fs::read_dir(from).map_err(failed(from, "read"))? {
            let entry = entry.map_err(failed(from, "read"))?;
            // Half a key on its way to its place.
            if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "draft")
            {
                continue;
            }
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(failed(folder, "made"))?;
    }
    fs::copy(from, to).map_err(failed(from, "copied"))?;
    // Archives and version control forget who may read a file, and services refuse keys that others can read.
    #[cfg(unix)]
    {
        let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(to, own).map_err(failed(to, "kept to its owner"))?;
    }
    let synced = fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(failed(to, "written"))
}
