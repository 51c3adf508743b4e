//! Watches the fixes of open trips and tells their aggregates what they show.

use crate::{
    domain::{
        Fix, Gazetteer,
        toll_gates::TollGates,
        tracking::{Ground, Milestone, Observer, TrackingCommand, TripOpened},
    },
    read::OpenTrips,
};
use interstate_eventing::runtime::{Ask, AskError, Commands};
use interstate_schemas::{Actor, BookingId, Timestamp, TripId, UserId};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use tokio::sync::mpsc;

/// Batches that may wait. What does not fit is left out: the next fix shows nearly the same.
const WAITING: usize = 1_000;
/// Trips that are remembered; then the closed ones are forgotten.
const REMEMBERED: usize = 10_000;

/// The hand that passes good fixes on.
#[derive(Clone)]
pub struct MilestoneWatch {
    batches: mpsc::Sender<(UserId, Vec<Fix>)>,
    trips: OpenTrips,
}

/// The worker behind it.
pub struct Milestones {
    batches: mpsc::Receiver<(UserId, Vec<Fix>)>,
    trips: OpenTrips,
    gazetteer: Arc<Gazetteer>,
    gates: TollGates,
    commands: Commands,
    watched: BTreeMap<BookingId, Watched>,
}

struct Watched {
    trip: TripOpened,
    opened_at: Timestamp,
    observer: Observer,
    /// Seen, and not yet told.
    untold: VecDeque<(Milestone, Timestamp)>,
}

impl MilestoneWatch {
    /// Passes on what a driver's good fixes show; nothing to do where the driver has no open trip.
    pub fn fixes(&self, driver: UserId, good: impl FnOnce() -> Vec<Fix>) {
        if !self.trips.of_driver(driver).is_empty() {
            let _ = self.batches.try_send((driver, good()));
        }
    }
}

impl Milestones {
    /// A worker and its hand.
    pub fn new(
        trips: OpenTrips,
        gazetteer: Arc<Gazetteer>,
        gates: TollGates,
        commands: Commands,
    ) -> (MilestoneWatch, Self) {
        let (sender, batches) = mpsc::channel(WAITING);
        let watch = MilestoneWatch {
            batches: sender,
            trips: trips.clone(),
        };
        let worker = Self {
            batches,
            trips,
            gazetteer,
            gates,
            commands,
            watched: BTreeMap::new(),
        };
        (watch, worker)
    }

    /// Works until the last hand is gone.
    pub async fn run(mut self) {
        while let Some((driver, mut fixes)) = self.batches.recv().await {
            fixes.sort_by_key(|fix| fix.at);
            for open in self.trips.of_driver(driver) {
                let trip = open.trip.clone();
                let booking = trip.booking;
                let watched = self
                    .watched
                    .entry(booking)
                    .and_modify(|watched| {
                        if (&watched.trip, watched.opened_at) != (&trip, open.opened_at) {
                            *watched = Watched::new(open.clone());
                        }
                    })
                    .or_insert_with(|| Watched::new(open.clone()));
                let ground = Ground {
                    states: self.gazetteer.states(),
                    gates: &self.gates,
                };
                for fix in &fixes {
                    let shown = watched.observer.observe(fix.point, fix.at, &ground);
                    watched
                        .untold
                        .extend(shown.into_iter().map(|milestone| (milestone, fix.at)));
                }
                watched.tell(&self.commands).await;
            }
            if self.watched.len() > REMEMBERED {
                let trips = &self.trips;
                self.watched
                    .retain(|booking, _| trips.of_booking(*booking).is_some());
            }
        }
    }
}

impl Watched {
    fn new(open: crate::domain::tracking::OpenTrip) -> Self {
        Self {
            trip: open.trip.clone(),
            opened_at: open.opened_at,
            observer: Observer::new(open),
            untold: VecDeque::new(),
        }
    }

    /// Tells what is untold, in order; what nobody hears now is told again with the next fix.
    async fn tell(&mut self, commands: &Commands) {
        while let Some((milestone, at)) = self.untold.front().copied() {
            let command = TrackingCommand::Reach { milestone, at };
            let ask = Ask::to(
                TripId::from(self.trip.booking),
                &command,
                Actor::Service("location".to_owned()),
            );
            match commands.ask(ask).await {
                Ok(_) | Err(AskError::Rejected(_)) => _ = self.untold.pop_front(),
                Err(error) => {
                    tracing::warn!(booking = %self.trip.booking, %error, "a milestone could not be told");
                    return;
                }
            }
        }
    }
}
