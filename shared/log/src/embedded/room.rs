//! Whether the disk has room for what is to be written, and who is told when it has not.

use crate::LogError;
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// With less than this free, in bytes, a write that failed did so for want of room.
const FULL: u64 = 1 << 20;

/// The room on the disk of the log.
pub(super) struct Room {
    dir: PathBuf,
    /// Writing stops while less than this many bytes are free.
    reserve: u64,
    /// True from the first write that found no room until there is some again.
    short: watch::Sender<bool>,
}

impl Room {
    pub(super) fn new(dir: &Path, reserve: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            reserve,
            short: watch::Sender::new(false),
        }
    }

    /// How many bytes are free where this folder is or would be made, if that is enough to write there.
    pub(super) fn look(dir: &Path, reserve: u64) -> Result<u64, LogError> {
        let there = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let there = there.ancestors().find(|parent| parent.exists()).unwrap_or(dir);
        Self::new(there, reserve).check()?;
        fs4::available_space(there).map_err(|error| LogError::Unreachable {
            at: dir.display().to_string(),
            why: error.to_string(),
        })
    }

    /// Refuses before the disk is full: a journal that hits the end of the disk is harder to mend than a no.
    pub(super) fn check(&self) -> Result<(), LogError> {
        // A disk that cannot be asked is for the write itself to judge.
        let Ok(free) = fs4::available_space(&self.dir) else {
            return Ok(());
        };
        let refused = free < self.reserve;
        self.short.send_if_modified(|short| {
            // Without a reserve a write finds out; what it found holds until there is room worth the name.
            let now = refused || (*short && free < FULL);
            std::mem::replace(short, now) != now
        });
        if refused { Err(self.full(free)) } else { Ok(()) }
    }

    /// Whether a write that failed did so for want of room. Where a file in the background found none, the database
    /// only says that it has stopped.
    pub(super) fn why_failed(&self, error: LogError) -> LogError {
        let error = match fs4::available_space(&self.dir) {
            Ok(free) if free < FULL.max(self.reserve) => self.full(free),
            _ => error,
        };
        if matches!(error, LogError::Full(_)) {
            self.short.send_replace(true);
        }
        error
    }

    /// Whether more may be taken up: costs a look at the disk only while there was no room at the last one.
    pub(super) fn admit(&self) -> Result<(), LogError> {
        if !*self.short.borrow() {
            return Ok(());
        }
        self.check()?;
        if *self.short.borrow() {
            return Err(self.full(fs4::available_space(&self.dir).unwrap_or_default()));
        }
        Ok(())
    }

    pub(super) fn shortage(&self) -> watch::Receiver<bool> {
        self.short.subscribe()
    }

    fn full(&self, free: u64) -> LogError {
        let needed = self.reserve.max(FULL);
        LogError::Full(format!(
            "{}: {free} bytes are free, {needed} are needed",
            self.dir.display()
        ))
    }
}
