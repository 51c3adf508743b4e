//! Reading whole batches: events are released with their receipt, and a run without one is discarded.

use crate::{
    DecodeError,
    envelope::Event,
    plant::{self, Bug},
    receipt::Receipt,
};
use interstate_log::Stored;
use std::borrow::Cow;

/// Events and the receipt that closes them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// In order of their sequence.
    pub events: Vec<Event>,
    /// What closed them.
    pub receipt: Receipt,
    /// Where reading goes on behind it.
    pub next: u64,
}

/// Why a partition cannot be read on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BatchError {
    /// A record that is neither event nor receipt.
    #[error("{service}.events/{partition} at offset {offset}: {error}")]
    Unreadable {
        /// The service.
        service: Cow<'static, str>,
        /// The partition.
        partition: u32,
        /// Where.
        offset: u64,
        /// Why.
        error: DecodeError,
    },
    /// The dense count has a hole: something is missing from the log.
    #[error(
        "{service}.events/{partition} at offset {offset}: sequence {found} follows {last}; records are missing"
    )]
    Gap {
        /// The service.
        service: Cow<'static, str>,
        /// The partition.
        partition: u32,
        /// Where.
        offset: u64,
        /// The last good sequence.
        last: u64,
        /// What came.
        found: u64,
    },
}

/// Puts records together to batches. Every reader of events goes through one.
#[derive(Debug)]
pub struct Batches {
    service: Cow<'static, str>,
    partition: u32,
    /// The last sequence released.
    last: u64,
    /// The last receipt released.
    number: u64,
    open: Vec<Event>,
}

impl Batches {
    /// Starts behind a sequence and a receipt (0 and 0 at the beginning); what is not above them is passed
    /// over, so the offset to read from may lie before.
    pub fn new(service: Cow<'static, str>, partition: u32, last: u64, number: u64) -> Self {
        Self {
            service,
            partition,
            last,
            number,
            open: Vec::new(),
        }
    }

    /// Takes a record; returns a batch when it is closed.
    pub fn push(&mut self, stored: &Stored) -> Result<Option<Batch>, BatchError> {
        let offset = stored.offset;
        let unreadable = |error| BatchError::Unreadable {
            service: self.service.clone(),
            partition: self.partition,
            offset,
            error,
        };
        let receipt = Receipt::from_record(&stored.record).map_err(unreadable)?;
        let Some(receipt) = receipt else {
            let event = Event::from_record(self.service.clone(), self.partition, &stored.record)
                .map_err(unreadable)?;
            return self.event(event, offset);
        };
        if receipt.number <= self.number {
            return Ok(None);
        }
        let mut events = std::mem::take(&mut self.open);
        // A half batch whose transaction was committed by a retry of the client library has no receipt; an
        // empty batch may follow it.
        events.retain(|event| event.sequence <= receipt.last);
        if receipt.first != self.last + 1
            || events.len() as u64 != receipt.last - self.last
            || receipt.number != self.number + 1
        {
            return Err(self.gap(offset, self.last, receipt.first));
        }
        self.last = receipt.last;
        self.number = receipt.number;
        Ok(Some(Batch {
            events,
            receipt,
            next: offset + 1,
        }))
    }

    fn event(&mut self, event: Event, offset: u64) -> Result<Option<Batch>, BatchError> {
        if event.sequence <= self.last {
            return Ok(None);
        }
        if plant::on(Bug::BatchWithoutReceipt) {
            let receipt = planted_receipt(&event);
            self.last = event.sequence;
            return Ok(Some(Batch {
                events: vec![event],
                receipt,
                next: offset + 1,
            }));
        }
        let expected = self.open.last().map_or(self.last, |open| open.sequence) + 1;
        if event.sequence != expected {
            // A new run from where the last receipt ended: the run before it was never closed.
            if event.sequence != self.last + 1 {
                return Err(self.gap(offset, expected - 1, event.sequence));
            }
            self.open.clear();
        }
        self.open.push(event);
        Ok(None)
    }

    fn gap(&self, offset: u64, last: u64, found: u64) -> BatchError {
        BatchError::Gap {
            service: self.service.clone(),
            partition: self.partition,
            offset,
            last,
            found,
        }
    }
}

fn planted_receipt(event: &Event) -> Receipt {
    Receipt {
        number: 0,
        incarnation: 0,
        occasion: crate::receipt::Occasion::Batch,
        first: event.sequence,
        last: event.sequence,
        time: event.time,
        commands: 0,
        outcomes: Vec::new(),
        messages: Vec::new(),
        sent: Vec::new(),
        received: Vec::new(),
        reactors: Vec::new(),
        pending: Vec::new(),
        parked: Vec::new(),
    }
}
