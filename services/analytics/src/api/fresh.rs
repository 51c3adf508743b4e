//! How fresh a report is.

use crate::domain::report::SourceAt;
use interstate_eventing::projection::ConsumerStatus;
use interstate_schemas::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// How far the facts are that a report was made from. The report itself is no older.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Freshness {
    /// When it was asked for, in log time.
    asked_at: Timestamp,
    /// The longest that any event waits which the report does not have, in seconds; 0 where it has all that are
    /// known here.
    late_seconds: f64,
    /// Each partition that facts come from.
    sources: Vec<Source>,
}

/// How far the facts are in one partition.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Source {
    /// The service whose events they are.
    service: String,
    /// The partition.
    partition: u32,
    /// The last event that the report has; 0 where there is none.
    sequence: u64,
    /// When that happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_time: Option<Timestamp>,
    /// How long ago, in seconds. It grows while nothing happens, too: `behind` tells the two apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<f64>,
    /// Records of the log that the report does not have.
    behind: u64,
    /// Events that are put aside because they cannot be counted.
    parked: u64,
}

impl Freshness {
    /// Of these facts, as their consumers stand.
    pub(super) fn of(at: Vec<SourceAt>, consumers: &[ConsumerStatus], now: Timestamp) -> Self {
        let seconds = |since: Timestamp| now.duration_since(since).as_secs_f64().max(0.0);
        let mut late_seconds: f64 = 0.0;
        let sources = at
            .into_iter()
            .map(|at| {
                let consumer = consumers
                    .iter()
                    .find(|known| known.source.service == at.service && known.source.index == at.partition);
                if let Some(consumer) = consumer {
                    late_seconds = late_seconds.max(consumer.age(now).as_secs_f64());
                }
                Source {
                    age_seconds: at.event_time.map(seconds),
                    behind: consumer.map_or(0, |consumer| consumer.behind),
                    parked: consumer.map_or(0, |consumer| consumer.parked),
                    service: at.service,
                    partition: at.partition,
                    sequence: at.sequence,
                    event_time: at.event_time,
                }
            })
            .collect();
        Self {
            asked_at: now,
            late_seconds,
            sources,
        }
    }
}
