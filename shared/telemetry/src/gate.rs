//! The way to a store for questions: a server that does not answer is left alone for a moment, so that whoever asks is
//! told at once and keeps nothing busy. Those who write go on trying at their own pace.

use crate::{Breaker, Metrics};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, counter::Counter, family::Family, gauge::ConstGauge},
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// Failures in a row after which a server is left alone.
const FAILURES: u32 = 3;
/// For so long; then one question tries it.
const REST: Duration = Duration::from_secs(2);
/// Who gives a question up after so long was not answered; who does so before was impatient.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// What is said of a store that is left alone.
pub const SPARED: &str = "it has not answered lately, and is asked again in a moment";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Store {
    service: &'static str,
    store: &'static str,
}

/// The figures of a process's gates. Make it once a process; clones share them.
#[derive(Debug, Clone)]
pub struct GateFigures {
    states: States,
    spared: Family<Store, Counter>,
}

impl GateFigures {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let all = Self {
            states: States::default(),
            spared: Family::default(),
        };
        let kept = all.clone();
        metrics.register(|registry| {
            registry.register_collector(Box::new(kept.states));
            registry.register(
                "store_questions_spared",
                "Questions that the store was not asked because it is away",
                kept.spared,
            );
        });
        all
    }

    /// Shows what this service's gate to its store thinks.
    pub fn show(&self, gate: &Gate, service: &'static str, store: &'static str) {
        let labels = Store { service, store };
        let spared = self.spared.get_or_create(&labels).clone();
        // A second time it would be the same figures.
        if gate.0.spared.set(spared).is_ok() {
            let mut gates = self.states.gates();
            // Two lines of the same labels are none that a scraper takes.
            gates.retain(|(known, _)| *known != labels);
            gates.push((labels, gate.clone()));
        }
    }
}

/// What the gates think, looked up when somebody asks: an open one is on trial once its rest is over, whether or not
/// a question comes by.
#[derive(Debug, Clone, Default)]
struct States(Arc<Mutex<Vec<(Store, Gate)>>>);

impl States {
    fn gates(&self) -> MutexGuard<'_, Vec<(Store, Gate)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for States {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = encoder.encode_descriptor(
            "store_breaker_state",
            "0 closed, 1 on trial, 2 open: the store is asked nothing",
            None,
            MetricType::Gauge,
        )?;
        let now = Instant::now();
        for (labels, gate) in self.gates().iter() {
            let figure = gate.breaker().state(now).figure();
            ConstGauge::new(figure).encode(family.encode_family(labels)?)?;
        }
        Ok(())
    }
}

/// Lets questions through to a server, or answers for it that it is away. Clones share what they think of it.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    breaker: Mutex<Breaker>,
    spared: OnceLock<Counter>,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Shared {
            breaker: Mutex::new(Breaker::new(FAILURES, REST)),
            spared: OnceLock::new(),
        }))
    }
}

impl Gate {
    /// Asks where the server is thought to answer, and gives `spared` otherwise. `is_away` tells errors of a server
    /// that did not answer from answers that are errors.
    ///
    /// # Errors
    /// The question's, or `spared`.
    pub async fn ask<T, E>(
        &self,
        question: impl Future<Output = Result<T, E>>,
        is_away: impl FnOnce(&E) -> bool,
        spared: impl FnOnce() -> E,
    ) -> Result<T, E> {
        if !self.opens(Instant::now()) {
            return Err(spared());
        }
        let mut waiting = Waiting::of(self, Instant::now());
        let answer = question.await;
        waiting.is_over = true;
        let is_there = answer.as_ref().err().is_none_or(|error| !is_away(error));
        self.heard(is_there, Instant::now());
        answer
    }

    fn opens(&self, now: Instant) -> bool {
        let mut breaker = self.breaker();
        let opens = breaker.lets_through(now);
        if opens {
            breaker.asked(now);
        }
        drop(breaker);
        if !opens && let Some(spared) = self.0.spared.get() {
            spared.inc();
        }
        opens
    }

    fn heard(&self, is_there: bool, now: Instant) {
        let mut breaker = self.breaker();
        if is_there {
            breaker.answered();
        } else {
            breaker.failed(now);
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.0.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way. Dropped, it was given up by whoever asked.
struct Waiting<'g> {
    gate: &'g Gate,
    since: Instant,
    is_over: bool,
}

impl<'g> Waiting<'g> {
    fn of(gate: &'g Gate, since: Instant) -> Self {
        Self {
            gate,
            since,
            is_over: false,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        if !self.is_over && now.duration_since(self.since) >= GIVEN_UP {
            self.gate.heard(false, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::ready,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    const AWAY: &str = "away";

    /// These questions are answered at once.
    fn asked(gate: &Gate, answer: Result<u8, &'static str>) -> Result<u8, &'static str> {
        let question = gate.ask(ready(answer), |error| *error == AWAY, || "spared");
        match pin!(question).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("nothing is waited for"),
        }
    }

    #[test]
    fn a_store_that_does_not_answer_is_left_alone_and_its_figure_says_so() {
        let (gate, metrics) = (Gate::default(), Metrics::new());
        GateFigures::new(&metrics).show(&gate, "user", "postgres");
        for _ in 0..FAILURES {
            assert_eq!(asked(&gate, Err(AWAY)), Err(AWAY));
        }
        assert_eq!(asked(&gate, Ok(1)), Err("spared"));
        let told = metrics.render();
        for line in [
            "store_breaker_state{service=\"user\",store=\"postgres\"} 2",
            "store_questions_spared_total{service=\"user\",store=\"postgres\"} 1",
        ] {
            assert!(told.contains(line), "{line} in {told}");
        }
    }

    #[test]
    fn a_store_that_nobody_asks_any_more_is_on_trial_once_its_rest_is_over() {
        let (gate, metrics) = (Gate::default(), Metrics::new());
        GateFigures::new(&metrics).show(&gate, "user", "postgres");
        let earlier = Instant::now().checked_sub(REST).unwrap();
        for _ in 0..FAILURES {
            gate.heard(false, earlier);
        }
        let told = metrics.render();
        let line = "store_breaker_state{service=\"user\",store=\"postgres\"} 1";
        assert!(told.contains(line), "{line} in {told}");
    }

    #[test]
    fn a_question_that_was_given_up_after_a_while_was_not_answered() {
        let gate = Gate::default();
        let given_up = |since| drop(Waiting::of(&gate, since));
        let now = Instant::now();
        for _ in 0..FAILURES {
            given_up(now);
        }
        assert_eq!(asked(&gate, Ok(1)), Ok(1), "they were impatient");
        let earlier = now.checked_sub(GIVEN_UP).unwrap();
        for _ in 0..FAILURES {
            given_up(earlier);
        }
        assert_eq!(asked(&gate, Ok(1)), Err("spared"));
    }

    #[test]
    fn a_store_that_says_no_is_there() {
        let gate = Gate::default();
        for _ in 0..FAILURES {
            assert_eq!(asked(&gate, Err(AWAY)), Err(AWAY));
            assert_eq!(asked(&gate, Err("no such table")), Err("no such table"));
        }
        assert_eq!(asked(&gate, Ok(1)), Ok(1));
    }
}
