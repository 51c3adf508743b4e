//! The side that asks.

mod attempt;
mod budget;
mod connect;
mod instance;
mod instances;
mod latencies;
mod names;
mod place;

pub use attempt::Attempt;
pub use interstate_telemetry::BreakerState;
pub use names::Names;

use crate::{GrpcMetrics, Tls};
use budget::Budget;
use connect::Reach;
use futures::{StreamExt, stream::FuturesUnordered};
use instance::Instance;
use instances::Instances;
use interstate_telemetry::TraceContext;
use latencies::Latencies;
use rand::Rng;
use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tonic::{Code, Status};

/// How a client asks.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How long somebody waits for an answer, repeats included.
    pub deadline: Duration,
    /// How long one instance may take before another is asked.
    pub attempt: Duration,
    /// How long a connection may take.
    pub connect: Duration,
    /// How often a question is asked at most.
    pub attempts: u32,
    /// The pause before the second time; it doubles, and is cut by chance to between half and all of it.
    pub pause: Duration,
    /// Failures in a row after which an address is left alone.
    pub failures: u32,
    /// For how long it is left alone.
    pub rest: Duration,
    /// How long the addresses of a name are taken to be those that were found.
    pub look_up: Duration,
    /// How they are found.
    pub names: Names,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(2),
            attempt: Duration::from_millis(900),
            connect: Duration::from_millis(500),
            attempts: 3,
            pause: Duration::from_millis(20),
            failures: 5,
            rest: Duration::from_millis(500),
            look_up: Duration::from_secs(5),
            names: Names::default(),
        }
    }
}

/// One method, and how it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asking {
    method: &'static str,
    hedge: Option<f64>,
}

impl Asking {
    /// Asks this method. Every question may be asked again: it only reads.
    pub const fn of(method: &'static str) -> Self {
        Self { method, hedge: None }
    }

    /// Asks a second instance as well once the first takes longer than this share of the recent answers took:
    /// `hedged(0.95)`. For questions that somebody waits for and that are cheap to answer twice.
    #[must_use]
    pub const fn hedged(self, quantile: f64) -> Self {
        Self {
            hedge: Some(quantile),
            ..self
        }
    }
}

/// Asks the instances of one service. Clones share connections and what is known of the instances.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    caller: String,
    target: &'static str,
    instances: Arc<Instances>,
    options: ClientOptions,
    budget: Budget,
    latencies: Mutex<BTreeMap<&'static str, Latencies>>,
    metrics: GrpcMetrics,
}

impl Client {
    /// For questions of `caller` to `target` at these addresses, `host:port` each. Looks names up, and connects, when
    /// something is asked. Each address that a name has is an instance of its own.
    pub fn new(
        caller: &str,
        target: &'static str,
        addresses: &[String],
        options: ClientOptions,
        tls: Option<Tls>,
        metrics: GrpcMetrics,
    ) -> Self {
        let reach = Reach {
            caller: caller.to_owned(),
            target,
            options: options.clone(),
            tls,
            metrics: metrics.clone(),
        };
        Self(Arc::new(Shared {
            caller: caller.to_owned(),
            target,
            instances: Arc::new(Instances::new(addresses, reach)),
            options,
            budget: Budget::default(),
            latencies: Mutex::default(),
            metrics,
        }))
    }

    /// How each address is thought of. Those of a name are known once something was asked.
    pub fn breakers(&self) -> Vec<(String, BreakerState)> {
        self.0.instances.states(Instant::now())
    }

