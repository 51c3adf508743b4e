//! A snapshot as bytes: a magic line, frames of `length (u32) | content`, an empty frame, and the SHA-256 of everything
//! before it. The first frame is the [`Mark`] in MessagePack; each later one holds rows of the cache, in the order of
//! their keys: `length (u32) | key | length (u32) | value`. Numbers are big-endian.

use super::SnapshotError;
use crate::store::StoreError;
use interstate_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAGIC: &[u8] = b"interstate snapshot 1\n";
/// A frame is closed when it holds so much.
const FRAME: usize = 1024 * 1024;
/// A longer one was never written.
const LONGEST_FRAME: usize = 64 * 1024 * 1024;
/// A longer row might not fit into a frame behind others.
const LONGEST_ROW: usize = LONGEST_FRAME - 2 * FRAME;
const DIGEST: usize = 32;

/// A row of the cache.
pub type Row = (Vec<u8>, Vec<u8>);

/// Which moment of a partition it shows: that of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whose partition.
    pub service: String,
    /// Which of them.
    pub partition: u32,
    /// The kinds of aggregates with the versions of their states, and the layout of rows.
    pub shape: String,
    /// The generation of the partitions.
    pub incarnation: u32,
    /// The number of the last receipt in it.
    pub receipt: u64,
    /// That receipt's time.
    pub time: Timestamp,
    /// The last event's sequence.
    pub sequence: u64,
    /// Where the events go on in the log.
    pub next: u64,
}

/// Why bytes are no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// They begin otherwise.
    #[error("it does not begin as a snapshot does")]
    Magic,
    /// The mark cannot be read.
    #[error("its mark cannot be read: {0}")]
    Mark(String),
    /// A frame cannot be.
    #[error("a frame cannot be read at byte {0}")]
    Frame(u64),
    /// It ends too early.
    #[error("it ends at byte {0}, in the midst")]
    Short(u64),
    /// It is not what was written.
    #[error("its checksum is another one")]
    Checksum,
}

/// Makes bytes of rows.
pub(super) struct Encoder<R> {
    rows: Option<R>,
    head: Vec<u8>,
    digest: Sha256,
}

impl<R: Iterator<Item = Result<Row, StoreError>>> Encoder<R> {
    pub(super) fn new(mark: &Mark, rows: R) -> Self {
        let mark = rmp_serde::to_vec_named(mark).expect("a mark is plain data");
        let mut head = MAGIC.to_vec();
        put(&mut head, &mark);
        Self {
            rows: Some(rows),
            head,
            digest: Sha256::new(),
        }
    }

    /// Adds the next frame; false when there is none.
    pub(super) fn next(&mut self, into: &mut Vec<u8>) -> Result<bool, SnapshotError> {
        let Some(rows) = &mut self.rows else {
            return Ok(false);
        };
        let begun = into.len();
        into.append(&mut self.head);
        let mut frame = Vec::new();
        while frame.len() < FRAME
            && let Some(row) = rows.next()
        {
            let (key, value) = row?;
            let bytes = key.len() + value.len();
            if bytes > LONGEST_ROW {
                return Err(SnapshotError::TooLong(bytes));
            }
            put(&mut frame, &key);
            put(&mut frame, &value);
        }
        put(into, &frame);
        self.digest.update(&into[begun..]);
        if frame.is_empty() {
            self.rows = None;
            into.extend(self.digest.finalize_reset());
        }
        Ok(true)
    }
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("no row is that long");
    into.extend(length.to_be_bytes());
    into.extend(bytes);
}

/// What a part of the bytes gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Mark(Mark),
    Rows(Vec<Row>),
    /// Everything was read, and it is what was written.
    End,
}

/// Makes rows of bytes, as they come.
pub(super) struct Decoder {
    pending: Vec<u8>,
    /// Bytes taken out of `pending`.
    taken: u64,
    digest: Sha256,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Magic,
    Mark,
    Rows,
    Digest,
    End,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            pending: Vec::new(),
            taken: 0,
            digest: Sha256::new(),
            state: State::Magic,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// What the bytes so far give next; nothing where more are needed.
    pub(super) fn next(&mut self) -> Result<Option<Found>, FormatError> {
        loop {
            match self.state {
                State::Magic => {
                    let known = self.pending.len().min(MAGIC.len());
                    if self.pending[..known] != MAGIC[..known] {
                        return Err(FormatError::Magic);
                    }
                    if self.take(MAGIC.len()).is_none() {
                        return Ok(None);
                    }
                    self.state = State::Mark;
                }
                State::Mark => {
                    let Some(frame) = self.frame()? else {
                        return Ok(None);
                    };
                    let mark = rmp_serde::from_slice(&frame);
                    let mark = mark.map_err(|error| FormatError::Mark(error.to_string()))?;
                    self.state = State::Rows;
                    return Ok(Some(Found::Mark(mark)));
                }
                State::Rows => {
                    let at = self.taken;
                    let Some(frame) = self.frame()? else {
                        return Ok(None);
                    };
                    if !frame.is_empty() {
                        let rows = rows_of(&frame).ok_or(FormatError::Frame(at))?;
                        return Ok(Some(Found::Rows(rows)));
                    }
                    self.state = State::Digest;
                }
                State::Digest => {
                    let expected = self.digest.clone().finalize();
                    let Some(digest) = self.take(DIGEST) else {
                        return Ok(None);
                    };
                    if *digest != *expected {
                        return Err(FormatError::Checksum);
                    }
                    self.state = State::End;
                    return Ok(Some(Found::End));
                }
                State::End if self.pending.is_empty() => return Ok(None),
                State::End => return Err(FormatError::Checksum),
            }
        }
    }

