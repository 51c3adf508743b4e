//! Every figure that `/metrics` shows, in the OpenMetrics text format.
//!
//! All services of a process share one [`Metrics`]; each takes its [`ServiceMetrics`] from it. What counts
//! on a hot path takes a meter once ([`CommandMeter`], [`DurationMeter`]) and then pays an atomic addition. Where
//! partitions and consumers stand is looked up when somebody asks: [`Metrics::before_scrape`].

mod service;
mod standing;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
pub use service::{CommandMeter, CommandOutcome, DurationMeter, ServiceMetrics};
use standing::Standings;
pub use standing::{
    CONSUMER_FAILING, CONSUMER_LAG_EVENTS, CONSUMER_OLDEST_UNHANDLED_SECONDS, CONSUMER_PARKED_EVENTS,
    ConsumerStanding, PARTITION_DEAD_LETTERS, PARTITION_OLDEST_COMMAND_SECONDS, PARTITION_STATE,
    PARTITION_STOPPED_CHANNELS, PARTITION_UNSENT_MESSAGES, PartitionStanding, PartitionState,
};
use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

/// Seconds from a command's arrival to its reply.
pub const COMMAND_SECONDS: &str = "command_seconds";
/// Seconds that one batch took to become durable, by partition; their count is that of the batches.
pub const LOG_COMMIT_SECONDS: &str = "log_commit_seconds";
/// Seconds from a request's head to its answer's head.
pub const HTTP_REQUEST_SECONDS: &str = "http_request_seconds";
/// Requests that are being handled.
pub const HTTP_REQUESTS_IN_FLIGHT: &str = "http_requests_in_flight";
/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From a quarter of a millisecond, which the embedded log reaches, to the request's time-out.
const SECONDS: [f64; 15] = [
    0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1.0, 2.5, 10.0,
];

type Label = Arc<str>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabels {
    service: Label,
    aggregate: Label,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AggregateLabels {
    service: Label,
    aggregate: Label,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BatchLabels {
    service: Label,
    partition: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    service: Label,
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    service: Label,
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServiceLabels {
    service: Label,
}

type Refresh = Arc<dyn Fn(Metrics) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

#[derive(Default)]
struct Refreshers(Mutex<Vec<Refresh>>);

impl Refreshers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Refresh>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Refreshers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refreshers", self.lock().len())
    }
}

/// The figures of one process.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Families>);

#[derive(Debug)]
struct Families {
    registry: Mutex<Registry>,
    commands: Family<CommandLabels, Counter>,
    command_seconds: Histograms<AggregateLabels>,
    standings: Standings,
    refreshers: Refreshers,
    commits: Histograms<BatchLabels>,
    requests: Family<HttpLabels, Counter>,
    request_seconds: Histograms<RouteLabels>,
    in_flight: Family<ServiceLabels, Gauge>,
    resident: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// No figures yet.
    pub fn new() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let families = Families {
            registry: Mutex::default(),
            commands: Family::default(),
            command_seconds: Family::new_with_constructor(seconds),
            standings: Standings::default(),
            refreshers: Refreshers::default(),
            commits: Family::new_with_constructor(seconds),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            in_flight: Family::default(),
            resident: Gauge::default(),
        };
        let metrics = Self(Arc::new(families));
        metrics.register(|registry| {
            let f = &metrics.0;
            // The encoder appends `_total` to a counter's name.
            registry.register("commands", "Commands by outcome", f.commands.clone());
            registry.register(
                COMMAND_SECONDS,
                "From arrival to reply",
                f.command_seconds.clone(),
            );
            f.standings.register(registry);
            registry.register(LOG_COMMIT_SECONDS, "Until a batch was durable", f.commits.clone());
            registry.register("http_requests", "Requests by status", f.requests.clone());
            registry.register(
                HTTP_REQUEST_SECONDS,
                "Until the answer's head",
                f.request_seconds.clone(),
            );
            registry.register(
                HTTP_REQUESTS_IN_FLIGHT,
                "Requests being handled",
                f.in_flight.clone(),
            );
            registry.register(
                "process_resident_memory_bytes",
                "Memory in use",
                f.resident.clone(),
            );
        });
        metrics
    }

    /// The figures of one service, by its name in lower case.
    pub fn service(&self, name: &str) -> ServiceMetrics {
        ServiceMetrics::new(self.clone(), name.into())
    }

    /// Adds figures of one's own. Give them a `service` label, so that [`Metrics::render_service`] finds them.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.0.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Has this done before figures are shown over HTTP: whoever knows where things stand says so by
    /// [`Metrics::stand`] of what it is given. To capture the figures themselves would keep them for ever.
    pub fn before_scrape<F>(&self, refresh: impl Fn(Metrics) -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let refresh: Refresh = Arc::new(move |metrics| Box::pin(refresh(metrics)));
        self.0.refreshers.lock().push(refresh);
    }

    /// Brings up to date what is looked up. The caller bounds the time.
    pub async fn refresh(&self) {
        let all = self.0.refreshers.lock().clone();
        for refresh in all {
            refresh(self.clone()).await;
        }
    }

    /// Where all partitions and consumers of this process stand now.
    pub fn stand(&self, partitions: &[PartitionStanding], consumers: &[ConsumerStanding]) {
        // Under the same lock as rendering: nobody sees half of it.
        let _registry = self.0.registry.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.standings.replace(partitions, consumers);
    }

    /// All figures as OpenMetrics text.
    pub fn render(&self) -> String {
        if let Some(bytes) = resident_bytes() {
            self.0.resident.set(bytes);
        }
        let mut text = String::new();
        let registry = self.0.registry.lock().unwrap_or_else(PoisonError::into_inner);
        encode(&mut text, &registry).expect("writing to a string does not fail");
        text
    }

    /// The figures of one service, and those of the process.
    pub fn render_service(&self, name: &str) -> String {
        let label = format!("service=\"{name}\"");
        let belongs = |line: &&str| {
            line.starts_with('#') || !line.contains("service=\"") || line.contains(label.as_str())
        };
        self.render()
            .lines()
            .filter(belongs)
            .flat_map(|line| [line, "\n"])
            .collect()
    }
}

