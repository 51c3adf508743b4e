//! The figures of a process: what its partitions count, and where everything stands when somebody asks.

use crate::operator::following;
use interstate_eventing::{
    Service,
    projection::{ConsumerStatus, Consumers},
    runtime::{Activity, CommandEnd, Env, Meter, PartitionStatus},
};
use interstate_log::PartitionId;
use interstate_schemas::Timestamp;
use interstate_telemetry::{
    CommandMeter, CommandOutcome, DurationMeter, Metrics,
    metrics::{ConsumerStanding, PartitionStanding, PartitionState},
};
use std::{collections::BTreeMap, time::Duration};

/// Stands for every aggregate that no service has: what comes in must not make new series.
const OTHER: &str = "other";

/// Counts what partitions and the edge do, by the services and aggregates that there are.
pub struct Counters(BTreeMap<&'static str, OfService>);

struct OfService {
    commands: BTreeMap<&'static str, CommandMeter>,
    answers: BTreeMap<&'static str, DurationMeter>,
    batches: Vec<DurationMeter>,
}

impl Counters {
    pub fn new(metrics: &Metrics, services: &[Service]) -> Self {
        let counters = services.iter().map(|service| {
            let own = metrics.service(service.name());
            let aggregates = || service.event_types().into_iter().map(|(name, _)| name);
            let counted = OfService {
                commands: aggregates()
                    .chain([OTHER])
                    .map(|name| (name, own.commands(name)))
                    .collect(),
                answers: aggregates().map(|name| (name, own.answers(name))).collect(),
                batches: (0..service.partition_count())
                    .map(|index| own.batches(index))
                    .collect(),
            };
            (service.name(), counted)
        });
        Self(counters.collect())
    }
}

impl Meter for Counters {
    fn command(&self, service: &str, aggregate: &str, end: CommandEnd) {
        let outcome = match end {
            CommandEnd::Accepted => CommandOutcome::Accepted,
            CommandEnd::Rejected => CommandOutcome::Rejected,
            CommandEnd::Repeated => CommandOutcome::Repeated,
            CommandEnd::Expired => CommandOutcome::Expired,
            CommandEnd::Failed => CommandOutcome::Failed,
            CommandEnd::Taken => CommandOutcome::Taken,
        };
        let own = self.0.get(service).map(|own| &own.commands);
        if let Some(meter) = own.and_then(|own| own.get(aggregate).or_else(|| own.get(OTHER))) {
            meter.count(outcome);
        }
    }

    fn answered(&self, service: &str, aggregate: &str, took: Duration) {
        if let Some(meter) = self.0.get(service).and_then(|own| own.answers.get(aggregate)) {
            meter.observe(took);
        }
    }

    fn batch(&self, partition: &PartitionId, took: Duration) {
        let own = self.0.get(&*partition.service);
        if let Some(meter) = own.and_then(|own| own.batches.get(partition.index as usize)) {
            meter.observe(took);
        }
    }
}

/// Has the figures that are not counted looked up before they are shown.
pub fn look_up(metrics: &Metrics, env: &Env, consumers: &Consumers) {
    let (log, clock) = (env.log.clone(), env.clock.clone());
    let (statuses, consumers) = (env.statuses.clone(), consumers.clone());
    metrics.before_scrape(move |shown| {
        let (log, clock) = (log.clone(), clock.clone());
        let (statuses, consumers) = (statuses.clone(), consumers.clone());
        async move {
            // What this process knows without the log first: the log may be what is away.
            show(&shown, &statuses.snapshot(), consumers.status(), clock.now());
            let now = clock.now();
            futures::join!(consumers.observe(&*log, now), statuses.observe(&*log));
            show(&shown, &statuses.snapshot(), consumers.status(), clock.now());
        }
    });
}

fn show(
    metrics: &Metrics,
    partitions: &BTreeMap<PartitionId, PartitionStatus>,
    consumers: Vec<ConsumerStatus>,
    now: Timestamp,
) {
    let partitions: Vec<PartitionStanding> = partitions
        .iter()
        .map(|(id, status)| PartitionStanding {
            service: id.service.to_string(),
            partition: id.index,
            state: match status.activity {
                Activity::Running => PartitionState::Running,
                Activity::TakingOver => PartitionState::TakingOver,
                Activity::Blocked(_) => PartitionState::Blocked,
            },
            unsent: status.unsent as u64,
            stopped_channels: status.stopped_channels as u64,
            dead_letters: status.dead_letters,
            oldest_seconds: status
                .oldest_command
                .map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0)),
        })
        .collect();
    let consumers: Vec<ConsumerStanding> = following(consumers, now)
        .into_iter()
        .map(|following| ConsumerStanding {
            service: following.service.into_owned(),
            kind: following.kind.name(),
            consumer: following.name.into_owned(),
            lag: following.behind,
            oldest_seconds: following.oldest.as_secs_f64(),
            parked: following.parked,
            failing: following.error.is_some(),
        })
        .collect();
    metrics.stand(&partitions, &consumers);
}
