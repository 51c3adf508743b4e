//! Folders that a process writes into, the clock that is kept in one of them, and room on the disk.

use super::{
    look::{Look, blocking},
    plan::Plan,
};
use crate::clock_file;
use interstate_config::{Documents, EventLog, Relational, SnapshotPlace};
use interstate_log::embedded::{self, Options};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Services whose read models are tables; facts are where they are, unless ClickHouse has them.
const WITH_TABLES: [&str; 4] = ["user", "driver", "payment", "analytics"];

pub(super) async fn look(plan: &Plan) -> Vec<Look> {
    let common = &plan.common;
    let mut folders = vec![("data folder", "DATA_DIR", common.data_dir.clone())];
    if common.keys_dir != common.data_dir {
        folders.push(("folder of the keys", "KEYS_DIR", common.keys_dir.clone()));
    }
    if let Some(folder) = read_models(plan) {
        folders.push(("folder of the read models", "DB_CONNECTION", folder));
    }
    if let Some(SnapshotPlace::Folder(folder)) = &common.snapshots.place {
        folders.push(("folder of snapshots", "SNAPSHOTS_DIR", folder.clone()));
    }
    let data = common.data_dir.clone();
    let on_kafka = matches!(common.event_log, EventLog::Kafka(_));
    let (keys, factor) = (common.keys_dir.clone(), common.clock_factor);
    blocking("folders", move || {
        let mut found: Vec<Look> = folders
            .iter()
            .map(|(what, setting, folder)| Look::of(*what, writable(folder, setting)))
            .collect();
        // The embedded log looks for itself.
        if on_kafka {
            found.push(Look::of("disk of the data folder", room(&data)));
        }
        let clock = clock_file::look(&keys, factor);
        found.push(Look::of(
            "the folder's time",
            clock.map(|()| format!("{factor} times as fast as real time")),
        ));
        found
    })
    .await
}

/// Where SQLite has its files, if that is not the data folder.
fn read_models(plan: &Plan) -> Option<PathBuf> {
    let tables = match plan.common.databases.relational() {
        Some(Relational::Sqlite(folder)) if WITH_TABLES.iter().any(|name| plan.hosts(name)) => folder,
        _ => None,
    };
    let documents = match plan.common.databases.documents() {
        Some(Documents::Sqlite(folder)) if plan.hosts("booking") => folder,
        _ => None,
    };
    tables.or(documents).map(Path::to_owned)
}

/// Whether files can be made there, or the folder itself where it is missing.
fn writable(folder: &Path, setting: &str) -> Result<String, String> {
    let failed = |at: &Path, error: io::Error| {
        format!(
            "{} cannot be written: {error}; let the user of this process write there, or name another folder in {setting}",
            at.display()
        )
    };
    let whole = std::path::absolute(folder).map_err(|error| failed(folder, error))?;
    let there = whole.ancestors().find(|parent| parent.exists()).unwrap_or(&whole);
    if !there.is_dir() {
        return Err(failed(there, io::ErrorKind::NotADirectory.into()));
    }
    if there == whole {
        fs::read_dir(there).map_err(|error| failed(there, error))?;
    }
    // A file without a name: nothing is left of it, whatever happens.
    tempfile::tempfile_in(there).map_err(|error| failed(there, error))?;
    Ok(match there == whole {
        true => format!("{} can be written", folder.display()),
        false => format!("{} will be made", folder.display()),
    })
}

/// Caches of states need as much as the embedded log keeps free.
fn room(folder: &Path) -> Result<String, String> {
    let free = embedded::room(folder, Options::new(folder).reserve);
    free.map(free_bytes).map_err(|error| {
        let why = error.to_string().replace("the disk of the log", "the disk");
        format!("{why}; make room, or name a folder on another disk in DATA_DIR")
    })
}

/// `12 GiB are free`.
pub(super) fn free_bytes(bytes: u64) -> String {
    match bytes >> 30 {
        0 => format!("{} MiB are free", bytes >> 20),
        gib => format!("{gib} GiB are free"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_looked_at_without_a_trace() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        assert!(writable(&deep, "DATA_DIR").unwrap().ends_with("will be made"));
        assert!(
            writable(dir.path(), "DATA_DIR")
                .unwrap()
                .ends_with("can be written")
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::write(dir.path().join("file"), "").unwrap();
        let wrong = writable(&dir.path().join("file/below"), "KEYS_DIR").unwrap_err();
        assert!(
            wrong.contains("file cannot be written") && wrong.contains("KEYS_DIR"),
            "{wrong}"
        );
    }
}
