//! The instances of a service, and which is asked next.

use super::{connect::Reach, instance::Instance, place::Place};
use interstate_telemetry::BreakerState;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Somebody who does not answer may have moved: names are looked up at once, but not more often than this.
const DOUBT: Duration = Duration::from_millis(500);

pub(super) struct Instances {
    places: watch::Sender<Vec<Place>>,
    turn: AtomicUsize,
    reach: Reach,
}

impl Instances {
    /// At these addresses, `host:port` each.
    pub(super) fn new(addresses: &[String], reach: Reach) -> Self {
        let places = addresses.iter().map(|given| Place::new(given, &reach));
        Self {
            places: watch::Sender::new(places.collect()),
            turn: AtomicUsize::new(0),
            reach,
        }
    }

    /// Waits until somebody is known, or until all names were looked up in vain. Names that were looked up some time
    /// ago are looked up again meanwhile: nobody waits for that.
    pub(super) async fn known(self: &Arc<Self>) {
        self.look_up(self.reach.options.look_up);
        let known = |places: &Vec<Place>| {
            places.iter().any(|place| !place.instances().is_empty()) || places.iter().all(Place::is_known)
        };
        if known(&self.places.borrow()) {
            return;
        }
        // An error would mean that the sender is gone, which is held here.
        let _ = self.places.subscribe().wait_for(known).await;
    }

    /// Somebody did not answer, or nobody is known.
    pub(super) fn doubt(self: &Arc<Self>) {
        self.look_up(DOUBT.min(self.reach.options.look_up));
    }

    /// Looks up the names that were not within this time, in tasks of their own: what is found is kept though the
    /// question that wanted it was given up.
    fn look_up(self: &Arc<Self>, age: Duration) {
        if !self.places.borrow().iter().any(|place| place.is_due(age)) {
            return;
        }
        let mut due = Vec::new();
        self.places.send_if_modified(|places| {
            let names = places
                .iter_mut()
                .enumerate()
                .filter(|(_, place)| place.is_due(age));
            due.extend(names.map(|(index, place)| (index, place.begin())));
            false
        });
        for (index, name) in due {
            let this = self.clone();
            tokio::spawn(async move {
                let found = this.reach.options.names.look_up(name).await;
                this.places
                    .send_modify(|places| places[index].found(found, &this.reach));
            });
        }
    }

    /// The one with the least to do, of those that were not asked yet if there are such; in turn among equals.
    pub(super) fn choose(&self, asked: &[SocketAddr], now: Instant) -> Option<Arc<Instance>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let places = self.places.borrow();
        let all: Vec<&Arc<Instance>> = places.iter().flat_map(Place::instances).collect();
        let instance = (0..all.len())
            .map(|step| all[turn.wrapping_add(step) % all.len()])
            .filter(|one| one.lets_through(now))
            .min_by_key(|one| (asked.contains(&one.address()), one.load()))?;
        instance.chosen(now);
        Some(instance.clone())
    }

    /// Whether somebody who was not asked yet answered what it was asked last.
    pub(super) fn another_is_well(&self, asked: &[SocketAddr], now: Instant) -> bool {
        let places = self.places.borrow();
        let mut others = places
            .iter()
            .flat_map(Place::instances)
            .filter(|one| !asked.contains(&one.address()));
        others.any(|one| one.is_well(now))
    }

    pub(super) fn states(&self, now: Instant) -> Vec<(String, BreakerState)> {
        let places = self.places.borrow();
        let all = places.iter().flat_map(Place::instances);
        all.map(|one| (one.address().to_string(), one.state(now)))
            .collect()
    }

    /// Why nobody can be asked.
    pub(super) fn why(&self) -> String {
        let target = self.reach.target;
        let reasons: Vec<String> = self.places.borrow().iter().flat_map(Place::why).collect();
        match reasons.is_empty() {
            true => format!("no address of {target} is known"),
            false => format!("{target} does not answer at {}", reasons.join("; ")),
        }
    }
}
