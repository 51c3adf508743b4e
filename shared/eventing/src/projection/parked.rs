//! Events that a projection could not take up, kept whole so that they can be taken up later.

use crate::{DecodeError, Event};
use bytes::Bytes;
use interstate_log::{PartitionId, Record};
use interstate_schemas::Timestamp;
use std::borrow::Cow;

/// A parked event.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// The event, as it stands in the log.
    pub event: Event,
    /// Why it is parked: its own failure, or the sequence of the earlier one of its subject.
    pub reason: String,
    /// Log time of the event that was the reason.
    pub since: Timestamp,
}

impl Parked {
    /// The reason of those that wait behind another one.
    pub const BEHIND: &'static str = "an earlier event of the same subject is parked";

    /// An event that failed.
    pub fn failed(event: &Event, reason: impl Into<String>) -> Self {
        Self {
            since: event.time,
            event: event.clone(),
            reason: reason.into(),
        }
    }

    /// An event behind a parked one of the same subject.
    pub fn behind(event: &Event) -> Self {
        Self::failed(event, Self::BEHIND)
    }
}

/// The event as bytes for a store.
pub fn encode_event(event: &Event) -> Vec<u8> {
    let Record {
        key,
        headers,
        payload,
    } = event.to_record();
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect();
    rmp_serde::to_vec(&(&key[..], headers, &payload[..])).expect("names and bytes have a MessagePack form")
}

/// The event of [`encode_event`].
///
/// # Errors
/// The bytes are something else.
pub fn decode_event(source: &PartitionId, bytes: &[u8]) -> Result<Event, DecodeError> {
    let (key, headers, payload): (Vec<u8>, Vec<(String, Vec<u8>)>, Vec<u8>) = rmp_serde::from_slice(bytes)
        .map_err(|error| DecodeError::Malformed {
            kind: "parked event".to_owned(),
            why: error.to_string(),
        })?;
    let record = Record {
        key: Bytes::from(key),
        headers: headers
            .into_iter()
            .map(|(name, value)| (Cow::Owned(name), Bytes::from(value)))
            .collect(),
        payload: Bytes::from(payload),
    };
    Event::from_record(source.service.clone(), source.index, &record)
}
