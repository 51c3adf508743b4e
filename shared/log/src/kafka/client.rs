//! What all clients share: how they are built, where they run and where they go, and what they complain of.

use super::{Options, errors};
use crate::{LogError, lock};
use rdkafka::{
    ClientConfig, ClientContext,
    admin::{AdminClient, AdminOptions},
    config::{FromClientConfigAndContext, RDKafkaLogLevel},
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode as Code},
};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Between two tries.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// Remembers why the brokers could not be reached: the calls themselves only say that time ran out.
#[derive(Clone, Default)]
pub(super) struct Faults {
    last: Arc<Mutex<Option<String>>>,
}

impl Faults {
    /// The newest complaint. It stays: the library does not repeat itself while nothing changes.
    pub(super) fn last(&self) -> Option<String> {
        lock(&self.last).clone()
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
        // "3/3 brokers are down" says less than what came before it.
        if error.rdkafka_error_code() != Some(Code::AllBrokersDown) {
            *lock(&self.last) = Some(plain(reason));
        }
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
    config.create_with_context(context).map_err(|error| {
        let why = match error {
            // The library repeats the value as well, which may be a password.
            KafkaError::ClientConfig(_, why, name, _) => format!("{name}: {why}"),
            error => error.to_string(),
        };
        LogError::Other(format!("the Kafka client's settings: {why}"))
    })
}

/// A client for what administrators ask, and how long each of its operations may take.
pub(super) fn admin(options: &Options) -> Result<(AdminClient<Faults>, AdminOptions), LogError> {
    let within = AdminOptions::new()
        .operation_timeout(Some(options.reach_timeout))
        .request_timeout(Some(options.reach_timeout));
    Ok((build(&options.asking(), Faults::default())?, within))
}

/// Asks the brokers, again and again while the trouble is one of the moment: a leader that has just died, a
/// topic that has just been made. Where a broker answers and only lacks a leader, there is more patience than
/// where nothing answers.
pub(super) fn ask<T>(
    asking: &BaseConsumer<Faults>,
    options: &Options,
    topic: &str,
    question: impl Fn(Duration) -> Result<T, KafkaError>,
) -> Result<T, LogError> {
    let begun = Instant::now();
    let mut patience = options.reach_timeout;
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        let error = match question(left.clamp(PAUSE, options.reach_timeout)) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // Nobody else reads this client's events; the reason waits among them.
        while asking.poll(Duration::ZERO).is_some() {}
        let code = error.rdkafka_error_code();
        let lacks_leader = code.is_some_and(errors::lacks_leader);
        if lacks_leader {
            patience = options.patience();
        }
        if begun.elapsed() >= patience || !code.is_some_and(errors::passes) {
            return Err(errors::question(options, topic, &error, asking.context().last()));
        }
        if lacks_leader {
            // What the client remembers of a partition without a leader answers the next question too, for
            // minutes, unless the brokers are asked for the topic itself.
            let _ = asking.fetch_metadata(Some(topic), left.clamp(PAUSE, options.reach_timeout));
        }
        std::thread::sleep(PAUSE);
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