    /// There are no more bytes.
    pub(super) fn end(&self) -> Result<(), FormatError> {
        match self.state {
            State::End => Ok(()),
            _ => Err(FormatError::Short(self.taken + self.pending.len() as u64)),
        }
    }

    fn frame(&mut self) -> Result<Option<Vec<u8>>, FormatError> {
        let Some(length) = self.pending.first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length > LONGEST_FRAME {
            return Err(FormatError::Frame(self.taken));
        }
        Ok(self.take(4 + length).map(|frame| frame[4..].to_vec()))
    }

    fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        if self.pending.len() < count {
            return None;
        }
        let rest = self.pending.split_off(count);
        let taken = std::mem::replace(&mut self.pending, rest);
        self.digest.update(&taken);
        self.taken += count as u64;
        Some(taken)
    }
}

fn rows_of(mut frame: &[u8]) -> Option<Vec<Row>> {
    let mut one = || -> Option<Vec<u8>> {
        let (length, rest) = frame.split_first_chunk()?;
        let (bytes, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        frame = rest;
        Some(bytes.to_vec())
    };
    let mut rows = Vec::new();
    while let Some(key) = one() {
        rows.push((key, one()?));
    }
    frame.is_empty().then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark {
            service: "booking".to_owned(),
            partition: 3,
            shape: "booking:2".to_owned(),
            incarnation: 1,
            receipt: 17,
            time: Timestamp::UNIX_EPOCH,
            sequence: 40,
            next: 61,
        }
    }

    fn rows(count: usize, size: usize) -> Vec<Row> {
        let row = |at: usize| (format!("row {at:09}").into_bytes(), vec![at as u8; size]);
        (0..count).map(row).collect()
    }

    fn encoded(rows: &[Row]) -> Vec<u8> {
        let mut encoder = Encoder::new(&mark(), rows.iter().cloned().map(Ok));
        let mut bytes = Vec::new();
        while encoder.next(&mut bytes).unwrap() {}
        bytes
    }

    fn decoded(bytes: &[u8], part: usize) -> Result<(Mark, Vec<Row>), FormatError> {
        let mut decoder = Decoder::new();
        let (mut found, mut rows) = (None, Vec::new());
        for part in bytes.chunks(part) {
            decoder.push(part);
            while let Some(next) = decoder.next()? {
                match next {
                    Found::Mark(mark) => found = Some(mark),
                    Found::Rows(more) => rows.extend(more),
                    Found::End => {}
                }
            }
        }
        decoder.end()?;
        Ok((found.expect("the mark comes first"), rows))
    }

    #[test]
    fn what_was_written_is_read_however_it_is_cut() {
        for (count, size) in [(0, 0), (1, 0), (3_000, 1_000)] {
            let rows = rows(count, size);
            let bytes = encoded(&rows);
            for part in [1_usize, 7, 4_096, 10_000_000] {
                // A byte at a time is enough of the small ones.
                if count < 100 || part > 100 {
                    assert_eq!(decoded(&bytes, part), Ok((mark(), rows.clone())));
                }
            }
        }
    }

    /// Frozen: an instance of another build reads what this one writes, and the other way round.
    #[test]
    fn what_an_earlier_build_wrote_is_read() {
        let frozen = include_bytes!("frozen/1.snapshot");
        assert_eq!(decoded(frozen, 10_000), Ok((mark(), rows(3, 5))));
        assert_eq!(
            encoded(&rows(3, 5)),
            frozen,
            "an earlier build would not read this"
        );
    }

    #[test]
    fn a_row_that_nobody_could_read_is_not_written() {
        let next = |size| {
            let row = (b"k".to_vec(), vec![0; size]);
            Encoder::new(&mark(), [Ok(row)].into_iter()).next(&mut Vec::new())
        };
        assert!(next(LONGEST_ROW - 1).is_ok());
        assert!(matches!(next(LONGEST_ROW), Err(SnapshotError::TooLong(_))));
    }

    #[test]
    fn no_byte_can_be_another_one_and_none_can_be_missing() {
        let bytes = encoded(&rows(3, 5));
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 0x40;
            let read = decoded(&other, 4_096);
            assert!(read.is_err(), "byte {at} is another one: {read:?}");
            assert!(decoded(&bytes[..at], 4_096).is_err(), "it ends at byte {at}");
        }
        let more = [&bytes[..], b"?"].concat();
        assert!(decoded(&more, 4_096).is_err());
    }
}
