//! Trips that are followed on the road, as the log has them: opened by their driver, told by milestones, and closed.

use crate::invariants::evolve;
use interstate_eventing::Event;
use interstate_location::domain::tracking::{CloseReason, FORGOTTEN_AFTER, TrackingEvent, TripTracking};
use interstate_schemas::Timestamp;
use std::collections::BTreeMap;

/// Every trip that was ever followed.
#[derive(Default)]
pub(super) struct Tracked {
    trips: BTreeMap<String, TripTracking>,
    /// What happened to trips at the wrong time.
    wrong: Vec<String>,
}

impl Tracked {
    pub(super) fn take(&mut self, event: &Event) -> Result<(), String> {
        let id = &event.subject;
        let told: TrackingEvent = event.decode().map_err(|error| error.to_string())?;
        let before = self.trips.get(id).unwrap_or(&TripTracking::NotOpened);
        let fits = match (before, &told) {
            (TripTracking::Open(open), TrackingEvent::Reached(reached)) => {
                open.is_news(reached.milestone, reached.at)
            }
            // What somebody closed may be opened again by whoever has the trip then.
            (
                TripTracking::NotOpened | TripTracking::Open(_) | TripTracking::Closed(CloseReason::Ended),
                TrackingEvent::Opened(_),
            ) => true,
            (TripTracking::Open(_), TrackingEvent::Closed(_)) => true,
            _ => false,
        };
        if !fits {
            self.wrong.push(format!("{id} is {before:?}, and then {told:?}"));
        }
        evolve(&mut self.trips, event)
    }

    /// Drivers whom somebody can still follow, long after the trip.
    pub(super) fn open(&self, now: Timestamp) -> Vec<String> {
        let mut open = Vec::new();
        for (id, trip) in &self.trips {
            if let TripTracking::Open(followed) = trip
                && now.duration_since(followed.trip.ends_at) > FORGOTTEN_AFTER
            {
                let since = followed.trip.ends_at;
                open.push(format!(
                    "every deadline fires: {id} is followed, and was over at {since}"
                ));
            }
        }
        open
    }

    /// What happened to trips at the wrong time.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.wrong.clone()
    }
}
