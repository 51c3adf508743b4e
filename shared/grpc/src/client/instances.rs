//! The instances of a service, and which is asked next.

use super::{Attempt, ClientOptions};
use interstate_telemetry::{Breaker, BreakerState, TraceContext};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tonic::transport::Channel;

pub(super) struct Instances {
    all: Vec<Instance>,
    turn: AtomicUsize,
}

/// One address.
pub(super) struct Instance {
    address: String,
    channel: Channel,
    under_way: AtomicUsize,
    known: Mutex<Known>,
}

struct Known {
    breaker: Breaker,
    /// Why it failed last.
    why: Option<String>,
}

impl Instances {
    pub(super) fn new(all: Vec<Instance>) -> Self {
        Self {
            all,
            turn: AtomicUsize::new(0),
        }
    }

    /// The one with the least to do, of those that were not asked yet if there are such; in turn among equals.
    pub(super) fn choose(&self, asked: &[usize], now: Instant) -> Option<(usize, &Instance)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.all.len();
        let (index, instance) = (0..count)
            .map(|step| (turn + step) % count)
            .map(|index| (index, &self.all[index]))
            .filter(|(_, instance)| instance.known().breaker.lets_through(now))
            .min_by_key(|(index, instance)| {
                (asked.contains(index), instance.under_way.load(Ordering::Relaxed))
            })?;
        instance.known().breaker.asked(now);
        Some((index, instance))
    }

    pub(super) fn states(&self, now: Instant) -> Vec<(String, BreakerState)> {
        let state = |one: &Instance| (one.address.clone(), one.known().breaker.state(now));
        self.all.iter().map(state).collect()
    }

    /// Why nobody can be asked.
    pub(super) fn why(&self, target: &str) -> String {
        let reasons: Vec<String> = self
            .all
            .iter()
            .map(|one| {
                let why = one.known().why.clone();
                format!("{}: {}", one.address, why.as_deref().unwrap_or("does not answer"))
            })
            .collect();
        match reasons.is_empty() {
            true => format!("no address of {target} is known"),
            false => format!("{target} does not answer at {}", reasons.join("; ")),
        }
    }
}

impl Instance {
    pub(super) fn new(address: &str, channel: Channel, options: &ClientOptions) -> Self {
        Self {
            address: address.to_owned(),
            channel,
            under_way: AtomicUsize::new(0),
            known: Mutex::new(Known {
                breaker: Breaker::new(options.failures, options.rest),
                why: None,
            }),
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn attempt(&self, wait: Duration, trace: TraceContext) -> Attempt {
        Attempt::new(self.channel.clone(), wait, trace)
    }

    /// A question is with it until this is dropped.
    pub(super) fn under_way(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct UnderWay<'a>(&'a Instance);

impl UnderWay<'_> {
    /// It has ended, for this reason where it failed.
    pub(super) fn ended(self, failed: Option<String>, now: Instant) -> BreakerState {
        let mut known = self.0.known();
        match failed {
            None => known.breaker.answered(),
            Some(why) => {
                known.breaker.failed(now);
                known.why = Some(why);
            }
        }
        known.breaker.state(now)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
