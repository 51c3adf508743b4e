//! Records to librdkafka's and back.

use crate::{Header, Record, Stored};
use bytes::BytesMut;
use rdkafka::{
    Message,
    message::{BorrowedMessage, Headers as _, OwnedHeaders},
    producer::BaseRecord,
    util::IntoOpaque,
};
use std::borrow::Cow;

/// Names that nearly every record has; naming them here spares an allocation each.
const KNOWN: [&str; 14] = [
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_sequence",
    "ce_correlationid",
    "ce_causationid",
    "ce_aggregateversion",
    "ce_actor",
    "traceparent",
    "tracestate",
    "content-type",
];

/// A record on its way to a partition. An empty key is sent as none.
pub(super) fn outgoing<'a, D: IntoOpaque>(
    record: &'a Record,
    topic: &'a str,
    partition: u32,
    opaque: D,
) -> BaseRecord<'a, [u8], [u8], D> {
    let mut out = BaseRecord::with_opaque_to(topic, opaque)
        .partition(partition as i32)
        .payload(&record.payload[..]);
    if !record.key.is_empty() {
        out = out.key(&record.key[..]);
    }
    if record.headers.is_empty() {
        return out;
    }
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    out.headers(record.headers.iter().fold(headers, |headers, (key, value)| {
        headers.insert(rdkafka::message::Header {
            key,
            value: Some(&value[..]),
        })
    }))
}

/// A record that was read, in one allocation for all of its bytes.
pub(super) fn incoming(message: &BorrowedMessage<'_>) -> Stored {
    let headers = message.headers();
    let key = message.key().unwrap_or_default();
    let payload = message.payload().unwrap_or_default();
    let values: usize = headers.map_or(0, |headers| {
        headers.iter().map(|one| one.value.map_or(0, <[u8]>::len)).sum()
    });
    let mut bytes = BytesMut::with_capacity(key.len() + payload.len() + values);
    let mut piece = |part: &[u8]| {
        bytes.extend_from_slice(part);
        bytes.split().freeze()
    };
    let key = piece(key);
    let payload = piece(payload);
    let headers = headers.map_or_else(Vec::new, |headers| {
        headers
            .iter()
            .map(|one| (name(one.key), piece(one.value.unwrap_or_default())))
            .collect::<Vec<Header>>()
    });
    Stored {
        offset: message.offset().max(0) as u64,
        record: Record {
            key,
            headers,
            payload,
        },
    }
}

fn name(name: &str) -> Cow<'static, str> {
    match KNOWN.iter().find(|known| **known == name) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    }
}
