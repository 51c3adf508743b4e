//! Records in a file: each as the log's own bytes, its length before it.

use super::BackupError;
use bytes::Bytes;
use interstate_log::{Record, codec};
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// A longer record was never written: the log takes none.
const LONGEST: usize = 64 * 1024 * 1024;

/// A file that is being written; readable by its owner alone.
pub(super) struct Out {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Out {
    pub(super) fn create(path: &Path) -> Result<Self, BackupError> {
        let fail = |error| BackupError::io(path, "made", error);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, options.open(path).map_err(fail)?),
            path: path.to_owned(),
            bytes: 0,
        })
    }

    /// Adds a record; how long the file is then.
    pub(super) fn push(&mut self, record: &Record) -> Result<u64, BackupError> {
        let bytes = codec::encode(record);
        let length = u32::try_from(bytes.len()).expect("no record is that long");
        let written = self
            .file
            .write_all(&length.to_le_bytes())
            .and_then(|()| self.file.write_all(&bytes));
        written.map_err(|error| BackupError::io(&self.path, "written", error))?;
        self.bytes += 4 + u64::from(length);
        Ok(self.bytes)
    }

    /// Keeps the first so many bytes, durably; their SHA-256 in hexadecimal digits.
    pub(super) fn keep(mut self, bytes: u64) -> Result<String, BackupError> {
        let flushed = self.file.flush();
        let file = self.file.get_ref();
        let done = flushed
            .and_then(|()| file.set_len(bytes))
            .and_then(|()| file.sync_all());
        done.map_err(|error| BackupError::io(&self.path, "written", error))?;
        digest(&self.path)
    }
}

/// The SHA-256 of a file in hexadecimal digits.
pub(super) fn digest(path: &Path) -> Result<String, BackupError> {
    let mut digest = Sha256::new();
    let hashed = File::open(path).and_then(|mut file| io::copy(&mut file, &mut digest));
    hashed.map_err(|error| BackupError::io(path, "read", error))?;
    let hex = digest.finalize().into_iter().map(|byte| format!("{byte:02x}"));
    Ok(hex.collect())
}

/// The records of a file, in order.
pub(super) struct In {
    path: PathBuf,
    file: BufReader<File>,
    at: u64,
}

impl In {
    pub(super) fn open(path: &Path) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(|error| BackupError::io(path, "opened", error))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 20, file),
            at: 0,
        })
    }

    /// The next record, unless there is none.
    pub(super) fn next(&mut self) -> Result<Option<Record>, BackupError> {
        let mut length = [0; 4];
        match self.file.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(BackupError::io(&self.path, "read", error)),
        }
        let length = u32::from_le_bytes(length) as usize;
        let damaged = |why: String| BackupError::Damaged {
            path: self.path.clone(),
            why: format!("at byte {}: {why}", self.at),
        };
        if length > LONGEST {
            return Err(damaged(format!("no record has {length} bytes")));
        }
        let mut bytes = vec![0; length];
        self.file
            .read_exact(&mut bytes)
            .map_err(|error| damaged(error.to_string()))?;
        let record = codec::decode(Bytes::from(bytes)).map_err(damaged)?;
        self.at += 4 + length as u64;
        Ok(Some(record))
    }
}
