//! Where partitions that were read one after the other fit together: no message has been taken that its sender, as far
//! as it is kept, never sent, and no command of a reactor whose cause is not there.
//!
//! Taking from one partition what another has not said yet may take that other one's last words away as well, so the
//! cut goes back until nothing moves any more. That is the recovery line of Randell, "System structure for software
//! fault tolerance" (1975). It never goes back behind the moment at which the ends were read: what is taken away has
//! followed from something that was written after it.

use crate::receipt::{Channel, Receipt};
use interstate_log::PartitionId;
use interstate_schemas::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// Batches of a partition that could still be taken away. Ends are read within moments of each other, and this many
/// are minutes of a busy partition.
const MOST: usize = 20_000;

/// A direction between two partitions, with the generation of the sender's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    incarnation: u32,
    from: PartitionId,
    to: PartitionId,
}

/// The highest number on each line.
type Numbers = BTreeMap<Line, u64>;

/// What one batch has added.
#[derive(Debug, Clone)]
struct Step {
    /// Bytes of the copy, this batch included.
    bytes: u64,
    /// Records of the copy.
    records: u64,
    sent: Vec<(Line, u64)>,
    taken: Vec<(Line, u64)>,
    /// Events of other partitions that something here was done for.
    causes: Vec<(PartitionId, u64)>,
    sequence: u64,
    time: Timestamp,
}

/// What a partition has sent and taken, batch after batch.
#[derive(Debug)]
pub(super) struct History {
    id: PartitionId,
    sent: Numbers,
    taken: Numbers,
    causes: BTreeMap<PartitionId, u64>,
    /// The end of what can no more be taken away.
    settled: Option<Step>,
    steps: VecDeque<Step>,
}

/// The end of what is kept of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) bytes: u64,
    pub(super) records: u64,
    /// The last event's.
    pub(super) sequence: u64,
    /// The last receipt's.
    pub(super) time: Timestamp,
    /// Up to which number it has taken messages from each channel.
    pub(super) taken: Vec<(Channel, u64)>,
}

impl History {
    pub(super) fn new(id: PartitionId) -> Self {
        Self {
            id,
            sent: Numbers::new(),
            taken: Numbers::new(),
            causes: BTreeMap::new(),
            settled: None,
            steps: VecDeque::new(),
        }
    }

    /// Notes a batch with which the copy has so many bytes and records.
    pub(super) fn push(&mut self, receipt: &Receipt, bytes: u64, records: u64) {
        let to_line = |channel: &Channel| Line {
            incarnation: channel.incarnation,
            from: self.id.clone(),
            to: PartitionId::new(channel.service.clone(), channel.partition),
        };
        let from_line = |channel: &Channel| Line {
            incarnation: channel.incarnation,
            from: PartitionId::new(channel.service.clone(), channel.partition),
            to: self.id.clone(),
        };
        let messages = receipt.messages.iter().filter(|message| message.dead.is_none());
        let step = Step {
            bytes,
            records,
            sent: messages
                .map(|message| (to_line(&message.channel), message.number))
                .collect(),
            taken: receipt
                .received
                .iter()
                .map(|(channel, number)| (from_line(channel), *number))
                .collect(),
            causes: receipt
                .reactors
                .iter()
                .map(|(source, cause)| {
                    let of = PartitionId::new(source.channel.service.clone(), source.channel.partition);
                    (of, cause.sequence)
                })
                .collect(),
            sequence: receipt.last,
            time: receipt.time,
        };
        self.steps.push_back(step);
        if self.steps.len() > MOST
            && let Some(first) = self.steps.pop_front()
        {
            raise(&mut self.sent, first.sent.iter().cloned());
            raise(&mut self.taken, first.taken.iter().cloned());
            raise(&mut self.causes, first.causes.iter().cloned());
            self.settled = Some(first);
        }
    }

    /// Records that were copied.
    pub(super) fn records(&self) -> u64 {
        self.last(self.steps.len()).map_or(0, |step| step.records)
    }

    /// What it has sent with its first so many steps.
    fn sent(&self, kept: usize) -> Numbers {
        let mut sent = self.sent.clone();
        raise(
            &mut sent,
            self.steps
                .iter()
                .take(kept)
                .flat_map(|step| step.sent.iter().cloned()),
        );
        sent
    }

    /// The last event's sequence after its first so many steps.
    fn sequence(&self, kept: usize) -> u64 {
        self.last(kept).map_or(0, |step| step.sequence)
    }

    fn last(&self, kept: usize) -> Option<&Step> {
        match kept {
            0 => self.settled.as_ref(),
            _ => self.steps.get(kept - 1),
        }
    }

    fn end(&self, kept: usize) -> Option<End> {
        let last = self.last(kept)?;
        let mut taken = self.taken.clone();
        raise(
            &mut taken,
            self.steps
                .iter()
                .take(kept)
                .flat_map(|step| step.taken.iter().cloned()),
        );
        let channel = |line: Line| Channel {
            incarnation: line.incarnation,
            service: line.from.service,
            partition: line.from.index,
        };
        Some(End {
            bytes: last.bytes,
            records: last.records,
            sequence: last.sequence,
            time: last.time,
            taken: taken
                .into_iter()
                .map(|(line, number)| (channel(line), number))
                .collect(),
        })
    }
}

fn raise<K: Ord>(known: &mut BTreeMap<K, u64>, more: impl Iterator<Item = (K, u64)>) {
    for (key, number) in more {
        let highest = known.entry(key).or_default();
        *highest = number.max(*highest);
    }
}

/// The parts of the histories that fit together, in their order; nothing for a partition without a batch.
///
/// # Errors
/// A sentence where what no longer can be taken away does not fit: the log of the one was set back.
pub(super) fn cut(histories: &[History]) -> Result<Vec<Option<End>>, String> {
    let mut kept: Vec<usize> = histories.iter().map(|history| history.steps.len()).collect();
    loop {
        let mut sent = Numbers::new();
        let mut ends = BTreeMap::new();
        for (history, kept) in histories.iter().zip(&kept) {
            sent.extend(history.sent(*kept));
            ends.insert(history.id.clone(), history.sequence(*kept));
        }
        let unsent = |(line, number): (&Line, &u64)| sent.get(line).is_none_or(|sent| sent < number);
        let unsaid = |(of, sequence): (&PartitionId, &u64)| ends.get(of).is_none_or(|end| end < sequence);
        let mut moved = false;
        for (history, kept) in histories.iter().zip(&mut kept) {
            if history.taken.iter().any(unsent) || history.causes.iter().any(unsaid) {
                return Err(format!(
                    "{} has taken what no other partition here has sent: their logs do not belong together",
                    history.id
                ));
            }
            let fits = |step: &Step| {
                !step.taken.iter().any(|(line, number)| unsent((line, number)))
                    && !step.causes.iter().any(|(of, sequence)| unsaid((of, sequence)))
            };
            let first_wrong = history.steps.iter().take(*kept).position(|step| !fits(step));
            if let Some(at) = first_wrong {
                *kept = at;
                moved = true;
            }
        }
        if !moved {
            let ends = histories
                .iter()
                .zip(&kept)
                .map(|(history, kept)| history.end(*kept));
            return Ok(ends.collect());
        }
    }
}

#[cfg(test)]
#[path = "cut_tests.rs"]
mod tests;
