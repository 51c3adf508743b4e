//! The figures of questions, on both sides.

use interstate_telemetry::Metrics;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};
use std::{net::SocketAddr, time::Duration};
use tonic::Code;

/// From a fifth of a millisecond, which a question on one machine takes, to the longest deadline.
const SECONDS: [f64; 13] = [
    0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    service: String,
    method: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answering {
    service: String,
    method: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    service: String,
    target: &'static str,
    method: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Question {
    service: String,
    target: &'static str,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Address {
    service: String,
    target: &'static str,
    address: String,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The figures of a process's questions. Make it once a process; clones share them.
#[derive(Debug, Clone)]
pub struct GrpcMetrics {
    answered: Family<Answered, Counter>,
    answer_seconds: Histograms<Answering>,
    asked: Family<Asked, Counter>,
    ask_seconds: Histograms<Question>,
    repeated: Family<Question, Counter>,
    hedged: Family<Question, Counter>,
    breakers: Family<Address, Gauge>,
}

impl GrpcMetrics {
    /// Adds them to the process's figures.
    pub fn new(metrics: &Metrics) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let all = Self {
            answered: Family::default(),
            answer_seconds: Family::new_with_constructor(seconds),
            asked: Family::default(),
            ask_seconds: Family::new_with_constructor(seconds),
            repeated: Family::default(),
            hedged: Family::default(),
            breakers: Family::default(),
        };
        let kept = all.clone();
        metrics.register(|registry| {
            registry.register(
                "grpc_server_requests",
                "Questions answered, by code",
                kept.answered,
            );
            registry.register(
                "grpc_server_seconds",
                "Until a question was answered",
                kept.answer_seconds,
            );
            registry.register("grpc_client_requests", "Questions asked, by code", kept.asked);
            registry.register(
                "grpc_client_seconds",
                "Until an answer came, repeats included",
                kept.ask_seconds,
            );
            registry.register("grpc_client_repeats", "Questions asked once more", kept.repeated);
            registry.register(
                "grpc_client_hedges",
                "Questions asked of a second instance before the first answered",
                kept.hedged,
            );
            registry.register(
                "grpc_client_breaker_state",
                "0 closed, 1 on trial, 2 open: the address is left alone",
                kept.breakers,
            );
        });
        all
    }

    pub(crate) fn answered(&self, service: &str, method: &str, code: Code, took: Duration) {
        let (service, method) = (service.to_owned(), method.to_owned());
        self.answered
            .get_or_create(&Answered {
                service: service.clone(),
                method: method.clone(),
                code: label(code),
            })
            .inc();
        self.answer_seconds
            .get_or_create(&Answering { service, method })
            .observe(took.as_secs_f64());
    }

    pub(crate) fn asked(
        &self,
        service: &str,
        target: &'static str,
        method: &'static str,
        code: Code,
        took: Duration,
    ) {
        self.asked
            .get_or_create(&Asked {
                service: service.to_owned(),
                target,
                method,
                code: label(code),
            })
            .inc();
        self.ask_seconds
            .get_or_create(&question(service, target, method))
            .observe(took.as_secs_f64());
    }

    pub(crate) fn repeated(&self, service: &str, target: &'static str, method: &'static str) {
        self.repeated
            .get_or_create(&question(service, target, method))
            .inc();
    }

    pub(crate) fn hedged(&self, service: &str, target: &'static str, method: &'static str) {
        self.hedged
            .get_or_create(&question(service, target, method))
            .inc();
    }

    /// What the breaker of an address shows.
    pub(crate) fn breaker(&self, service: &str, target: &'static str, address: SocketAddr) -> Gauge {
        self.breakers
            .get_or_create_owned(&breaker(service, target, address))
    }

    /// Nobody asks at that address any more: a series each that a name ever had would be without end.
    pub(crate) fn forget_breaker(&self, service: &str, target: &'static str, address: SocketAddr) {
        self.breakers.remove(&breaker(service, target, address));
    }
}

fn breaker(service: &str, target: &'static str, address: SocketAddr) -> Address {
    Address {
        service: service.to_owned(),
        target,
        address: address.to_string(),
    }
}

fn question(service: &str, target: &'static str, method: &'static str) -> Question {
    Question {
        service: service.to_owned(),
        target,
        method,
    }
}

/// The codes as the gRPC documentation writes them.
fn label(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
