//! librdkafka's errors in the port's words.

use super::Options;
use crate::LogError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// What a question about a topic ended in.
pub(super) fn question(
    options: &Options,
    topic: &str,
    error: &KafkaError,
    reason: Option<String>,
) -> LogError {
    match error.rdkafka_error_code() {
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
            LogError::UnknownTopic {
                topic: topic.to_owned(),
            }
        }
        Some(code) if passes(code) => {
            unreachable(options, reason.unwrap_or_else(|| format!("{topic}: {code}")))
        }
        _ => LogError::Other(format!("{topic}: {error}")),
    }
}

/// Of a topic that is known to be there: a broker that does not know it has not heard of it yet.
pub(super) fn not_heard_of_yet(error: KafkaError) -> KafkaError {
    match error.rdkafka_error_code() {
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
            KafkaError::MetadataFetch(Code::LeaderNotAvailable)
        }
        _ => error,
    }
}

/// Nothing answered.
pub(super) fn unreachable(options: &Options, why: String) -> LogError {
    LogError::Unreachable {
        at: options.brokers.clone(),
        why,
    }
}

/// Whether the trouble is one of the moment, which the client library itself keeps trying to get over.
pub(super) fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            // The broker that was asked is not of the cluster any more, by what another has just said.
            | Code::DestroyBroker
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::MessageTimedOut
            | Code::RequestTimedOut
            | Code::TimedOutQueue
            | Code::WaitingForCoordinator
            | Code::NodeUpdate
            | Code::BrokerNotAvailable
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::NetworkException
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::ReplicaNotAvailable
            | Code::OffsetNotAvailable
            | Code::KafkaStorageError
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
    )
}

/// Whether a broker answered, and said that the partition's leader is not there or has not heard of it.
pub(super) fn lacks_leader(code: Code) -> bool {
    matches!(
        code,
        Code::LeaderNotAvailable | Code::NotLeaderForPartition | Code::ReplicaNotAvailable
    )
}

/// Whether a producer has been replaced by a newer one with its transactional id, or its transaction ran out
/// of time; both end it, and only a proof of ownership tells them apart.
pub(super) fn is_fenced(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch
    )
}
