//! One instance of a service: the way to it, how much it has to do, and what is thought of it.

use interstate_telemetry::{Breaker, BreakerState};
use prometheus_client::metrics::gauge::Gauge;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tonic::transport::Channel;

/// One address, which is a number: a name may stand for several instances.
#[derive(Debug)]
pub(super) struct Instance {
    address: SocketAddr,
    channel: Channel,
    under_way: AtomicUsize,
    known: Mutex<Known>,
    figure: Gauge,
}

#[derive(Debug)]
struct Known {
    breaker: Breaker,
    /// Whether the question that ended last was answered.
    well: bool,
    /// Why it failed last.
    why: Option<String>,
}

impl Instance {
    /// `figure` shows what its breaker thinks.
    pub(super) fn new(address: SocketAddr, channel: Channel, breaker: Breaker, figure: Gauge) -> Self {
        Self {
            address,
            channel,
            under_way: AtomicUsize::new(0),
            known: Mutex::new(Known {
                breaker,
                well: false,
                why: None,
            }),
            figure,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// How many questions are with it.
    pub(super) fn load(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    pub(super) fn lets_through(&self, now: Instant) -> bool {
        self.known().breaker.lets_through(now)
    }

    /// A question is about to go there.
    pub(super) fn chosen(&self, now: Instant) {
        self.known().breaker.asked(now);
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        self.known().breaker.state(now)
    }

    /// Whether it answered what it was asked last.
    pub(super) fn is_well(&self, now: Instant) -> bool {
        let known = self.known();
        known.well && known.breaker.state(now) == BreakerState::Closed
    }

    /// Why it cannot be asked, for people.
    pub(super) fn why(&self) -> String {
        let why = self.known().why.clone();
        format!(
            "{}: {}",
            self.address,
            why.as_deref().unwrap_or("does not answer")
        )
    }

    /// A question is with it until this is dropped.
    pub(super) fn under_way(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question that an instance was asked.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Instance>);

impl UnderWay {
    /// It has ended, for this reason where it failed.
    pub(super) fn ended(self, failed: Option<String>) {
        let now = Instant::now();
        let mut known = self.0.known();
        known.well = failed.is_none();
        match failed {
            None => known.breaker.answered(),
            Some(why) => {
                known.breaker.failed(now);
                known.why = Some(why);
            }
        }
        // Told under the lock, so that nobody's older view comes later.
        self.0.figure.set(known.breaker.state(now).figure());
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
