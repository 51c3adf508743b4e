//! What the receiver of a channel says when a message is missing on it.

use crate::{DecodeError, receipt::Channel};
use bytes::Bytes;
use interstate_log::Record;
use serde::{Deserialize, Serialize};

/// The type of the record, which stands among the commands of the sender's partition.
const RESEND_TYPE: &str = "interstate.resend.v1";

/// A channel stands still until its sender sends again. It may be asked any number of times: what has arrived
/// already is recognised by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resend {
    /// The channel as its sender names it: by the service and partition at the receiving end.
    pub channel: Channel,
    /// The first number that is missing.
    pub from: u64,
}

impl Resend {
    /// As a record.
    pub fn to_record(&self) -> Record {
        let Channel {
            service, partition, ..
        } = &self.channel;
        Record {
            key: Bytes::from(format!("{service}/{partition}")),
            headers: vec![("ce_type".into(), Bytes::from_static(RESEND_TYPE.as_bytes()))],
            payload: Bytes::from(rmp_serde::to_vec_named(self).expect("a channel is plain data")),
        }
    }

    /// Reads one; nothing where the record is something else.
    pub fn from_record(record: &Record) -> Result<Option<Self>, DecodeError> {
        if record.header_str("ce_type") != Some(RESEND_TYPE) {
            return Ok(None);
        }
        rmp_serde::from_slice(&record.payload)
            .map(Some)
            .map_err(|error| DecodeError::Malformed {
                kind: RESEND_TYPE.to_owned(),
                why: error.to_string(),
            })
    }
}
