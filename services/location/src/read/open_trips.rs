//! The trips that are driven now. There are few, and each start reads them from the log again, so they live in
//! memory.

use crate::domain::tracking::{OpenTrip, TrackingEvent, TripTracking};
use interstate_eventing::{
    Aggregate, Event,
    projection::{Changes, MemoryReadModel, ReadModel, Watch},
};
use interstate_schemas::{BookingId, Timestamp, UserId};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The open trips. Clones share them.
#[derive(Clone, Default)]
pub struct OpenTrips(Arc<Shared>);

#[derive(Default)]
struct Shared {
    trips: Mutex<Trips>,
    changes: Changes<BookingId>,
}

#[derive(Default)]
struct Trips {
    open: BTreeMap<BookingId, OpenTrip>,
    by_driver: BTreeMap<UserId, BTreeSet<BookingId>>,
}

impl OpenTrips {
    /// The projection that keeps them. Its positions live beside them in memory: both begin at the beginning.
    pub fn projection(&self) -> Arc<dyn ReadModel> {
        let trips = self.clone();
        Arc::new(MemoryReadModel::new("open-trips", move |_, event| {
            trips.take_up(event)
        }))
    }

    /// The open trip of a booking.
    pub fn of_booking(&self, booking: BookingId) -> Option<OpenTrip> {
        self.trips().open.get(&booking).cloned()
    }

    /// The open trips that a user drives; one, but for mistakes.
    pub fn of_driver(&self, driver: UserId) -> Vec<OpenTrip> {
        let trips = self.trips();
        let bookings = trips.by_driver.get(&driver).into_iter().flatten();
        bookings
            .filter_map(|booking| trips.open.get(booking).cloned())
            .collect()
    }

    /// The trip of a booking as it opens, moves on or closes.
    pub fn watch(&self, booking: BookingId) -> Watch<BookingId> {
        self.0.changes.watch(booking)
    }

    fn take_up(&self, event: &Event) -> Result<(), String> {
        if event.aggregate != TripTracking::NAME {
            return Ok(());
        }
        let time = event.time;
        let event: TrackingEvent = event.decode().map_err(|error| error.to_string())?;
        let booking = match &event {
            TrackingEvent::Opened(trip) => trip.booking,
            TrackingEvent::Reached(reached) => reached.booking,
            TrackingEvent::Closed(closed) => closed.booking,
        };
        self.trips().take_up(event, time);
        self.0.changes.announce(&booking);
        Ok(())
    }

    fn trips(&self) -> MutexGuard<'_, Trips> {
        self.0.trips.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trips {
    fn take_up(&mut self, event: TrackingEvent, time: Timestamp) {
        match event {
            TrackingEvent::Opened(trip) => {
                self.close(trip.booking);
                self.by_driver
                    .entry(trip.driver)
                    .or_default()
                    .insert(trip.booking);
                self.open.insert(trip.booking, OpenTrip::new(trip, time));
            }
            TrackingEvent::Reached(reached) => {
                if let Some(open) = self.open.get_mut(&reached.booking) {
                    open.take_up(reached.milestone, reached.at);
                }
            }
            TrackingEvent::Closed(closed) => self.close(closed.booking),
        }
    }

    fn close(&mut self, booking: BookingId) {
        let Some(open) = self.open.remove(&booking) else {
            return;
        };
        if let Some(bookings) = self.by_driver.get_mut(&open.trip.driver) {
            bookings.remove(&booking);
            if bookings.is_empty() {
                self.by_driver.remove(&open.trip.driver);
            }
        }
    }
}
