//! Waiting for the delivery reports of one batch.

use crate::lock;
use rdkafka::{
    ClientContext, Message, Timestamp,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::{DeliveryResult, ProducerContext},
};
use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Counts the delivery reports of the batch that is under way.
#[derive(Default)]
pub(super) struct Deliveries {
    state: Mutex<Awaited>,
    changed: Condvar,
}

#[derive(Default)]
struct Awaited {
    number: usize,
    missing: usize,
    offsets: Vec<i64>,
    /// The broker's clock at the last of them, in milliseconds since 1970, where it has told it.
    appended: Option<i64>,
    failed: Option<KafkaError>,
}

impl Deliveries {
    pub(super) fn expect(&self, number: usize, missing: usize) {
        *lock(&self.state) = Awaited {
            number,
            missing,
            offsets: Vec::with_capacity(missing),
            appended: None,
            failed: None,
        };
    }

    /// Returns once all are there, or one has failed.
    pub(super) fn wait(&self, until: Instant) -> Result<(), KafkaError> {
        let mut state = lock(&self.state);
        loop {
            if let Some(error) = state.failed.take() {
                return Err(error);
            }
            if state.missing == 0 {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(KafkaError::MessageProduction(Code::MessageTimedOut));
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Where the records stand, in their order, which is that of the reports; nothing where the broker has not told
    /// it of each, as of one that it had twice.
    pub(super) fn offsets(&self) -> Option<Vec<u64>> {
        let state = lock(&self.state);
        let ascending = state.offsets.is_sorted_by(|one, next| one < next);
        let offsets = state.offsets.iter().map(|offset| u64::try_from(*offset).ok());
        ascending.then(|| offsets.collect()).flatten()
    }

    /// What the broker's clock said when it took the last record, where it dates the topic's records itself.
    pub(super) fn appended(&self) -> Option<SystemTime> {
        let millis = u64::try_from(lock(&self.state).appended?).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        tracing::debug!(?level, fac, message, "kafka writer");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka writer");
    }
}

impl ProducerContext for Deliveries {
    /// The number of the batch: a late report of an aborted one must not count for the next.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let mut state = lock(&self.state);
        if state.number != number {
            return;
        }
        state.missing = state.missing.saturating_sub(1);
        match result {
            Ok(message) => {
                state.offsets.push(message.offset());
                if let Timestamp::LogAppendTime(millis) = message.timestamp() {
                    state.appended = Some(millis);
                }
            }
            Err((error, _)) => {
                state.failed.get_or_insert_with(|| error.clone());
            }
        }
        if state.missing == 0 || state.failed.is_some() {
            self.changed.notify_all();
        }
    }
}
