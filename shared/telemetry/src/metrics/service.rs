//! The figures of one service, and the meters that its hot paths keep.

use super::{
    AggregateLabels, CommandLabels, ConsumerLabels, HttpLabels, Label, Metrics, RouteLabels, ServiceLabels,
};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use std::{sync::atomic::AtomicU64, time::Duration};

/// The figures of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceMetrics {
    all: Metrics,
    name: Label,
    commits: Histogram,
    in_flight: Gauge,
}

impl ServiceMetrics {
    pub(super) fn new(all: Metrics, name: Label) -> Self {
        let labels = ServiceLabels {
            service: name.clone(),
        };
        let commits = all.0.commits.get_or_create_owned(&labels);
        let in_flight = all.0.in_flight.get_or_create_owned(&labels);
        Self {
            all,
            name,
            commits,
            in_flight,
        }
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The figures of the whole process.
    pub fn process(&self) -> &Metrics {
        &self.all
    }

    /// This service's figures as OpenMetrics text.
    pub fn render(&self) -> String {
        self.all.render_service(&self.name)
    }

    /// The meter of one aggregate's commands. Take it once.
    pub fn commands(&self, aggregate: &str) -> CommandMeter {
        let aggregate: Label = aggregate.into();
        let counter = |outcome: CommandOutcome| {
            self.all.0.commands.get_or_create_owned(&CommandLabels {
                service: self.name.clone(),
                aggregate: aggregate.clone(),
                outcome: outcome.as_str(),
            })
        };
        let seconds = self.all.0.command_seconds.get_or_create_owned(&AggregateLabels {
            service: self.name.clone(),
            aggregate: aggregate.clone(),
        });
        CommandMeter {
            counters: CommandOutcome::ALL.map(counter),
            seconds,
        }
    }

    /// The meter of one projection's or reactor's progress. Take it once.
    pub fn consumer(&self, consumer: &str) -> ConsumerMeter {
        let labels = ConsumerLabels {
            service: self.name.clone(),
            consumer: consumer.into(),
        };
        ConsumerMeter {
            lag: self.all.0.lag.get_or_create_owned(&labels),
            oldest: self.all.0.oldest.get_or_create_owned(&labels),
        }
    }

    /// A batch became durable after `took`.
    pub fn commit(&self, took: Duration) {
        self.commits.observe(took.as_secs_f64());
    }

    /// A request's head was read.
    pub fn request_began(&self) {
        self.in_flight.inc();
    }

    /// A request's answer is ready, or nobody waits for it any more.
    pub fn request_ended(&self) {
        self.in_flight.dec();
    }

    /// A request was answered. `route` is the template (`/v1/bookings/{id}`), never the path: each distinct
    /// value lives for ever.
    pub fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let (service, route) = (self.name.clone(), route.to_owned());
        let by_route = RouteLabels {
            service: service.clone(),
            method,
            route: route.clone(),
        };
        self.all
            .0
            .requests
            .get_or_create(&HttpLabels {
                service,
                method,
                route,
                status,
            })
            .inc();
        self.all
            .0
            .request_seconds
            .get_or_create(&by_route)
            .observe(took.as_secs_f64());
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It changed something, or needed to change nothing.
    Accepted,
    /// The aggregate said no.
    Rejected,
    /// Its outcome was remembered.
    Repeated,
    /// It came after its expiry.
    Expired,
    /// It could not be handled: a panic, an unreadable payload.
    Failed,
}

impl CommandOutcome {
    /// All outcomes, in the order of the variants.
    pub const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Rejected,
        Self::Repeated,
        Self::Expired,
        Self::Failed,
    ];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Repeated => "repeated",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

/// Counts one aggregate's commands.
#[derive(Debug, Clone)]
pub struct CommandMeter {
    counters: [Counter; 5],
    seconds: Histogram,
}

impl CommandMeter {
    /// A command ended so, `took` after its arrival.
    pub fn observe(&self, outcome: CommandOutcome, took: Duration) {
        self.counters[outcome as usize].inc();
        self.seconds.observe(took.as_secs_f64());
    }
}

/// Shows how far one consumer is behind.
#[derive(Debug, Clone)]
pub struct ConsumerMeter {
    lag: Gauge,
    oldest: Gauge<f64, AtomicU64>,
}

impl ConsumerMeter {
    /// `lag` events are not handled yet, the oldest of them for `oldest`; zero for a consumer that has caught up.
    pub fn set(&self, lag: u64, oldest: Duration) {
        self.lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
        self.oldest.set(oldest.as_secs_f64());
    }
}
