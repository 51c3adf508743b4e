//! The figures of one service, and the meters that its hot paths keep.

use super::{
    AggregateLabels, BatchLabels, CommandLabels, HttpLabels, Label, Metrics, RouteLabels, ServiceLabels,
};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use std::time::Duration;

/// The figures of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceMetrics {
    all: Metrics,
    name: Label,
    in_flight: Gauge,
}

impl ServiceMetrics {
    pub(super) fn new(all: Metrics, name: Label) -> Self {
        let labels = ServiceLabels {
            service: name.clone(),
        };
        let in_flight = all.0.in_flight.get_or_create_owned(&labels);
        Self { all, name, in_flight }
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
        CommandMeter(CommandOutcome::ALL.map(counter))
    }

    /// The meter of how long the edge waits for one aggregate's answers. Take it once.
    pub fn answers(&self, aggregate: &str) -> DurationMeter {
        DurationMeter(self.all.0.command_seconds.get_or_create_owned(&AggregateLabels {
            service: self.name.clone(),
            aggregate: aggregate.into(),
        }))
    }

    /// The meter of one partition's batches. Take it once.
    pub fn batches(&self, partition: u32) -> DurationMeter {
        DurationMeter(self.all.0.commits.get_or_create_owned(&BatchLabels {
            service: self.name.clone(),
            partition,
        }))
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
    /// A message of another task or a reactor, taken up.
    Taken,
}

impl CommandOutcome {
    /// All outcomes, in the order of the variants.
    pub const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Rejected,
        Self::Repeated,
        Self::Expired,
        Self::Failed,
        Self::Taken,
    ];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Repeated => "repeated",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Taken => "taken",
        }
    }
}

/// Counts one aggregate's commands.
#[derive(Debug, Clone)]
pub struct CommandMeter([Counter; 6]);

impl CommandMeter {
    /// A command ended so.
    pub fn count(&self, outcome: CommandOutcome) {
        self.0[outcome as usize].inc();
    }
}

/// Measures how long things of one kind take.
#[derive(Debug, Clone)]
pub struct DurationMeter(Histogram);

impl DurationMeter {
    /// One took so long.
    pub fn observe(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }
}
