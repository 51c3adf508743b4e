//! The figures of a process's Redis server.

use interstate_telemetry::{BreakerState, Metrics};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};
use std::time::Duration;

/// From a twentieth of a millisecond, on one machine, to the time-out.
const SECONDS: [f64; 11] = [
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.25,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    call: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Calling {
    call: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// What became of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    Answered,
    Failed,
    /// Not even asked: the server is left alone.
    Spared,
}

impl Outcome {
    const fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Spared => "spared",
        }
    }
}

/// The figures. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    calls: Family<Called, Counter>,
    seconds: Histograms<Calling>,
    breaker: Gauge,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let all = Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            breaker: Gauge::default(),
        };
        let kept = all.clone();
        metrics.register(|registry| {
            registry.register(
                "redis_calls",
                "Calls of the Redis server: answered, failed, or spared because it is away",
                kept.calls,
            );
            registry.register("redis_call_seconds", "Until a call was answered", kept.seconds);
            registry.register(
                "redis_breaker_state",
                "0 closed, 1 on trial, 2 open: the Redis server is left alone",
                kept.breaker,
            );
        });
        all
    }

    pub(crate) fn called(&self, call: &'static str, outcome: Outcome, took: Duration) {
        let called = Called {
            call,
            outcome: outcome.label(),
        };
        self.calls.get_or_create(&called).inc();
        if matches!(outcome, Outcome::Answered) {
            let seconds = self.seconds.get_or_create(&Calling { call });
            seconds.observe(took.as_secs_f64());
        }
    }

    pub(crate) fn breaker(&self, state: BreakerState) {
        self.breaker.set(state.figure());
    }
}