    /// Asks. `call` sends the question once: `|via| async move { LocationClient::new(via).route(question).await }`.
    /// It is called again for a repeat, so it has to be a question that only reads.
    ///
    /// # Errors
    /// The last attempt's status. `UNAVAILABLE` where no instance could be asked.
    pub async fn ask<T, F, Fut>(&self, asking: Asking, call: F) -> Result<T, Status>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let began = Instant::now();
        let answered =
            tokio::time::timeout(self.0.options.deadline, self.attempts(asking, began, &call)).await;
        let answered = answered.unwrap_or_else(|_| {
            Err(Status::deadline_exceeded(format!(
                "{} gives no answer within {} ms",
                self.0.target,
                self.0.options.deadline.as_millis()
            )))
        });
        let code = answered.as_ref().map_or_else(Status::code, |_| Code::Ok);
        let shared = &*self.0;
        shared.metrics.asked(
            &shared.caller,
            shared.target,
            asking.method,
            code,
            began.elapsed(),
        );
        answered
    }

    /// One attempt, and further ones as long as they may help.
    async fn attempts<T, F, Fut>(&self, asking: Asking, began: Instant, call: &F) -> Result<T, Status>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let Shared {
            caller,
            target,
            instances,
            options,
            budget,
            metrics,
            ..
        } = &*self.0;
        // The caller's place in its trace; where none is exported, one that joins the logs of both sides.
        let trace = interstate_telemetry::trace_of(&tracing::Span::current())
            .unwrap_or_else(|| TraceContext::generate(&mut rand::rng()));
        instances.known().await;
        let mut asked: Vec<SocketAddr> = Vec::new();
        let mut under_way = FuturesUnordered::new();
        let first = self.choose(&mut asked)?;
        under_way.push(self.once(first, asking, began, trace, call));
        let mut hedge = asking
            .hedge
            .and_then(|quantile| self.latency(asking.method, quantile));
        let mut pause = options.pause;
        loop {
            let patience = hedge.unwrap_or(options.deadline);
            let ended = tokio::select! {
                Some(ended) = under_way.next() => ended,
                () = tokio::time::sleep_until((began + patience).into()), if hedge.is_some() => {
                    hedge = None;
                    if budget.take() && let Ok(second) = self.choose(&mut asked) {
                        metrics.hedged(caller, target, asking.method);
                        under_way.push(self.once(second, asking, began, trace, call));
                    }
                    continue;
                }
            };
            let status = match ended {
                Ok(answer) => {
                    budget.answered();
                    return Ok(answer);
                }
                Err(status) => status,
            };
            if !may_help(&status) {
                return Err(status);
            }
            instances.doubt();
            if !under_way.is_empty() {
                // The hedge may still answer.
                continue;
            }
            let left = options.deadline.saturating_sub(began.elapsed());
            if asked.len() >= options.attempts as usize || pause >= left || !self.may_repeat(&asked) {
                return Err(status);
            }
            let share = rand::rng().random_range(0.5..1.0);
            tokio::time::sleep(pause.mul_f64(share)).await;
            pause *= 2;
            hedge = None;
            let Ok(next) = self.choose(&mut asked) else {
                return Err(status);
            };
            metrics.repeated(caller, target, asking.method);
            under_way.push(self.once(next, asking, began, trace, call));
        }
    }

    /// The first repeat is free where another instance answered what it was asked last: that one of several is away is
    /// no reason to fail. It makes no storm, for it ends as soon as the others do not answer either.
    fn may_repeat(&self, asked: &[SocketAddr]) -> bool {
        let Shared {
            instances, budget, ..
        } = &*self.0;
        (asked.len() == 1 && instances.another_is_well(asked, Instant::now())) || budget.take()
    }

    /// An instance that is not known to be away, one that was not asked yet if there is one.
    fn choose(&self, asked: &mut Vec<SocketAddr>) -> Result<Arc<Instance>, Status> {
        let instances = &self.0.instances;
        let Some(instance) = instances.choose(asked, Instant::now()) else {
            instances.doubt();
            return Err(Status::unavailable(instances.why()));
        };
        asked.push(instance.address());
        Ok(instance)
    }

    async fn once<T, F, Fut>(
        &self,
        instance: Arc<Instance>,
        asking: Asking,
        began: Instant,
        trace: TraceContext,
        call: &F,
    ) -> Result<T, Status>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let options = &self.0.options;
        let wait = options
            .attempt
            .min(options.deadline.saturating_sub(began.elapsed()));
        let asked = tokio::time::Instant::now();
        let until = asked + wait;
        let attempt = Attempt::new(instance, until, trace);
        match tokio::time::timeout_at(until, call(attempt)).await {
            Ok(Ok(answer)) => {
                self.record(asking.method, asked.elapsed());
                Ok(answer.into_inner())
            }
            Ok(Err(status)) => Err(plain(status)),
            Err(_) => Err(Status::deadline_exceeded(format!(
                "no answer within {} ms",
                wait.as_millis()
            ))),
        }
    }

    fn record(&self, method: &'static str, took: Duration) {
        let mut all = self.0.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(method).or_default().add(took);
    }

    fn latency(&self, method: &'static str, quantile: f64) -> Option<Duration> {
        let all = self.0.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(method)?.quantile(quantile)
    }
}

/// Whether another attempt, or another instance, may answer: nobody was reached, or nobody had the time.
fn may_help(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}

/// A status as one of gRPC's codes: what happened on this side of the wire comes as whatever the transport calls it.
fn plain(status: Status) -> Status {
    let below = status.source();
    let Some(cause) = below else { return status };
    let text = crate::chain(cause);
    match status.code() {
        Code::Cancelled if text.contains("Timeout expired") => Status::deadline_exceeded("no answer in time"),
        // A connection that breaks while somebody waits: the question was not answered, and may be asked again.
        Code::Unknown | Code::Internal | Code::Cancelled | Code::Unavailable => Status::unavailable(text),
        _ => status,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} at {:?})", self.0.target, self.breakers())
    }
}