/// The second field of `/proc/self/statm`, in pages. Pages are 4 KiB on the platforms that have the file and
/// that Interstate runs on.
fn resident_bytes() -> Option<i64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm
        .split(' ')
        .nth(1)?
        .parse::<i64>()
        .ok()
        .map(|pages| pages * 4096)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn figures_carry_the_names_that_dashboards_ask_for() {
        let metrics = Metrics::new();
        let booking = metrics.service("booking");
        booking.commands("Quote").count(CommandOutcome::Accepted);
        booking.answers("Quote").observe(Duration::from_millis(3));
        booking.batches(3).observe(Duration::from_micros(700));
        let (partition, consumer) = (partition(3), consumer("booking-history"));
        metrics.stand(&[partition], &[consumer]);
        booking.request("POST", "/v1/quotes", 201, Duration::from_millis(4));
        booking.request_began();

        let text = metrics.render();
        for line in [
            r#"commands_total{service="booking",aggregate="Quote",outcome="accepted"} 1"#,
            r#"command_seconds_count{service="booking",aggregate="Quote"} 1"#,
            r#"consumer_lag_events{service="booking",kind="projection",consumer="booking-history"} 12"#,
            r#"consumer_oldest_unhandled_seconds{service="booking",kind="projection",consumer="booking-history"} 2.5"#,
            r#"consumer_parked_events{service="booking",kind="projection",consumer="booking-history"} 1"#,
            r#"partition_state{service="booking",partition="3",state="blocked"} 1"#,
            r#"partition_state{service="booking",partition="3",state="running"} 0"#,
            r#"partition_unsent_messages{service="booking",partition="3"} 7"#,
            r#"partition_dead_letters{service="booking",partition="3"} 2"#,
            r#"log_commit_seconds_bucket{le="0.001",service="booking",partition="3"} 1"#,
            r#"http_requests_total{service="booking",method="POST",route="/v1/quotes",status="201"} 1"#,
            r#"http_request_seconds_count{service="booking",method="POST",route="/v1/quotes"} 1"#,
            r#"http_requests_in_flight{service="booking"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    fn partition(partition: u32) -> PartitionStanding {
        PartitionStanding {
            service: "booking".into(),
            partition,
            state: PartitionState::Blocked,
            unsent: 7,
            stopped_channels: 0,
            dead_letters: 2,
            oldest_seconds: 0.0,
        }
    }

    fn consumer(name: &str) -> ConsumerStanding {
        ConsumerStanding {
            service: "booking".into(),
            kind: "projection",
            consumer: name.into(),
            lag: 12,
            oldest_seconds: 2.5,
            parked: 1,
            failing: false,
        }
    }

    #[test]
    fn what_has_moved_away_is_not_shown_as_it_was() {
        let metrics = Metrics::new();
        metrics.stand(&[partition(0), partition(1)], &[consumer("people")]);
        metrics.stand(&[partition(1)], &[]);
        let text = metrics.render();
        assert!(text.contains(r#"partition="1""#), "{text}");
        assert!(
            !text.contains(r#"partition="0""#) && !text.contains("people"),
            "{text}"
        );
    }

    #[test]
    fn a_service_shows_its_own_figures_only() {
        let metrics = Metrics::new();
        metrics.service("booking").batches(0).observe(Duration::ZERO);
        metrics.service("payment").batches(0).observe(Duration::ZERO);
        let text = metrics.render_service("payment");
        assert!(
            text.contains(r#"log_commit_seconds_count{service="payment",partition="0"} 1"#),
            "{text}"
        );
        assert!(!text.contains("booking"), "{text}");
        assert!(
            text.contains("process_resident_memory_bytes") && text.ends_with("# EOF\n"),
            "{text}"
        );
    }
}
