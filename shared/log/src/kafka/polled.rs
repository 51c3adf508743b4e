//! A producer whose delivery reports are handed out on a thread of its own.

use super::client;
use crate::LogError;
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, Producer, ProducerContext, PurgeConfig},
};
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long the thread waits for reports at a time. A producer that has been let go of closes after as long.
const WAIT: Duration = Duration::from_secs(2);

/// A producer and its thread. Dropping it returns at once: the thread closes the client, which may wait for the
/// client's own threads.
///
/// rdkafka has such a thread as well, in `ThreadedProducer`. That one asks for reports every 100 ms, and what a
/// wait of whole milliseconds leaves of them it spends spinning: with some fifty producers a quarter of a core.
pub(super) struct Polled<C: ProducerContext + 'static> {
    producer: Arc<BaseProducer<C>>,
    over: Arc<AtomicBool>,
}

impl<C: ProducerContext + 'static> Polled<C> {
    pub(super) fn start(config: &ClientConfig, context: C) -> Result<Self, LogError> {
        let producer: Arc<BaseProducer<C>> = Arc::new(client::build(config, context)?);
        let over = Arc::new(AtomicBool::new(false));
        let (polled, closing) = (producer.clone(), over.clone());
        std::thread::Builder::new()
            .name("kafka-reports".to_owned())
            .spawn(move || {
                while !closing.load(Ordering::SeqCst) {
                    polled.poll(WAIT);
                }
            })
            .map_err(|error| LogError::Other(format!("no thread for delivery reports: {error}")))?;
        Ok(Self { producer, over })
    }
}

impl<C: ProducerContext + 'static> Deref for Polled<C> {
    type Target = BaseProducer<C>;

    fn deref(&self) -> &BaseProducer<C> {
        &self.producer
    }
}

impl<C: ProducerContext + 'static> Drop for Polled<C> {
    fn drop(&mut self) {
        // What has not left yet stays here.
        self.producer.purge(PurgeConfig::default().queue().inflight());
        self.over.store(true, Ordering::SeqCst);
    }
}
