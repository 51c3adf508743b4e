//! What all clients share: how they are built, where they run and where they go, and what they complain of.

use super::{Options, errors, lock};
use crate::LogError;
use rdkafka::{
    ClientConfig, ClientContext,
    config::{FromClientConfigAndContext, RDKafkaLogLevel},
    consumer::{BaseConsumer, ConsumerContext},
    error::KafkaError,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Remembers why the brokers could not be reached: the calls themselves only say that time ran out.
#[derive(Clone, Default)]
pub(super) struct Faults {
    last: Arc<Mutex<Option<String>>>,
}

impl Faults {
    /// The newest complaint, once.
    pub(super) fn take(&self) -> Option<String> {
        lock(&self.last).take()
    }
}

impl ClientContext for Faults {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        if fac == "FAIL" {
            *lock(&self.last) = Some(plain(message));
        }
        tracing::debug!(?level, fac, message, "kafka client");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        lock(&self.last).get_or_insert_with(|| plain(reason));
        tracing::debug!(%error, reason, "kafka client");
    }
}

impl ConsumerContext for Faults {}

/// Drops librdkafka's `[thrd:…]: ` before the sentence.
fn plain(message: &str) -> String {
    message
        .split_once("]: ")
        .map_or(message, |(_, sentence)| sentence)
        .to_owned()
}

/// A client, or what is wrong with its settings.
pub(super) fn build<C: ClientContext, T: FromClientConfigAndContext<C>>(
    config: &ClientConfig,
    context: C,
) -> Result<T, LogError> {
    config
        .create_with_context(context)
        .map_err(|error| LogError::Other(format!("the Kafka client's settings: {error}")))
}

/// The port's words for what a question ended in.
pub(super) fn failed(
    asking: &BaseConsumer<Faults>,
    options: &Options,
    topic: &str,
    error: &KafkaError,
) -> LogError {
    // Nobody else reads this client's events; the reason waits among them.
    while asking.poll(Duration::ZERO).is_some() {}
    errors::question(options, topic, error, asking.client_faults().take())
}

/// Access to the context without the client's traits in scope everywhere.
trait HasFaults {
    fn client_faults(&self) -> &Faults;
}

impl HasFaults for BaseConsumer<Faults> {
    fn client_faults(&self) -> &Faults {
        use rdkafka::consumer::Consumer;
        self.client().context()
    }
}

/// Runs what blocks beside the runtime's workers.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(LogError::Other(error.to_string())))
}

/// Lets go of a client: that waits for its threads, so it happens on one of its own.
pub(super) fn dispose<T: Send + 'static>(client: T) {
    let spawned = std::thread::Builder::new()
        .name("kafka-close".to_owned())
        .spawn(move || drop(client));
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread to close a Kafka client on; closed in place");
    }
}
