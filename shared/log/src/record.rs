//! What the log holds: records in the partitions of topics.

use bytes::Bytes;
use std::fmt;

/// A header's name and value. Names are few and known, so they are static where we write them.
pub type Header = (std::borrow::Cow<'static, str>, Bytes);

/// What is appended: a key, headers and a payload, as on Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Names the aggregate; decides the partition. Never personal data.
    pub key: Bytes,
    /// The envelope (CloudEvents binary mode).
    pub headers: Vec<Header>,
    /// The body.
    pub payload: Bytes,
}

impl Record {
    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The same as text; nothing where it is absent or not UTF-8.
    pub fn header_str(&self, name: &str) -> Option<&str> {
        self.header(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Bytes that count against a size limit.
    pub fn size(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(key, value)| key.len() + value.len() + 8)
            .sum();
        self.key.len() + self.payload.len() + headers + 16
    }
}

/// A record where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the partition. Offsets grow, and have gaps.
    pub offset: u64,
    /// What was appended.
    pub record: Record,
}

/// The topics of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKind {
    /// Requests to its aggregates.
    Commands,
    /// What happened, with receipts: the truth.
    Events,
    /// Answers on their way to the instance that asked.
    Replies,
    /// What could not be handled, with the reason.
    DeadLetters,
    /// Telemetry of drivers' positions (service `location` only).
    Fixes,
}

/// A topic of a service, `booking.events` on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic {
    /// The owner.
    pub service: std::borrow::Cow<'static, str>,
    /// Which of its topics.
    pub kind: TopicKind,
}

impl Topic {
    /// Names a topic.
    pub fn new(service: impl Into<std::borrow::Cow<'static, str>>, kind: TopicKind) -> Self {
        Self {
            service: service.into(),
            kind,
        }
    }

    /// The commands of a service.
    pub fn commands(service: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::new(service, TopicKind::Commands)
    }

    /// The events of a service.
    pub fn events(service: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::new(service, TopicKind::Events)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.kind {
            TopicKind::Commands => "commands",
            TopicKind::Events => "events",
            TopicKind::Replies => "replies",
            TopicKind::DeadLetters => "dead-letters",
            TopicKind::Fixes => "fixes",
        };
        write!(f, "{}.{suffix}", self.service)
    }
}

/// One partition of one service: the unit of ownership.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionId {
    /// The service.
    pub service: std::borrow::Cow<'static, str>,
    /// Counted from 0.
    pub index: u32,
}

impl PartitionId {
    /// Names a partition.
    pub fn new(service: impl Into<std::borrow::Cow<'static, str>>, index: u32) -> Self {
        Self {
            service: service.into(),
            index,
        }
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.index)
    }
}

/// The partition of a key: murmur2 as in Kafka's default partitioner, so that any client finds it.
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

/// Kafka's murmur2 (seed 0x9747b28c), `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c_u32 ^ (data.len() as u32);
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        for (i, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors from Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn murmur2_agrees_with_kafka() {
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }
}
