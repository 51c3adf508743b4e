//! How queues stand, as figures.

use crate::{Jobs, Link, Standing};
use interstate_telemetry::Metrics;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
};
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    service: String,
    queue: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    service: String,
    queue: String,
    state: &'static str,
}

/// The figures of a service's queue.
#[derive(Debug, Clone, Default)]
pub struct JobsMetrics {
    link: Family<Labels, Gauge>,
    jobs: Family<State, Gauge>,
}

impl JobsMetrics {
    /// Shows this queue as a service's, each time somebody asks.
    pub fn show(metrics: &Metrics, service: &'static str, jobs: Arc<dyn Jobs>) {
        let own = Self::default();
        let kept = own.clone();
        metrics.register(|registry| {
            registry.register(
                "jobs_breaker_state",
                "0 the queue answers, 1 it is tried, 2 it is away and left alone",
                kept.link,
            );
            registry.register(
                "jobs",
                "Jobs that wait, are delayed or put aside, and since the start those enqueued, refused and taken",
                kept.jobs,
            );
        });
        metrics.before_scrape(move |_| {
            own.set(service, jobs.standing());
            std::future::ready(())
        });
    }

    fn set(&self, service: &str, standing: Standing) {
        let queue = standing.queue;
        let labels = Labels {
            service: service.to_owned(),
            queue: queue.clone(),
        };
        self.link.get_or_create(&labels).set(match standing.link {
            Link::Up => 0,
            Link::Trying(_) => 1,
            Link::Away(_) => 2,
        });
        for (state, count) in [
            ("waiting", standing.waiting),
            ("delayed", standing.delayed),
            ("dead", standing.dead),
            ("enqueued", standing.enqueued),
            ("refused", standing.refused),
            ("taken", standing.taken),
        ] {
            let labels = State {
                service: service.to_owned(),
                queue: queue.clone(),
                state,
            };
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.jobs.get_or_create(&labels).set(count);
        }
    }
}
